//! Requests that take effect once.

use super::tables::Tables;
use crate::domain::time::{Millis, Span};
use crate::store::{Answer, OnceRequest, RequestStep, Requested};
use bytes::Bytes;

/// A request that is remembered.
struct Kept {
    print: Vec<u8>,
    who: u32,
    until: Millis,
    answer: Option<Vec<u8>>,
}

impl Tables<'_> {
    /// One step.
    pub fn request(&self, request: &OnceRequest) -> Answer<Requested> {
        let (key, print) = (request.key.bytes(), request.print.bytes());
        let sql = "SELECT print, who, until, answer FROM request WHERE key = ?1 AND forget > ?2";
        let kept = self.first(sql, (key, self.now.0), |row| {
            Ok(Kept { print: row.get(0)?, who: row.get(1)?, until: Millis(row.get(2)?), answer: row.get(3)? })
        })?;
        let same = kept.as_ref().is_some_and(|kept| kept.print == print);
        let mine = same && kept.as_ref().is_some_and(|kept| kept.who == request.who.0);
        let done = same && kept.as_ref().is_some_and(|kept| kept.answer.is_some());
        match (&request.step, kept) {
            (RequestStep::Begin, Some(_)) if !same => Ok(Requested::Other),
            (RequestStep::Begin, Some(Kept { answer: Some(answer), .. })) => Ok(Requested::Answered(Bytes::from(answer))),
            (RequestStep::Begin, Some(kept)) if kept.until > self.now && !mine => {
                Ok(Requested::Busy(Span(kept.until.0 - self.now.0)))
            }
            (RequestStep::Begin, kept) => self.begin_request(request, kept.is_some()),
            (RequestStep::Answer(answer), _) => {
                if same && !done {
                    self.run("UPDATE request SET answer = ?2 WHERE key = ?1", (key, &answer[..]))?;
                }
                Ok(Requested::Done)
            }
            (RequestStep::Again, _) => {
                if mine && !done {
                    self.run("UPDATE request SET until = ?2 WHERE key = ?1", (key, self.now.0))?;
                }
                Ok(Requested::Done)
            }
            (RequestStep::Forget, _) => {
                if mine && !done {
                    self.run("DELETE FROM request WHERE key = ?1", [key])?;
                }
                Ok(Requested::Done)
            }
        }
    }

    fn begin_request(&self, request: &OnceRequest, known: bool) -> Answer<Requested> {
        let key = request.key.bytes();
        let until = (self.now + self.settings.claim_lease).0;
        if known {
            self.run("UPDATE request SET who = ?2, until = ?3 WHERE key = ?1", (key, request.who.0, until))?;
            return Ok(Requested::Yours);
        }
        // One of this name may be there that is forgotten already.
        self.run("DELETE FROM request WHERE key = ?1", [key])?;
        let there = self.first("SELECT n FROM request_count", [], |row| row.get::<_, i64>(0))?.unwrap_or(0);
        if usize::try_from(there).unwrap_or(0) >= self.settings.requests_max {
            return Ok(Requested::Full);
        }
        let sql = "INSERT INTO request (key, print, who, until, forget) VALUES (?1, ?2, ?3, ?4, ?5)";
        let forget = (self.now + self.settings.requests_kept).0;
        self.run(sql, (key, request.print.bytes(), request.who.0, until, forget))?;
        Ok(Requested::Yours)
    }

    /// Forgets old requests, a bounded number at once.
    pub fn prune_requests(&self) -> Answer<()> {
        let sql = "DELETE FROM request WHERE seq IN (SELECT seq FROM request WHERE forget <= ?1 ORDER BY forget LIMIT 5000)";
        self.run(sql, [self.now.0]).map(|_| ())
    }
}
