//! A drawing as SVG. Where everything stands is computed by `dagre`, whose twin in the browser lays out the same graphs.

use super::sketch::{Arrow, Box, Look, Sketch};
use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, Point, layout, layout::types::LabelPos};
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr as _;

/// Sizes, in pixels.
const LINE: f64 = 17.0;
const CELL: f64 = 7.0;
const PADDING: f64 = 10.0;
const MARGIN: f64 = 20.0;
/// Characters of an outcome's line.
const LABEL: usize = 44;

const STYLE: &str = "\
svg { background: #fff; font: 13px ui-sans-serif, system-ui, sans-serif; }
text { fill: #1f2430; } .title { font-size: 16px; font-weight: 600; } .note { fill: #565f73; }
.box rect { stroke: #8a93a6; fill: #fff; } .head { font-weight: 600; }
.question rect { fill: #e9f1ff; stroke: #3b6fd4; } .call rect { fill: #fff3dc; stroke: #b87a14; }
.wait rect { fill: #f1ecff; stroke: #7d5bd0; } .end rect { fill: #e6f5ea; stroke: #2f8a4c; }
.entry rect { fill: #f4f5f7; stroke: #8a93a6; stroke-dasharray: 4 3; }
.arrow path { fill: none; stroke: #565f73; stroke-width: 1.3; } .arrow rect { fill: #fff; } .arrow text { fill: #3a4256; font-size: 12px; }
.trouble path { stroke: #b3402e; stroke-dasharray: 5 3; } .trouble text { fill: #9c2f1f; }
@media (prefers-color-scheme: dark) {
svg { background: #15181f; } text { fill: #e6e9ef; } .note { fill: #a4adbd; }
.box rect { fill: #1d212b; } .question rect { fill: #17294a; } .call rect { fill: #3a2c10; } .wait rect { fill: #2a2145; } .end rect { fill: #16331f; } .entry rect { fill: #20242e; }
.arrow path { stroke: #a4adbd; } .arrow rect { fill: #15181f; } .arrow text { fill: #ced5e0; } .trouble path { stroke: #ee8a76; } .trouble text { fill: #f2a696; } }";

/// The drawing of a sketch.
pub(super) fn svg(sketch: &Sketch) -> String {
    let placed = place(sketch);
    let (left, right, bottom) = extent(sketch, &placed);
    let text = sketch.notes.iter().chain([&sketch.title]).map(|line| width(line)).fold(0.0, f64::max);
    let right = right.max(left + text);
    // Above the drawing.
    let top = MARGIN + LINE * (sketch.notes.len() as f64 + 2.0);
    let mut body = String::new();
    for (i, arrow) in sketch.arrows.iter().enumerate() {
        if let Some(edge) = placed.edge(&id(arrow.from), &id(arrow.to), Some(&id(i))) {
            draw_arrow(&mut body, arrow, edge);
        }
    }
    for (i, one) in sketch.boxes.iter().enumerate() {
        if let Some(node) = placed.node(&id(i)) {
            draw_box(&mut body, one, (node.x.unwrap_or(0.0), node.y.unwrap_or(0.0)), (node.width, node.height));
        }
    }
    let (wide, high) = (right - left + 2.0 * MARGIN, bottom + top + MARGIN);
    let mut out = String::new();
    let title = escape(&sketch.title);
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"t\" viewBox=\"0 0 {wide:.0} {high:.0}\" width=\"{wide:.0}\" height=\"{high:.0}\">"
    );
    let _ = writeln!(out, "<title id=\"t\">{title}</title>\n<style>\n{STYLE}\n</style>");
    for (id, class) in [("a", "arrow"), ("b", "arrow trouble")] {
        let _ = writeln!(
            out,
            "<marker id=\"{id}\" class=\"{class}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 8 4 0 8\" style=\"stroke-dasharray:none\"/></marker>"
        );
    }
    let _ = writeln!(out, "<text class=\"title\" x=\"{MARGIN}\" y=\"{:.0}\">{title}</text>", MARGIN + LINE * 0.7);
    for (i, note) in sketch.notes.iter().enumerate() {
        let y = MARGIN + LINE * (i as f64 + 2.0);
        let _ = writeln!(out, "<text class=\"note\" x=\"{MARGIN}\" y=\"{y:.0}\">{}</text>", escape(note));
    }
    let _ = writeln!(out, "<g transform=\"translate({:.0} {top:.0})\">\n{body}</g>\n</svg>", MARGIN - left);
    out
}

/// Computes where everything stands.
fn place(sketch: &Sketch) -> Graph<NodeLabel, EdgeLabel> {
    let mut graph = Graph::with_options(GraphOptions { directed: true, multigraph: true, compound: true });
    for (i, one) in sketch.boxes.iter().enumerate() {
        let widest = one.lines.iter().map(|line| width(line)).fold(width(&one.head) * 1.16, f64::max);
        let height = LINE * (one.lines.len() as f64 + 1.0) + 2.0 * PADDING - 4.0;
        graph.set_node(id(i), Some(NodeLabel { width: widest + 2.0 * PADDING, height, ..NodeLabel::default() }));
    }
    for (i, arrow) in sketch.arrows.iter().enumerate() {
        let labels = labels(arrow);
        let wide = labels.iter().map(|label| width(label) * 0.95).fold(0.0, f64::max);
        let high = LINE * labels.len() as f64;
        let label = EdgeLabel {
            width: wide + 6.0,
            height: high,
            minlen: 1,
            weight: if arrow.trouble { 1 } else { 2 },
            labelpos: LabelPos::Center,
            ..EdgeLabel::default()
        };
        graph.set_edge(id(arrow.from), id(arrow.to), Some(label), Some(&id(i)));
    }
    let options = LayoutOptions { nodesep: 36.0, edgesep: 16.0, ranksep: 34.0, ..LayoutOptions::default() };
    layout(&mut graph, Some(options));
    graph
}

/// From where to where boxes, arrows and outcomes reach: left, right, bottom.
fn extent(sketch: &Sketch, placed: &Graph<NodeLabel, EdgeLabel>) -> (f64, f64, f64) {
    let (mut left, mut right, mut bottom) = (0.0f64, 0.0f64, 0.0f64);
    let mut see = |x: f64, y: f64, wide: f64, high: f64| {
        (left, right, bottom) = (left.min(x - wide / 2.0), right.max(x + wide / 2.0), bottom.max(y + high / 2.0));
    };
    for (i, arrow) in sketch.arrows.iter().enumerate() {
        let Some(edge) = placed.edge(&id(arrow.from), &id(arrow.to), Some(&id(i))) else { continue };
        edge.points.iter().for_each(|point| see(point.x, point.y, 4.0, 4.0));
        see(edge.x.unwrap_or(0.0), edge.y.unwrap_or(0.0), edge.width, edge.height);
    }
    for i in 0..sketch.boxes.len() {
        if let Some(node) = placed.node(&id(i)) {
            see(node.x.unwrap_or(0.0), node.y.unwrap_or(0.0), node.width, node.height);
        }
    }
    (left, right, bottom)
}

/// The outcomes on an arrow: a few on one line, conditions one to a line.
fn labels(arrow: &Arrow) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for label in &arrow.labels {
        let mut label = label.clone();
        if label.chars().count() > LABEL {
            label = label.chars().take(LABEL - 1).chain(['…']).collect();
        }
        match lines.last_mut() {
            Some(last) if last.chars().count() + label.chars().count() < 26 => {
                last.push_str(" · ");
                last.push_str(&label);
            }
            _ => lines.push(label),
        }
    }
    lines
}

fn draw_box(out: &mut String, one: &Box, (x, y): (f64, f64), (wide, high): (f64, f64)) {
    let class = match one.look {
        Look::Entry => "entry",
        Look::Question => "question",
        Look::Call => "call",
        Look::Wait => "wait",
        Look::Step => "step",
        Look::End => "end",
    };
    let round = if matches!(one.look, Look::End | Look::Entry) { high / 2.0 } else { 6.0 };
    let (left, top) = (x - wide / 2.0, y - high / 2.0);
    let _ = writeln!(
        out,
        "<g class=\"box {class}\"><rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\" rx=\"{:.1}\"/>",
        round.min(16.0)
    );
    let mut baseline = top + PADDING + LINE * 0.68;
    let _ = writeln!(
        out,
        "<text class=\"head\" x=\"{x:.1}\" y=\"{baseline:.1}\" text-anchor=\"middle\">{}</text>",
        escape(&one.head)
    );
    for line in &one.lines {
        baseline += LINE;
        let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{baseline:.1}\" text-anchor=\"middle\">{}</text>", escape(line));
    }
    out.push_str("</g>\n");
}

fn draw_arrow(out: &mut String, arrow: &Arrow, edge: &EdgeLabel) {
    let (class, marker) = if arrow.trouble { ("arrow trouble", "b") } else { ("arrow", "a") };
    let _ = writeln!(out, "<g class=\"{class}\"><path d=\"{}\" marker-end=\"url(#{marker})\"/>", curve(&edge.points));
    let labels = labels(arrow);
    if let (Some(x), Some(y), false) = (edge.x, edge.y, labels.is_empty()) {
        let (wide, high) = (edge.width, edge.height);
        let _ = writeln!(
            out,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\" rx=\"3\"/>",
            x - wide / 2.0,
            y - high / 2.0
        );
        for (i, label) in labels.iter().enumerate() {
            let baseline = y - high / 2.0 + LINE * (i as f64 + 0.75);
            let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{baseline:.1}\" text-anchor=\"middle\">{}</text>", escape(label));
        }
    }
    out.push_str("</g>\n");
}

/// Through the points of an arrow, rounded at each.
fn curve(points: &[Point]) -> String {
    let Some((first, rest)) = points.split_first() else { return String::new() };
    let mut path = format!("M{:.1} {:.1}", first.x, first.y);
    for (i, point) in rest.iter().enumerate() {
        match rest.get(i + 1) {
            Some(next) => {
                let (x, y) = ((point.x + next.x) / 2.0, (point.y + next.y) / 2.0);
                let _ = write!(path, "Q{:.1} {:.1} {x:.1} {y:.1}", point.x, point.y);
            }
            None => {
                let _ = write!(path, "L{:.1} {:.1}", point.x, point.y);
            }
        }
    }
    path
}

/// About how wide a text is.
fn width(text: &str) -> f64 {
    text.width() as f64 * CELL
}

fn id(place: usize) -> String {
    place.to_string()
}

/// A text that means nothing to XML.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML knows no other control characters, not even escaped.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::graph::sketch::sketch;
    use crate::domain::language::Language;
    use crate::flow::definition::Flow;
    use crate::flow::parse::{ParseContext, parse_flow};
    use quick_xml::{Reader, events::Event};
    use std::path::Path;

    fn samples() -> Vec<Flow> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("flows");
        let channels = ["main-sms", "main-whatsapp"].map(|name| crate::domain::name::Slug::parse(name).expect("a name"));
        let context = ParseContext { languages: vec![Language::EN], channels: channels.to_vec() };
        let mut flows = Vec::new();
        for entry in std::fs::read_dir(folder).expect("the samples") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if name.ends_with(".yaml") && !name.ends_with(".test.yaml") {
                let text = std::fs::read_to_string(&path).expect("a text");
                flows.push(parse_flow(&text, &format!("flows/{name}"), &context).0.expect("a flow"));
            }
        }
        assert!(flows.len() > 5);
        flows
    }

    /// All texts of a drawing; it must be XML.
    fn texts(drawing: &str) -> Vec<String> {
        let mut reader = Reader::from_str(drawing);
        let (mut all, mut depth) = (Vec::new(), 0);
        loop {
            match reader.read_event().expect("XML") {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                Event::Text(text) => all.push(String::from_utf8_lossy(&text).into_owned()),
                Event::GeneralRef(_) => all.push(String::new()),
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(depth, 0);
        all
    }

    #[test]
    fn every_state_is_drawn_once_and_every_named_outcome_is_on_an_arrow_or_in_its_box() {
        for flow in samples() {
            let sketch = sketch(&flow, Language::EN, false);
            let all = texts(&svg(&sketch));
            for name in flow.states.keys() {
                let heads = sketch.boxes.iter().filter(|one| one.look != Look::End && one.look != Look::Entry);
                let states = flow.states.len() - sketch.boxes[..flow.states.len()].iter().filter(|b| b.look == Look::End).count();
                assert_eq!(heads.count(), states, "{}", flow.name);
                assert!(all.iter().any(|text| text == name.as_str()), "{}: {name}", flow.name);
            }
            let drawn: Vec<&str> = sketch.arrows.iter().flat_map(|arrow| &arrow.labels).map(String::as_str).collect();
            for outcome in ["link", "human, if", "yes", "silence 30m"] {
                let wanted = flow.name.as_str() == "menu" && matches!(outcome, "yes" | "silence 30m");
                assert!(!wanted || drawn.contains(&outcome), "{drawn:?}");
            }
        }
    }

    #[test]
    fn no_box_lies_on_another_and_all_lie_in_the_picture() {
        for (flow, all) in samples().iter().flat_map(|flow| [(flow, false), (flow, true)]) {
            let sketch = sketch(flow, Language::EN, all);
            let placed = place(&sketch);
            let (left, right, bottom) = extent(&sketch, &placed);
            let boxes: Vec<[f64; 4]> = (0..sketch.boxes.len())
                .map(|i| {
                    let node = placed.node(&id(i)).expect("a place");
                    let (x, y) = (node.x.expect("x"), node.y.expect("y"));
                    [x - node.width / 2.0, x + node.width / 2.0, y - node.height / 2.0, y + node.height / 2.0]
                })
                .collect();
            for (i, a) in boxes.iter().enumerate() {
                assert!(a[0] >= left && a[1] <= right && a[2] >= -0.1 && a[3] <= bottom, "{}", sketch.boxes[i].head);
                for (j, b) in boxes.iter().enumerate().skip(i + 1) {
                    let apart = a[1] <= b[0] || b[1] <= a[0] || a[3] <= b[2] || b[3] <= a[2];
                    assert!(apart, "{}: {} lies on {}", flow.name, sketch.boxes[i].head, sketch.boxes[j].head);
                }
            }
        }
    }

    #[test]
    fn what_people_write_is_text_and_nothing_else() {
        assert_eq!(escape("a < b & \"c\"\u{1b}"), "a &lt; b &amp; &quot;c&quot;\u{fffd}");
    }
}
