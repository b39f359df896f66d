//! Slips in the domains that many people have: `gmial.com`, `gmail.con`. They stand in `words/domains.txt`.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Letters that a name must have before one that is one letter off is taken for a slip of it.
const LETTERS: usize = 5;

static DOMAINS: LazyLock<Domains> = LazyLock::new(|| Domains::read(include_str!("../words/domains.txt")).0);

#[derive(Debug, Default)]
struct Domains {
    known: HashSet<&'static str>,
    /// What stands before the first dot of those that many people have, with the first that is called so.
    names: HashMap<&'static str, &'static str>,
    only: HashSet<&'static str>,
    slips: HashMap<&'static str, &'static str>,
    no_endings: HashMap<&'static str, &'static str>,
    rare_endings: HashMap<&'static str, &'static str>,
    endings: HashSet<&'static str>,
}

impl Domains {
    fn read(source: &'static str) -> (Self, Vec<&'static str>) {
        let mut domains = Domains::default();
        let mut wrong = Vec::new();
        let mut section = "";
        for line in source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name;
                continue;
            }
            let pair = line.split_once(" = ");
            match (section, pair) {
                ("domain", None) => {
                    domains.known.insert(line);
                    let (name, _) = line.split_once('.').unwrap_or((line, ""));
                    domains.names.entry(name).or_insert(line);
                }
                ("known", None) => _ = domains.known.insert(line),
                ("only", None) => _ = domains.only.insert(line),
                ("ending", None) => _ = domains.endings.insert(line),
                ("slip", Some((slip, name))) => _ = domains.slips.insert(slip, name),
                ("no ending", Some((slip, ending))) => _ = domains.no_endings.insert(slip, ending),
                ("rare ending", Some((slip, ending))) => _ = domains.rare_endings.insert(slip, ending),
                _ => wrong.push(line),
            }
        }
        (domains, wrong)
    }

    /// The domain that was probably meant.
    fn meant(&self, domain: &str) -> Option<String> {
        if self.known.contains(domain) {
            return None;
        }
        let (name, ending) = domain.split_once('.')?;
        if let Some(meant) = self.name(name) {
            return Some(self.with_ending(meant, ending));
        }
        if let Some((_, first)) = self.names.get_key_value(name)
            && (self.rare_endings.contains_key(ending) || self.only.contains(name))
        {
            return Some((*first).to_owned());
        }
        // "empresa.con", "empresa.con.mx": the ending, or the one before a country's.
        let mut labels: Vec<&str> = domain.split('.').collect();
        let wrong = labels.iter_mut().skip(1).find_map(|label| {
            *label = self.ending(label)?;
            Some(())
        });
        wrong.map(|()| labels.join("."))
    }

    /// The ending that another is a slip of: one that no domain has, or one with its last letter doubled.
    fn ending<'a>(&self, ending: &'a str) -> Option<&'a str> {
        if let Some(meant) = self.no_endings.get(ending) {
            return Some(meant);
        }
        let single = &ending[..ending.char_indices().next_back()?.0];
        let doubled = single.chars().next_back() == ending.chars().next_back();
        (doubled && self.endings.contains(single) && !self.endings.contains(ending)).then_some(single)
    }

    /// The well-known name that a name is a slip of.
    fn name(&self, name: &str) -> Option<&'static str> {
        if self.names.contains_key(name) {
            return None;
        }
        let near = |known: &&&'static str| {
            known.len() >= LETTERS
                && known.len().abs_diff(name.len()) <= 1
                && known.as_bytes().first() == name.as_bytes().first()
                && strsim::osa_distance(known, name) == 1
        };
        self.slips.get(name).or_else(|| self.names.keys().filter(near).min()).copied()
    }

    fn with_ending(&self, name: &str, ending: &str) -> String {
        let domain = format!("{name}.{ending}");
        if self.known.contains(domain.as_str()) {
            return domain;
        }
        self.names.get(name).map_or(domain, |first| (*first).to_owned())
    }
}

/// The well-known domain that this one, in lower case, is a slip of.
pub(super) fn meant(domain: &str) -> Option<String> {
    DOMAINS.meant(domain)
}

/// Whether domains end like this.
pub(super) fn is_ending(word: &str) -> bool {
    DOMAINS.endings.contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_to_its_last_line() {
        let (domains, wrong) = Domains::read(include_str!("../words/domains.txt"));
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(domains.only.iter().all(|name| domains.names.contains_key(name)));
        assert!(domains.slips.values().all(|name| domains.names.contains_key(name)));
        for known in &domains.known {
            assert_eq!(meant(known), None, "{known}");
        }
    }

    #[test]
    fn slips_are_found_and_other_domains_are_left_alone() {
        for (typed, expected) in [
            ("gmial.com", "gmail.com"),
            ("gmai.com", "gmail.com"),
            ("gamil.com", "gmail.com"),
            ("gnail.com", "gmail.com"),
            ("gmaill.com", "gmail.com"),
            ("gmail.con", "gmail.com"),
            ("gmail.co", "gmail.com"),
            ("gmail.es", "gmail.com"),
            ("gmail.com.mx", "gmail.com"),
            ("gmial.con", "gmail.com"),
            ("jmail.com", "gmail.com"),
            ("hotmial.com", "hotmail.com"),
            ("hotmai.es", "hotmail.es"),
            ("hotmail.cm", "hotmail.com"),
            ("yaho.com", "yahoo.com"),
            ("yahooo.co.in", "yahoo.co.in"),
            ("outlok.com", "outlook.com"),
            ("outlook.con", "outlook.com"),
            ("icloud.con", "icloud.com"),
            ("iclod.com", "icloud.com"),
            ("empresa.con", "empresa.com"),
            ("empresa.con.mx", "empresa.com.mx"),
            ("hotmail.con.br", "hotmail.com.br"),
            ("libero.itt", "libero.it"),
            ("gmx.dee", "gmx.de"),
        ] {
            assert_eq!(meant(typed).as_deref(), Some(expected), "{typed}");
        }
        for other in [
            "gmx.de",
            "mail.com",
            "email.com",
            "ymail.com",
            "cloud.com",
            "empresa.co",
            "hotmart.com",
            "proton.me",
            "hotmail.se",
            "yahoo.no",
            "example.org",
            "con.com",
        ] {
            assert_eq!(meant(other), None, "{other}");
        }
    }
}
