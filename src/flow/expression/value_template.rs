//! A tree of values whose leaves may hold `{{ }}`: `vars`, `set`, `with`, `json`, `data`.

use super::error::{EvalError, EvalProblem};
use super::operate::{bytes, within_depth};
use super::scope::Scope;
use super::template::Template;
use super::types::{Inferred, TypeEnv, TypeProblem};
use super::{Expression, Reference};
use crate::domain::limits::VALUE_BYTES;
use crate::domain::value::{Type, Value};

/// A value to be computed.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueTemplate {
    /// The same every time.
    Constant(Value),
    /// A text with `{{ }}`; exactly one keeps its type.
    Text(Template),
    /// A list of them.
    List(Vec<ValueTemplate>),
    /// Named ones in their order.
    Map(Vec<(String, ValueTemplate)>),
}

impl ValueTemplate {
    /// A text; without `{{ }}` it is a constant.
    pub fn text(template: Template) -> Self {
        match template.constant_text() {
            Some(text) => ValueTemplate::Constant(Value::text(text)),
            None => ValueTemplate::Text(template),
        }
    }

    /// A list; of constants it is a constant.
    pub fn list(items: Vec<ValueTemplate>) -> Self {
        let constant: Option<Vec<Value>> = items.iter().map(|item| item.constant().cloned()).collect();
        constant.map_or(ValueTemplate::List(items), |values| ValueTemplate::Constant(Value::List(values)))
    }

    /// A map; of constants it is a constant.
    pub fn map(entries: Vec<(String, ValueTemplate)>) -> Self {
        let constant: Option<_> = entries.iter().map(|(k, v)| v.constant().map(|v| (k.clone(), v.clone()))).collect();
        constant.map_or(ValueTemplate::Map(entries), |map| ValueTemplate::Constant(Value::Map(map)))
    }

    /// The value, if nothing has to be computed.
    pub fn constant(&self) -> Option<&Value> {
        match self {
            ValueTemplate::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// The value. A list or map is at most `VALUE_DEPTH` deep and about `VALUE_BYTES` large.
    pub fn eval(&self, scope: &dyn Scope) -> Result<Value, EvalError> {
        match self {
            ValueTemplate::Constant(value) => Ok(value.clone()),
            ValueTemplate::Text(template) => template.eval_value(scope),
            ValueTemplate::List(_) | ValueTemplate::Map(_) => {
                let value = self.part(scope, &mut 0)?;
                within_depth(value).map_err(|problem| EvalError { problem, offset: 0, length: 0 })
            }
        }
    }

    fn part(&self, scope: &dyn Scope, used: &mut usize) -> Result<Value, EvalError> {
        let value = match self {
            ValueTemplate::List(items) => {
                return items.iter().map(|item| item.part(scope, used)).collect::<Result<_, _>>().map(Value::List);
            }
            ValueTemplate::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| Ok((key.clone(), value.part(scope, used)?)));
                return entries.collect::<Result<_, _>>().map(Value::Map);
            }
            ValueTemplate::Constant(value) => value.clone(),
            ValueTemplate::Text(template) => template.eval_value(scope)?,
        };
        *used += bytes(&value);
        if *used > VALUE_BYTES {
            return Err(EvalError { problem: EvalProblem::TooLarge, offset: 0, length: 0 });
        }
        Ok(value)
    }

    /// The texts with `{{ }}` in it, in order.
    pub fn templates(&self) -> Vec<&Template> {
        let mut out = Vec::new();
        self.collect(&mut out);
        out
    }

    fn collect<'a>(&'a self, out: &mut Vec<&'a Template>) {
        match self {
            ValueTemplate::Constant(_) => {}
            ValueTemplate::Text(template) => out.push(template),
            ValueTemplate::List(items) => items.iter().for_each(|item| item.collect(out)),
            ValueTemplate::Map(entries) => entries.iter().for_each(|(_, value)| value.collect(out)),
        }
    }

    /// The expressions in it, in order.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.templates().into_iter().flat_map(|template| template.expressions().map(|(_, expression)| expression))
    }

    /// Every name that is read; offsets are within the text in which each stands.
    pub fn names(&self) -> impl Iterator<Item = Reference> {
        self.templates().into_iter().flat_map(Template::names)
    }

    /// The type of the value; offsets of mistakes are within the text in which each stands.
    pub fn infer(&self, env: &dyn TypeEnv) -> Result<Inferred, TypeProblem> {
        match self {
            ValueTemplate::Constant(value) => Ok(Inferred::constant(value)),
            ValueTemplate::Text(template) => template.infer(env),
            ValueTemplate::List(items) => {
                let items = items.iter().map(|item| item.infer(env)).collect::<Result<Vec<_>, _>>()?;
                Ok(items.into_iter().reduce(Inferred::or).map_or(Inferred::of(Type::List), Inferred::list))
            }
            ValueTemplate::Map(entries) => {
                let fields = entries.iter().map(|(name, value)| Ok((name.as_str(), value.infer(env)?)));
                Ok(Inferred::map(fields.collect::<Result<Vec<_>, _>>()?))
            }
        }
    }
}
