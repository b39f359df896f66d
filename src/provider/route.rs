//! Which channel the content of a webhook is for, by the number of ours that it names.

use crate::domain::channel::ChannelKind;
use crate::domain::name::ChannelName;

/// A channel as the target of a webhook's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The channel.
    pub channel: ChannelName,
    /// Its medium.
    pub kind: ChannelKind,
}

/// The channels that one webhook's content may go to: the one that was called, and those with the same credentials at the same
/// provider, by their number. A body that one app signed can therefore never speak for a channel of another app.
#[derive(Debug, Clone)]
pub struct Routes {
    here: Route,
    by_number: Vec<(String, Route)>,
    or_here: bool,
}

impl Routes {
    /// Only the channel that was called.
    pub fn only(here: Route) -> Self {
        Routes { here, by_number: Vec::new(), or_here: false }
    }

    /// Also this one, by the number that the provider names in the content.
    #[must_use]
    pub fn with(mut self, number: impl Into<String>, route: Route) -> Self {
        self.by_number.push((number.into(), route));
        self
    }

    /// The channel that was called.
    pub fn here(&self) -> &Route {
        &self.here
    }

    /// The same where whoever calls serves one number: whichever it names is that of the channel that was called.
    #[must_use]
    pub fn or_here(mut self) -> Self {
        self.or_here = true;
        self
    }

    /// The channel if there is only one, known by one name only: a number that webhooks name otherwise may be its own.
    pub fn sole(&self) -> Option<&Route> {
        let first = self.by_number.first()?;
        self.by_number.iter().all(|other| other == first).then_some(&first.1)
    }

    /// The channel with this number.
    pub fn find(&self, number: &str) -> Option<&Route> {
        let known = self.by_number.iter().find(|(n, _)| n == number).map(|(_, route)| route);
        known.or(self.or_here.then_some(&self.here))
    }

    /// Whether the channel that was called says by which number or name its provider knows it.
    pub fn is_named(&self) -> bool {
        self.by_number.iter().any(|(_, route)| *route == self.here)
    }

    /// Whether what was written to this number of ours may be for the channel that was called, though no channel is known by it.
    /// It is not where that channel's number is surely another: the answer would leave from a number that the person never wrote
    /// to. A pool, a name or an id is no number to compare with; one number may be written with and without its country.
    pub fn may_be_here(&self, number: &str) -> bool {
        let Some(named) = digits(number) else { return true };
        let own = self.by_number.iter().filter(|(_, route)| *route == self.here);
        !own.filter_map(|(own, _)| digits(own)).any(|own| {
            let (own, named) = (own.trim_start_matches('0'), named.trim_start_matches('0'));
            let same = if own.len() >= NATIONAL_DIGITS && named.len() >= NATIONAL_DIGITS {
                own.ends_with(named) || named.ends_with(own)
            } else {
                own == named
            };
            !same
        })
    }
}

/// A number without its country has at least so many digits; less is a short code.
const NATIONAL_DIGITS: usize = 7;

/// The digits of a number as content or configuration writes it: `+44…`, `44…`, `whatsapp:+44…`. Nothing of what is no number.
fn digits(number: &str) -> Option<&str> {
    let number = number.rsplit_once(':').map_or(number, |(_, number)| number);
    let digits = number.strip_prefix('+').unwrap_or(number);
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_to_another_number_is_not_for_the_channel_that_was_called() {
        let here = || Route { channel: ChannelName::parse("here").expect("a name"), kind: ChannelKind::Sms };
        let may = |own: &str, named: &str| Routes::only(here()).with(own, here()).may_be_here(named);
        for own in ["+447700900001", "447700900001", "sms:447700900001", "whatsapp:+447700900001"] {
            for named in ["+447700900001", "447700900001", "whatsapp:447700900001", "07700900001", "00447700900001", "", "SHOP"] {
                assert!(may(own, named), "{own} {named}");
            }
            for named in ["+447700900002", "447700900002", "whatsapp:+447700900002", "78787", "1"] {
                assert!(!may(own, named), "{own} {named}");
            }
        }
        assert!(may("78787", "78787") && !may("78787", "8787") && !may("78787", "78788"));
        for unknown in ["SHOP", "MG0123", "arn:aws:sms-voice:eu-west-1:1:pool/x", "40e1d7a0-0000-4000-8000-000000000001"] {
            assert!(may(unknown, "+447700900002"), "{unknown}");
        }
        assert!(Routes::only(here()).may_be_here("+447700900002"), "a channel that does not say its number");
    }
}
