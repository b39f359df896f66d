//! An expression as a tree. Chains of one precedence are flat lists, so that a long expression does not make a deep tree.

use super::date_pattern::DatePattern;
use super::function::Function;
use super::money::Currency;
use super::scope::Root;
use crate::domain::value::Value;

/// A part of an expression and the bytes of the source from which it was read; 1,000 characters are at most 4,000 bytes.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub kind: Kind,
    pub from: u16,
    pub to: u16,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Constant(Value),
    Variable(Box<str>),
    Root(Root),
    Member(Root, Box<str>),
    /// `a.b[c]`
    Access(Box<Node>, Box<[Access]>),
    Negate(Box<Node>),
    Not(Box<Node>),
    And(Box<[Node]>),
    Or(Box<[Node]>),
    /// `a ?? b ?? c`
    Coalesce(Box<[Node]>),
    Compare(Comparison, Box<(Node, Node)>),
    /// `a in b`, `a not in b`
    In {
        sides: Box<(Node, Node)>,
        negated: bool,
    },
    /// `a in hours.x`
    Within {
        moment: Box<Node>,
        hours: Box<str>,
        negated: bool,
    },
    /// Operators of one precedence, from left to right.
    Arithmetic(Box<Node>, Box<[(Operator, Node)]>),
    /// `value if condition else value if condition else last`
    Choose(Box<[(Node, Node)]>, Box<Node>),
    Call(Call),
    /// `x | f | g(y)`
    Pipe(Box<Node>, Box<[Call]>),
    List(Box<[Node]>),
}

#[derive(Debug, Clone)]
pub(super) enum Access {
    Field(Box<str>, u16),
    Index(Node, u16),
}

impl Access {
    /// Where it ends in the source.
    pub fn to(&self) -> u16 {
        match self {
            Access::Field(_, to) | Access::Index(_, to) => *to,
        }
    }
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Comparison {
    /// Whether it asks for no order.
    pub fn is_equality(self) -> bool {
        matches!(self, Comparison::Equal | Comparison::NotEqual)
    }
}

impl Operator {
    pub fn as_str(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
        }
    }
}

/// A call. After `|` the value before it comes first and is not among `args`.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub function: Function,
    pub args: Box<[Node]>,
    pub prepared: Prepared,
    pub from: u16,
    pub to: u16,
}

/// What was compiled at load because a value of the call is constant.
#[derive(Debug, Clone)]
pub(super) enum Prepared {
    Nothing,
    Pattern(regex::Regex),
    Date(DatePattern),
    Currency(Currency),
}
