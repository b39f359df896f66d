//! What a store must do, shown on every store: one list of tests, one macro.

mod accepting;
pub mod leaving;
mod listing;
mod merging;
mod model;
mod once;
mod pacing;
mod property;
mod records;
mod sending;
mod sharing;
mod turns;
mod withdrawing;
mod workers;
pub mod world;

macro_rules! conformance {
    ($($file:ident: $($name:ident),+ $(,)?;)+) => {
        mod redis {
            #[test]
            fn random_histories_are_as_the_model_says() {
                if let Err(failure) = super::property::histories(super::world::Backend::Redis, 500) {
                    panic!("{failure}");
                }
            }
            $($(
                #[tokio::test]
                async fn $name() {
                    super::$file::$name(super::world::Backend::Redis).await;
                }
            )+)+
        }
        /// All of it on one cluster, one after the other.
        mod cluster {
            #[tokio::test]
            async fn the_whole_suite() {
                let _kept = crate::support::redis_cluster::RedisCluster::shared().await;
                $($(
                    eprintln!("cluster: {}", stringify!($name));
                    Box::pin(super::$file::$name(super::world::Backend::Cluster)).await;
                )+)+
            }
        }
        /// All of it with scripts that watch what they do, for the user of the documentation.
        mod strict {
            #[tokio::test]
            async fn the_whole_suite() {
                $($(
                    eprintln!("strict: {}", stringify!($name));
                    Box::pin(super::$file::$name(super::world::Backend::Strict)).await;
                )+)+
            }
            #[test]
            fn random_histories_are_as_the_model_says() {
                if let Err(failure) = super::property::histories(super::world::Backend::Strict, 60) {
                    panic!("{failure}");
                }
            }
        }
        mod embedded {
            #[test]
            fn random_histories_are_as_the_model_says() {
                if let Err(failure) = super::property::histories(super::world::Backend::Embedded, 500) {
                    panic!("{failure}");
                }
            }
            $($(
                #[tokio::test]
                async fn $name() {
                    super::$file::$name(super::world::Backend::Embedded).await;
                }
            )+)+
        }
    };
}

conformance! {
    accepting:
        a_new_contact_is_claimed_with_its_birth_token,
        a_repeated_delivery_is_a_duplicate_for_ever_in_the_window,
        a_second_message_waits_behind_the_claim,
        a_free_contact_is_claimed_again,
        an_overloaded_instance_leaves_the_contact_to_others,
        a_lapsed_claim_comes_back_and_is_counted,
        what_is_claimed_alone_is_counted_until_it_is_given_back,
        nothing_to_claim,
        a_claim_hands_over_at_most_k_inputs,
        a_released_contact_comes_back_with_its_tries,
        a_full_mailbox_refuses_visibly_and_has_room_for_priority,
        what_is_refused_is_not_known_and_may_come_again,
        dedupe_forgets_after_its_time,
        an_input_above_the_limit_is_a_bug_of_the_caller,
        a_message_during_an_alarms_turn_claims_too_and_one_turn_wins,
        hashes_are_63_bits,
        a_clock_that_steps_back_only_delays;
    turns:
        a_commit_writes_everything_at_once,
        a_repeated_commit_is_already_there,
        a_commit_on_another_history_is_stale,
        a_missing_input_stops_the_commit,
        a_commit_that_cannot_be_written_whole_is_refused_before,
        a_held_contact_lets_only_priority_pass,
        a_held_contact_is_claimed_for_priority_after_a_crash,
        a_worker_that_does_not_keep_leaves_the_rest_due_now,
        an_alarm_is_found_cancelled_and_moved,
        the_committer_takes_what_it_can_send_now,
        effects_join_the_end_of_a_busy_lane,
        live_runs_are_counted_by_version;
    sharing:
        broadcasts_get_what_conversations_leave_and_at_least_a_tenth,
        what_a_conversation_follows_gives_way_no_more,
        a_ticket_for_what_was_moved_begins_nothing,
        what_is_being_sent_is_settled_where_it_was_moved_to,
        what_was_tried_and_waits_is_due_for_a_conversation,
        what_was_in_the_air_holds_up_a_conversation_no_longer_than_it_must,
        what_is_given_up_before_it_does_not_hold_it_up;
    sending:
        a_ticket_starts_once,
        what_a_dead_sender_began_is_unsure,
        what_surely_did_not_leave_may_go_elsewhere_under_its_name,
        what_was_taken_on_the_way_and_not_sent_is_unsure_too,
        a_sure_retry_is_sure_and_an_unsure_one_is_not,
        settling_takes_the_next_in_order,
        a_gap_delays_what_is_not_taken,
        done_is_a_fact_from_anyone_however_late,
        a_report_settles_what_was_begun_and_what_failed_visibly,
        a_lane_crosses_channels,
        the_result_of_a_call_claims_the_waiting_contact,
        a_failed_call_has_a_result_too,
        a_result_for_a_busy_contact_queues,
        a_message_for_a_contact_that_is_not_there_still_settles,
        a_report_wakes_only_who_waits_for_it,
        the_stop_mask_is_the_one_of_the_moment,
        a_lane_goes_on_after_a_failure;
    pacing:
        permits_follow_the_rate,
        a_rate_is_lowered_for_all_and_comes_back,
        a_day_is_counted_by_the_hour,
        what_holds_a_channel_back_stays_until_it_is_ended,
        what_is_said_of_a_channel_counts_by_its_time_in_any_order,
        what_is_ended_by_hand_begins_no_more_by_what_was_said_before,
        messages_to_one_contact_are_counted_where_they_are_taken;
    withdrawing:
        a_lane_goes_on_without_what_is_given_up,
        what_is_under_way_or_unsure_stays,
        a_lane_that_is_given_up_whole_begins_anew,
        a_ticket_for_what_was_given_up_starts_nothing,
        a_commit_on_another_history_gives_nothing_up;
    leaving:
        a_deletion_takes_all_and_leaves_what_was_seen,
        a_deletion_is_refused_on_another_history,
        what_is_in_the_air_settles_as_gone,
        only_the_lanes_that_are_named_go_along,
        what_failed_goes_along_and_nothing_is_kept_afterwards,
        an_opt_out_survives_and_whoever_comes_again_begins_with_it,
        an_input_for_somebody_known_begins_nobody,
        what_was_deleted_is_written_over;
    listing:
        an_address_is_listed_as_it_was_seen_last,
        the_list_is_read_in_the_order_of_its_changes,
        a_number_is_never_given_twice;
    merging:
        a_frozen_contact_takes_inputs_and_no_commit,
        messages_behind_the_move_come_first,
        a_move_ends_when_the_mailbox_is_empty,
        a_contact_moves_to_one_place,
        what_was_seen_is_seen_at_the_other_contact,
        what_is_awaited_is_awaited_at_the_other_contact_at_once,
        what_is_done_again_for_a_stub_asks_the_other_one_first,
        what_fails_for_a_stub_that_leads_to_nobody_is_not_kept,
        a_stub_leads_everything_on,
        an_address_leads_to_a_contact;
    records:
        the_journal_is_read_in_pieces_and_trimmed_behind_its_guard,
        a_journal_over_its_limit_refuses_input,
        a_failed_effect_is_listed_retried_and_dropped,
        reports_wait_apart_for_each_endpoint_and_can_be_done_again,
        what_failed_is_walked_through_in_parts,
        a_retried_effect_wakes_an_empty_lane,
        an_input_is_set_aside_and_retried,
        one_input_of_two_contacts_is_set_aside_for_each,
        versions_are_kept_by_content_and_published_by_name,
        the_secret_is_made_once,
        a_look_sees_what_is_due_everywhere,
        what_is_overdue_is_shown_and_stays_as_it_is,
        much_that_is_overdue_in_one_place_is_shown,
        a_healthy_store_says_so;
    once:
        a_request_is_answered_once_and_its_answer_stays,
        a_request_whose_worker_died_is_taken_over_and_never_changed,
        what_could_not_be_done_is_free_or_open_again,
        what_is_free_again_takes_no_room,
        only_so_many_requests_are_remembered;
    workers:
        racing_and_dying_workers_lose_and_repeat_nothing;
}
