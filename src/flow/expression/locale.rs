//! How languages write numbers, money, months and days. A language that is not here is written as English.
//!
//! Two deliberate differences from CLDR: digits are 0–9 everywhere, and where CLDR groups with a no-break space a plain
//! space stands, because one no-break space makes a whole SMS UCS-2 and doubles its price.

use crate::domain::language::Language;

/// Everything that depends on the language.
pub(super) struct Locale {
    pub number: NumberStyle,
    pub names: &'static Names,
}

#[derive(Clone, Copy)]
pub(super) struct NumberStyle {
    pub decimal: char,
    pub group: char,
    /// Digits before the first separator at which grouping begins: 2 leaves 1500 alone.
    pub min_group: usize,
    /// 12,34,567
    pub indian: bool,
    /// `25 %`
    pub percent_space: bool,
    pub money: MoneyPlace,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MoneyPlace {
    /// `€5`
    Before,
    /// `€ 5`
    BeforeSpace,
    /// `5 €`
    AfterSpace,
}

pub(super) struct Names {
    pub months: [&'static str; 12],
    pub months_short: [&'static str; 12],
    /// From Monday.
    pub days: [&'static str; 7],
    pub days_short: [&'static str; 7],
    pub halves: [&'static str; 2],
}

const POINT: NumberStyle =
    NumberStyle { decimal: '.', group: ',', min_group: 1, indian: false, percent_space: false, money: MoneyPlace::Before };
const COMMA: NumberStyle =
    NumberStyle { decimal: ',', group: '.', min_group: 1, indian: false, percent_space: false, money: MoneyPlace::BeforeSpace };
const AFTER: NumberStyle = NumberStyle { percent_space: true, money: MoneyPlace::AfterSpace, ..COMMA };
const SPANISH: NumberStyle = NumberStyle { min_group: 2, ..AFTER };
const INDIAN: NumberStyle = NumberStyle { indian: true, ..POINT };

/// The Spanish-speaking countries that write 1,234.56 and the symbol before.
const SPANISH_POINT: [&str; 9] = ["MX", "US", "PR", "GT", "HN", "NI", "PA", "PE", "SV"];

pub(super) fn locale(language: Language) -> Locale {
    let region = language.as_str().split_once('-').map_or("", |(_, region)| region);
    let (number, names) = match (language.base(), region) {
        ("es", region) if SPANISH_POINT.contains(&region) => (POINT, &ES),
        ("es", _) => (SPANISH, &ES),
        ("fr", "CA") => (NumberStyle { group: ' ', ..AFTER }, &FR),
        ("fr", _) => (NumberStyle { group: ' ', ..AFTER }, &FR),
        ("de", "CH" | "LI") => (NumberStyle { group: '’', money: MoneyPlace::BeforeSpace, percent_space: false, ..POINT }, &DE),
        ("de", _) => (AFTER, &DE),
        ("pt", "PT") => (NumberStyle { group: ' ', percent_space: false, ..SPANISH }, &PT),
        ("pt", _) => (COMMA, &PT),
        ("it", _) => (NumberStyle { percent_space: false, ..AFTER }, &IT),
        ("nl", _) => (COMMA, &NL),
        ("hi", _) => (INDIAN, &HI),
        ("ar", _) => (NumberStyle { money: MoneyPlace::AfterSpace, ..POINT }, &AR),
        ("sw", _) => (NumberStyle { money: MoneyPlace::BeforeSpace, ..POINT }, &SW),
        ("id", _) => (COMMA, &ID),
        ("en", "IN") => (INDIAN, &EN),
        _ => (POINT, &EN),
    };
    Locale { number, names }
}

static EN: Names = Names {
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    months_short: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    days: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    days_short: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    halves: ["AM", "PM"],
};

static ES: Names = Names {
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    months_short: ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic"],
    days: ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
    days_short: ["lun", "mar", "mié", "jue", "vie", "sáb", "dom"],
    halves: ["a. m.", "p. m."],
};

static FR: Names = Names {
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    months_short: ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."],
    days: ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    days_short: ["lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."],
    halves: ["AM", "PM"],
};

static DE: Names = Names {
    months: [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    months_short: ["Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."],
    days: ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
    days_short: ["Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So."],
    halves: ["AM", "PM"],
};

static PT: Names = Names {
    months: [
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ],
    months_short: ["jan.", "fev.", "mar.", "abr.", "mai.", "jun.", "jul.", "ago.", "set.", "out.", "nov.", "dez."],
    days: ["segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"],
    days_short: ["seg.", "ter.", "qua.", "qui.", "sex.", "sáb.", "dom."],
    halves: ["AM", "PM"],
};

static IT: Names = Names {
    months: [
        "gennaio",
        "febbraio",
        "marzo",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "agosto",
        "settembre",
        "ottobre",
        "novembre",
        "dicembre",
    ],
    months_short: ["gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"],
    days: ["lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"],
    days_short: ["lun", "mar", "mer", "gio", "ven", "sab", "dom"],
    halves: ["AM", "PM"],
};

static NL: Names = Names {
    months: [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
    months_short: ["jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"],
    days: ["maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"],
    days_short: ["ma", "di", "wo", "do", "vr", "za", "zo"],
    halves: ["a.m.", "p.m."],
};

static HI: Names = Names {
    months: ["जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्तूबर", "नवंबर", "दिसंबर"],
    months_short: ["जन॰", "फ़र॰", "मार्च", "अप्रैल", "मई", "जून", "जुल॰", "अग॰", "सित॰", "अक्तू॰", "नव॰", "दिस॰"],
    days: ["सोमवार", "मंगलवार", "बुधवार", "गुरुवार", "शुक्रवार", "शनिवार", "रविवार"],
    days_short: ["सोम", "मंगल", "बुध", "गुरु", "शुक्र", "शनि", "रवि"],
    halves: ["am", "pm"],
};

static AR: Names = Names {
    months: ["يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"],
    months_short: ["يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"],
    days: ["الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"],
    days_short: ["الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"],
    halves: ["ص", "م"],
};

static SW: Names = Names {
    months: [
        "Januari", "Februari", "Machi", "Aprili", "Mei", "Juni", "Julai", "Agosti", "Septemba", "Oktoba", "Novemba", "Desemba",
    ],
    months_short: ["Jan", "Feb", "Mac", "Apr", "Mei", "Jun", "Jul", "Ago", "Sep", "Okt", "Nov", "Des"],
    days: ["Jumatatu", "Jumanne", "Jumatano", "Alhamisi", "Ijumaa", "Jumamosi", "Jumapili"],
    days_short: ["Jumatatu", "Jumanne", "Jumatano", "Alhamisi", "Ijumaa", "Jumamosi", "Jumapili"],
    halves: ["AM", "PM"],
};

static ID: Names = Names {
    months: [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ],
    months_short: ["Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"],
    days: ["Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"],
    days_short: ["Sen", "Sel", "Rab", "Kam", "Jum", "Sab", "Min"],
    halves: ["AM", "PM"],
};
