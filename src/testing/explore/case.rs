//! A way as a case of a test file: the same moves once more, with what came of each as what must come.

use super::ground::{Deed, Ground, Setting};
use crate::domain::name::Name;
use crate::flow::diagnostic::At;
use crate::testing::fake_http::{Answers, Fake, FakeAnswer};
use crate::testing::script::{BotExpectation, Case, Step, TextExpectation};
use indexmap::IndexMap;

/// A call as it is offered to a case, and its answers with the attempts that each is good for.
type Offered = (Fake, Vec<(FakeAnswer, usize)>);

/// The case of these deeds; an error says what cannot be made again.
pub(super) fn case(ground: &Ground, setting: &Setting, deeds: &[&Deed], title: String) -> Result<Case, String> {
    let (mut world, address) = ground.world(setting)?;
    let mut steps: Vec<Step> = Vec::new();
    let mut end = None;
    let mut rest = deeds.iter().peekable();
    while let Some(deed) = rest.next() {
        ground.make(setting, &address, &mut world, deed)?;
        // What is answered now must be offered before the step that asks.
        let mut fakes: IndexMap<(String, String), Offered> = IndexMap::new();
        while let (Some(open), Some(Deed::Answer(answer, attempts))) = (world.open_call(), rest.peek()) {
            let call = open.call.clone();
            let key = (call.method.clone(), format!("{}{}", call.api, call.path));
            let fake = Fake { method: call.method, api: call.api, path: call.path, answers: Answers::Always(answer.clone()) };
            fakes.entry(key).or_insert((fake, Vec::new())).1.push((answer.clone(), *attempts));
            if let Some(deed) = rest.next() {
                ground.make(setting, &address, &mut world, deed)?;
            }
        }
        loop {
            if let Some(open) = world.open_call() {
                // The way stops while it is called: it is refused here, so that the case is whole.
                let call = open.call.clone();
                let key = (call.method.clone(), format!("{}{}", call.api, call.path));
                let fake =
                    Fake { method: call.method, api: call.api, path: call.path, answers: Answers::Always(FakeAnswer::Refused) };
                let attempts = open.attempts();
                fakes.entry(key).or_insert((fake, Vec::new())).1.push((FakeAnswer::Refused, attempts));
                ground.make(setting, &address, &mut world, &Deed::Answer(FakeAnswer::Refused, attempts))?;
            } else if rest.peek().is_some() || !world.deliver_unreported().map_err(|error| error.to_string())? {
                // Where the way stops, what left is reported delivered, as in every case.
                break;
            }
        }
        if !fakes.is_empty() {
            steps.push(Step::Http(fakes.into_values().map(|(fake, answers)| offered(fake, &answers)).collect()));
        }
        match deed {
            Deed::Steps(made) => steps.extend(made.iter().cloned()),
            Deed::Begin(values) => steps.push(Step::Begin(values.clone())),
            Deed::Answer(..) => return Err("an answer to a call that was not made".to_owned()),
        }
        let exactly = |text: &str| TextExpectation { exact: Some(text.to_owned()), ..TextExpectation::default() };
        for message in std::mem::take(&mut world.messages) {
            let all = BotExpectation { text: exactly(message.text()), ..BotExpectation::default() };
            steps.push(Step::Bot { all, by_kind: Vec::new() });
        }
        steps.extend(std::mem::take(&mut world.handoffs).into_iter().map(Step::Handoff));
        steps.extend(std::mem::take(&mut world.alerts).iter().map(|alert| Step::Alert(exactly(alert))));
        let ended = std::mem::take(&mut world.ended);
        end = ended.into_iter().rev().find(|ended| ground.flow.is_called(&ended.flow)).map(|ended| ended.end).or(end);
    }
    let record = world.record(&address).unwrap_or_default();
    let lives = record.runs.iter().any(|run| ground.flow.is_called(&run.flow));
    if lives {
        let here = record.positions(&ground.catalog, ground.flow.name.as_str()).into_iter().next();
        steps.extend(here.and_then(|(state, _)| Name::parse(&state).ok()).map(Step::At));
    } else {
        steps.extend(end.and_then(|end| Name::parse(&end).ok()).map(Step::End));
    }
    let steps = steps.into_iter().map(|step| (At::default(), step)).collect();
    Ok(Case { title, given: setting.given.clone(), channels: Vec::new(), steps, at: At::default() })
}

/// One answer for all, or one for each attempt in turn.
fn offered(fake: Fake, answers: &[(FakeAnswer, usize)]) -> Fake {
    if answers.iter().all(|(answer, _)| *answer == answers[0].0) {
        return fake;
    }
    let repeated = |answer: &FakeAnswer| match answer {
        FakeAnswer::Answer { status, .. } => *status == 429 || *status >= 500,
        FakeAnswer::Timeout | FakeAnswer::Refused => true,
    };
    let each = |(answer, attempts): &(FakeAnswer, usize)| vec![answer.clone(); if repeated(answer) { *attempts } else { 1 }];
    Fake { answers: Answers::Each(answers.iter().flat_map(each).collect()), ..fake }
}
