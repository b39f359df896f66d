//! `replyflow why`

use super::arguments::{Format, Why as Arguments};
use super::check::{Place, Read};
use super::render::{self, Style};
use super::{Project, Stop, flows, style};
use crate::config::Secrets;
use crate::domain::language::Language;
use crate::domain::name::Name;
use crate::domain::time::Millis;
use crate::domain::value::{Type, Value};
use crate::engine::explain::Taken;
use crate::flow::definition::Flow;
use crate::testing::why::{Asking, Step, Then, Why, questions, why};
use serde_json::json;

pub(super) fn run(project: &Project, arguments: &Arguments) -> Result<(), Stop> {
    let (asking, why) = ask(project, arguments).map_err(Stop::into_unasked)?;
    match arguments.format {
        Format::Text => print!("{}", text(&asking, &why, style())),
        Format::Json => println!("{:#}", json(&asking, &why)),
    }
    if why.is_understood() { Ok(()) } else { Err(Stop::Found) }
}

fn ask(project: &Project, arguments: &Arguments) -> Result<(Asking, Why), Stop> {
    let settings = project.load(Secrets::Tolerated)?;
    let (paths, name) = flows::named(&arguments.flow);
    let Read { sources, checked } = Place::of(&settings, &paths)?.read(&settings)?;
    let flow = flows::find(&sources, &checked, &name)?;
    if !questions(flow).contains(&arguments.state.as_str()) {
        let what = match flow.states.contains_key(arguments.state.as_str()) {
            true => format!("the state `{}` of `{name}` asks nothing", arguments.state),
            false => format!("`{name}` has no state `{}`", arguments.state),
        };
        return Err(Stop::with_hint(what, format!("It asks something in: {}", questions(flow).join(", "))));
    }
    let language = arguments.language.as_deref().map(|code| Language::parse(code).ok_or(code)).transpose();
    let language =
        language.map_err(|code| Stop::failed(format!("`{code}` is not the code of a language, such as en or pt-BR")))?;
    let now = match &arguments.now {
        None => jiff::Timestamp::now(),
        Some(text) => text.parse().map_err(|_| Stop::failed(format!("`{text}` is not a moment such as 2026-03-02T10:00:00Z")))?,
    };
    let given = arguments.given.iter().map(|text| variable(flow, text)).collect::<Result<Vec<_>, _>>()?;
    let asking = Asking {
        flow: flow.name.clone(),
        state: arguments.state.clone(),
        text: arguments.text.clone(),
        contact: flows::somebody()?,
        channel: flows::channel(&settings, flow, arguments.channel.as_deref())?,
        language,
        now: Millis(now.as_millisecond()),
        given,
    };
    let why = why(&asking, &flows::catalog(&checked), &settings.project).map_err(Stop::failed)?;
    Ok((asking, why))
}

/// `name=value`, where the value is read as the type that the flow declares.
fn variable(flow: &Flow, text: &str) -> Result<(Name, Value), Stop> {
    let (name, value) = text.split_once('=').ok_or_else(|| Stop::failed(format!("write --set {text}=VALUE")))?;
    let unknown = || {
        let names: Vec<&str> = flow.variables.keys().map(Name::as_str).collect();
        Stop::with_hint(format!("`{}` has no variable `{name}`", flow.name), format!("There are: {}", names.join(", ")))
    };
    let name = Name::parse(name).map_err(|_| unknown())?;
    let variable = flow.variables.get(name.as_str()).ok_or_else(unknown)?;
    let json = || serde_json::from_str(value).ok().map(Value::from_json);
    let value = match variable.kind {
        Type::Number | Type::Boolean | Type::List | Type::Map | Type::Any => json().unwrap_or_else(|| Value::text(value)),
        _ => Value::text(value),
    };
    Ok((name, value))
}

const BOLD: &str = "1";
const DIM: &str = "2";
const GREEN: &str = "1;32";

fn text(asking: &Asking, why: &Why, style: Style) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    let head = format!("{} · {} on {}, in {}", asking.flow, asking.state, asking.channel, why.language);
    line(style.paint(BOLD, &head));
    for message in &why.question {
        line(format!("  {}", shown(message.text()).replace('\n', "\n  ")));
        for (_, title) in message.options() {
            line(format!("  [{}]", shown(title)));
        }
    }
    if !why.missing.is_empty() {
        let names: Vec<String> = why.missing.iter().map(|name| format!("--set {name}=…")).collect();
        line(style.paint(DIM, &format!("  (not given, so empty: {})", names.join(" "))));
    }
    line(String::new());
    let colour = if why.is_understood() { GREEN } else { render::RED };
    line(format!("\"{}\" {}", shown(&asking.text), style.paint(colour, &verdict(why))));
    line(format!("  {}", why.reason));
    for then in &why.then {
        line(format!("  {}", followed(then)));
    }
    line(String::new());
    for (i, step) in Step::ALL.into_iter().enumerate() {
        let text = format!("  {} {:<32} {}", i + 1, step.as_str(), said(why, step));
        line(if why.step == Some(step) { style.paint(BOLD, &text) } else { text });
    }
    if !why.considered.is_empty() {
        line(String::new());
        line("What the question considered, the nearest first:".to_owned());
        let width = why.considered.iter().map(|c| c.what.chars().count()).max().unwrap_or(0);
        for considered in &why.considered {
            line(format!("  {:<width$}  {}", considered.what, considered.how));
        }
    }
    out
}

/// A control character must not reach the terminal.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

fn verdict(why: &Why) -> String {
    let of = |value: &Value| match value {
        Value::Choice { label, .. } => format!("\"{}\"", shown(label)),
        value => value.to_json().to_string(),
    };
    match (why.step, &why.taken) {
        (Some(Step::Exact | Step::Lenient), Taken::Answer { outcome, value, understood }) => {
            let how = if understood.exact { "exactly" } else { "leniently" };
            format!("answers {how}: {outcome}, {}", of(value))
        }
        (Some(Step::Exact | Step::Lenient), _) => "is a part of an answer".to_owned(),
        (Some(Step::NoMatch) | None, _) => "is not understood".to_owned(),
        (Some(step), _) => format!("is taken by {}", step.as_str()),
    }
}

fn said(why: &Why, step: Step) -> String {
    let place = |step: Step| Step::ALL.iter().position(|s| *s == step);
    match (why.step, step) {
        (Some(decided), step) if decided == step => "← this one".to_owned(),
        (Some(decided), step) if place(step) > place(decided) => "not asked".to_owned(),
        (None, _) => "not asked".to_owned(),
        (_, Step::Lenient) => match &why.taken {
            Taken::Nothing(not) => format!("no: {}", not.reason),
            _ => "no".to_owned(),
        },
        _ => "no".to_owned(),
    }
}

fn followed(then: &Then) -> String {
    match then {
        Then::Outcome(outcome) => format!("the outcome is {outcome}"),
        Then::State(state) => format!("→ {state}"),
        Then::Says(text) => format!("says \"{}\"", shown(text).replace('\n', " / ")),
        Then::Calls(call) => format!("calls {call}"),
        Then::Begins(flow) => format!("the flow {flow} begins"),
        Then::Alerts(say) => format!("alerts \"{}\"", shown(say)),
        Then::Ends(end) => format!("the run ends as {end}"),
    }
}

fn json(asking: &Asking, why: &Why) -> serde_json::Value {
    let question: Vec<_> = why
        .question
        .iter()
        .map(|message| {
            let options: Vec<&str> = message.options().into_iter().map(|(_, title)| title).collect();
            json!({ "text": message.text(), "options": options })
        })
        .collect();
    let answer = match &why.taken {
        Taken::Answer { understood, outcome, value } => {
            json!({ "outcome": outcome, "value": value.to_json(), "exact": understood.exact, "reason": understood.reason })
        }
        Taken::Part => json!({ "part": true }),
        Taken::Nothing(not) => json!({ "outcome": "nomatch", "reason": not.reason }),
    };
    let then: Vec<_> = why.then.iter().map(then_json).collect();
    let considered: Vec<_> = why.considered.iter().map(|c| json!({ "what": c.what, "how": c.how })).collect();
    let mut decision = serde_json::to_value(&why.decision).unwrap_or_default();
    if decision == "no_match" {
        decision = "nomatch".into();
    }
    json!({
        "flow": asking.flow.as_str(),
        "state": asking.state,
        "channel": asking.channel.as_str(),
        "language": why.language.as_str(),
        "text": asking.text,
        "question": question,
        "understood": why.is_understood(),
        "decision": decision,
        "reason": why.reason,
        "answer": answer,
        "considered": considered,
        "then": then,
    })
}

fn then_json(then: &Then) -> serde_json::Value {
    match then {
        Then::Outcome(outcome) => json!({ "outcome": outcome }),
        Then::State(state) => json!({ "state": state }),
        Then::Says(text) => json!({ "says": text }),
        Then::Calls(call) => json!({ "calls": call }),
        Then::Begins(flow) => json!({ "begins": flow }),
        Then::Alerts(say) => json!({ "alerts": say }),
        Then::Ends(end) => json!({ "ends": end }),
    }
}
