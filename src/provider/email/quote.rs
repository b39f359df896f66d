//! What a person wrote, without what their program put around it: the mail that they answer, their signature, the name of their
//! phone. Carefully: what is not surely one of these stays, and an answer below the quoted mail is found too.

/// Lines that say who wrote what is quoted: a word that they begin with, and one that they hold.
const WROTE: &[(&str, &str)] = &[
    ("on ", " wrote"),
    ("am ", " schrieb"),
    ("el ", " escribió"),
    ("el ", " escribio"),
    ("le ", " a écrit"),
    ("em ", " escreveu"),
    ("a ", " escreveu"),
    ("il ", " ha scritto"),
    ("op ", " schreef"),
    ("den ", " skrev"),
    ("w dniu ", " napisał"),
];
/// What stands between dashes above a quoted mail.
const ORIGINAL: &[&str] = &[
    "original message",
    "ursprüngliche nachricht",
    "originalnachricht",
    "mensaje original",
    "message d'origine",
    "message original",
    "mensagem original",
    "messaggio originale",
    "oorspronkelijk bericht",
    "forwarded message",
    "weitergeleitete nachricht",
    "mensaje reenviado",
];
/// The first line of the head that some programs put above a quoted mail, and what its next lines begin with.
const FROM: &[&str] = &["from:", "von:", "de:", "da:", "van:", "od:"];
const HEAD: &[&str] = &[
    "sent:",
    "date:",
    "to:",
    "cc:",
    "subject:",
    "gesendet:",
    "datum:",
    "an:",
    "betreff:",
    "enviado:",
    "enviado el:",
    "fecha:",
    "para:",
    "asunto:",
    "envoyé:",
    "envoyé :",
    "à:",
    "à :",
    "objet:",
    "objet :",
    "assunto:",
    "inviato:",
    "a:",
    "oggetto:",
    "verzonden:",
    "aan:",
    "onderwerp:",
];
/// What a program says of itself below a text.
const PHONE: &[&str] = &[
    "sent from my ",
    "sent from outlook",
    "sent from yahoo",
    "get outlook for ",
    "von meinem ",
    "gesendet von ",
    "gesendet mit ",
    "diese nachricht wurde von meinem ",
    "enviado desde ",
    "enviado do meu ",
    "envoyé de mon ",
    "envoyé depuis ",
    "inviato da ",
    "verzonden vanaf ",
];
/// A line about who wrote that is longer is a sentence.
const WROTE_CHARS: usize = 300;
/// Lines that it may be broken into.
const WROTE_LINES: usize = 3;
const PHONE_CHARS: usize = 80;

/// What the person wrote in this text.
pub fn reply(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut kept: Vec<&str> = Vec::new();
    let mut said_something = false;
    let mut at = 0;
    // Each line is looked at a bounded number of times, however many there are and however empty they are: anybody can write one.
    while let Some(line) = lines.get(at) {
        if line.trim_start().starts_with('>') {
            at += 1;
            continue;
        }
        if let Some(long) = wrote(&lines[at..]) {
            // Quoted lines may follow with an answer between or below them; anything else is the mail itself.
            let next = lines[at + long..].iter().find(|line| !line.trim().is_empty());
            if next.is_none_or(|line| line.trim_start().starts_with('>')) {
                at += long;
                continue;
            }
            break;
        }
        if is_original(line) || is_head(&lines[at..]) {
            break;
        }
        // A signature; one at the very beginning is none.
        if matches!(*line, "--" | "-- " | "—") && said_something {
            break;
        }
        said_something |= !line.trim().is_empty();
        kept.push(line);
        at += 1;
    }
    while kept.last().is_some_and(|line| is_decoration(line)) {
        kept.pop();
    }
    let text = kept.join("\n");
    text.trim().to_owned()
}

/// How many lines say who wrote what follows.
fn wrote(lines: &[&str]) -> Option<usize> {
    let mut joined = String::new();
    for (place, line) in lines.iter().take(WROTE_LINES).enumerate() {
        let line = line.trim();
        if line.is_empty() {
            return None;
        }
        if place > 0 {
            joined.push(' ');
        }
        joined.push_str(&line.to_lowercase());
        if joined.len() > WROTE_CHARS {
            return None;
        }
        // It says when or who: a sentence of the person's own does not, with these words, and end in a colon.
        let tells = joined.chars().any(|c| c.is_ascii_digit()) || joined.contains('@');
        let ends = joined.ends_with(':');
        if ends && tells && WROTE.iter().any(|(begin, hold)| joined.starts_with(begin) && joined.contains(hold)) {
            return Some(place + 1);
        }
    }
    None
}

fn is_original(line: &str) -> bool {
    let line = line.trim();
    let bare = line.trim_matches(|c| matches!(c, '-' | '_' | ' ')).to_lowercase();
    let dashes = line.starts_with("--") || line.starts_with("__");
    (dashes && ORIGINAL.iter().any(|word| bare == *word)) || bare == "begin forwarded message:"
}

/// Whether the head of a quoted mail stands here, perhaps below a rule.
fn is_head(lines: &[&str]) -> bool {
    // It begins where it stands: what is above it, blank lines too, was looked at already.
    let Some(first) = lines.first().map(|line| line.trim()).filter(|line| !line.is_empty()) else { return false };
    let is_rule = first.len() >= 10 && first.bytes().all(|b| matches!(b, b'_' | b'-'));
    let bare = |line: &&str| line.trim().trim_matches('*').to_lowercase();
    let mut lines = lines.iter().skip(usize::from(is_rule));
    let mut lines = lines.by_ref().skip_while(|line| line.trim().is_empty()).take(6).map(bare);
    let begins = |line: &str, words: &[&str]| words.iter().any(|word| line.starts_with(word));
    lines.next().is_some_and(|first| begins(&first.replace(":*", ":"), FROM))
        && lines.filter(|line| begins(&line.replace(":*", ":"), HEAD)).count() >= 2
}

/// A last line that says nothing.
fn is_decoration(line: &str) -> bool {
    let line = line.trim();
    let lower = line.to_lowercase();
    line.is_empty() || (line.chars().count() <= PHONE_CHARS && PHONE.iter().any(|begin| lower.starts_with(begin)))
}

/// HTML without the mail that it answers: the marks that programs leave around it, and quoted blocks.
pub fn html(html: &str) -> String {
    const MARKS: &[&str] = &[
        "class=\"gmail_quote",
        "class=\"gmail_extra",
        "class=\"yahoo_quoted",
        "class=\"protonmail_quote",
        "id=\"appendonsend\"",
        "id=\"divrplyfwdmsg\"",
        "id=\"mail-editor-reference-message-container\"",
        "name=\"messagereplysection\"",
        "border:none;border-top:solid #e1e1e1",
    ];
    let lower = html.to_ascii_lowercase();
    let end = MARKS.iter().filter_map(|mark| lower.find(mark)).min();
    // The mark stands inside of a tag, which goes too.
    let end = end.map_or(html.len(), |end| lower[..end].rfind('<').unwrap_or(end));
    without(&without(&html[..end], "style"), "blockquote")
}

/// Without the elements of this name, nested or not.
fn without(html: &str, name: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let (open, close) = (format!("<{name}"), format!("</{name}"));
    let (mut out, mut depth, mut at) = (String::with_capacity(html.len()), 0usize, 0usize);
    while let Some(next) = lower[at..].find('<').map(|offset| at + offset) {
        if depth == 0 {
            out.push_str(&html[at..next]);
        }
        let rest = &lower[next..];
        let end = rest.find('>').map_or(lower.len(), |offset| next + offset + 1);
        if rest.starts_with(&open) {
            depth += 1;
        } else if rest.starts_with(&close) {
            depth = depth.saturating_sub(1);
        } else if depth == 0 {
            out.push_str(&html[next..end]);
        }
        at = end;
    }
    if depth == 0 {
        out.push_str(&html[at..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_wrote_stays() {
        for text in [
            "Yes",
            "On Monday I wrote:\nthe order is late",
            "Am I too late?\nMy number is 5",
            "From: the station\nit is 5 minutes",
            "a -- b\n--- not a signature ---",
            "1. yes\n2. no",
            "Sent from my heart, with all that I have to say about it and some more words so that it is long enough, 100%",
        ] {
            assert_eq!(reply(text), text, "{text}");
        }
        assert_eq!(reply("\n\n Yes \n\n"), "Yes");
        assert_eq!(reply("-- \nAnn"), "-- \nAnn".replace("-- ", "--"), "nothing stands above it");
    }

    #[test]
    fn an_answer_below_or_between_quoted_lines_is_found() {
        let below = "On Sat, 21 Nov 2026 at 10:00, Shop <hello@shop.example> wrote:\n> Which one?\n> 1 A\n\nB please\n-- \nAnn";
        assert_eq!(reply(below), "B please");
        let between = "> Name?\nAnn\n> Age?\n41\n";
        assert_eq!(reply(between), "Ann\n41");
    }

    #[test]
    fn what_is_only_quoted_is_nothing() {
        for text in ["> Which one?", "-----Original Message-----\nFrom: Shop\nSent: today\nTo: Ann\nSubject: x\n\nWhich one?", ""]
        {
            assert_eq!(reply(text), "", "{text}");
        }
    }

    /// Half a million blank lines are half a megabyte: looked at once each they take milliseconds, each for each other they take minutes.
    #[test]
    fn a_mail_of_nothing_but_lines_is_read_at_once() {
        let rule = format!("{}\n", "_".repeat(12));
        for text in ["\n", " \n", "\n>\n", "On 1 x wrote:\n\n", "From: a\n\n", "--\n", &rule, "a\n"]
            .map(|piece| piece.repeat(500_000 / piece.len()))
        {
            let (done, waits) = std::sync::mpsc::channel();
            let begins: String = text.chars().take(20).collect();
            std::thread::spawn(move || done.send(reply(&text).len()));
            let read = waits.recv_timeout(std::time::Duration::from_secs(30));
            assert!(read.is_ok(), "{begins:?} and so on is read again and again");
        }
    }

    #[test]
    fn quoted_blocks_of_html_go() {
        assert_eq!(html("<p>Yes</p><blockquote>a<BLOCKQUOTE x>b</blockquote>c</blockquote>d"), "<p>Yes</p>d");
        assert_eq!(html("<div>Yes</div><div class=\"gmail_quote gmail_quote_container\"><p>No</p></div>"), "<div>Yes</div>");
        assert_eq!(html("<style>p{a:b}</style>é<"), "é<");
        assert_eq!(html("<blockquote>never ends é"), "");
    }
}
