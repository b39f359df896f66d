//! What is an email address and what is none.

use super::*;
use proptest::prelude::*;

fn of(text: &str, language: &str) -> Result<(String, bool), String> {
    let language = Language::parse(language).expect("a language");
    let understood = understand(text, &Normalized::of(text), language).map_err(|not| not.reason)?;
    Ok((understood.value.as_text().unwrap_or_default().to_owned(), understood.exact))
}

#[test]
fn an_address_alone_is_exact() {
    for (text, expected) in [
        ("ana@example.com", "ana@example.com"),
        (" Ana.Perez+shop@Example.COM. ", "Ana.Perez+shop@example.com"),
        ("<ana@example.com>", "ana@example.com"),
        ("\"ana@example.com\"", "ana@example.com"),
        ("(ana@example.com)", "ana@example.com"),
        ("*ana@example.com*", "ana@example.com"),
        ("_ana@example.com_", "ana@example.com"),
        ("_ana@example.com", "_ana@example.com"),
        ("ana@example.com!", "ana@example.com"),
        ("ana@example.com 👍", "ana@example.com"),
        ("📧 ana@example.com", "ana@example.com"),
        ("ａｎａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ana@example.com"),
        ("ana@\u{200B}example.com", "ana@example.com"),
        ("o'neil@mail.example.co.uk", "o'neil@mail.example.co.uk"),
        ("ana@münchen.de", "ana@münchen.de"),
        ("संपर्क@डाटामेल.भारत", "संपर्क@डाटामेल.भारत"),
        ("ana@xn--mnchen-3ya.de", "ana@xn--mnchen-3ya.de"),
        ("1234@qq.com", "1234@qq.com"),
    ] {
        assert_eq!(of(text, "en"), Ok((expected.into(), true)), "{text}");
    }
}

#[test]
fn words_that_announce_it_are_set_aside_in_every_language() {
    for (text, language) in [
        ("my email is ana@example.com, thanks", "en"),
        ("mailto:ana@example.com please", "en"),
        ("email:ana@example.com", "en"),
        ("ana @ example.com", "en"),
        ("my email is ana@ example.com", "en"),
        ("ask for me at ana@example.com", "en"),
        ("my work one - ana@example.com mate", "en"),
        ("ana@example.com ok?", "en"),
        ("hola, mi correo es ana@example.com", "es"),
        ("mon adresse mail est ana@example.com merci", "fr"),
        ("Meine E-Mail-Adresse lautet ana@example.com", "de"),
        ("meu e-mail é ana@example.com", "pt"),
        ("la mia mail è ana@example.com", "it"),
        ("mijn mailadres is ana@example.com", "nl"),
        ("मेरी ईमेल आईडी ana@example.com है", "hi"),
        ("meri email id hai ana@example.com", "hi"),
        ("بريدي الإلكتروني هو ana@example.com", "ar"),
        ("barua pepe yangu ni ana@example.com", "sw"),
        ("email saya ana@example.com", "id"),
    ] {
        assert_eq!(of(text, language), Ok(("ana@example.com".into(), false)), "{text}");
    }
}

#[test]
fn the_reason_says_why_and_nothing_of_the_address() {
    for (text, why) in [
        ("", "nothing was written"),
        ("I have none", "not an email address"),
        ("ana at example dot com", "not an email address"),
        ("ana@example.com or ana@example.org", "more than one @"),
        ("ana@@example.com", "more than one @"),
        ("ana perez@example.com", "not one email address and nothing else"),
        ("ana@example.com (at work)", "not one email address and nothing else"),
        ("ana@example.com maybe", "not one email address and nothing else"),
        ("not ana@example.com", "not one email address and nothing else"),
        ("ana@example .com", "a blank in the domain"),
        ("ana@example.co uk", "a blank in the domain"),
        ("ana@example.co m", "not one email address and nothing else"),
        ("is it ana@example.com?", "a question or a doubt"),
        ("mail @ example.com", "no name before the @"),
        ("@example.com", "nothing before the @"),
        (".ana@example.com", "a dot out of place before the @"),
        ("ana.@example.com", "a dot out of place before the @"),
        ("an..a@example.com", "a dot out of place before the @"),
        ("an/a@example.com", "a sign before the @ that addresses do not have"),
        ("josé@example.com", "a sign before the @ that addresses do not have"),
        ("ana@example", "a domain without a dot"),
        ("ana@", "a domain without a dot"),
        ("ana@.com", "a dot out of place in the domain"),
        ("ana@example..com", "a dot out of place in the domain"),
        ("ana@-example.com", "a sign in the domain that domains do not have"),
        ("ana@exam_ple.com", "a sign in the domain that domains do not have"),
        ("ana@127.0.0.1", "a domain with an ending that domains do not have"),
        ("ana@example.c", "a domain with an ending that domains do not have"),
        ("ana@gmial.com", "the domain is probably a slip of `gmail.com`"),
        ("ana@gmail.con", "the domain is probably a slip of `gmail.com`"),
    ] {
        assert_eq!(of(text, "en"), Err(why.into()), "{text}");
    }
}

#[test]
fn lengths_hold_at_the_limit_and_beside_it() {
    let local = |n: usize| format!("{}@example.com", "a".repeat(n));
    assert!(of(&local(64), "en").is_ok());
    assert!(of(&local(65), "en").is_err());
    let label = |n: usize| format!("a@{}.com", "b".repeat(n));
    assert!(of(&label(63), "en").is_ok());
    assert!(of(&label(64), "en").is_err());
    let whole = |n: usize| format!("{}@{}.{}.{}.com", "a".repeat(n), "b".repeat(62), "c".repeat(62), "d".repeat(62));
    assert!(of(&whole(254 - 1 - 63 * 3 - 3), "en").is_ok());
    assert!(of(&whole(255 - 1 - 63 * 3 - 3), "en").is_err());
}

proptest! {
    #[test]
    fn nothing_panics(text in "\\PC{0,40}|[a-z .<>@_*é:]{0,30}") {
        for language in ["en", "hi"] {
            if let Ok((address, _)) = of(&text, language) {
                prop_assert_eq!(of(&address, language), Ok((address, true)));
            }
        }
    }
}
