//! `yes_no`: a boolean. The whole message must say one of both and nothing else: whatever could turn it around, a condition,
//! a doubt, a question back, a second thought, holds words that stand in no section, and so it is not understood.

use super::normalize::Normalized;
use super::phrases::{Bits, Grammar, POLITENESS};
use super::politeness::strip;
use super::words::{Lexicon, Section, Sections, lexicons};
use super::{NotUnderstood, Understanding, Understood};
use crate::domain::language::Language;
use crate::domain::value::Value;
use std::borrow::Cow;

/// What the buttons of a yes-or-no question carry, yes first.
pub const PAYLOADS: [&str; 2] = ["yes", "no"];

const YES: Bits = 1;
const NO: Bits = 2;
/// What goes with yes only: "that works".
const WITH_YES: Bits = 4;
/// What goes with no only: "not today".
const WITH_NO: Bits = 8;

const GRAMMAR: Grammar<'static> = Grammar(&[
    (Section::Yes, YES),
    (Section::YesLenient, YES),
    (Section::No, NO),
    (Section::NoLenient, NO),
    (Section::BesideYes, WITH_YES),
    (Section::BesideNo, WITH_NO),
    (Section::Beside, 0),
    (Section::Polite, 0),
]);

/// What says neither.
const BESIDE: Grammar<'static> = Grammar(&[(Section::Beside, 0), (Section::Polite, 0)]);

/// Where a slip in a long word is forgiven.
const SLIPS: [Section; 8] = [
    Section::Yes,
    Section::YesLenient,
    Section::No,
    Section::NoLenient,
    Section::BesideYes,
    Section::BesideNo,
    Section::Beside,
    Section::Polite,
];

/// Yes or no: a tapped button, the words of English and of `languages`, 1 or 2 where the answers were shown as a
/// numbered list.
pub fn understand(text: &Normalized, payload: Option<&str>, languages: &[Language], numbered: bool) -> Understanding {
    match payload {
        Some("yes") => return Understood::exact(Value::Bool(true), "tapped `yes`"),
        Some("no") => return Understood::exact(Value::Bool(false), "tapped `no`"),
        _ => {}
    }
    let Some(whole) = text.whole() else { return NotUnderstood::because("too long to be yes or no") };
    if whole.is_empty() {
        return NotUnderstood::because("nothing was written");
    }
    if text.asks() {
        return NotUnderstood::because("a question, neither yes nor no");
    }
    if text.doubts() {
        return NotUnderstood::because("a doubt, neither yes nor no");
    }
    let words = lexicons(languages);
    if numbered && let Some((yes, exact)) = number_of_list(whole, words.clone()) {
        let reason = if yes { "number 1 of the list, yes" } else { "number 2 of the list, no" };
        return if exact { Understood::exact(Value::Bool(yes), reason) } else { Understood::lenient(Value::Bool(yes), reason) };
    }
    let said = say(whole, words.clone()).or_else(|| {
        // "✅ thanks": beside words the picture is no word.
        let only_polite = POLITENESS.read(whole, words.clone(), |_, _, _| true).has(0);
        (only_polite && text.agrees()).then_some(true)
    });
    let Some(yes) = said else { return NotUnderstood::because(why_not(whole, words)) };
    if !yes && text.agrees() {
        return NotUnderstood::because("a word for no beside a picture for yes");
    }
    let core = strip(whole, words.clone());
    if words.clone().any(|lexicon| lexicon.has(if yes { Section::Yes } else { Section::No }, core)) {
        return Understood::exact(Value::Bool(yes), if yes { "a word for yes" } else { "a word for no" });
    }
    Understood::lenient(Value::Bool(yes), if yes { "says yes and nothing else" } else { "says no and nothing else" })
}

/// What a text says with all its words.
fn say(text: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<bool> {
    let text = if text.contains(char::is_alphanumeric) {
        GRAMMAR.respell(text, &SLIPS, words.clone())
    } else {
        // Of pictures only those count that say something: "👍 🔥".
        let speaks = |word: &&str| words.clone().any(|lexicon| lexicon.sections_of_word(word) != Sections::default());
        Cow::Owned(text.split(' ').filter(speaks).collect::<Vec<_>>().join(" "))
    };
    let core = strip(&text, words.clone());
    for whole in [&*text, core] {
        if let Some(answer) = phrase_says(whole, words.clone()) {
            return answer;
        }
        // What only stands beside answers is none, even where a word of it would be one: "i am sorry", "makasih ya".
        if whole.len() == text.len() && BESIDE.read(&text, words.clone(), |_, _, _| true).has(0) {
            return None;
        }
    }
    if begins_a_question(core, words.clone()) || is_open(&text, words.clone()) {
        return None;
    }
    let ends = Ends::of(core, &text);
    let readings = GRAMMAR.read(&text, words.clone(), |section, from, to| {
        let decides = matches!(section, Section::Yes | Section::YesLenient);
        let first = text[from..to].split(' ').next().unwrap_or_default();
        let condition = || words.clone().any(|lexicon| lexicon.has(Section::Condition, first));
        !decides || ends.hold(from) || !condition()
    });
    let yes = readings.any(|bits| bits & YES != 0 && bits & (NO | WITH_NO) == 0);
    let no = readings.any(|bits| bits & NO != 0 && bits & (YES | WITH_YES) == 0);
    (yes != no).then_some(yes)
}

/// What a phrase that stands in a file says, whatever its parts would: nothing if it only stands beside answers, or if one of
/// two languages says the contrary of the other.
fn phrase_says(text: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<Option<bool>> {
    let stands = |sections: &[Section]| words.clone().any(|lexicon| sections.iter().any(|section| lexicon.has(*section, text)));
    match (stands(&[Section::Yes, Section::YesLenient]), stands(&[Section::No, Section::NoLenient])) {
        (false, false) => stands(&[Section::Beside, Section::BesideYes, Section::BesideNo]).then_some(None),
        (yes, no) => Some((yes != no).then_some(yes)),
    }
}

/// Whether a text begins as questions do, with two words at least: "is it" asks, "is" may be a part of much.
fn begins_a_question(text: &str, mut words: impl Iterator<Item = &'static Lexicon>) -> bool {
    words.any(|lexicon| {
        let phrase = lexicon.strip_start(Section::Question, text).map(|(phrase, _)| phrase);
        phrase.is_some_and(|phrase| phrase.contains(' ')) || (text.contains(' ') && lexicon.has(Section::Question, text))
    })
}

/// Whether a doubt or a condition of several words stands in a text, whose words could each be something else: "bisa jadi".
fn is_open(text: &str, mut words: impl Iterator<Item = &'static Lexicon> + Clone) -> bool {
    let all = words.clone();
    let starts = || std::iter::once(0).chain(text.match_indices(' ').map(|(at, _)| at + 1));
    words.any(|lexicon| {
        starts().any(|from| {
            let mut phrases = lexicon.at_start(&text[from..]);
            phrases.any(|(length, sections)| {
                let phrase = &text[from..from + length];
                let open = sections.has(Section::Doubt) || sections.has(Section::Condition);
                open && phrase.contains(' ') && phrase_says(phrase, all.clone()).is_none()
            })
        })
    })
}

/// The first and the last word of a text, again and again where they are repeated. Only there "si" is Spanish for yes: in the
/// midst it is an if.
struct Ends {
    first_to: usize,
    last_from: usize,
}

impl Ends {
    fn of(core: &str, text: &str) -> Self {
        let from = text.find(core).unwrap_or(0);
        let mut ends = Ends { first_to: from, last_from: from + core.len() };
        if let Some(first) = core.split(' ').next() {
            let repeated = core.split(' ').take_while(|word| *word == first).count();
            ends.first_to = from + repeated * (first.len() + 1);
        }
        if let Some(last) = core.rsplit(' ').next() {
            let repeated = core.rsplit(' ').take_while(|word| *word == last).count();
            ends.last_from = (from + core.len() + 1).saturating_sub(repeated * (last.len() + 1));
        }
        ends
    }

    fn hold(&self, from: usize) -> bool {
        from < self.first_to || from >= self.last_from
    }
}

/// The answer that 1 or 2 means, and whether that is all of the message: "2", "option 2", "the second", "2. No".
fn number_of_list(text: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> Option<(bool, bool)> {
    let answer = |number: &str| match number {
        "1" => Some(true),
        "2" => Some(false),
        _ => None,
    };
    if let Some(yes) = answer(text) {
        return Some((yes, true));
    }
    let core = strip(text, words.clone());
    let core = words.clone().find_map(|lexicon| lexicon.strip_start(Section::Place, core)).map_or(core, |(_, rest)| rest);
    if let Some((number, rest)) = core.split_once(' ')
        && let Some(yes) = answer(number)
    {
        return (say(rest, words) == Some(yes)).then_some((yes, false));
    }
    let in_words = |lexicon: &Lexicon| lexicon.number(Section::Ordinal, core).or_else(|| lexicon.number(Section::One, core));
    let yes = answer(core).or_else(|| match words.clone().find_map(in_words)? {
        1 => Some(true),
        2 => Some(false),
        _ => None,
    })?;
    Some((yes, false))
}

/// Why nothing was understood, as far as the sections tell.
fn why_not(text: &str, words: impl Iterator<Item = &'static Lexicon> + Clone) -> &'static str {
    let occurs = |section: Section| words.clone().any(|lexicon| lexicon.occurs(section, text));
    if occurs(Section::Doubt) {
        "a doubt, neither yes nor no"
    } else if occurs(Section::Condition) {
        "a condition, neither yes nor no"
    } else if occurs(Section::Yes) || occurs(Section::No) {
        "yes or no, and something that could turn it around"
    } else {
        "neither yes nor no"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(bool, bool)> {
        read(text, &[], false)
    }

    fn read(text: &str, languages: &[Language], numbered: bool) -> Option<(bool, bool)> {
        let understood = understand(&Normalized::of(text), None, languages, numbered).ok()?;
        match understood.value {
            Value::Bool(yes) => Some((yes, understood.exact)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn plain_words_are_exact() {
        for yes in ["yes", "YES!", "Y", " yep ", "Yeah.", "yes, please", "ｙｅｓ"] {
            assert_eq!(of(yes), Some((true, true)), "{yes}");
        }
        for no in ["no", "No.", "n", "NOPE", "no, thanks", "no thank you!"] {
            assert_eq!(of(no), Some((false, true)), "{no}");
        }
    }

    #[test]
    fn other_ways_to_say_it_are_lenient() {
        for yes in ["ok", "sure", "of course", "👍", "yes yes", "yes I do", "sure, thanks"] {
            assert_eq!(of(yes), Some((true, false)), "{yes}");
        }
        for no in ["not now", "definitely not", "👎", "no no no", "I don't"] {
            assert_eq!(of(no), Some((false, false)), "{no}");
        }
    }

    #[test]
    fn what_has_two_readings_has_none() {
        for text in [
            "",
            "yes no",
            "yes and no",
            "no problem",
            "why not",
            "not yes",
            "maybe",
            "yes but not today",
            "ok no",
            "yes 👎",
            "1",
            "2",
            "please",
            "noon",
            "yesterday",
            "never mind",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_count_where_they_were_shown() {
        assert_eq!(read("1", &[], true), Some((true, true)));
        assert_eq!(read("２.", &[], true), Some((false, true)));
        assert_eq!(read("3", &[], true), None);
    }

    #[test]
    fn the_button_decides() {
        let tapped = |payload| understand(&Normalized::of("whatever"), Some(payload), &[], false).map(|u| (u.value, u.exact));
        assert_eq!(tapped("yes"), Ok((Value::Bool(true), true)));
        assert_eq!(tapped("no"), Ok((Value::Bool(false), true)));
        assert!(tapped("maybe").is_err());
    }

    /// For each language: what says yes, what says no, what says neither.
    type Row = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

    const REPLIES: &[Row] = &[
        (
            "en",
            &[
                "yes!!! 🎉",
                "Yes thanks, see you then",
                "yes that works for me, thank you!",
                "ok sounds good",
                "yes pls confirm",
                "Yes, I confirm",
                "yep 👍🏽",
                "YES YES YES",
                "i would love to",
                "sure why not",
                "y",
                "Yes I'm still interested",
                "of course!!",
                "ok thanks",
                "okay 🙏",
                "k thx",
                "yes i want it",
                "that's correct",
                "yes correct",
                "yes, that's me",
                "sure, no problem",
                "yes :D",
                "👍🔥",
                "✅ thanks",
                "yesssss pleaseee",
                "definitley",
                "yes i said",
                "yes already done",
            ],
            &[
                "no thank you, not interested",
                "nah i'm good thanks",
                "no sorry can't make it",
                "no not today thanks",
                "👎🏿",
                "absolutely not",
                "not anymore",
                "nope, never",
                "I do not want it",
                "I dont want to",
                "not at the moment thank you",
                "that is not right",
                "👎😡",
                "nooooo thanks",
                "i said no",
            ],
            &[
                "i guess so",
                "yes if it's free",
                "yes but later",
                "why?",
                "no idea",
                "not sure",
                "no problem",
                "yes and no",
                "yeah nah",
                "no i did not receive it",
                "yes i received it",
                "can you call me first",
                "thanks",
                "maybe tomorrow",
                "yes, tomorrow",
                "no way jose",
                "🔥",
                "👍👎",
                "no 👍",
                "yes 🤔",
                "yes?",
                "no, no problem",
                "Yes, 5pm",
                "2",
                "yes or no?",
                "what do you mean",
                "is it free",
                "can i pay later",
                "only if it's on monday",
                "yes as long as it is free",
                "no wait yes",
                "yes wait no",
                "yes… no",
                "I have a question",
                "yes I have a question",
                "nothing",
                "already done",
                "not sure yet",
                "im ok",
                "i'm fine",
                "Noted",
                "received",
            ],
        ),
        (
            "es",
            &[
                "si por fa",
                "sí, claro, muchas gracias",
                "si puedo",
                "obvio",
                "dale, gracias",
                "ok perfecto",
                "siii 😍",
                "si, confirmo mi asistencia",
                "sí, está bien",
                "confirmo, gracias",
                "sí me interesa",
                "va, gracias",
                "si si si",
                "claro que si quiero",
                "sí doctora, gracias",
            ],
            &[
                "no gracias, estoy bien",
                "no puedo ir",
                "noooo",
                "claro que no",
                "no, ya no lo quiero",
                "no por ahora gracias",
                "no me interesa, gracias",
            ],
            &[
                "voy si puedo",
                "creo que sí",
                "sí pero mañana",
                "no sé",
                "¿cuándo sería?",
                "no hay problema",
                "sin problema",
                "depende",
                "si o no",
                "todavía no sé",
                "si puedo voy",
                "ok si puedo",
            ],
        ),
        (
            "fr",
            &[
                "oui bien sûr",
                "oui merci beaucoup",
                "ok pas de souci",
                "oui c'est bon pour moi",
                "ouiii",
                "d'acc merci",
                "ça marche merci 👍",
                "oui je serai là",
                "carrément",
                "oui docteur",
            ],
            &[
                "non merci ça ira",
                "je ne peux pas",
                "je peux pas désolé",
                "nan",
                "non pas aujourd'hui",
                "non je ne suis pas disponible",
                "non plus",
            ],
            &[
                "pas de problème",
                "peut-être",
                "oui si c'est gratuit",
                "je crois",
                "oui mais demain",
                "ça dépend",
                "pas mal",
                "non mais oui",
                "oui enfin non",
            ],
        ),
        (
            "de",
            &[
                "ja bitte",
                "ja, sehr gerne!",
                "passt",
                "ja das passt mir gut",
                "natuerlich",
                "naturlich",
                "auf jeden fall 👍",
                "ja klar kein problem",
                "ja ich komme",
            ],
            &[
                "nein danke, kein interesse",
                "Nein, leider nicht",
                "geht leider nicht",
                "nö danke",
                "noe",
                "nein das ist falsch",
                "nein ich kann nicht",
                "doch nicht",
            ],
            &[
                "kein Problem",
                "ja aber erst morgen",
                "vielleicht",
                "ja wenn es geht",
                "jein",
                "ich glaube schon",
                "nicht schlecht",
                "nein doch",
            ],
        ),
        (
            "pt",
            &[
                "sim por favor",
                "sim, obrigada!",
                "claro q sim",
                "com certeza!",
                "pode confirmar",
                "tá bom, obrigado",
                "uhum",
                "quero sim",
                "simmm",
                "blz vlw",
            ],
            &["não obrigado", "n obg", "não posso hoje", "não quero não", "infelizmente não"],
            &[
                "acho que sim",
                "talvez",
                "sim mas só amanhã",
                "não tem problema",
                "não sei",
                "se der sim",
                "não, quer dizer sim",
                "pois não",
            ],
        ),
        (
            "it",
            &["sì grazie", "si certo, grazie mille", "va bene", "assolutamente sì", "confermo", "ok perfetto grazie"],
            &["no grazie", "non posso purtroppo", "assolutamente no", "no, non mi interessa"],
            &[
                "forse",
                "sì ma domani",
                "se posso sì",
                "non c'è problema",
                "nessun problema",
                "credo di sì",
                "perché?",
                "perché no",
                "boh",
                "no anzi sì",
            ],
        ),
        (
            "nl",
            &["ja graag", "ja hoor prima", "is goed", "ja dat klopt", "tuurlijk 👍"],
            &["nee bedankt", "nee hoor, dank u", "nee helaas", "kan niet", "nee dat klopt niet", "liever niet", "nou nee"],
            &["geen probleem", "misschien", "ja maar later", "ja als het kan", "weet ik niet", "maakt niet uit", "ja nee"],
        ),
        (
            "hi",
            &[
                "haan ji",
                "हाँ जी बिल्कुल",
                "ji haan zaroor",
                "theek hai",
                "ok done",
                "yes sir",
                "haan confirm kar do",
                "haan main aa raha hu",
            ],
            &["nahi ji", "nhi chahiye", "नहीं, धन्यवाद", "अभी नहीं", "nahi abhi nahi", "ji nahi shukriya"],
            &[
                "koi baat nahi",
                "कोई बात नहीं",
                "koi dikkat nahi",
                "shayad",
                "haan lekin kal",
                "agar time mila to haan",
                "pata nahi",
                "kyun?",
                "haan na",
                "ha ya na",
            ],
        ),
        (
            "ar",
            &["نعم من فضلك", "ايوه طبعا", "تمام", "اوك", "aywa akeed", "موافق", "نعم أؤكد الحضور"],
            &["لا شكرا", "لا، مش عايز", "la2 shukran", "لا والله ما اقدر", "غير موافق"],
            &[
                "ان شاء الله",
                "ممكن",
                "نعم بس بكرة",
                "لا مشكلة",
                "مافي مشكلة",
                "لا بأس",
                "نعم؟",
                "ما ادري",
                "اذا امكن نعم",
                "أكيد إن شاء الله",
                "نعم لا",
                "لا نعم",
                "لا اله الا الله",
                "لا تنسى",
                "ما شاء الله",
                "الحمد لله",
            ],
        ),
        (
            "sw",
            &["ndiyo asante", "ndio kabisa", "sawa", "ndiyo nitakuja", "sawa sawa boss"],
            &["hapana asante", "sitaki", "siwezi kuja leo", "la, asante", "siyo sasa"],
            &["labda", "ndiyo lakini kesho", "hakuna shida", "hamna shida", "sijui", "kama nitapata nafasi", "ndiyo au hapana"],
        ),
        (
            "id",
            &["iya kak", "iya, terima kasih", "boleh", "oke siap", "ya boleh kak", "mau dong", "ya gak papa"],
            &["tidak, terima kasih", "nggak usah", "enggak dulu kak makasih", "tidak bisa hadir"],
            &[
                "gak papa",
                "gapapa",
                "tidak apa-apa",
                "mungkin",
                "iya tapi besok",
                "kalau bisa iya",
                "gak tau",
                "belum",
                "insyaallah",
                "ya atau tidak",
                "ya enggak",
            ],
        ),
    ];

    #[test]
    fn every_language_says_it_in_its_own_way() {
        for (code, yes, no, neither) in REPLIES {
            let language = [Language::parse(code).expect("a language")];
            let says = |text: &&str| read(text, &language, false).map(|(yes, _)| yes);
            for (texts, expected) in [(yes, Some(true)), (no, Some(false)), (neither, None)] {
                for text in *texts {
                    assert_eq!(says(text), expected, "{code}: {text}");
                }
            }
        }
    }
}
