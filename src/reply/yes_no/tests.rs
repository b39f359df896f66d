//! Yes and no in each language, exactly and leniently, and what is neither.

use super::*;

fn of(text: &str) -> Option<(bool, bool)> {
    read(text, &[], false)
}

fn read(text: &str, languages: &[Language], numbered: bool) -> Option<(bool, bool)> {
    let understood = understand(&Normalized::of(text), None, languages, numbered).ok()?;
    let Value::Bool(yes) = understood.value else { panic!("neither true nor false") };
    Some((yes, understood.exact))
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
