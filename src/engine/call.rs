//! Calls: the request goes out as an effect, the run is parked, the result comes back as an input.

use super::drive::{Next, Trouble};
use super::effect::{Body, Effect};
use super::fault::Fault;
use super::record::{Run, Waiting};
use super::turn::TurnError;
use super::turning::Turning;
use crate::domain::input::{CallOutcome, CallResult};
use crate::domain::journal::Event;
use crate::domain::limits;
use crate::domain::value::Value;
use crate::flow::definition::{Call, CallBody, Kind};
use crate::flow::expression::{EvalError, Template};
use std::borrow::Cow;

/// Room in an effect for what is not the call's body.
const EFFECT_HEAD: usize = 8 * 1024;

impl<'a> Turning<'a> {
    /// Decides a call and parks the run.
    pub(super) fn call(&mut self, run: &mut Run, call: &'a Call) -> Result<Next<'a>, Fault> {
        let request = match self.request(run, call)? {
            Ok(request) => request,
            Err(error) => {
                // What a person wrote can make a path impossible: that is the call's trouble, not the flow's end.
                let reason = format!("the request cannot be made: {error}");
                self.note(Some(run.id), reason.clone());
                return Ok(Next::Trouble { trouble: Trouble::Failed, reason });
            }
        };
        let body = request.body.as_ref().map_or(0, |body| body.on_the_wire().1.len());
        let head: usize = request.query.iter().chain(&request.headers).map(|(k, v)| k.len() + v.len()).sum();
        if body > limits::EFFECT_BYTES - EFFECT_HEAD || head + request.path.len() > EFFECT_HEAD / 2 {
            let reason = "the request is larger than allowed".to_owned();
            return Ok(Next::Trouble { trouble: Trouble::Failed, reason });
        }
        let (api, method, path) = (request.api.clone(), request.method.clone(), request.path.clone());
        let effect = self.effect(Effect::Call(Box::new(request)))?;
        self.journal(Event::Called { effect, run: run.id, api, method, path });
        run.waiting = Waiting::Call { effect, until: self.now + limits::CALL_LOST };
        Ok(Next::Rest)
    }

    fn request(&self, run: &Run, call: &Call) -> Result<Result<super::effect::Call, EvalError>, Fault> {
        let view = self.view(run, run.frames.len() - 1)?;
        let pairs = |pairs: &[(String, Template)]| -> Result<Vec<(String, String)>, EvalError> {
            pairs.iter().map(|(name, value)| Ok((name.clone(), value.render(&view)?))).collect()
        };
        let make = || {
            let body = match &call.body {
                CallBody::Empty => None,
                CallBody::Json(value) => Some(Body::json(&value.eval(&view)?)),
                CallBody::Form(fields) => {
                    Some(Body::Form(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs(fields)?).finish()))
                }
                CallBody::Text(text) => Some(Body::Text(text.render(&view)?)),
            };
            Ok(super::effect::Call {
                run: run.id,
                api: call.api.clone(),
                method: call.method.to_owned(),
                path: call.path.render_percent_encoded(&view)?,
                query: pairs(&call.query)?,
                headers: pairs(&call.headers)?,
                body,
                timeout: call.timeout,
                retry: call.retry,
                at: self.store_now(),
            })
        };
        Ok(make())
    }

    /// The result of a call goes to the run that waits for it.
    pub(super) fn call_result(&mut self, result: &CallResult) -> Result<(), TurnError> {
        let waits = |run: &Run| matches!(run.waiting, Waiting::Call { effect, .. } if effect == result.effect);
        let Some(place) = self.rec.runs.iter().position(waits) else {
            if self.fetched(result)? {
                return Ok(());
            }
            self.call_ended(result, "ignored", "no run waits for it".to_owned(), None);
            return Ok(());
        };
        let run = self.take(place);
        let (flow, _, state) = self.state(&run)?;
        let Kind::Call(call) = &state.kind else { return Err(TurnError::Damaged("a call in a state that calls nothing")) };
        let next = outcome_of(call, &result.outcome);
        let (outcome, reason) = match &next {
            Next::Outcome { name, reason, .. } => (name.to_string(), reason.clone()),
            Next::Trouble { trouble, reason } => (trouble.as_str().to_owned(), reason.clone()),
            _ => (String::new(), String::new()),
        };
        let answer = super::kept::answer(flow, state, &result.outcome);
        self.call_ended(result, &outcome, reason, answer);
        self.drive(run, place, next)
    }

    fn call_ended(&mut self, result: &CallResult, outcome: &str, reason: String, answer: Option<Box<CallOutcome>>) {
        let CallResult { effect, attempts, took, .. } = *result;
        self.journal(Event::CallEnded { effect, outcome: outcome.to_owned(), attempts, took, reason, answer });
    }
}

fn outcome_of<'a>(call: &Call, outcome: &CallOutcome) -> Next<'a> {
    let (status, body) = match outcome {
        CallOutcome::Answered { status, body } => (*status, body),
        CallOutcome::Failed { why } => {
            return Next::Trouble { trouble: Trouble::Failed, reason: format!("no answer: {why}") };
        }
    };
    let reason = format!("answered {status}");
    let exact = status.to_string();
    let class = format!("{}xx", status / 100);
    let name = if call.outcomes.named.contains_key(&exact) {
        Cow::Owned(exact)
    } else if call.outcomes.named.contains_key(&class) {
        Cow::Owned(class)
    } else if (200..300).contains(&status) {
        Cow::Borrowed("ok")
    } else {
        return Next::Trouble { trouble: Trouble::Failed, reason };
    };
    Next::Outcome { name, value: Value::clone(body), reason }
}
