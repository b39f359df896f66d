//! `replyflow new` and `replyflow graph` from outside.

use crate::support::command::replyflow_in;
use std::path::Path;
use tempfile::TempDir;

const CONFIG: &str = "\
[project]
timezone = \"Europe/London\"
country = \"GB\"
[channels.main-sms]
provider = \"simulator\"
kind = \"sms\"
[channels.main-whatsapp]
provider = \"simulator\"
kind = \"whatsapp\"
";

fn project() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("replyflow.toml"), CONFIG).expect("written");
    folder
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).expect("a text")
}

#[test]
fn each_new_flow_is_right_tested_whole_and_can_be_drawn() {
    let folder = project();
    for template in ["question", "menu", "survey", "reminder"] {
        let name = format!("my-{template}");
        let (output, code) = replyflow_in(folder.path(), &["new", &name, "--from", template]);
        assert_eq!((code, output.contains(&format!("{name}.test.yaml"))), (0, true), "{output}");
    }
    let (output, code) = replyflow_in(folder.path(), &["check", "--strict"]);
    assert_eq!(code, 0, "{output}");
    // Trouble that only the flow's defaults decide needs no test; the rest has one.
    let (output, code) = replyflow_in(folder.path(), &["test", "--coverage", "100"]);
    assert_eq!(code, 0, "{output}");
    let (output, code) = replyflow_in(folder.path(), &["graph", "my-menu"]);
    assert_eq!((code, output.starts_with("<svg"), output.contains(">my-menu: A menu")), (0, true, true), "{output}");
}

#[test]
fn nothing_is_written_over_what_is_there() {
    let folder = project();
    assert_eq!(replyflow_in(folder.path(), &["new", "desk"]).1, 0);
    let before = read(folder.path(), "flows/desk.yaml");
    let (output, code) = replyflow_in(folder.path(), &["new", "desk", "--from", "menu"]);
    assert_eq!((code, output.contains("there is a flow `desk`")), (1, true), "{output}");
    assert_eq!(read(folder.path(), "flows/desk.yaml"), before);
    std::fs::write(folder.path().join("flows/other.test.yaml"), "test: other\n").expect("written");
    let (output, code) = replyflow_in(folder.path(), &["new", "other"]);
    assert_eq!((code, output.contains("other.test.yaml")), (1, true), "{output}");
    assert_eq!(read(folder.path(), "flows/other.test.yaml"), "test: other\n");
    for bad in ["Front Desk", "../x"] {
        assert_eq!(replyflow_in(folder.path(), &["new", bad]).1, 2, "{bad}");
    }
}

#[test]
fn a_drawing_goes_where_it_is_wanted_and_a_slip_is_explained() {
    let folder = project();
    replyflow_in(folder.path(), &["new", "desk", "--from", "menu"]);
    let (_, code) = replyflow_in(folder.path(), &["graph", "flows/desk.yaml", "--output", "desk.svg", "--all"]);
    let drawing = read(folder.path(), "desk.svg");
    assert_eq!((code, drawing.ends_with("</svg>\n")), (0, true));
    for part in [">menu<", ">keyword desk<", ">anytime: command menu<", "undelivered", ">silence 30m", "GET", "“Anything else?”"]
    {
        assert_eq!(drawing.contains(part), part != "GET", "{part}");
    }
    let (output, code) = replyflow_in(folder.path(), &["graph", "desk", "--language", "english"]);
    assert_eq!((code, output.contains("pt-BR")), (2, true), "{output}");
    let (output, code) = replyflow_in(folder.path(), &["graph", "desc"]);
    assert_eq!((code, output.contains("There are: desk")), (1, true), "{output}");
}

/// The picture of the documentation. `REPLYFLOW_SCREENSHOTS` says that it may be drawn again.
#[test]
fn the_picture_of_the_documentation_is_what_is_drawn() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (drawing, code) = replyflow_in(root, &["graph", "payment"]);
    assert_eq!(code, 0, "{drawing}");
    let picture = root.join("docs/images/payment.svg");
    if std::env::var_os("REPLYFLOW_SCREENSHOTS").is_some() {
        std::fs::write(&picture, &drawing).expect("written");
    }
    let same = std::fs::read_to_string(&picture).is_ok_and(|kept| kept == drawing);
    assert!(same, "write it again: replyflow graph payment --output docs/images/payment.svg");
}
