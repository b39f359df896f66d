//! How `doctor` shows what it found: one page, area by area, or the same as JSON.

use crate::cli::arguments::Format;
use crate::cli::{Stop, render};
use crate::store::{Finding, FindingLevel};
use serde_json::json;

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Area {
    Store,
    Persistence,
    Clock,
    Webhooks,
    Certificates,
    Limits,
    Versions,
    Project,
}

impl Area {
    /// All of them, in the order of the page.
    const ALL: [Area; 8] = [
        Area::Store,
        Area::Persistence,
        Area::Clock,
        Area::Webhooks,
        Area::Certificates,
        Area::Limits,
        Area::Versions,
        Area::Project,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Area::Store => "store",
            Area::Persistence => "persistence",
            Area::Clock => "clock",
            Area::Webhooks => "webhooks",
            Area::Certificates => "certificates",
            Area::Limits => "limits",
            Area::Versions => "versions",
            Area::Project => "project",
        }
    }

    /// By the name of a finding; what is about none of the others is about the project.
    fn of(name: &str) -> Self {
        match name {
            "store" | "server" | "integrity" | "latency" | "slowlog" | "cluster" | "history" | "media" => Area::Store,
            "persistence" | "fsync" | "eviction" | "snapshot" | "replicas" | "disk" => Area::Persistence,
            "clock" => Area::Clock,
            "public_url" | "reachable" | "webhook" | "webhooks" => Area::Webhooks,
            "certificate" => Area::Certificates,
            "files" | "memory" | "in_flight" | "rates" => Area::Limits,
            "version" | "layout" => Area::Versions,
            _ => Area::Project,
        }
    }
}

fn word(level: FindingLevel) -> &'static str {
    match level {
        FindingLevel::Fine => "fine",
        FindingLevel::Warning => "warning",
        FindingLevel::Error => "error",
    }
}

/// Shows all of it. Ends in failure if one of them is an error.
pub(super) fn show(findings: &[Finding], format: Format, style: render::Style) -> Result<(), Stop> {
    match format {
        Format::Text => print!("{}", text(findings, style)),
        Format::Json => println!("{}", as_json(findings)),
    }
    match findings.iter().any(|f| f.level == FindingLevel::Error) {
        true => Err(Stop::Found),
        false => Ok(()),
    }
}

fn by_area(findings: &[Finding]) -> impl Iterator<Item = (Area, &Finding)> {
    let of =
        |area: Area| findings.iter().filter(move |finding| Area::of(finding.name) == area).map(move |finding| (area, finding));
    Area::ALL.into_iter().flat_map(of)
}

fn text(findings: &[Finding], style: render::Style) -> String {
    let mut page = String::new();
    let mut last = None;
    for (area, finding) in by_area(findings) {
        if last.replace(area) != Some(area) {
            let space = if page.is_empty() { "" } else { "\n" };
            page += &format!("{space}{}\n", style.paint("1", area.as_str()));
        }
        let mark = match finding.level {
            FindingLevel::Fine => style.paint("32", "fine   "),
            FindingLevel::Warning => style.paint("33", "warning"),
            FindingLevel::Error => style.paint("31", "error  "),
        };
        page += &format!("{mark}  {:14} {}\n", finding.name, finding.message);
        if !finding.remedy.is_empty() {
            page += &format!("         {:14} {}\n", "", finding.remedy);
        }
    }
    let count = |level| {
        let n = findings.iter().filter(|finding| finding.level == level).count();
        format!("{n} {}{}", word(level), if n == 1 { "" } else { "s" })
    };
    page + &format!("\n{} looked at: {}, {}\n", findings.len(), count(FindingLevel::Error), count(FindingLevel::Warning))
}

fn as_json(findings: &[Finding]) -> serde_json::Value {
    let worst = findings.iter().map(|finding| finding.level).max().unwrap_or(FindingLevel::Fine);
    let one = |(area, finding): (Area, &Finding)| {
        let Finding { name, level, message, remedy } = finding;
        let remedy = (!remedy.is_empty()).then_some(remedy);
        json!({ "area": area.as_str(), "name": name, "level": word(*level), "message": message, "remedy": remedy })
    };
    json!({ "level": word(worst), "findings": by_area(findings).map(one).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(name: &'static str, level: FindingLevel) -> Finding {
        Finding { name, level, message: format!("about {name}"), remedy: String::new() }
    }

    #[test]
    fn one_page_has_all_of_it_by_area() {
        let found = [
            finding("flows", FindingLevel::Fine),
            finding("clock", FindingLevel::Warning),
            finding("fsync", FindingLevel::Fine),
            finding("clock", FindingLevel::Error),
        ];
        let page = text(&found, render::Style::of(false, true));
        let lines: Vec<&str> = page.lines().filter(|line| !line.is_empty()).collect();
        let expected = [
            "persistence",
            "fine     fsync          about fsync",
            "clock",
            "warning  clock          about clock",
            "error    clock          about clock",
            "project",
            "fine     flows          about flows",
            "4 looked at: 1 error, 1 warning",
        ];
        assert_eq!(lines, expected);
        let shown = as_json(&found);
        assert_eq!((&shown["level"], &shown["findings"][0]["area"]), (&json!("error"), &json!("persistence")));
        assert_eq!(shown["findings"].as_array().map(Vec::len), Some(found.len()));
        assert!(show(&found, Format::Json, render::Style::of(false, true)).is_err());
        assert!(show(&found[..3], Format::Json, render::Style::of(false, true)).is_ok(), "a warning stops nobody");
    }
}
