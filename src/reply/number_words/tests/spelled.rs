//! How each language writes the numbers below ten thousand, apart from what the program knows.

/// The number in words. `language` is one of the eleven.
pub(super) fn spelled(language: &str, number: u32) -> String {
    match language {
        "en" => english(number),
        "es" => spanish(number),
        "fr" => french(number),
        "de" => german(number),
        "pt" => portuguese(number),
        "it" => italian(number),
        "nl" => dutch(number),
        "hi" => hindi(number),
        "ar" => arabic(number),
        "sw" => swahili(number),
        _ => indonesian(number),
    }
}

fn word(list: &str, at: u32) -> &str {
    list.split(' ').nth(at as usize).unwrap_or_default()
}

fn join(parts: &[String], between: &str) -> String {
    parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(between)
}

fn english(n: u32) -> String {
    let ones = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen \
                eighteen nineteen";
    let tens = "- - twenty thirty forty fifty sixty seventy eighty ninety";
    match n {
        0..20 => word(ones, n).into(),
        20..100 if n.is_multiple_of(10) => word(tens, n / 10).into(),
        20..100 => format!("{}-{}", word(tens, n / 10), word(ones, n % 10)),
        100..1_000 if n.is_multiple_of(100) => format!("{} hundred", word(ones, n / 100)),
        100..1_000 => format!("{} hundred and {}", word(ones, n / 100), english(n % 100)),
        _ if n.is_multiple_of(1_000) => format!("{} thousand", english(n / 1_000)),
        _ if n % 1_000 < 100 => format!("{} thousand and {}", english(n / 1_000), english(n % 1_000)),
        _ => format!("{} thousand {}", english(n / 1_000), english(n % 1_000)),
    }
}

fn spanish(n: u32) -> String {
    let ones = "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete \
                dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete \
                veintiocho veintinueve";
    let tens = "- - - treinta cuarenta cincuenta sesenta setenta ochenta noventa";
    let hundreds = "- ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos";
    match n {
        0..30 => word(ones, n).into(),
        30..100 if n.is_multiple_of(10) => word(tens, n / 10).into(),
        30..100 => format!("{} y {}", word(tens, n / 10), word(ones, n % 10)),
        100 => "cien".into(),
        101..1_000 if n.is_multiple_of(100) => word(hundreds, n / 100).into(),
        101..1_000 => format!("{} {}", word(hundreds, n / 100), spanish(n % 100)),
        _ => {
            let thousands = if n / 1_000 == 1 { String::new() } else { spanish(n / 1_000) };
            let rest = if n.is_multiple_of(1_000) { String::new() } else { spanish(n % 1_000) };
            join(&[thousands, "mil".into(), rest], " ")
        }
    }
}

fn french(n: u32) -> String {
    let ones = "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit \
                dix-neuf";
    let tens = "- - vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt";
    match n {
        0..20 => word(ones, n).into(),
        80 => "quatre-vingts".into(),
        71 => "soixante et onze".into(),
        70..80 | 90..100 => format!("{}-{}", word(tens, n / 10), word(ones, n % 10 + 10)),
        20..100 if n.is_multiple_of(10) => word(tens, n / 10).into(),
        20..70 if n % 10 == 1 => format!("{} et un", word(tens, n / 10)),
        20..100 => format!("{}-{}", word(tens, n / 10), word(ones, n % 10)),
        _ => {
            let unit = if n < 1_000 { 100 } else { 1_000 };
            let name = if n < 1_000 { "cent" } else { "mille" };
            let times = if n / unit == 1 { String::new() } else { french(n / unit) };
            let rest = if n.is_multiple_of(unit) { String::new() } else { french(n % unit) };
            join(&[times, name.into(), rest], " ")
        }
    }
}

fn german(n: u32) -> String {
    let ones = "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn \
                achtzehn neunzehn";
    let tens = "- - zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig";
    match n {
        1 => "eins".into(),
        0..20 => word(ones, n).into(),
        20..100 if n.is_multiple_of(10) => word(tens, n / 10).into(),
        20..100 => format!("{}und{}", word(ones, n % 10), word(tens, n / 10)),
        _ => {
            let unit = if n < 1_000 { 100 } else { 1_000 };
            let name = if n < 1_000 { "hundert" } else { "tausend" };
            let rest = if n.is_multiple_of(unit) { String::new() } else { german(n % unit) };
            format!("{}{name}{rest}", word(ones, n / unit))
        }
    }
}

fn portuguese(n: u32) -> String {
    let ones = "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis dezessete \
                dezoito dezenove";
    let tens = "- - vinte trinta quarenta cinquenta sessenta setenta oitenta noventa";
    let hundreds = "- cento duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos";
    match n {
        0..20 => word(ones, n).into(),
        20..100 if n.is_multiple_of(10) => word(tens, n / 10).into(),
        20..100 => format!("{} e {}", word(tens, n / 10), word(ones, n % 10)),
        100 => "cem".into(),
        101..1_000 if n.is_multiple_of(100) => word(hundreds, n / 100).into(),
        101..1_000 => format!("{} e {}", word(hundreds, n / 100), portuguese(n % 100)),
        _ => {
            let thousands = if n / 1_000 == 1 { String::new() } else { portuguese(n / 1_000) };
            let and = if n % 1_000 < 100 || n.is_multiple_of(100) { "e" } else { "" };
            let rest = if n.is_multiple_of(1_000) { String::new() } else { join(&[and.into(), portuguese(n % 1_000)], " ") };
            join(&[thousands, "mil".into(), rest], " ")
        }
    }
}

fn italian(n: u32) -> String {
    let ones = "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici \
                diciassette diciotto diciannove";
    let tens = "- - venti trenta quaranta cinquanta sessanta settanta ottanta novanta";
    let one = |n: u32| if n == 3 { "tré".to_owned() } else { word(ones, n).to_owned() };
    match n {
        0..20 => word(ones, n).into(),
        20..100 if n.is_multiple_of(10) => word(tens, n / 10).into(),
        20..100 if matches!(n % 10, 1 | 8) => {
            let ten = word(tens, n / 10);
            format!("{}{}", &ten[..ten.len() - 1], word(ones, n % 10))
        }
        20..100 => format!("{}{}", word(tens, n / 10), one(n % 10)),
        _ if n < 1_000 => {
            let times = if n / 100 == 1 { String::new() } else { word(ones, n / 100).to_owned() };
            let rest = if n.is_multiple_of(100) { String::new() } else { italian(n % 100) };
            format!("{times}cento{rest}")
        }
        _ => {
            let thousands = if n / 1_000 == 1 { "mille".to_owned() } else { format!("{}mila", italian(n / 1_000)) };
            let rest = if n.is_multiple_of(1_000) { String::new() } else { italian(n % 1_000) };
            format!("{thousands}{rest}")
        }
    }
}

fn dutch(n: u32) -> String {
    let ones = "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien \
                achttien negentien";
    let tens = "- - twintig dertig veertig vijftig zestig zeventig tachtig negentig";
    match n {
        0..20 => word(ones, n).into(),
        20..100 if n.is_multiple_of(10) => word(tens, n / 10).into(),
        20..100 => {
            let and = if matches!(n % 10, 2 | 3) { "ën" } else { "en" };
            format!("{}{and}{}", word(ones, n % 10), word(tens, n / 10))
        }
        _ => {
            let (unit, name) = if n < 1_000 { (100, "honderd") } else { (1_000, "duizend") };
            let times = if n / unit == 1 { String::new() } else { word(ones, n / unit).to_owned() };
            let rest = if n.is_multiple_of(unit) { String::new() } else { dutch(n % unit) };
            // Behind a thousand stands a blank.
            join(&[format!("{times}{name}"), rest], if unit == 100 { "" } else { " " })
        }
    }
}

fn hindi(n: u32) -> String {
    let ones = "शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस बीस इक्कीस बाईस तेईस चौबीस \
                पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस चालीस इकतालीस बयालीस \
                तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ साठ \
                इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर \
                उन्यासी अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे \
                छियानवे सत्तानवे अट्ठानवे निन्यानवे";
    match n {
        0..100 => word(ones, n).into(),
        _ => {
            let (unit, name) = if n < 1_000 { (100, "सौ") } else { (1_000, "हज़ार") };
            let rest = if n.is_multiple_of(unit) { String::new() } else { hindi(n % unit) };
            join(&[word(ones, n / unit).into(), name.into(), rest], " ")
        }
    }
}

fn arabic(n: u32) -> String {
    let ones = "صفر واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة";
    let before_ten = "- أحد اثنا ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة";
    let tens = "- - عشرون ثلاثون أربعون خمسون ستون سبعون ثمانون تسعون";
    let hundreds = "- مئة مئتان ثلاثمئة أربعمئة خمسمئة ستمئة سبعمئة ثمانمئة تسعمئة";
    match n {
        0..=10 => word(ones, n).into(),
        11..20 => format!("{} عشر", word(before_ten, n % 10)),
        20..100 if n.is_multiple_of(10) => word(tens, n / 10).into(),
        20..100 => format!("{} و{}", word(ones, n % 10), word(tens, n / 10)),
        100..1_000 if n.is_multiple_of(100) => word(hundreds, n / 100).into(),
        100..1_000 => format!("{} و{}", word(hundreds, n / 100), arabic(n % 100)),
        _ => {
            let thousands = match n / 1_000 {
                1 => "ألف".to_owned(),
                2 => "ألفان".to_owned(),
                times => format!("{} آلاف", word(ones, times)),
            };
            if n.is_multiple_of(1_000) { thousands } else { format!("{thousands} و{}", arabic(n % 1_000)) }
        }
    }
}

fn swahili(n: u32) -> String {
    let ones = "sifuri moja mbili tatu nne tano sita saba nane tisa kumi";
    let tens = "- kumi ishirini thelathini arobaini hamsini sitini sabini themanini tisini";
    match n {
        0..=10 => word(ones, n).into(),
        11..100 if n.is_multiple_of(10) => word(tens, n / 10).into(),
        11..100 => format!("{} na {}", word(tens, n / 10), word(ones, n % 10)),
        _ => {
            let (unit, name) = if n < 1_000 { (100, "mia") } else { (1_000, "elfu") };
            let and = if n % unit < 100 { "na" } else { "" };
            let rest = if n.is_multiple_of(unit) { String::new() } else { join(&[and.into(), swahili(n % unit)], " ") };
            join(&[name.into(), word(ones, n / unit).into(), rest], " ")
        }
    }
}

fn indonesian(n: u32) -> String {
    let ones = "nol satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas";
    match n {
        0..=11 => word(ones, n).into(),
        12..20 => format!("{} belas", word(ones, n % 10)),
        20..100 => {
            let rest = if n.is_multiple_of(10) { "" } else { word(ones, n % 10) };
            join(&[word(ones, n / 10).into(), "puluh".into(), rest.into()], " ")
        }
        _ => {
            let (unit, one, name) = if n < 1_000 { (100, "seratus", "ratus") } else { (1_000, "seribu", "ribu") };
            let times = if n / unit == 1 { one.to_owned() } else { format!("{} {name}", word(ones, n / unit)) };
            let rest = if n.is_multiple_of(unit) { String::new() } else { indonesian(n % unit) };
            join(&[times, rest], " ")
        }
    }
}
