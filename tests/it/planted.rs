//! Faults planted into a sound project, one at a time: each is found where it is, and nothing else is said. And changes that look
//! like faults and are none.

use replyflow::config::project::Project;
use replyflow::flow::check::check_project;
use replyflow::flow::load::Sources;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plant {
    what: String,
    file: String,
    old: String,
    new: String,
    #[serde(default)]
    expect: Vec<String>,
}

/// The sound project: its settings, and its files by name.
struct Ground {
    project: Project,
    files: BTreeMap<String, String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/check_planted")
}

fn plants(name: &str, key: &str) -> Vec<Plant> {
    let text = fs::read_to_string(folder().join(name)).expect("a text");
    let mut all: BTreeMap<String, Vec<Plant>> = toml::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    all.remove(key).expect("entries")
}

impl Ground {
    fn read() -> Ground {
        let root = folder().join("project");
        let mut files = BTreeMap::new();
        for place in ["flows", "templates"] {
            for entry in fs::read_dir(root.join(place)).expect("a folder") {
                let path = entry.expect("an entry").path();
                let name = format!("{place}/{}", path.file_name().expect("a name").to_string_lossy());
                files.insert(name, fs::read_to_string(path).expect("a text"));
            }
        }
        let settings = fs::read_to_string(root.join("replyflow.toml")).expect("settings");
        Ground { project: crate::support::project::of(&settings), files }
    }

    /// The files with a plant in them, and the line on which it begins.
    fn with(&self, plant: &Plant) -> (BTreeMap<String, String>, usize) {
        let mut files = self.files.clone();
        let text = files.get_mut(&plant.file).unwrap_or_else(|| panic!("{}: no file {}", plant.what, plant.file));
        let places: Vec<usize> = text.match_indices(&plant.old).map(|(i, _)| i).collect();
        let [place] = places[..] else { panic!("{}: `{}` stands there {} times", plant.what, plant.old, places.len()) };
        // The first character that is another one.
        let same = plant.old.chars().zip(plant.new.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum::<usize>();
        let line = text[..place + same].matches('\n').count() + 1;
        *text = text.replacen(&plant.old, &plant.new, 1);
        (files, line)
    }

    /// `file:line code` of everything that is said, and the same with its sentence.
    fn said(&self, files: &BTreeMap<String, String>) -> (Vec<String>, Vec<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        }
        let checked = check_project(&Sources::read(folder.path()).expect("readable"), &self.project);
        let mut places: Vec<String> =
            checked.diagnostics.iter().map(|d| format!("{}:{} {}", d.file, d.at.line, d.code)).collect();
        places.sort();
        let sentences = checked.diagnostics.iter().map(|d| format!("{}:{} {} {}", d.file, d.at.line, d.code, d.message));
        (places, sentences.collect())
    }
}

/// `RF104`, `RF104 @ text`, `RF104 @^ text`, `RF104 file @ text` as `file:line code`.
fn expected(plant: &Plant, files: &BTreeMap<String, String>, line: usize) -> Vec<String> {
    let place = |expect: &String| {
        let above = expect.contains(" @^ ");
        let split = expect.split_once(" @ ").or_else(|| expect.split_once(" @^ "));
        let (head, text) = split.map_or((expect.as_str(), None), |(head, text)| (head, Some(text)));
        let (code, file) = head.split_once(' ').unwrap_or((head, &plant.file));
        let line = text.map_or(line, |text| {
            let found = files[file].lines().position(|line| line.contains(text));
            found.unwrap_or_else(|| panic!("{}: no line with `{text}` in {file}", plant.what)) + usize::from(!above)
        });
        format!("{file}:{line} {code}")
    };
    let mut places: Vec<String> = plant.expect.iter().map(place).collect();
    places.sort();
    places
}

#[test]
fn the_project_is_sound() {
    let ground = Ground::read();
    let (found, sentences) = ground.said(&ground.files);
    assert!(found.is_empty(), "\n{}", sentences.join("\n"));
}

#[test]
fn each_planted_fault_is_found_where_it_is_and_nothing_else() {
    let (ground, plants) = (Ground::read(), plants("faults.toml", "fault"));
    assert!(plants.len() >= 80, "{}", plants.len());
    let mut wrong = Vec::new();
    for plant in &plants {
        assert!(!plant.expect.is_empty(), "{}: nothing is expected", plant.what);
        let (files, line) = ground.with(plant);
        let (expected, (found, sentences)) = (expected(plant, &files, line), ground.said(&files));
        if found != expected {
            wrong.push(format!(
                "{}\n    expected {expected:?}\n    found    {found:?}\n    {}",
                plant.what,
                sentences.join("\n    ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), plants.len(), wrong.join("\n"));
}

#[test]
fn what_only_looks_like_a_fault_is_not_called_one() {
    let (ground, changes) = (Ground::read(), plants("near_misses.toml", "change"));
    assert!(changes.len() >= 40, "{}", changes.len());
    let mut wrong = Vec::new();
    for change in &changes {
        assert!(change.expect.is_empty(), "{}: a near miss expects nothing", change.what);
        let (_, sentences) = ground.said(&ground.with(change).0);
        if !sentences.is_empty() {
            wrong.push(format!("{}\n    {}", change.what, sentences.join("\n    ")));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), changes.len(), wrong.join("\n"));
}
