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
    /// Tells the teams that are told of everything. `kind` and `of` say what it is about; who hears it twice counts it twice.
    pub(super) async fn warn_teams(self: &Arc<Self>, kind: &str, of: &str, level: AlertLevel, say: &str) -> Answer<()> {
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
        for team in self.world.project.alerts.hearers(None, level) {
            let key = self.contact_key(Mode::Live, &team_canonical(&team));
            let hash = DedupeHash::of(&[kind, of, &format!("{:08x}", self.random.bits()), team.as_str()]);
            let alerts = Alerts { team, raised: vec![raised.clone()] };
            self.put(Mode::Live, key, hash, Class::Normal, &Input::Alerts(Box::new(alerts))).await?;
        }
        Ok(())
    }
}
