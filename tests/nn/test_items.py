"""What the lectures teach, item by item, and the test that checks each against an outside source.

The source is the written formula, finite differences or PyTorch; the tests themselves show it. Here only
the table is checked: every test that it names exists.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ITEMS: dict[str, tuple[str, ...]] = {
    # activations
    "activations: value and derivative up to ±1000": (
        "test_activations.test_value_and_derivative_are_the_formulas_up_to_a_thousand",
        "test_activations.test_first_and_second_derivatives_agree_with_finite_differences",
        "test_activations.test_functions_equal_pytorchs_and_so_do_their_derivatives_at_the_kink",
    ),
    "activations: float32, Values": (
        "test_activations.test_float32_stays_float32_and_is_as_stable",
        "test_activations.test_values_lists_arrays_and_numbers_give_what_tensors_give",
    ),
    "activations: kinks, ReLU's at_zero, binary step": (
        "test_activations.test_the_derivative_at_a_kink_is_the_one_in_the_table",
        "test_activations.test_the_binary_step_takes_the_value_at_zero_it_is_told",
    ),
    "Soboleva's modified tanh": (
        "test_activations.test_smht_is_its_quotient_and_its_derivative_the_quotients",
        "test_activations.test_smht_at_a_thousand_is_its_limit",
    ),
    "PReLU, RReLU, Swish": (
        "test_activations.test_the_slope_of_prelu_is_learned_one_or_one_per_unit",
        "test_activations.test_rrelu_draws_a_slope_per_element_in_training_and_takes_the_mean_in_use",
        "test_activations.test_the_beta_of_swish_is_learned_by_option",
    ),
    "softmax over an axis, maxout, PyTorch's glu": (
        "test_activations.test_softmax_and_its_logarithm_act_along_any_axis",
        "test_activations.test_maxout_is_the_largest_of_each_group_and_only_that_one_gets_the_gradient",
        "test_activations.test_functional_glu_is_pytorchs_split_along_any_axis",
    ),
    "gated layers": (
        "test_gated.test_the_first_factor_is_the_gate_of_w_and_the_second_is_the_map_of_v",
        "test_gated.test_derivatives_by_input_weights_and_biases_agree_with_finite_differences",
        "test_gated.test_names_dtypes_errors_and_stability",
    ),
    "PairProduct and Power": (
        "test_multiplicative.test_a_pair_product_has_the_other_factor_as_its_derivative",
        "test_multiplicative.test_power_and_its_derivative_are_the_slides_also_at_zero_and_below",
        "test_multiplicative.test_learned_exponents_have_the_derivative_out_times_the_logarithm",
        "test_multiplicative.test_an_error_names_the_entry_that_is_not_above_zero",
    ),
    # losses
    "losses: what is averaged": (
        "test_losses.test_reductions_are_the_mean_and_the_sum_of_none",
        "test_losses.test_one_instance_is_a_vector",
        "test_losses.test_the_table_of_totals_gives_cmus_loss",
        "test_losses.test_the_table_of_totals_gives_dd2424s_j",
        "test_losses.test_the_table_of_totals_gives_cs_453xs_f",
        "test_losses.test_the_table_of_totals_gives_the_notes_sum",
    ),
    "losses: derivatives, ±1000, float32": (
        "test_losses.test_derivatives_agree_with_finite_differences",
        "test_losses.test_scores_of_1000_give_the_right_value_and_gradient",
        "test_losses_binary.test_logits_of_1000_give_the_right_value_and_gradient",
        "test_losses.test_float32_stays_float32",
    ),
    "l2, mse, l1, huber": (
        "test_losses.test_l2_divergence_is_half_the_squared_distance",
        "test_losses.test_mse_equals_pytorchs",
        "test_losses.test_huber_and_l1_equal_pytorchs",
    ),
    "hinge, multi-class hinge, perceptron loss": (
        "test_losses_margins.test_hinge_is_max_of_0_and_1_minus_the_margin",
        "test_losses_margins.test_multiclass_hinge_is_the_sum_over_the_other_classes",
        "test_losses_margins.test_perceptron_loss_is_max_of_0_and_minus_t_s",
    ),
    "cross-entropy with every option": (
        "test_losses_entropy.test_cross_entropy_is_minus_log_softmax_and_its_derivative_p_minus_d",
        "test_losses_entropy.test_weights_and_smoothing_equal_pytorchs",
        "test_losses_entropy.test_ignored_instances_equal_pytorchs",
    ),
    "KL: formula, minimum, one-hot, swapped arguments, zeros": (
        "test_losses_entropy.test_kl_divergence_equals_its_formula_and_pytorchs",
        "test_losses_entropy.test_kl_is_0_at_its_least_where_cross_entropy_is_the_entropy",
        "test_losses_entropy.test_one_hot_kl_at_y_equal_d_has_derivative_minus_1_and_not_0",
        "test_losses_entropy.test_the_arguments_of_kl_are_not_alike",
        "test_losses_entropy.test_an_impossible_class_contributes_nothing_to_kl_even_at_0",
        "test_losses_entropy.test_kl_is_infinite_where_the_prediction_rules_out_what_occurs",
        "test_losses_entropy.test_kl_from_logits_is_kl_of_the_softmax_with_the_derivative_p_minus_d",
    ),
    "binary losses": (
        "test_losses_binary.test_binary_cross_entropy_equals_pytorchs",
        "test_losses_binary.test_binary_kl_adds_the_targets_own_terms",
        "test_losses_binary.test_binary_kl_and_binary_cross_entropy_have_one_gradient",
    ),
    "label smoothing": (
        "test_losses_entropy.test_smooth_labels_are_the_lectures_form",
        "test_losses_entropy.test_pytorchs_smoothing_is_k_times_the_lectures_epsilon",
    ),
    "checked targets": (
        "test_losses_entropy.test_bad_classes_are_refused",
        "test_losses_entropy.test_rows_sum_to_1_within_the_dtypes_tolerance",
        "test_losses_binary.test_a_target_outside_0_and_1_is_named",
    ),
    "regularisation": (
        "test_regularisers.test_l2_is_lambda_times_the_squared_weights_and_its_gradient_2_lambda_w",
        "test_regularisers.test_a_penalty_is_its_formula_over_weights_alone",
        "test_optim.test_weight_decay_in_sgd_is_half_the_squared_norm_in_the_loss",
    ),
    "dropout": (
        "test_dropout.test_each_number_is_left_out_with_probability_p_or_divided_by_1_minus_p",
        "test_dropout.test_the_derivative_is_the_mask_that_the_call_drew",
        "test_dropout.test_after_eval_it_is_the_identity_and_train_brings_it_back",
    ),
    # initialisation and normalisation
    "initialisation by formula": (
        "test_init.test_a_named_rule_has_the_standard_deviation_of_its_formula",
        "test_init.test_orthogonal_has_orthonormal_rows_or_columns",
        "test_init.test_gains_are_pytorchs",
    ),
    "LSUV and random walk": (
        "test_init.test_lsuv_gives_every_linear_unit_variance_in_one_pass",
        "test_init.test_random_walk_takes_the_equation_of_the_activation_in_an_mlp",
    ),
    "PyTorch's names in place": (
        "test_init_in_place.test_pytorchs_names_change_a_tensor_in_place_and_return_it",
    ),
    "batch normalisation: the slides' three lines": (
        "test_normalisation_rows.test_the_gradient_equals_the_slides_three_lines",
        "test_normalisation_rows.test_the_variance_does_not_depend_on_its_centre_to_first_order",
        "test_normalisation_rows.test_two_instances_become_plus_and_minus_one_but_for_epsilon",
        "test_normalisation_rows.test_a_fused_row_equals_its_composite_to_second_order",
    ),
    "norm layers against PyTorch": (
        "test_normalisation.test_batch_norm_follows_pytorchs_over_several_steps",
        "test_normalisation.test_a_batch_of_one_in_training_raises_and_changes_nothing",
    ),
    "running statistics": (
        "test_normalisation.test_running_statistics_are_the_lectures_average_with_alpha",
        "test_normalisation.test_running_average_is_the_plain_mean_over_the_training_batches",
    ),
    # optimisers, schedules, historic learners
    "optimisers": (
        "test_optim.test_fifty_steps_are_pytorchs",
        "test_optim.test_a_gradient_that_is_not_finite_raises_and_changes_nothing",
        "test_optim.test_a_step_that_no_pass_reached_raises_and_changes_nothing",
        "test_optim.test_copies_of_model_and_optimiser_stay_tied_and_apart",
    ),
    "schedules": (
        "test_schedules.test_fifty_steps_under_a_schedule_are_pytorchs",
        "test_schedules.test_a_triangle_is_the_assignments_formula",
        "test_schedules.test_a_plateau_is_noticed_when_pytorch_notices_it",
    ),
    "clipping": (
        "test_clipping.test_clipping_by_norm_is_pytorchs",
        "test_clipping.test_clipping_by_value_is_pytorchs",
    ),
    "historic learners": (
        "test_historic.test_it_converges_on_separable_data_within_novikoffs_bound",
        "test_historic.test_on_data_that_is_not_separable_it_stops_and_says_so",
        "test_historic.test_the_perceptron_is_sgd_on_the_perceptron_loss_from_weights_of_zero",
        "test_historic.test_rule_one_takes_the_steps_of_its_xor_example_worked_by_hand",
    ),
    # training, data, inspection, the digits
    "fit": (
        "test_training.test_mini_batches_take_the_steps_of_the_loop_written_by_hand",
        "test_training.test_tolerance_stops_at_the_first_update_that_changes_the_loss_by_no_more",
        "test_training.test_patience_stops_after_epochs_without_a_new_best_and_keeps_or_restores",
        "test_training.test_ctrl_c_finishes_the_step_and_keeps_what_there_is",
        "test_training_views.test_the_progress_bar_shows_on_a_terminal_only",
    ),
    "a loss that is not a number": (
        "test_training_divergence.test_a_nan_loss_names_the_step_the_batch_and_the_first_bad_primitive",
    ),
    "gradients of instances and of batches": (
        "test_training_batches.test_the_gradient_of_a_batch_is_the_sum_or_mean_of_those_of_its_instances",
    ),
    "metrics": (
        "test_metrics.test_top_k_agrees_with_pytorch",
        "test_metrics.test_precision_and_recall_are_counted_and_nan_where_nothing_is",
    ),
    "data": (
        "test_data.test_without_noise_points_lie_on_their_curves",
        "test_data.test_a_damaged_mnist_file_is_named_with_the_place",
        "test_data.test_a_damaged_cifar_file_is_named_with_the_place",
        "test_data.test_the_pickled_version_of_cifar10_is_never_opened",
        "test_data.test_the_training_set_is_standardised_to_mean_0_and_variance_1",
    ),
    "inspection": (
        "test_inspect.test_every_layers_activations_and_gradients_are_those_of_the_formulas",
        "test_inspect.test_dead_units_and_zeros_are_counted",
        "test_inspect.test_saturation_is_the_fraction_of_slopes_that_are_small",
        "test_inspect.test_the_update_ratio_is_the_length_of_the_step_by_that_of_the_weights",
        "test_inspect.test_the_decision_boundary_shows_what_the_model_says",
    ),
    "the digits asked otherwise": (
        "test_digits.test_kl_divergence_trains_as_cross_entropy_does_for_targets_that_are_certain",
        "test_digits.test_a_2_or_not_is_told_by_one_sigmoid_far_better_than_by_the_majority",
        "test_digits.test_an_eleventh_output_refuses_what_is_no_digit_and_still_reads_digits",
        "test_digits.test_every_optimiser_learns_the_digits",
        "test_digits.test_every_schedule_learns_the_digits_and_moves_the_rate_as_its_name_says",
    ),
}


def known_tests() -> set[str]:
    """``file.test`` of every test in this folder."""
    return {
        f"{path.stem}.{node.name}"
        for path in Path(__file__).parent.glob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize("item", ITEMS)
def test_every_test_that_is_named_for_an_item_exists(item: str) -> None:
    missing = set(ITEMS[item]) - known_tests()
    assert missing == set()
