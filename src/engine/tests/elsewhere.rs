//! `notify` with `to`: who gets it, over what, in which language, and who does not.

use super::driver::{Driver, flow, language, slug, with_notification};
use crate::config::project::{Capabilities, ChannelInfo};
use crate::domain::channel::ChannelKind;
use crate::domain::input::{ContactRef, Input, Passed};
use crate::domain::journal::Event;
use crate::domain::way::Step;
use crate::engine::effect::Effect;
use serde_json::json;

const OTHER: &str = "+447700900456";

const NOTE: &str = "notification: note
languages: [en, es]
needs: { n: number }
route: [whatsapp, sms, email]
text: { en: 'Note {{ n }} for {{ contact.phone }}', es: 'Nota {{ n }}' }
";

/// A flow that sends the note to where its event says, and goes on.
fn sends(notification: &str) -> Driver {
    let said = flow(
        "flow: says
languages: [en, es]
vars: { n: 7, to: '' }
start: [ { event: order, contact: '{{ event.phone }}', with: { to: '{{ event.to }}' } } ]
begin: a
states: { a: { notify: { name: note, to: '{{ to }}' }, go: b }, b: { ask: Well?, go: { ok: { end: done } } } }
",
    );
    let mut d = Driver::of(vec![with_notification(said, notification)]);
    let (kind, shows) = (ChannelKind::Email, Capabilities::default());
    let like = d.project.channels["main-sms"].clone();
    let mail = ChannelInfo { kind, shows, simulated: false, ..like };
    d.project.channels.insert(slug("main-mail"), mail);
    d
}

fn ways(d: &Driver) -> Vec<Step> {
    d.last.events.iter().filter_map(|e| if let Event::Way(way) = e { Some(way.step) } else { None }).collect()
}

/// What the sender's turn passes on.
fn passed(d: &Driver) -> Passed {
    let pass = d.last.effects.iter().find_map(|(_, effect)| if let Effect::Pass(pass) = effect { Some(pass) } else { None });
    Passed::clone(pass.expect("a notification for somebody else"))
}

/// Another contact, to whom the note came.
fn receiver(notification: &str, pass: &Passed, change: impl FnOnce(&mut crate::engine::record::Record)) -> Driver {
    let mut d = sends(notification);
    d.change(change);
    d.turn(Some(Input::Passed(Box::new(pass.clone()))));
    d
}

fn order(d: &mut Driver, to: &str) {
    d.event("order", json!({ "phone": super::driver::PHONE, "to": to }));
}

#[test]
fn it_leaves_from_the_receivers_own_record() {
    let mut d = sends(NOTE);
    order(&mut d, "07700 900456");
    assert_eq!(d.said(), ["Well?"], "nothing of it goes to the contact, and the run goes on");
    assert_eq!(ways(&d), [Step::Passed]);
    let pass = passed(&d);
    assert_eq!(pass.to.phone.as_ref().map(|phone| phone.as_str()), Some(OTHER), "read as in the project's country");

    let other = receiver(NOTE, &pass, |_| ());
    assert_eq!(other.said(), ["Note 7 for +447700900456"], "`contact` is the receiver");
    let (_, send) = &other.sends()[0];
    assert_eq!((send.channel.as_str(), send.outbound.to.reveal()), ("main-sms", OTHER), "no window is open there");
    assert_eq!(ways(&other), [Step::Came, Step::Skipped]);

    let spanish = receiver(NOTE, &pass, |record| record.language = Some(language("es")));
    assert_eq!(spanish.said(), ["Nota 7"]);
}

#[test]
fn the_receivers_opt_out_and_consent_count() {
    let mut d = sends(NOTE);
    order(&mut d, OTHER);
    let pass = passed(&d);
    let stopped = receiver(NOTE, &pass, |record| record.stop = ChannelKind::Sms.stop_bit());
    assert_eq!(stopped.said(), Vec::<String>::new());
    assert_eq!(ways(&stopped).last(), Some(&Step::UsedUp));
    let advert = NOTE.replace("route:", "kind: marketing\nroute:");
    let mut d = sends(&advert);
    order(&mut d, OTHER);
    assert_eq!(receiver(&advert, &passed(&d), |_| ()).said(), Vec::<String>::new());
    let agreed = receiver(&advert, &passed(&d), |record| record.consent = ChannelKind::Sms.stop_bit());
    assert_eq!(agreed.said().len(), 1);
}

#[test]
fn an_address_is_reached_only_where_it_is_one() {
    let mut d = sends(NOTE);
    order(&mut d, "Ada@Example.org");
    let mut pass = passed(&d);
    assert_eq!(pass.to, ContactRef { email: Some("ada@example.org".into()), ..ContactRef::default() });
    // Even if a phone of the receiver is known, the mail address was meant.
    let mail = receiver(NOTE, &pass, |record| record.phone = crate::domain::address::E164::parse(OTHER));
    assert_eq!(mail.sends().iter().map(|(_, send)| send.channel.as_str()).collect::<Vec<_>>(), ["main-mail"]);
    // From a simulated contact nothing goes to somebody real.
    pass.simulated = true;
    assert!(receiver(NOTE, &pass, |_| ()).sends().is_empty());
}

#[test]
fn the_contacts_own_mail_address_gets_it_by_mail() {
    let mut d = sends(NOTE);
    d.change(|record| record.email = Some("ada@example.org".into()));
    order(&mut d, "ada@example.org");
    let over: Vec<_> = d.sends().iter().map(|(_, send)| send.channel.to_string()).collect();
    assert_eq!(over, ["main-mail", "main-sms"]);
    assert!(d.last.effects.iter().all(|(_, effect)| !matches!(effect, Effect::Pass(_))));
}

#[test]
fn an_address_that_cannot_be_read_is_noted_and_the_run_goes_on() {
    for to in ["", "my sister", "12"] {
        let mut d = sends(NOTE);
        order(&mut d, to);
        assert_eq!((d.said(), ways(&d)), (vec!["Well?".to_owned()], vec![Step::UsedUp]), "{to}");
        assert_eq!(d.at("says"), ["b"]);
    }
}
