//! The table is whole and says each thing once.

use super::{FILES, Kind, Rule, places};

#[test]
fn every_place_has_a_name_of_its_own_and_every_key_a_sentence() {
    let all = places(&FILES);
    assert!(all.len() > 40, "{}", all.len());
    for place in &all {
        assert_eq!(all.iter().filter(|other| other.name == place.name).count(), 1, "{}", place.name);
        for text in std::iter::once(place.doc).chain(place.keys.iter().map(|key| key.doc)) {
            assert!(text.ends_with('.') && text.len() > 5, "{}: {text}", place.name);
        }
        for key in place.keys {
            assert_eq!(place.keys.iter().filter(|other| other.name == key.name).count(), 1, "{}.{}", place.name, key.name);
            assert!(!(key.required && key.default.is_some()), "{}.{}", place.name, key.name);
        }
    }
}

#[test]
fn rules_are_about_keys_that_there_are() {
    for place in places(&FILES) {
        for rule in place.rules {
            let (one, some) = match rule {
                Rule::ExactlyOne(keys) | Rule::AtMostOne(keys) | Rule::AtLeastOne(keys) => (None, *keys),
                Rule::Needs(key, keys) | Rule::Without(key, keys) => (Some(*key), *keys),
            };
            for key in some.iter().copied().chain(one) {
                assert!(place.key(key).is_some(), "{}: {key}", place.name);
            }
        }
    }
}

#[test]
fn what_comes_later_is_in_no_table_yet() {
    let all = places(&FILES);
    for (name, key) in super::later::LATER {
        let place = all.iter().find(|place| place.name == *name).unwrap_or_else(|| panic!("{name}"));
        assert!(place.key(key).is_none() && place.is_later(key), "{name}.{key}");
    }
}

#[test]
fn a_value_is_told_by_its_shape() {
    let of = |kind: &'static Kind, keys: &'static [&'static str]| match kind.of_map(&keys.iter().copied()) {
        Some(Kind::Map(place)) => place.name,
        Some(Kind::Texts) => "texts",
        Some(Kind::Named(_)) => "named",
        _ => "-",
    };
    let ask = super::STATE.key("ask").expect("ask").kind;
    assert_eq!(
        [of(ask, &["en"]), of(ask, &["sms", "text"]), of(ask, &["notify"]), of(ask, &[])],
        ["texts", "message", "ask", "texts"]
    );
    let go = super::STATE.key("go").expect("go").kind;
    assert_eq!([of(go, &["ok"]), of(go, &["nomatch"])], ["outcomes", "outcomes"]);
    let say = super::STEP.key("say").expect("say").kind;
    assert_eq!([of(say, &["es"]), of(say, &["media"])], ["texts", "message"]);
    let bot = super::TEST_STEP.key("bot").expect("bot").kind;
    assert!(matches!(bot.of_text(), Some(Kind::Expected)));
    assert!(matches!(go.of_list(), Some(Kind::Map(place)) if place.name == "way"));
}
