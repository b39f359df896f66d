//! Flows: their definition, how they are read from YAML, the expression language, the catalog of published versions, what
//! is said about mistakes.

pub mod catalog;
pub mod check;
pub mod definition;
pub mod diagnostic;
pub mod difference;
pub mod explain;
pub mod expression;
pub mod expressions;
pub mod keys;
pub mod load;
pub mod notice;
pub mod parse;
pub mod schema;
pub mod version;
pub mod ways;
pub mod write;
pub mod yaml;
