//! What the service itself has to say to operators, of no contact: into the mailboxes of the teams that hear of it.

use super::core::Core;
use crate::domain::alert::{About, Alerts, Raised, team_canonical};
use crate::domain::id::DedupeHash;
use crate::domain::input::{Class, Input};
use crate::domain::journal::AlertLevel;
use crate::domain::mode::Mode;
use crate::store::Answer;
use std::sync::Arc;

impl Core {
    /// Tells the teams that are told of everything. `kind` and `of` say what it is about, `when` which time it is: what several instances find
    /// out is told once where that is the same for all of them; nothing: every time counts.
    pub(super) async fn warn_teams(
        self: &Arc<Self>,
        (kind, of, when): (&str, &str, Option<&str>),
        level: AlertLevel,
        say: &str,
    ) -> Answer<()> {
        let raised = Raised {
            about: About::Contact,
            level,
            flow: None,
            state: None,
            say: Raised::cut(say),
            contact: None,
            ending: None,
            simulated: false,
            at: self.store_now(),
            times: 1,
        };
        let when = when.map_or_else(|| format!("{:08x}", self.random.bits()), str::to_owned);
        for team in self.world.project.alerts.hearers(None, level) {
            let key = self.contact_key(Mode::Live, &team_canonical(&team));
            let hash = DedupeHash::of(&[kind, of, &when, team.as_str()]);
            let alerts = Alerts { team, raised: vec![raised.clone()] };
            self.put(Mode::Live, key, hash, Class::Normal, &Input::Alerts(Box::new(alerts))).await?;
        }
        Ok(())
    }
}
