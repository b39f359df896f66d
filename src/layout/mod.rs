//! How a message looks on a kind of channel: a text, a file, one question as buttons, a list or a menu. The engine makes of
//! it what is sent, the checker looks whether it will fit. Nothing here knows flows.

mod message;
mod question;

pub use message::{Rendered, cut, kind_of, say, words_beside};
pub use question::{Asked, Form, ask, ask_place, form, whole, yes_no_labels};
