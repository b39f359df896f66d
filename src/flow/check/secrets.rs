//! RF502: what looks like a secret in a file that many people read.

use super::Report;
use crate::flow::parse::Reading;

/// Reports what the reader found.
pub(super) fn check<T>(reading: &Reading<T>, report: &mut Report) {
    for (at, width) in &reading.secrets {
        let help = "put it into the api's configuration: `bearer`, `basic` or `headers` of [api.…]; and change it, since it was seen here";
        report.add(502, *at, *width, "This looks like a secret; put it into the api's configuration", help);
    }
}
