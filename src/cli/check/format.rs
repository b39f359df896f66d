//! What a check found as other programs want it: SARIF for code scanning, annotations for GitHub Actions.

use crate::flow::diagnostic::{Diagnostic, Severity};
use crate::flow::explain::explain;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/>). Columns count code points, as everywhere here.
pub(super) fn sarif(diagnostics: &[Diagnostic]) -> Value {
    // Each code once, in order; results name it by its place in the list.
    let mut rules: BTreeMap<u16, usize> = diagnostics.iter().map(|d| (d.code.0, 0)).collect();
    rules.values_mut().enumerate().for_each(|(index, place)| *place = index);
    let results: Vec<Value> = diagnostics.iter().map(|d| result(d, rules[&d.code.0])).collect();
    let rules: Vec<Value> = rules.keys().map(|code| rule(crate::flow::diagnostic::Code(*code))).collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "replyflow",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn rule(code: crate::flow::diagnostic::Code) -> Value {
    let id = code.to_string();
    let mut rule = json!({
        "id": id,
        "defaultConfiguration": { "level": level(code.severity()) },
        "helpUri": format!("docs/diagnostics.md#{}", id.to_lowercase()),
    });
    if let Some(known) = explain(code) {
        let text = format!("{} {} {}", known.means, known.matters, known.remedy);
        rule["shortDescription"] = json!({ "text": known.title });
        rule["fullDescription"] = json!({ "text": known.means });
        rule["help"] = json!({ "text": text });
    }
    rule
}

fn result(diagnostic: &Diagnostic, index: usize) -> Value {
    let text = match &diagnostic.help {
        Some(help) => format!("{}\n{help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut place = json!({ "artifactLocation": { "uri": uri(&diagnostic.file) } });
    // Line 0 is the file as a whole, which is a location without a region.
    if diagnostic.at.line > 0 {
        let column = diagnostic.at.column.max(1);
        place["region"] = json!({ "startLine": diagnostic.at.line, "startColumn": column });
        if diagnostic.width > 0 {
            place["region"]["endColumn"] = json!(column + diagnostic.width);
        }
    }
    json!({
        "ruleId": diagnostic.code.to_string(),
        "ruleIndex": index,
        "level": level(diagnostic.code.severity()),
        "message": { "text": text },
        "locations": [{ "physicalLocation": place }],
    })
}

/// A file's name as a relative reference (RFC 3986).
fn uri(file: &str) -> String {
    let mut out = String::with_capacity(file.len());
    for byte in file.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => out.push(char::from(byte)),
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

/// Workflow commands of GitHub Actions: one line for each diagnostic.
pub(super) fn github(diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let _ = write!(out, "::{} file={}", level(diagnostic.code.severity()), property(&diagnostic.file));
        if diagnostic.at.line > 0 {
            let _ = write!(out, ",line={},col={}", diagnostic.at.line, diagnostic.at.column.max(1));
        }
        let _ = write!(out, ",title={}::{}", property(&diagnostic.code.to_string()), data(&diagnostic.message));
        if let Some(help) = &diagnostic.help {
            let _ = write!(out, "%0A{}", data(help));
        }
        out.push('\n');
    }
    out
}

/// The text of a command: what would end it is escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command: what would end it too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::diagnostic::{At, Code};

    fn diagnostic(code: u16, file: &str, line: u32, message: &str) -> Diagnostic {
        let (at, help) = (At { line, column: 7 }, Some("write, for example, 100 %".to_owned()));
        Diagnostic { code: Code(code), file: file.into(), at, width: 3, message: message.to_owned(), help }
    }

    #[test]
    fn github_takes_each_diagnostic_as_one_line() {
        let found = [
            diagnostic(104, "flows/a,b:c.yaml", 3, "There is no state `x`: 50 %\r\nof `y`"),
            diagnostic(402, "flows/d.yaml", 0, "one, two"),
        ];
        assert_eq!(
            github(&found),
            "::error file=flows/a%2Cb%3Ac.yaml,line=3,col=7,title=RF104::There is no state `x`: 50 %25%0D%0Aof `y`%0Awrite, for example, 100 %25\n\
             ::warning file=flows/d.yaml,title=RF402::one, two%0Awrite, for example, 100 %25\n"
        );
    }

    #[test]
    fn sarif_has_what_its_schema_requires() {
        let found =
            [diagnostic(402, "flows/é b.yaml", 3, "one"), diagnostic(104, "a.yaml", 0, "two"), diagnostic(402, "a.yaml", 9, "x")];
        let sarif = sarif(&found);
        assert_eq!((&sarif["version"], sarif["runs"].as_array().map(Vec::len)), (&"2.1.0".into(), Some(1)));
        let run = &sarif["runs"][0];
        assert_eq!((&run["tool"]["driver"]["name"], &run["columnKind"]), (&"replyflow".into(), &"unicodeCodePoints".into()));
        let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
        let ids: Vec<_> = rules.iter().map(|rule| rule["id"].as_str().expect("an id")).collect();
        assert_eq!(ids, ["RF104", "RF402"]);
        for rule in rules {
            for text in ["shortDescription", "fullDescription", "help"] {
                assert!(rule[text]["text"].as_str().is_some_and(|t| t.len() > 10), "{rule}");
            }
        }
        let results = run["results"].as_array().expect("results");
        for (result, rule) in results.iter().zip(["RF402", "RF104", "RF402"]) {
            assert_eq!(result["ruleId"], rule);
            assert_eq!(rules[result["ruleIndex"].as_u64().expect("a place") as usize]["id"], rule);
            assert!(
                result["message"]["text"].is_string()
                    && ["error", "warning"].contains(&result["level"].as_str().expect("a level"))
            );
        }
        let place = |n: usize| &results[n]["locations"][0]["physicalLocation"];
        assert_eq!(place(0)["artifactLocation"]["uri"], "flows/%C3%A9%20b.yaml");
        assert_eq!(place(0)["region"], json!({ "startLine": 3, "startColumn": 7, "endColumn": 10 }));
        assert!(place(1).get("region").is_none(), "the file as a whole");
        assert_eq!(super::sarif(&[])["runs"][0]["results"], json!([]));
    }
}
