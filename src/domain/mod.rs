//! The words of the product as types that cannot hold nonsense. No I/O, no async, no clock.

pub mod address;
pub mod alert;
pub mod attempt;
pub mod channel;
pub mod codec;
pub mod consent;
pub mod desk;
pub mod handoff;
pub mod happening;
pub mod hook;
pub mod id;
pub mod input;
pub mod journal;
pub mod language;
pub mod limits;
pub mod mail;
pub mod message;
pub mod name;
pub mod outbound;
pub mod phone;
pub mod profile;
pub mod shape;
pub mod sms;
pub mod time;
pub mod value;
pub mod way;
