//! `replyflow fmt` on a large flow, beside reading its YAML.

use super::{flows, ground, least};
use replyflow::flow::{write, yaml};
use std::hint::black_box;
use std::sync::Arc;

/// Files.
const FILES: usize = 10;

pub fn run() {
    let flow = flows::parcel("parcel", ground::STATES);
    let file: Arc<str> = "flows/parcel.yaml".into();
    let (trees, ()) = least(|| (0..FILES).for_each(|_| drop(black_box(yaml::read(&flow, &file)))));
    let format = |text: &str| write::format(text, "flows/parcel.yaml").expect("formatted");
    let (formatted, text) = least(|| (1..FILES).fold(format(&flow), |_, _| black_box(format(&flow))));
    let (again, ()) = least(|| (0..FILES).for_each(|_| drop(black_box(format(&text)))));
    let states = FILES * (ground::STATES + 1);
    println!(
        "Fmt: {FILES} flows, {states} states, {:.1} MB; seconds of CPU, the least of three.",
        (FILES * flow.len()) as f64 / 1e6
    );
    println!("  their YAML               {trees:6.3}");
    println!("  formatted                {formatted:6.3}  {:5.2} × the YAML", formatted / trees);
    println!("  formatted once more      {again:6.3}  {:5.2} × the YAML", again / trees);
    println!("  {:.0} states a second", states as f64 / formatted);
}
