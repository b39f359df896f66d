//! A query whose fields are known and whose values have the type of their field. Only what is positive is a test; what is
//! written with `!=`, `not in` or `= null` is a `Not` around one.

use crate::domain::name::Name;

/// What must be the case.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    /// A column of the contact that is a text.
    Column(Column, TextTest),
    /// One of the contact's tags.
    Tag(TextTest),
    /// The flow of one of the runs that are under way.
    Flow(TextTest),
    /// An attribute, by its text.
    Text(Name, TextTest),
    /// An attribute, by its number.
    Number(Name, NumberTest),
    /// A moment of the contact, in milliseconds: from the first on, before the second.
    Moment(Moment, Range),
    /// One of these kinds of channel.
    Kinds(Kinds, u8),
    /// Whether a simulator plays the contact.
    Simulated,
}

/// A text of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Name,
    Phone,
    UserId,
    Email,
    External,
    Verbatim,
    Language,
    Timezone,
    Channel,
    DeadEmail,
}

/// A moment of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    LastSeen,
    LastSent,
    Created,
}

/// Kinds of channel as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kinds {
    Stopped,
    Consent,
}

/// What is asked of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TextTest {
    Present,
    Equal(Box<[String]>),
    Order(Order, String),
    Contains(String),
    Starts(String),
    Ends(String),
}

/// What is asked of a number.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NumberTest {
    Equal(Box<[f64]>),
    Order(Order, f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// From, inclusive, until, exclusive; open where there is nothing. Both open: any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Range {
    pub from: Option<i64>,
    pub until: Option<i64>,
}

impl Order {
    pub fn sign(self) -> &'static str {
        match self {
            Order::Less => "<",
            Order::LessOrEqual => "<=",
            Order::Greater => ">",
            Order::GreaterOrEqual => ">=",
        }
    }

    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Order::Less => order.is_lt(),
            Order::LessOrEqual => order.is_le(),
            Order::Greater => order.is_gt(),
            Order::GreaterOrEqual => order.is_ge(),
        }
    }
}
