//! Publications: each builds on the last one of its flow, and none is lost.

use super::{Rule, Truth};
use replyflow::store::{Publish, Published};

impl Truth {
    pub fn published(&mut self, publish: &Publish, answer: &Published) -> Rule {
        let Published::Ok(number) = answer else {
            self.count("publications refused");
            return Ok(());
        };
        let this = (*number, publish.version, publish.body.clone());
        let last = self.publications.get(&publish.name);
        if last == Some(&this) {
            // The same once more: its answer was lost.
            return Ok(());
        }
        let before = last.map_or(0, |(number, ..)| *number);
        if publish.base != before || *number != before + 1 {
            return Err(format!("publication {number} of {} builds on {}, and {before} is the last", publish.name, publish.base));
        }
        self.publications.insert(publish.name.clone(), this);
        self.count("publications");
        Ok(())
    }
}
