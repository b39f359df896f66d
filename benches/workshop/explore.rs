//! `replyflow explore` on a large flow: moves a second, beside messages that are only played in the same virtual world.

use super::ground::Ground;
use super::least;
use replyflow::domain::message::InboundContent;
use replyflow::domain::time::Span;
use replyflow::testing::explore::{Bounds, explore};

/// Moves of the walk.
const TURNS: usize = 20_000;
/// Messages that are only played.
const MESSAGES: usize = 2_000;

pub fn run() {
    let ground = Ground::new();
    let channels = [ground.channel.clone()];
    let bounds = Bounds { turns: TURNS, ..Bounds::default() };
    let walk = || explore(&ground.flow, &ground.catalog, &ground.project, &channels, &bounds, &mut |_| {}).expect("a walk");
    let (walked, found) = least(walk);
    let (played, ()) = least(|| {
        let mut world = ground.world();
        for _ in 0..MESSAGES {
            world.write(&Ground::phone(0), &ground.channel, "qwxz vbnm".to_owned(), InboundContent::Text).expect("a message");
            world.wait(Span::seconds(2)).expect("time");
        }
    });
    let ratio = (walked / found.turns as f64) / (played / MESSAGES as f64);
    let (reached, all) = found.states;
    println!(
        "Explore: {all} states, {} moves, {} situations; seconds of CPU, the least of three.",
        found.turns, found.situations
    );
    println!("  the walk                 {walked:6.3}  {ratio:5.2} × a message that is only played, for each move");
    println!("  {:.0} moves a second; {reached} of {all} states reached", found.turns as f64 / walked);
}
