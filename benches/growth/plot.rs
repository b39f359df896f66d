//! The drawing: a small one for each thing that grows, its size to the right, its cost relative to the first upwards. The band is where 1.00 may go.

use super::series::{Dimension, Kind};
use std::fmt::Write as _;

/// Sizes, in pixels.
const WIDE: f64 = 300.0;
const HIGH: f64 = 190.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 34.0;
const COLUMNS: usize = 3;
const MARGIN: f64 = 20.0;
/// Room for the title and what the colours mean.
const HEAD: f64 = 78.0;
/// What is drawn of a cost at most; above it the line leaves the drawing.
const MOST: f64 = 2.0;

/// What is drawn, each in its colour.
const DRAWN: [Kind; 3] = [Kind::Instructions, Kind::Commands, Kind::Time];

const STYLE: &str = "\
svg { background: #fff; font: 12px ui-sans-serif, system-ui, sans-serif; }
text { fill: #1f2430; } .title { font-size: 16px; font-weight: 600; } .name { font-weight: 600; } .note { fill: #565f73; }
.band { fill: #e6f5ea; } .frame { fill: none; stroke: #8a93a6; } .one { stroke: #8a93a6; stroke-dasharray: 3 3; }
polyline { fill: none; stroke-width: 2; }
.k0 { stroke: #3b6fd4; } .k1 { stroke: #2f8a4c; } .k2 { stroke: #b87a14; } circle { fill: #fff; stroke-width: 1.6; }
@media (prefers-color-scheme: dark) {
svg { background: #15181f; } text { fill: #e6e9ef; } .note { fill: #a4adbd; } .band { fill: #16331f; } circle { fill: #15181f; }
.k0 { stroke: #7aa2f0; } .k1 { stroke: #5fbf7e; } .k2 { stroke: #e0a546; } }";

/// The whole drawing.
pub fn svg(all: &[Dimension]) -> String {
    let rows = all.len().div_ceil(COLUMNS).max(1);
    let (wide, high) = (COLUMNS as f64 * WIDE + 2.0 * MARGIN, rows as f64 * HIGH + HEAD + MARGIN);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"t\" viewBox=\"0 0 {wide:.0} {high:.0}\" width=\"{wide:.0}\" height=\"{high:.0}\">"
    );
    let title = "The cost of one message as everything around it grows";
    let _ = writeln!(out, "<title id=\"t\">{title}</title>\n<style>\n{STYLE}\n</style>");
    let _ = writeln!(out, "<text class=\"title\" x=\"{MARGIN}\" y=\"28\">{title}</text>");
    for (i, kind) in DRAWN.into_iter().enumerate() {
        let x = MARGIN + i as f64 * 280.0;
        let _ = writeln!(out, "<polyline class=\"k{i}\" points=\"{x:.0},50 {:.0},50\"/>", x + 18.0);
        let _ = writeln!(out, "<text class=\"note\" x=\"{:.0}\" y=\"54\">{}</text>", x + 24.0, kind.name());
    }
    for (i, dimension) in all.iter().enumerate() {
        let (x, y) = (MARGIN + (i % COLUMNS) as f64 * WIDE, HEAD + (i / COLUMNS) as f64 * HIGH);
        let _ = writeln!(out, "<g transform=\"translate({x:.0} {y:.0})\">");
        panel(&mut out, dimension);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn class(kind: Kind) -> Option<usize> {
    DRAWN.iter().position(|drawn| *drawn == kind)
}

/// One thing that grows.
fn panel(out: &mut String, dimension: &Dimension) {
    let (wide, high) = (WIDE - LEFT - 20.0, HIGH - TOP - 40.0);
    let logs: Vec<f64> = dimension.sizes.iter().map(|size| (*size as f64).log10()).collect();
    let (first, last) = (logs.first().copied().unwrap_or(0.0), logs.last().copied().unwrap_or(1.0));
    let x = |log: f64| LEFT + if last > first { (log - first) / (last - first) * wide } else { 0.0 };
    let y = |cost: f64| TOP + high * (1.0 - cost.clamp(0.0, MOST) / MOST);
    let _ = writeln!(out, "<text class=\"name\" x=\"{LEFT}\" y=\"{:.0}\">{}</text>", TOP - 12.0, dimension.name);
    let band = y(0.9) - y(1.1);
    let _ = writeln!(out, "<rect class=\"band\" x=\"{LEFT}\" y=\"{:.1}\" width=\"{wide:.0}\" height=\"{band:.1}\"/>", y(1.1));
    let _ = writeln!(out, "<path class=\"one\" d=\"M{LEFT} {:.1}h{wide:.0}\"/>", y(1.0));
    let _ = writeln!(out, "<rect class=\"frame\" x=\"{LEFT}\" y=\"{TOP}\" width=\"{wide:.0}\" height=\"{high:.0}\"/>");
    for cost in [0.0, 1.0, MOST] {
        let _ = writeln!(
            out,
            "<text class=\"note\" text-anchor=\"end\" x=\"{:.0}\" y=\"{:.1}\">{cost:.0}</text>",
            LEFT - 6.0,
            y(cost) + 4.0
        );
    }
    for (size, log) in dimension.sizes.iter().zip(&logs) {
        let size = short(*size);
        let _ = writeln!(
            out,
            "<text class=\"note\" text-anchor=\"middle\" x=\"{:.1}\" y=\"{:.0}\">{size}</text>",
            x(*log),
            TOP + high + 16.0
        );
    }
    for measure in &dimension.measures {
        let Some(class) = class(measure.kind) else { continue };
        let points: Vec<(f64, f64)> = logs.iter().zip(measure.relative()).map(|(log, cost)| (x(*log), y(cost))).collect();
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(out, "<polyline class=\"k{class}\" points=\"{}\"/>", path.join(" "));
        for (x, y) in points {
            let _ = writeln!(out, "<circle class=\"k{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>");
        }
    }
}

/// `1 k`, `1 M`.
fn short(n: u64) -> String {
    match n {
        0..1_000 => n.to_string(),
        1_000..1_000_000 => format!("{} k", n / 1_000),
        _ => format!("{} M", n / 1_000_000),
    }
}
