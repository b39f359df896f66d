//! Redis as a cluster, behind Sentinels, over TLS and with a user who may do nothing else; and what is left when something dies or moves.
//!
//! `docs/store.md` has the table "When something dies". Row by row, the tests that show it:
//!
//! | what dies | tests |
//! |---|---|
//! | an instance before and after `accept`, in the turn, after `commit`, with an effect in the air | `conformance::*::workers`, `simulation`, `kill` |
//! | a worker that sleeps for an hour | `conformance::*::{a_commit_on_another_history_is_stale, a_ticket_starts_once, done_is_a_fact_from_anyone_however_late}` |
//! | Redis by `kill -9` | `redis_store::what_was_answered_survives_kill_9`, `kill::redis_loses_and_repeats_nothing_also_when_it_dies_itself` |
//! | a primary that has a replica | `dying::a_primary_that_dies_under_load_loses_and_repeats_nothing`, `watched::a_primary_that_dies_is_followed_by_the_one_that_sentinels_name` |
//! | a primary that is cut off | `dying::a_primary_that_is_cut_off_stops_nobody_else`, `replies::a_primary_without_its_replicas_writes_nothing` |
//! | a primary and its replica | `dying::a_part_that_is_away_is_away_alone` |
//! | a slot that moves | `moving::*`, `conformance::strict` |
//! | Redis full | `redis_store::a_full_redis_refuses_input_and_drains`, `replies::*` |
//! | Redis that loads, is read-only, has lost its primary or slots | `replies::*` |

mod costs;
mod dying;
mod guarded;
mod load;
mod moving;
mod replies;
mod service;
mod watched;
mod ways;
