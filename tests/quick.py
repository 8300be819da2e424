"""The quick form of the suite: `python -m pytest -m quick`, a look into every room in about a minute.

It is the first case of every test, but for those in `SLOW`, for notebooks and for browsers.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

__all__ = ["SLOW", "mark"]

SLOW = {
    "tests/nn/test_data.py": (
        "test_a_cifar_file_is_read_or_a_value_error_names_it",
        "test_a_damaged_file_of_the_package_is_named",
        "test_a_file_is_read_or_a_value_error_names_it",
        "test_no_more_is_decompressed_than_the_header_promises",
    ),
    "tests/nn/test_digits.py": (
        "test_a_2_or_not_is_told_by_one_sigmoid_far_better_than_by_the_majority",
        "test_a_plateau_is_one_of_the_training_loss_and_held_out_digits_steer_nothing",
        "test_an_eleventh_output_refuses_what_is_no_digit_and_still_reads_digits",
        "test_ctrl_c_leaves_the_epochs_that_were_made",
        "test_every_optimiser_learns_the_digits",
        "test_every_schedule_learns_the_digits_and_moves_the_rate_as_its_name_says",
        "test_held_out_digits_are_read_with_97_percent_and_more",
        "test_normalisation_and_initialisation_are_chosen_by_name",
        "test_the_command_answers_other_questions",
        "test_the_module_runs_as_a_command",
        "test_the_weights_give_the_trained_network_back",
    ),
    "tests/nn/test_init.py": ("test_rules_that_keep_variance_keep_it_through_layers",),
    "tests/nn/test_inspect.py": (
        "test_a_layer_that_passes_nothing_on_is_drawn_without_a_complaint",
        "test_histograms_that_have_an_axis_in_common_share_its_numbers",
    ),
    "tests/nn/test_scalar.py": (
        "test_the_cells_of_micrograds_demo_learn",
        "test_the_demo_gives_micrograds_numbers_from_the_same_seed",
    ),
    "tests/nn/test_training_views.py": (
        "test_a_history_plots_itself_and_prints_why_training_ended",
        "test_without_a_bar_nothing_is_started",
    ),
    "tests/nn/test_watching.py": (
        "test_in_a_notebook_one_picture_is_redrawn_until_the_end",
        "test_networks_of_values_are_watched_too",
        "test_the_curve_grows_and_the_boundary_bends",
        "test_without_snapshots_the_curve_and_the_metric_grow",
    ),
    "tests/programs/test_arbitrary.py": (
        "test_a_random_program_is_the_same_however_it_is_computed",
        "test_random_programs_reach_every_row_and_every_function_of_numpy",
    ),
    "tests/programs/test_graphs.py": (
        "test_a_replay_of_a_random_graph_of_both_kinds_is_the_eager_pass",
        "test_a_replay_of_a_random_graph_of_values_is_the_eager_pass_for_every_instance",
    ),
    "tests/programs/test_planning.py": (
        "test_a_deep_chain_is_replayed",
        "test_a_graph_of_100_000_values_is_planned_and_the_work_grows_as_it_does",
        "test_a_network_of_40_000_values_is_planned",
        "test_memory_grows_as_the_graph_does",
    ),
    "tests/programs/test_settings.py": (
        "test_settings_are_no_part_of_copies_and_keep_no_module_alive",
    ),
    "tests/programs/native/test_tensor_native.py": (
        "test_random_graphs_are_what_the_eager_pass_is",
    ),
    "tests/programs/test_threads.py": (
        "test_a_fork_during_the_passes_of_other_threads_leaves_a_child_that_works",
    ),
    "tests/test_architecture.py": (
        "test_a_row_is_declared_where_rows_are_and_nowhere_else",
        "test_autograd_never_imports_nn",
    ),
    "tests/test_benchmarks.py": (
        "test_a_check_tells_a_wrong_gradient_from_a_right_one",
        "test_a_checkout_is_held_against_an_older_one",
        "test_a_contestant_computes_what_pytorch_computes",
        "test_a_missing_peer_is_a_line",
        "test_a_run_with_nothing_but_the_core_prints_tables_and_draws",
        "test_scaling_measures_each_size_and_leaves_out_what_fails",
        "test_the_older_checkout_is_what_is_measured",
    ),
    "tests/test_command_line.py": ("test_the_command_of_the_readme_writes_a_lesson",),
    "tests/views/derivation/test_derivation_rows.py": (
        "test_most_samples_are_written_and_not_refused",
    ),
    "tests/views/derivation/test_derivation_values.py": (
        "test_a_chain_of_many_nodes_needs_no_recursion",
    ),
    "tests/views/drawing/test_drawing.py": (
        "test_a_chain_of_100000_nodes_can_be_written_whole_without_recursion",
        "test_a_graph_with_many_long_edges_is_laid_out_with_straight_ones",
    ),
    "tests/test_expressions.py": (
        "test_a_mistake_shows_no_traceback_in_a_process_of_its_own",
        "test_without_arguments_the_help_is_printed",
    ),
    "tests/views/drawing/test_folding.py": (
        "test_a_chain_shows_its_beginning_and_its_end_and_counts_what_is_between",
        "test_a_folded_picture_is_the_same_text_each_time",
        "test_a_large_graph_is_drawn_in_few_boxes_that_tell_the_truth",
    ),
    "tests/engine/test_graph_limits.py": (
        "test_a_chain_of_a_million_nodes_survives_everything_with_a_low_recursion_limit",
        "test_a_deep_tensor_graph_survives_everything",
        "test_a_scalar_node_takes_at_most_320_bytes_after_the_backward_pass",
    ),
    "tests/support/test_installing.py": (
        "test_every_hint_comes_from_the_one_function_and_names_an_extra_that_there_is",
    ),
    "tests/views/drawing/test_layout.py": (
        "test_no_box_overlaps_another_and_edges_end_where_they_should",
    ),
    "tests/programs/native/test_native.py": (
        "test_code_of_several_functions_gives_the_same_numbers",
    ),
    "tests/support/test_neighbours.py": ("test_nothing_is_said_where_nothing_is_wrong",),
    "tests/engine/test_random_graphs.py": (
        "test_a_second_pass_over_a_random_graph_leaves_the_same_again",
        "test_forward_and_backward_agree_on_a_random_graph",
        "test_the_gradient_of_a_random_graph_is_that_of_central_differences",
        "test_the_gradient_reaches_exactly_the_leaves_below",
        "test_the_second_derivative_of_a_random_graph_is_the_difference_of_the_first",
    ),
    "tests/support/test_saving.py": (
        "test_a_disk_that_is_full_in_the_middle_leaves_the_old_file",
        "test_a_killed_writer_leaves_the_old_file_and_its_part_is_written_over",
        "test_a_run_that_is_killed_keeps_the_weights_of_the_one_before",
    ),
    "tests/views/stepping/test_stepper.py": (
        "test_300_steps_stay_below_a_megabyte_and_are_all_there",
        "test_a_hundred_thousand_nodes_are_grouped_and_the_work_grows_as_they_do",
        "test_groups_of_a_graph_without_order_stay_under_a_megabyte",
        "test_three_hundred_steps_with_long_names_and_many_crossings_stay_under_a_megabyte",
    ),
    "tests/views/stepping/test_steps.py": (
        "test_equations_are_true_as_they_are_printed_with_few_digits",
        "test_formulas_with_numbers_are_true_equations",
        "test_so_they_do_on_values_alone",
        "test_the_contributions_add_up_to_what_backward_leaves",
    ),
    "tests/views/stepping/test_steps_limits.py": (
        "test_a_chain_of_a_million_nodes_is_stepped_through",
    ),
    "tests/engine/test_tracebacks.py": (
        "test_pytest_shows_the_users_lines",
        "test_pytest_shows_where_the_library_itself_failed",
    ),
}
"""Tests whose cases take half a second and more, by their files."""


def mark(items: Iterable[pytest.Item]) -> None:
    """Give the tests of the quick form their marker."""
    seen: set[str] = set()
    for item in items:
        test = item.nodeid.partition("[")[0]
        file, _, name = test.partition("::")
        if test in seen or name in SLOW.get(file, ()):
            continue
        seen.add(test)
        if not file.startswith("tests/browser/") and not item.get_closest_marker("notebooks"):
            item.add_marker(pytest.mark.quick)
