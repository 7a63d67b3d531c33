//! The conformance suite: one test per case, for any adapter.

/// Expands to a module with one `#[test]` for each case that every store must pass.
///
/// `fixture` is an expression that makes a [`crate::testkit::Fixture`] with nothing in its store; each case evaluates it anew.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use commerce_core::memory::MemoryStore;
/// use commerce_core::ports::{Clock, Store};
/// use commerce_core::testkit::Fixture;
///
/// struct Memory;
///
/// #[async_trait::async_trait]
/// impl Fixture for Memory {
///     async fn open(&self, clock: Arc<dyn Clock>) -> Store {
///         MemoryStore::open(3, clock)
///     }
///
///     async fn open_second(&self, _clock: Arc<dyn Clock>) -> Option<Store> {
///         None
///     }
///
///     async fn close(&self) {}
/// }
///
/// commerce_core::conformance!(memory_with_3_shards, Memory);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance {
    ($name:ident, $fixture:expr) => {
        $crate::conformance_cases! { $name, $fixture,
            journal {
                what_is_committed_reads_back_as_it_was_written;
                an_event_without_correlation_and_causation_reads_back_without_them;
                a_stream_that_must_be_new_is_refused_once_it_exists;
                an_append_at_another_version_is_refused_and_told_the_actual_one;
                one_loser_never_fails_its_neighbors;
                a_set_sees_the_effects_of_the_sets_before_it;
                an_empty_batch_has_no_answers;
                a_large_batch_has_an_answer_for_each_set_in_order;
                a_set_without_a_proof_is_misuse_and_writes_nothing;
                a_stream_that_stands_in_a_set_twice_is_misuse;
                an_append_without_events_is_misuse;
                a_set_may_append_to_several_streams_and_takes_positions_in_their_order;
                a_stream_loads_in_order_after_a_version_and_up_to_a_limit;
                an_unknown_stream_has_no_events_and_no_merchant_sees_anothers;
                a_rejected_set_writes_nothing_of_itself;
                text_with_a_nul_or_past_its_maximum_is_refused_and_fails_no_neighbor;
                of_threads_that_append_at_one_version_exactly_one_wins;
                a_dropped_commit_is_there_as_a_whole_or_not_at_all;
            }
            proofs {
                an_event_proves_its_set_and_another_event_in_its_place_does_not;
                a_saga_proves_its_set_by_a_revision_that_it_has_reached;
                a_move_proves_its_set;
                a_hold_proves_its_set_by_its_own_id;
                a_consumer_proves_its_set_by_a_revision_that_it_has_reached_while_its_epoch_lasts;
                a_rejected_set_leaves_no_proof;
                a_proof_finds_the_position_of_its_own_event_or_of_the_last_movement_of_its_move;
            }
            judge {
                a_set_is_judged_by_claims_then_sagas_then_consumers_then_streams_then_holds_then_stock;
                a_hold_that_is_gone_is_told_before_stock_that_is_short_whatever_the_order_of_the_moves;
            }
            claims {
                a_claimed_key_is_refused_and_names_its_owner_and_whether_the_request_is_the_same;
                a_claim_reads_back_as_it_was_written;
                an_expired_claim_frees_its_key;
                the_expiry_of_a_claim_is_judged_by_the_time_of_the_set;
                one_key_is_free_in_another_space_and_for_another_merchant;
                of_two_sets_of_one_batch_that_claim_one_key_the_first_has_it;
                a_rejected_set_keeps_no_key;
                expired_claims_are_deleted_up_to_a_limit_and_none_that_stands;
                keys_are_told_apart_by_every_character;
            }
            moves {
                units_that_arrive_make_the_account_and_add_up;
                a_movement_records_what_a_move_did_who_caused_it_and_when;
                an_adjustment_counts_anew_and_never_goes_below_zero;
                an_adjustment_by_nothing_is_misuse;
                units_go_to_another_location_only_if_they_are_not_promised;
                units_on_backorder_cannot_go_to_another_location;
                a_set_of_moves_is_applied_as_a_whole_or_not_at_all;
                moves_of_a_set_run_in_order;
                a_move_repeated_with_the_same_content_changes_nothing;
                a_move_repeated_within_its_own_set_applies_once;
                a_move_repeated_with_other_content_is_misuse_and_changes_nothing;
                a_move_id_of_one_kind_is_misuse_in_another;
                safety_stock_is_never_promised_and_backorders_are_promised_beyond_what_is_there;
                backordered_units_leave_only_once_they_are_there;
                a_fact_that_takes_units_from_under_the_holds_records_a_shortfall_and_units_that_arrive_cover_it;
                limits_that_take_units_from_under_the_holds_record_a_shortfall;
                limits_below_zero_or_too_large_are_misuse;
                a_move_of_another_merchants_stock_is_misuse;
                the_largest_counts_add_up_without_wrapping;
                accounts_that_are_low_are_listed_and_others_are_not;
                the_summary_sums_over_all_accounts_of_a_merchant;
                accounts_are_listed_by_sku_and_location_and_asked_for_by_sku;
                movements_are_listed_from_the_newest_to_the_oldest_of_one_sku_alone;
                movements_of_a_sku_at_several_locations_are_one_list_in_the_order_of_their_commits;
                no_merchant_sees_anothers_stock;
                movements_of_a_shard_are_listed_as_they_were_recorded_whatever_their_business_time;
            }
            holds {
                a_hold_promises_units_and_reads_back_as_it_was_placed;
                a_hold_beyond_what_is_available_is_refused_with_the_numbers;
                one_sku_on_two_lines_is_one_demand;
                the_default_location_serves_a_hold_that_names_none;
                a_hold_that_may_not_be_split_is_served_by_the_first_location_that_can;
                a_hold_is_split_over_its_candidates_only_if_no_single_one_can_serve_it;
                a_location_that_is_no_candidate_serves_nothing;
                a_hold_with_too_many_candidates_is_misuse;
                a_confirmed_hold_stays_and_is_fulfilled_in_parts;
                an_unconfirmed_hold_is_not_fulfilled;
                units_leave_only_a_location_where_they_are_held;
                a_release_without_a_location_takes_the_last_placement_first;
                a_release_at_a_location_takes_from_there_alone_and_at_most_what_remains;
                a_confirmed_hold_can_be_released;
                a_hold_that_never_was_or_has_ended_is_gone_for_every_move;
                an_expired_hold_is_reclaimed_when_availability_falls_short;
                an_expired_hold_that_was_not_reclaimed_may_still_be_confirmed;
                a_confirmed_hold_is_never_reclaimed;
                an_extended_hold_lives_until_its_new_time;
                the_longest_expired_hold_is_reclaimed_first_and_no_more_than_needed;
                a_demand_that_stays_short_reclaims_nothing;
                the_sweeper_reclaims_an_expired_hold_and_leaves_a_living_one;
                expired_holds_of_all_merchants_are_listed_the_longest_expired_first;
                the_holds_of_an_owner_are_listed_by_id_ended_ones_included;
                a_hold_whose_account_fell_short_is_still_its_owners;
                a_repeated_hold_is_told_where_it_was_placed_the_first_time;
            }
            sagas {
                a_new_saga_reads_back_as_it_was_written;
                a_saga_that_begins_leased_has_epoch_1_and_is_nobody_elses;
                a_saga_that_exists_is_not_begun_again;
                a_step_is_written_with_the_epoch_and_the_revision_of_the_row_and_is_fenced_with_any_other;
                due_sagas_are_leased_the_most_overdue_first_and_up_to_a_limit;
                a_worker_leases_only_kinds_and_versions_that_it_knows;
                a_saga_is_leased_again_only_once_its_lease_has_run_out_on_the_stores_clock;
                a_zombie_worker_writes_nothing;
                a_lease_is_prolonged_by_its_holder_alone;
                a_step_that_releases_its_lease_lets_another_worker_go_on;
                only_running_sagas_are_leased;
                a_saga_without_a_due_time_runs_once_it_is_woken;
                a_wake_makes_a_saga_due_earlier_and_never_later;
                a_wake_fences_the_write_of_a_worker_that_decided_to_wait;
                a_wake_leaves_a_saga_alone_that_has_ended_or_is_stuck_or_never_was;
                a_rejected_set_moves_no_saga;
                sagas_are_listed_from_the_newest_by_phase_and_order_and_no_merchant_sees_anothers;
                a_saga_that_is_woken_several_times_in_one_set_is_due_at_the_earliest;
                no_merchant_moves_anothers_saga;
            }
            views {
                rows_read_back_as_they_were_written_and_replace_those_before;
                what_was_never_written_is_not_there;
                a_refund_through_several_payments_has_a_row_with_each;
                a_client_reads_its_own_writes;
                orders_are_listed_by_the_time_they_were_placed_the_newest_first;
                orders_are_found_by_customer_status_and_time;
                an_order_that_changes_its_status_leaves_the_list_of_the_old_one;
                a_walk_over_a_list_meets_every_row_once_while_rows_are_added;
                a_page_has_at_most_a_thousand_rows_whatever_is_asked_for;
                due_orders_of_all_merchants_are_listed_the_longest_due_first;
                payments_are_listed_from_the_newest_by_status_and_order;
                a_cursor_of_another_list_is_misuse;
            }
            documents {
                personal_data_reads_back_until_its_customer_is_erased;
                a_cart_is_written_only_over_the_revision_that_was_read;
                of_threads_that_write_one_revision_of_a_cart_exactly_one_wins;
                a_cart_is_written_and_another_deleted_both_or_neither;
                of_threads_that_merge_one_cart_into_two_exactly_one_wins;
                a_deleted_cart_is_gone;
                carts_that_expired_are_swept_up_to_a_limit_and_others_stay;
                items_read_back_as_they_were_written_in_the_order_asked_for;
                items_are_listed_by_sku;
            }
            feed {
                every_event_and_movement_stands_in_the_feed_of_its_shard_in_the_order_of_commits;
                an_event_in_the_feed_is_the_event_in_its_stream;
                mirrors_are_read_on_request_only;
                the_feed_is_read_after_a_position_and_up_to_a_limit;
                a_shard_that_is_not_there_has_no_items;
                the_heads_are_the_last_positions_of_the_shards;
                the_key_of_an_item_is_its_stream_or_its_account;
                a_reader_that_waits_is_told_of_a_commit;
            }
            consumers {
                progress_is_stored_with_its_effect_and_only_then;
                a_consumer_has_a_place_in_each_shard;
                progress_is_written_at_the_epoch_and_the_revision_of_the_row_and_is_outrun_at_any_other;
                a_shard_is_taken_by_another_runner_only_once_its_lease_has_run_out_on_the_stores_clock;
                a_zombie_runner_writes_nothing;
                a_lease_is_prolonged_and_given_back_by_its_holder_alone;
                of_runners_that_take_a_shard_at_once_exactly_one_has_it;
                of_runners_that_write_one_step_at_once_exactly_one_does;
                parked_items_are_written_with_the_progress_and_listed_by_shard_and_position;
                an_item_is_settled_once_and_only_if_it_is_parked;
                a_replay_marks_all_items_of_its_key_and_fences_the_runner;
                an_item_that_fails_again_stops_the_replay_of_its_key;
                an_item_that_is_parked_behind_another_is_replayed_when_that_one_is;
                one_item_is_dropped_and_those_behind_it_stay;
                a_reset_goes_anywhere_and_forgets_what_is_parked_behind_it;
                a_consumer_that_stands_in_a_set_twice_or_parks_an_item_twice_is_misuse;
                all_consumers_are_listed_by_name_and_shard;
            }
            audit {
                all_accounts_and_holds_of_all_merchants_are_read_page_by_page;
                all_rows_of_all_merchants_are_read_page_by_page;
                all_streams_of_all_merchants_are_read_with_their_last_versions;
                all_sagas_and_personal_data_of_all_merchants_are_read_page_by_page;
                all_claims_of_all_merchants_are_read_page_by_page_expired_ones_too;
                all_items_of_all_merchants_are_read_page_by_page;
                the_movements_of_holds_are_told_hold_by_hold_in_their_order;
                an_empty_store_has_empty_lists;
                a_cursor_of_another_audit_list_is_misuse;
            }
            verify {
                a_store_in_which_everything_has_happened_is_clean_and_every_check_looked_at_something;
                a_store_in_use_is_clean_at_any_time;
                an_empty_store_is_clean;
            }
            contention {
                of_n_buyers_of_k_units_exactly_k_get_one_and_the_others_a_clear_refusal;
                the_store_itself_refuses_a_write_that_oversells_whoever_sends_it;
                one_sku_on_two_lines_never_oversells_however_many_ask_at_once;
                of_many_that_claim_one_key_at_once_exactly_one_has_it_and_the_others_learn_who;
                after_any_mix_of_moves_by_many_threads_the_counters_equal_the_fold_of_the_ledger;
                a_move_sent_by_many_at_once_applies_once;
                readers_of_the_feed_see_every_item_once_and_in_order_while_writers_commit_and_are_refused;
                many_workers_lease_each_saga_once;
                of_workers_that_write_one_step_at_once_exactly_one_does;
                an_expired_hold_is_reclaimed_once_however_many_need_its_units;
                a_late_confirmation_and_a_new_buyer_never_both_get_the_last_unit;
            }
        }
    };
}

/// The same for the cases that only a durable store must pass: what was committed outlives the process.
#[macro_export]
macro_rules! conformance_durable {
    ($name:ident, $fixture:expr) => {
        $crate::conformance_cases! { $name, $fixture,
            durable {
                what_was_committed_is_there_after_the_store_is_opened_again;
                positions_and_versions_go_on_where_they_were_when_the_store_is_opened_again;
                what_was_deleted_stays_deleted_when_the_store_is_opened_again;
            }
        }
    };
}

/// The same for the cases that the engine must pass over every store: what buyers, tills and banks do to it, many at once.
#[macro_export]
macro_rules! conformance_engine {
    ($name:ident, $fixture:expr) => {
        $crate::conformance_cases! { $name, $fixture,
            checkout {
                of_n_buyers_of_k_units_exactly_k_get_an_order_and_the_others_a_clear_refusal;
                two_processes_never_sell_one_unit_twice;
                one_sku_on_two_lines_of_an_order_is_one_demand;
                one_idempotency_key_at_once_makes_one_order_and_gives_all_the_same_answer;
                another_request_under_a_used_idempotency_key_is_refused_and_names_what_the_first_made;
                one_cart_at_once_becomes_one_order_and_gives_all_the_same_answer;
                placing_a_paid_order_costs_two_commits_and_one_call_to_the_bank;
            }
            late {
                an_order_that_is_short_of_stock_moves_no_money;
                a_late_payment_whose_unit_was_sold_meanwhile_goes_back;
                a_late_sale_whose_unit_was_sold_meanwhile_is_refunded;
                a_late_payment_whose_unit_is_still_there_holds_it_anew;
                an_order_that_is_cancelled_while_its_payment_is_under_way_keeps_no_money;
                a_void_of_money_that_had_lapsed_is_done;
            }
            money {
                a_crash_around_the_banks_yes_ends_in_an_order_that_is_charged_once;
                one_payment_captured_by_many_at_once_is_captured_once;
                one_order_captured_by_many_at_once_is_captured_once;
                one_order_paid_by_many_at_once_is_charged_once;
                refunds_by_many_at_once_never_exceed_what_was_paid;
                a_refund_that_fails_leaves_what_was_paid_as_it_was_and_can_be_granted_again;
                the_parts_of_an_order_always_sum_to_what_the_bank_took;
            }
            reports {
                a_report_before_the_calls_answer_and_the_answer_are_one_fact;
                a_report_after_the_calls_answer_told_twice_and_again_at_the_end_is_no_further_fact;
                a_report_by_many_at_once_while_the_call_is_looked_up_is_one_fact;
                a_buyer_who_acts_late_and_another_card_at_once_pay_an_order_once;
                a_report_that_no_payment_or_another_bank_knows_is_refused_and_changes_nothing;
            }
            tellings {
                a_consumer_is_told_every_event_once_in_the_order_of_its_stream_and_never_before_it_is_true;
                what_was_refused_or_never_written_is_never_told;
            }
            consuming {
                every_item_is_handled_once_and_those_of_a_key_in_their_order;
                a_consumer_hears_of_commits_while_time_stands_still_and_ends_when_told;
                an_event_of_an_unknown_version_is_handed_over_raw_and_stops_nothing;
                a_handler_that_panics_parks_its_item_and_nothing_else;
                of_several_runners_of_one_name_one_at_a_time_has_a_shard;
                poison_blocks_its_own_key_alone_and_is_replayed_in_order;
                a_replay_that_fails_again_leaves_the_key_parked_in_its_order;
                a_dropped_item_is_never_handled_and_those_behind_it_are_when_they_are_replayed;
                a_consumer_that_may_park_no_more_stops_and_skips_nothing;
                a_projection_is_written_exactly_once_whatever_becomes_of_its_commits;
                a_runner_that_was_taken_for_dead_writes_nothing_when_it_wakes_up;
                poison_is_found_in_its_batch_and_what_stands_beside_it_is_written_once;
                a_projector_that_meddles_with_its_own_progress_parks_the_item;
                a_consumer_is_rebuilt_from_the_first_item_or_goes_on_from_any_place;
                what_operators_say_is_recorded_with_who_said_it;
                a_word_that_was_not_written_changes_nothing;
            }
            readers {
                eight_readers_see_exactly_what_thirty_two_writers_commit_each_item_once_and_in_order;
                a_page_has_a_share_of_every_shard_and_passes_over_what_is_anothers;
            }
            rebuilding {
                read_models_built_beside_a_bustling_shop_and_again_from_zero_are_those_that_the_commits_wrote;
            }
            walkaways {
                callers_that_walk_away_at_any_moment_do_their_work_once_or_not_at_all_and_block_nobody;
            }
            edits {
                an_edited_order_goes_on_at_once_as_if_it_had_been_placed_so;
                a_crash_in_an_edit_leaves_the_order_edited_or_not_and_never_between;
                edits_by_many_at_once_are_all_there_or_refused;
                of_many_who_saw_one_version_exactly_one_edits_it;
            }
            bustle {
                after_any_mix_of_what_many_people_do_stock_and_money_are_what_their_movements_make_them;
            }
            baskets {
                carts_merged_by_many_at_once_add_up_and_nothing_is_added_twice;
                nobodys_cart_is_merged_into_a_customers_and_another_persons_never;
                one_cart_checked_out_by_many_at_once_is_one_order_and_one_answer;
            }
        }
    };
}

/// The same for what the engine must survive over every store: each thing that can go wrong with each call to the store and to the
/// banks, one after the other. `fixture` is evaluated anew for each run; a test makes some hundreds of runs.
#[macro_export]
macro_rules! conformance_faults {
    ($name:ident, $fixture:expr) => {
        $crate::conformance_sweeps! { $name, $fixture,
            faults {
                wherever_a_commit_fails_or_is_lost_or_doubled_every_order_is_kept_and_paid_once;
                wherever_the_process_crashes_around_a_commit_every_order_is_kept_and_paid_once;
                whatever_goes_wrong_with_a_call_to_a_bank_every_order_is_kept_and_paid_once;
                whatever_goes_wrong_while_a_lost_call_is_looked_up_every_order_is_kept_and_paid_once;
                whatever_goes_wrong_with_a_lease_or_a_read_the_order_is_kept_and_paid_once;
                whatever_goes_wrong_while_a_lost_commit_is_looked_for_the_order_is_kept_and_paid_once;
                whatever_goes_wrong_while_a_failed_step_is_put_off_the_order_is_kept_and_paid_once;
                whatever_goes_wrong_while_a_lease_is_renewed_the_order_is_paid_once;
                whatever_goes_wrong_a_client_that_walks_away_pays_for_an_order_or_nothing;
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! conformance_sweeps {
    ($name:ident, $fixture:expr, $room:ident { $($case:ident;)* }) => {
        mod $name {
            mod $room {
                use super::super::*;
                $(
                    #[test]
                    fn $case() {
                        $crate::testkit::cases::$room::$case(&|| ::std::boxed::Box::new($fixture));
                    }
                )*
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! conformance_cases {
    ($name:ident, $fixture:expr, $($room:ident { $($case:ident;)* })*) => {
        mod $name {
            $(mod $room {
                use super::super::*;
                $(
                    #[test]
                    fn $case() {
                        $crate::testkit::run($fixture, $crate::testkit::cases::$room::$case);
                    }
                )*
            })*
        }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_in_the_suite() {
        let suite = include_str!("conformance.rs");
        let rooms = [
            ("journal", include_str!("cases/journal.rs")),
            ("proofs", include_str!("cases/proofs.rs")),
            ("judge", include_str!("cases/judge.rs")),
            ("claims", include_str!("cases/claims.rs")),
            ("moves", include_str!("cases/moves.rs")),
            ("holds", include_str!("cases/holds.rs")),
            ("sagas", include_str!("cases/sagas.rs")),
            ("views", include_str!("cases/views.rs")),
            ("documents", include_str!("cases/documents.rs")),
            ("feed", include_str!("cases/feed.rs")),
            ("consumers", include_str!("cases/consumers.rs")),
            ("audit", include_str!("cases/audit.rs")),
            ("contention", include_str!("cases/contention.rs")),
            ("durable", include_str!("cases/durable.rs")),
            ("checkout", include_str!("cases/checkout.rs")),
            ("late", include_str!("cases/late.rs")),
            ("money", include_str!("cases/money.rs")),
            ("reports", include_str!("cases/reports.rs")),
            ("tellings", include_str!("cases/tellings.rs")),
            (
                "consuming",
                concat!(
                    include_str!("cases/consuming/handling.rs"),
                    include_str!("cases/consuming/parking.rs"),
                    include_str!("cases/consuming/projecting.rs"),
                    include_str!("cases/consuming/operators.rs"),
                ),
            ),
            ("readers", include_str!("cases/readers.rs")),
            ("rebuilding", include_str!("cases/rebuilding.rs")),
            ("walkaways", include_str!("cases/walkaways.rs")),
            ("edits", include_str!("cases/edits.rs")),
            ("bustle", include_str!("cases/bustle.rs")),
            ("baskets", include_str!("cases/baskets.rs")),
            ("faults", include_str!("cases/faults.rs")),
            ("verify", include_str!("cases/verify.rs")),
        ];
        let mut cases = 0;
        for (room, source) in rooms {
            let (_, listed) = suite.split_once(&format!("            {room} {{\n")).unwrap_or_else(|| panic!("{room} is not in the suite"));
            let listed: Vec<&str> = listed.lines().map_while(|line| line.trim().strip_suffix(';')).collect();
            let written: Vec<&str> = source
                .lines()
                .filter_map(|line| line.strip_prefix("pub async fn ").or_else(|| line.strip_prefix("pub fn ")))
                .filter_map(|rest| rest.split_once('('))
                .map(|(name, _)| name)
                .collect();
            assert_eq!(listed, written, "{room}");
            cases += written.len();
        }
        assert!(cases > 100, "only {cases} cases were found");
    }
}
