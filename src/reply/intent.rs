//! Words that go before every flow: opt-out, opt-in, help. Whole messages only, politeness aside, so that "stop by
//! tomorrow" and "quit smoking" stay what they are.

use super::normalize::Normalized;
use super::phrases::{Bits, Grammar};
use super::words::{Section, lexicons};
use crate::domain::channel::ChannelKind;
use crate::domain::language::Language;

/// A word that is an opt-out alone, again and again, or with polite words.
const WORD: Bits = 1;
/// A phrase that asks for no more messages, whatever of [`BESIDE`] stands around it.
const LEAVE: Bits = 2;
const BESIDE: Bits = 4;
const IN: Bits = 8;
const HELP: Bits = 16;

/// What counts on every channel.
const EVERYWHERE: Grammar<'static> = Grammar(&[
    (Section::OptOut, WORD),
    (Section::Leave, LEAVE),
    (Section::BesideLeave, BESIDE),
    (Section::AskFor, BESIDE),
    (Section::OptIn, IN),
    (Section::Help, HELP),
    (Section::Polite, 0),
]);

/// What counts on SMS, where carriers prescribe more words.
const ON_SMS: Grammar<'static> = Grammar(&[
    (Section::OptOut, WORD),
    (Section::OptOutSms, WORD),
    (Section::Leave, LEAVE),
    (Section::BesideLeave, BESIDE),
    (Section::AskFor, BESIDE),
    (Section::OptIn, IN),
    (Section::Help, HELP),
    (Section::HelpSms, HELP),
    (Section::Polite, 0),
]);

/// Where a slip in a long word is forgiven: "unsubscibe".
const SLIPS: [Section; 3] = [Section::OptOut, Section::Leave, Section::BesideLeave];

/// What such a word wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Intent {
    /// No more messages on this kind of channel.
    OptOut,
    /// Messages again.
    OptIn,
    /// To know who writes and how to stop it.
    Help,
}

impl Intent {
    /// What a whole message wants. English words always count, those of `languages` (the flow's or the project's) too.
    ///
    /// `YES` is an opt-in only of somebody who is opted out. `START` is one always: of somebody who is not opted out it
    /// changes nothing, so the caller lets flows have it then.
    pub fn of(text: &Normalized, kind: ChannelKind, languages: &[Language], opted_out: bool) -> Option<Self> {
        let words = lexicons(languages);
        let whole = text.whole()?;
        if opted_out && words.clone().any(|lexicon| lexicon.has(Section::OptInIfOut, whole)) {
            return Some(Intent::OptIn);
        }
        let grammar = if kind == ChannelKind::Sms { ON_SMS } else { EVERYWHERE };
        let spelled = spelled_out(whole);
        let text = grammar.respell(spelled.as_deref().unwrap_or(whole), &SLIPS, words.clone());
        let readings = grammar.read(&text, words, |_, _, _| true);
        let is_out = |bits: Bits| bits & IN == 0 && (bits & LEAVE != 0 || (bits & WORD != 0 && bits & BESIDE == 0));
        if readings.any(is_out) {
            Some(Intent::OptOut)
        } else if readings.has(IN) {
            Some(Intent::OptIn)
        } else if readings.has(HELP) {
            Some(Intent::Help)
        } else {
            None
        }
    }

    /// What a provider's own handling of such a word says: `STOP`, `START`, `HELP`.
    pub fn of_provider(word: &str) -> Option<Self> {
        match word.trim().to_ascii_uppercase().as_str() {
            "STOP" => Some(Intent::OptOut),
            "START" => Some(Intent::OptIn),
            "HELP" => Some(Intent::Help),
            _ => None,
        }
    }

    /// Whether a choice with this text could never be typed on this kind of channel, because it is an opt-out or help
    /// word there (RF304).
    pub fn takes(text: &Normalized, kind: ChannelKind, languages: &[Language]) -> Option<Self> {
        Intent::of(text, kind, languages, false).filter(|intent| *intent != Intent::OptIn)
    }

    /// In one line for the journal.
    pub fn reason(self) -> &'static str {
        match self {
            Intent::OptOut => "the whole message is an opt-out word",
            Intent::OptIn => "the whole message is an opt-in word",
            Intent::Help => "the whole message is a help word",
        }
    }
}

/// A word that was written letter by letter: "S T O P".
fn spelled_out(text: &str) -> Option<String> {
    let letters = || text.split(' ');
    let spelled = letters().count() > 2 && letters().all(|word| word.chars().count() == 1);
    spelled.then(|| letters().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_anywhere_is_taken_on_sms() {
        let languages: Vec<Language> = ["en", "es", "fr", "de", "pt", "it", "nl", "hi", "ar", "sw", "id"]
            .iter()
            .filter_map(|language| Language::parse(language))
            .collect();
        for text in ["stop", "STOP ALL", "opt out", "help", "désabonnez-moi svp", "إلغاء الاشتراك", "afmelden aub", "unsubcribe"]
        {
            let text = Normalized::of(text);
            assert!(Intent::takes(&text, ChannelKind::WhatsApp, &languages).is_some());
        }
        for lexicon in lexicons(&languages) {
            let sections = [Section::OptOut, Section::Leave, Section::Help].into_iter().collect();
            for word in lexicon.words(sections).map(Normalized::of) {
                let taken = |kind| Intent::takes(&word, kind, &languages).is_some();
                assert!(!taken(ChannelKind::WhatsApp) || taken(ChannelKind::Sms), "{}", word.as_str());
            }
        }
    }

    fn sms(text: &str) -> Option<Intent> {
        Intent::of(&Normalized::of(text), ChannelKind::Sms, &[], false)
    }

    fn whatsapp(text: &str) -> Option<Intent> {
        Intent::of(&Normalized::of(text), ChannelKind::WhatsApp, &[], false)
    }

    #[derive(serde::Deserialize)]
    struct File {
        keywords: Keywords,
    }
    #[derive(serde::Deserialize)]
    struct Keywords {
        opt_out_us_carrier: Vec<String>,
        opt_out_2025_additions: Vec<String>,
        fcc_64_1200_a10: Vec<String>,
        opt_out_french_ca: Vec<String>,
        opt_in: Vec<String>,
        toll_free_opt_in: Vec<String>,
        help: Vec<String>,
        tests: Vec<Case>,
    }
    #[derive(serde::Deserialize)]
    struct Case {
        text: String,
        expect: String,
    }

    fn vectors() -> Keywords {
        let source = include_str!("../../tests/data/providers/sms_encoding.json");
        serde_json::from_str::<File>(source).expect("the vectors").keywords
    }

    #[test]
    fn the_keyword_vectors_hold() {
        let keywords = vectors();
        assert!(keywords.tests.len() >= 18);
        for Case { text, expect } in &keywords.tests {
            let now = sms(text);
            let when_out = Intent::of(&Normalized::of(text), ChannelKind::Sms, &[], true);
            match expect.as_str() {
                "opt_out" => assert_eq!((now, when_out), (Some(Intent::OptOut), Some(Intent::OptOut)), "{text}"),
                // Carriers do not count it, the law ("any reasonable means") does: politeness is aside here.
                "none_keyword_but_review" => assert_eq!(now, Some(Intent::OptOut), "{text}"),
                "opt_in" => assert_eq!((now, when_out), (Some(Intent::OptIn), Some(Intent::OptIn)), "{text}"),
                "opt_in_only_if_currently_opted_out" => {
                    assert_eq!((now, when_out), (None, Some(Intent::OptIn)), "{text}");
                }
                "help" => assert_eq!((now, when_out), (Some(Intent::Help), Some(Intent::Help)), "{text}"),
                "none" => assert_eq!((now, when_out), (None, None), "{text}"),
                other => panic!("a vector expects `{other}`, which this test does not know"),
            }
        }
    }

    #[test]
    fn the_word_lists_of_the_vectors_hold() {
        let keywords = vectors();
        let opt_out = keywords.opt_out_us_carrier.iter().chain(&keywords.opt_out_2025_additions);
        for word in opt_out.chain(&keywords.fcc_64_1200_a10).chain(&keywords.opt_out_french_ca) {
            assert_eq!(sms(word), Some(Intent::OptOut), "{word}");
        }
        for word in keywords.opt_in.iter().chain(&keywords.toll_free_opt_in) {
            let when_out = Intent::of(&Normalized::of(word), ChannelKind::Sms, &[], true);
            assert_eq!(when_out, Some(Intent::OptIn), "{word}");
        }
        for word in &keywords.help {
            assert_eq!(sms(word), Some(Intent::Help), "{word}");
        }
    }

    #[test]
    fn whatsapp_counts_only_words_that_mean_nothing_else() {
        for word in ["STOP", "stop all", "StopAll", "Unsubscribe", "opt-out", "OPTOUT", "stop please", "STOP 🛑"] {
            assert_eq!(whatsapp(word), Some(Intent::OptOut), "{word}");
        }
        for word in ["cancel", "end", "quit", "revoke", "info", "arret"] {
            assert_eq!(whatsapp(word), None, "{word}");
        }
        assert_eq!(whatsapp("help"), Some(Intent::Help));
    }

    #[test]
    fn case_width_accents_and_politeness_are_aside() {
        for text in ["ｓｔｏｐ", "Stöp", "s\u{200B}top", "STOP STOP", "please stop", "Stop, thanks!", "*STOP*", "“stop”"]
        {
            assert_eq!(sms(text), Some(Intent::OptOut), "{text}");
        }
    }

    #[test]
    fn sentences_are_no_keywords() {
        for text in [
            "stop by tomorrow",
            "quit smoking",
            "help me choose",
            "don't stop",
            "bus stop",
            "the end",
            "end of may",
            "cancel my order",
            "I want to stop",
            "please",
            "thanks",
            "stop stop it",
            "yes please",
            "start over",
            "infos",
            "",
            "🛑",
        ] {
            assert_eq!(sms(text), None, "{text}");
            assert_eq!(Intent::of(&Normalized::of(text), ChannelKind::Sms, &[], true), None, "{text}");
        }
    }

    #[test]
    fn words_of_the_flows_languages_count_there() {
        let spanish = Language::parse("es-MX").expect("a language");
        let of = |text, languages: &[Language]| Intent::of(&Normalized::of(text), ChannelKind::Sms, languages, false);
        assert_eq!(of("Baja", &[spanish]), Some(Intent::OptOut));
        assert_eq!(of("STOP por favor", &[spanish]), Some(Intent::OptOut));
        assert_eq!(of("Baja", &[Language::EN]), None);
    }

    #[test]
    fn the_checker_asks_only_for_opt_out_and_help() {
        let takes = |text, kind| Intent::takes(&Normalized::of(text), kind, &[]);
        assert_eq!(takes("Cancel", ChannelKind::Sms), Some(Intent::OptOut));
        assert_eq!(takes("Cancel", ChannelKind::WhatsApp), None);
        assert_eq!(takes("Info", ChannelKind::Sms), Some(Intent::Help));
        assert_eq!(takes("Start", ChannelKind::Sms), None);
        assert_eq!(takes("Yes", ChannelKind::Sms), None);
        assert_eq!(takes("Cancel appointment", ChannelKind::Sms), None);
    }

    #[test]
    fn a_providers_word_is_taken_as_it_is() {
        assert_eq!(Intent::of_provider("STOP"), Some(Intent::OptOut));
        assert_eq!(Intent::of_provider("start"), Some(Intent::OptIn));
        assert_eq!(Intent::of_provider("HELP"), Some(Intent::Help));
        assert_eq!(Intent::of_provider("STOP by"), None);
    }

    /// For each language: what opts out of SMS, what is none of these words though it begins like one.
    const REPLIES: &[(&str, &[&str], &[&str])] = &[
        (
            "en",
            &[
                "STOP.",
                "stop please",
                "S T O P",
                "Stop texting me",
                "please remove me from this list",
                "unsubscribe me now",
                "stop sending me messages please",
                "I want to unsubscribe",
                "can you stop texting me",
                "STOPALL",
                "do not contact me again",
                "please take me off your mailing list",
                "no more texts please",
                "Unsuscribe",
                "unsubcribe",
            ],
            &[
                "don't stop",
                "stop by tomorrow",
                "non stop",
                "is there a bus stop",
                "cancel my order",
                "cancel my appointment",
                "help me choose",
                "end of the month",
                "I can't stop laughing",
                "when does it end",
                "quit my job",
                "how do I stop my order",
                "start over",
                "stop calling",
                "wrong number, stop",
            ],
        ),
        (
            "es",
            &[
                "darse de baja",
                "quiero darme de baja por favor",
                "no me manden más mensajes",
                "ya no quiero recibir mensajes",
                "parar",
                "ALTO!!",
            ],
            &[
                "baja la música",
                "planta baja",
                "cancelar mi cita",
                "quiero cancelar mi pedido",
                "ayúdame a elegir",
                "fin de semana",
                "para mañana",
                "no dejen de escribirme",
            ],
        ),
        (
            "fr",
            &["STOP SMS", "désabonnez-moi svp", "arrêtez de m'envoyer des messages", "je ne veux plus recevoir vos sms"],
            &["arrêt de bus", "annuler ma commande", "fin de semaine", "aidez-moi à choisir", "besoin d'aide"],
        ),
        (
            "de",
            &["Abmelden bitte", "bitte keine nachrichten mehr", "stopp!!", "bitte nehmen sie mich aus dem verteiler"],
            &["am ende der woche", "ende mai", "termin stornieren", "hilfe bei der auswahl", "anmeldung zum kurs"],
        ),
        (
            "pt",
            &["SAIR", "não quero mais receber mensagens", "parem de me mandar mensagem", "me tira da lista"],
            &["sair mais tarde", "cancelar pedido", "fim de semana", "pare na esquina"],
        ),
        (
            "it",
            &["fermate i messaggi", "non voglio più ricevere messaggi", "cancellatemi dalla lista"],
            &["disdire appuntamento", "fine settimana", "annulla ordine", "ferma in via roma"],
        ),
        (
            "nl",
            &["afmelden aub", "ik wil geen berichten meer ontvangen", "haal me van de lijst"],
            &["uit eten", "stop met roken", "bushalte"],
        ),
        (
            "hi",
            &["मैसेज मत भेजो", "band karo ye messages", "बंद करें", "message mat bhejo mujhe"],
            &["dukan kab band hoti hai", "dukan band hai", "bus stop"],
        ),
        ("ar", &["إلغاء الاشتراك", "توقف", "لا ترسلوا لي رسائل"], &["الغاء الطلب", "الغاء الموعد", "موقف الباص"]),
        ("sw", &["ACHA", "sitaki ujumbe tena", "acha kunitumia ujumbe"], &["acha nifikirie", "simama hapo"]),
        (
            "id",
            &["berhenti", "jangan kirim pesan lagi", "tolong hapus nomor saya"],
            &["berhenti di halte", "batal pesanan saya", "keluar rumah", "bantu pilih"],
        ),
    ];

    #[test]
    fn every_language_opts_out_in_its_own_way() {
        for (code, out, none) in REPLIES {
            let language = [Language::parse(code).expect("a language")];
            let of = |text| Intent::of(&Normalized::of(text), ChannelKind::Sms, &language, false);
            for text in *out {
                assert_eq!(of(text), Some(Intent::OptOut), "{code}: {text}");
            }
            for text in *none {
                assert_eq!(of(text), None, "{code}: {text}");
            }
        }
    }
}
