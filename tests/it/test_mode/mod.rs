//! Test contacts: a contact of their own beside the live one of the same number, of whom nothing leaves.

mod apart;
mod gone;
mod leaks;
mod played;
mod refused;
mod stage;
mod walls;
