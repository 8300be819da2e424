"""What the lectures teach, item by item, and the test that checks each against an outside source.

The source is the written formula, finite differences, PyTorch or a count by hand; the tests themselves
show it. Here only the table is checked: every test that it names exists, and so does every case of a
test, which stands in brackets.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

FORMULA = "test_activations.test_value_and_derivative_are_the_formulas_up_to_a_thousand"
DIFFERENCES = "test_activations.test_first_and_second_derivatives_agree_with_finite_differences"
TORCH = "test_activations.test_functions_equal_pytorchs_and_so_do_their_derivatives_at_the_kink"
GATED = "test_gated.test_the_first_factor_is_the_gate_of_w_and_the_second_is_the_map_of_v"
LOSS = "test_losses.test_derivatives_agree_with_finite_differences"
STABLE = "test_losses.test_scores_of_1000_give_the_right_value_and_gradient"
STD = "test_init.test_a_named_rule_has_the_standard_deviation_of_its_formula"
STEPS = "test_optim.test_fifty_steps_are_pytorchs"
RATES = "test_schedules.test_fifty_steps_under_a_schedule_are_pytorchs"
SETS = "test_data.test_points_come_in_equal_classes_and_a_seed_repeats_them"
CURVES = "test_data.test_without_noise_points_lie_on_their_curves"
BATCH = (
    "test_training_batches."
    "test_the_gradient_of_a_batch_is_the_sum_or_mean_of_those_of_its_instances"
)

ITEMS: dict[str, tuple[str, ...]] = {
    # activations
    "identity": (f"{FORMULA}[identity]",),
    "binary step": (
        f"{FORMULA}[binary step]",
        "test_activations.test_the_binary_step_takes_the_value_at_zero_it_is_told",
    ),
    "sigmoid": (f"{FORMULA}[sigmoid]",),
    "tanh": (f"{FORMULA}[tanh]",),
    "Soboleva's modified tanh": (
        f"{FORMULA}[smht]",
        "test_activations.test_smht_is_its_quotient_and_its_derivative_the_quotients",
        "test_activations.test_smht_at_a_thousand_is_its_limit",
    ),
    "ReLU": (f"{FORMULA}[relu]", f"{TORCH}[relu]"),
    "ReLU's subgradient at 0, an option": (
        f"{FORMULA}[relu, 1 at 0]",
        f"{FORMULA}[relu, 0.3 at 0]",
        "test_activations.test_relu_refuses_what_is_no_subgradient",
    ),
    "leaky ReLU, slope 0.01 and 0.1": (
        f"{FORMULA}[leaky]",
        f"{FORMULA}[leaky 0.1]",
        f"{TORCH}[leaky]",
    ),
    "PReLU": (
        f"{FORMULA}[prelu]",
        "test_activations.test_the_slope_of_prelu_is_learned_one_or_one_per_unit",
    ),
    "RReLU": (
        f"{FORMULA}[rrelu]",
        f"{TORCH}[rrelu in evaluation]",
        "test_activations.test_rrelu_draws_a_slope_per_element_in_training_and_takes_the_mean_in_use",
    ),
    "ELU": (f"{FORMULA}[elu]", f"{TORCH}[elu]"),
    "SELU": (f"{FORMULA}[selu]", f"{TORCH}[selu]"),
    "GELU, exact": (f"{FORMULA}[gelu]", f"{TORCH}[gelu]"),
    "GELU by tanh": (f"{TORCH}[gelu by tanh]",),
    "softplus with β": (f"{FORMULA}[softplus]", f"{FORMULA}[softplus 3]", f"{TORCH}[softplus]"),
    "SiLU": (f"{FORMULA}[silu]", f"{TORCH}[silu]"),
    "Swish, β learned by option": (
        f"{FORMULA}[swish 2]",
        "test_activations.test_the_beta_of_swish_is_learned_by_option",
    ),
    "softmax and log-softmax over an axis": (
        f"{TORCH}[softmax]",
        f"{TORCH}[log softmax]",
        "test_activations.test_softmax_and_its_logarithm_act_along_any_axis",
    ),
    "maxout": (
        "test_activations.test_maxout_is_the_largest_of_each_group_and_only_that_one_gets_the_gradient",
    ),
    "hard tanh": (f"{FORMULA}[hardtanh]",),
    "Mish": (f"{FORMULA}[mish]", f"{TORCH}[mish]"),
    "activations by finite differences": (DIFFERENCES,),
    "activations in float32": ("test_activations.test_float32_stays_float32_and_is_as_stable",),
    "activations on Values": (
        "test_activations.test_values_lists_arrays_and_numbers_give_what_tensors_give",
    ),
    "kinks of activations": (
        "test_activations.test_the_derivative_at_a_kink_is_the_one_in_the_table",
    ),
    "GLU": (f"{GATED}[GLU]",),
    "ReGLU": (f"{GATED}[ReGLU]",),
    "GEGLU": (f"{GATED}[GEGLU]",),
    "SwiGLU(beta)": (f"{GATED}[SwiGLU 2]", f"{GATED}[SwiGLU, learned]"),
    "gated layers: weights and biases": (
        "test_gated.test_derivatives_by_input_weights_and_biases_agree_with_finite_differences",
    ),
    "nn.GLU() raises; the split is functional.glu": (
        "test_gated.test_names_dtypes_errors_and_stability",
        "test_activations.test_functional_glu_is_pytorchs_split_along_any_axis",
        f"{TORCH}[glu]",
    ),
    "PairProduct": (
        "test_multiplicative.test_a_pair_product_has_the_other_factor_as_its_derivative",
    ),
    "Power": (
        "test_multiplicative.test_power_and_its_derivative_are_the_slides_also_at_zero_and_below",
        "test_multiplicative.test_negative_integer_exponents_take_any_sign_but_zero",
    ),
    "Power, learned": (
        "test_multiplicative.test_learned_exponents_have_the_derivative_out_times_the_logarithm",
        "test_multiplicative.test_an_error_names_the_entry_that_is_not_above_zero",
    ),
    # losses
    "reduction": (
        "test_losses.test_reductions_are_the_mean_and_the_sum_of_none",
        "test_losses.test_every_way_of_reducing_gives_its_gradient",
    ),
    "a vector is one instance": ("test_losses.test_one_instance_is_a_vector",),
    "the table of totals: CMU's Loss": ("test_losses.test_the_table_of_totals_gives_cmus_loss",),
    "the table of totals: DD2424's J": ("test_losses.test_the_table_of_totals_gives_dd2424s_j",),
    "the table of totals: CS 453X's f": ("test_losses.test_the_table_of_totals_gives_cs_453xs_f",),
    "the table of totals: the notes' Σ|y − a|²": (
        "test_losses.test_the_table_of_totals_gives_the_notes_sum",
    ),
    "L2 divergence": (
        "test_losses.test_l2_divergence_is_half_the_squared_distance",
        f"{LOSS}[L2 divergence]",
    ),
    "mse": ("test_losses.test_mse_equals_pytorchs",),
    "l1": (
        "test_losses.test_huber_and_l1_equal_pytorchs",
        "test_losses.test_l1_has_derivative_0_where_it_is_0",
    ),
    "huber": (
        "test_losses.test_huber_and_l1_equal_pytorchs",
        "test_losses.test_hubers_derivative_is_the_error_kept_between_its_bounds",
    ),
    "hinge": ("test_losses_margins.test_hinge_is_max_of_0_and_1_minus_the_margin",),
    "multi-class hinge": (
        "test_losses_margins.test_multiclass_hinge_is_the_sum_over_the_other_classes",
        "test_losses_margins.test_multi_margin_loss_equals_pytorchs",
    ),
    "perceptron loss": (
        "test_losses_margins.test_perceptron_loss_is_max_of_0_and_minus_t_s",
        "test_losses_margins.test_the_subgradient_at_0_can_be_chosen",
    ),
    "cross-entropy": (
        "test_losses_entropy.test_cross_entropy_is_minus_log_softmax_and_its_derivative_p_minus_d",
        "test_losses_entropy.test_cross_entropy_equals_pytorchs",
    ),
    "cross-entropy: class weights, label_smoothing": (
        "test_losses_entropy.test_weights_and_smoothing_equal_pytorchs",
        "test_losses_entropy.test_derivatives_with_every_option_agree_with_finite_differences",
    ),
    "cross-entropy: ignore_index": (
        "test_losses_entropy.test_ignored_instances_equal_pytorchs",
        "test_losses_entropy.test_an_ignored_instance_costs_nothing_and_sends_nothing_back",
    ),
    "binary cross-entropy on probabilities and logits": (
        "test_losses_binary.test_binary_cross_entropy_is_its_formula_over_elements",
        "test_losses_binary.test_binary_cross_entropy_equals_pytorchs",
        "test_losses_binary.test_from_logits_is_the_same_after_the_sigmoid",
    ),
    "KL divergence": ("test_losses_entropy.test_kl_divergence_equals_its_formula_and_pytorchs",),
    "KL from logits": (
        "test_losses_entropy.test_kl_from_logits_is_kl_of_the_softmax_with_the_derivative_p_minus_d",
    ),
    "binary KL": (
        "test_losses_binary.test_binary_kl_adds_the_targets_own_terms",
        "test_losses_binary.test_binary_kl_and_binary_cross_entropy_have_one_gradient",
        "test_losses_binary.test_binary_kl_and_binary_cross_entropy_coincide_for_targets_of_0_and_1",
    ),
    "KL: terms of 0, and infinity": (
        "test_losses_entropy.test_an_impossible_class_contributes_nothing_to_kl_even_at_0",
        "test_losses_entropy.test_kl_is_infinite_where_the_prediction_rules_out_what_occurs",
    ),
    "KL's minimum is 0": (
        "test_losses_entropy.test_kl_is_0_at_its_least_where_cross_entropy_is_the_entropy",
    ),
    "KL and cross-entropy coincide for one-hot targets": (
        "test_losses_entropy.test_kl_and_cross_entropy_coincide_for_certainties",
        "test_losses_entropy.test_kl_and_cross_entropy_from_logits_coincide_for_certainties",
    ),
    "KL at y = d has derivative −1": (
        "test_losses_entropy.test_one_hot_kl_at_y_equal_d_has_derivative_minus_1_and_not_0",
    ),
    "KL's arguments swapped": (
        "test_losses_entropy.test_the_arguments_of_kl_are_not_alike",
        "test_losses_binary.test_the_arguments_are_not_alike",
    ),
    "label smoothing, the lecture's and PyTorch's": (
        "test_losses_entropy.test_smooth_labels_are_the_lectures_form",
        "test_losses_entropy.test_pytorchs_smoothing_is_k_times_the_lectures_epsilon",
    ),
    "losses at ±1000, both dtypes": (
        STABLE,
        "test_losses_binary.test_logits_of_1000_give_the_right_value_and_gradient",
        "test_losses.test_float32_stays_float32",
    ),
    "losses by finite differences": (LOSS,),
    "checked targets: shape": (
        "test_losses.test_a_target_of_another_shape_is_refused_not_broadcast",
    ),
    "checked targets: class": ("test_losses_entropy.test_bad_classes_are_refused",),
    "checked targets: rows sum to 1": (
        "test_losses_entropy.test_rows_sum_to_1_within_the_dtypes_tolerance",
    ),
    "checked targets: binary": ("test_losses_binary.test_a_target_outside_0_and_1_is_named",),
    "losses as modules": (
        "test_losses_modules.test_a_module_is_its_function",
        "test_losses_modules.test_every_loss_of_pytorchs_name_has_pytorchs_default",
    ),
    # regularisation
    "regularisers.l2": (
        "test_regularisers.test_l2_is_lambda_times_the_squared_weights_and_its_gradient_2_lambda_w",
    ),
    "l2 with half=True, l1, elastic net": (
        "test_regularisers.test_a_penalty_is_its_formula_over_weights_alone",
        "test_regularisers.test_a_penalty_keeps_float32_and_agrees_with_finite_differences",
    ),
    "weight decay and the loss term": (
        "test_regularisers.test_l2_in_the_loss_is_weight_decay_for_plain_sgd",
        "test_optim.test_weight_decay_in_sgd_is_half_the_squared_norm_in_the_loss",
    ),
    "dropout": (
        "test_dropout.test_each_number_is_left_out_with_probability_p_or_divided_by_1_minus_p",
        "test_dropout.test_the_derivative_is_the_mask_that_the_call_drew",
        "test_dropout.test_after_eval_it_is_the_identity_and_train_brings_it_back",
    ),
    # initialisation
    "zeros, constant, the same row repeated": (
        "test_init.test_zeros_constant_and_the_same_row_repeated_are_what_they_say",
        "test_init.test_units_that_start_alike_stay_alike_which_is_the_pathology",
    ),
    "normal(σ)": (f"{STD}[normal(0.3)]", "test_init.test_normal_rules_are_normal"),
    "uniform": (f"{STD}[uniform(0.3)]", "test_init.test_uniform_rules_fill_their_bounds"),
    "lecun": (f"{STD}[lecun_normal]", f"{STD}[lecun_uniform]"),
    "xavier": (
        f"{STD}[xavier_normal]",
        f"{STD}[xavier_uniform]",
        "test_init.test_the_two_rules_that_lectures_call_xavier_differ_and_their_docstrings_say_so",
    ),
    "He": (f"{STD}[he_normal]", f"{STD}[he_uniform]"),
    "orthogonal": (
        "test_init.test_orthogonal_has_orthonormal_rows_or_columns",
        f"{STD}[orthogonal]",
    ),
    "orthogonalised rows of any init": (
        "test_init.test_rows_of_any_rule_can_be_made_orthogonal",
        f"{STD}[orthogonalised(he_normal)]",
    ),
    "LSUV": ("test_init.test_lsuv_gives_every_linear_unit_variance_in_one_pass",),
    "Krähenbühl's data-dependent start": (
        "test_init.test_krahenbuhl_gives_every_unit_mean_zero_and_variance_one",
        "test_init.test_krahenbuhl_is_the_papers_loop_over_layers",
    ),
    "random walk initialisation": (
        f"{STD}[random_walk]",
        "test_init.test_random_walk_takes_the_equation_of_the_activation_in_an_mlp",
        "test_init.test_random_walk_keeps_the_logarithm_of_a_gradients_norm_where_other_rules_let_it_drift",
    ),
    "gains": (
        "test_init.test_gains_are_pytorchs",
        "test_init.test_other_gains_keep_the_second_moment_of_a_signal",
    ),
    "by name in Linear and MLP": (
        "test_init.test_every_name_works_in_an_mlp_and_a_seed_repeats_it",
    ),
    "PyTorch's names in place": (
        "test_init_in_place.test_pytorchs_names_change_a_tensor_in_place_and_return_it",
        "test_init_in_place.test_pytorchs_functions_of_the_same_name_have_the_same_moments",
    ),
    # normalisation
    "BatchNorm1d": (
        "test_normalisation.test_batch_norm_follows_pytorchs_over_several_steps",
        "test_normalisation.test_use_is_the_formula_with_running_statistics_and_changes_nothing",
    ),
    "momentum and the lectures' α": (
        "test_normalisation.test_running_statistics_are_the_lectures_average_with_alpha",
    ),
    "running variance, biased by option": (
        "test_normalisation.test_training_divides_by_the_biased_variance_whichever_is_averaged",
    ),
    "running average": (
        "test_normalisation.test_running_average_is_the_plain_mean_over_the_training_batches",
    ),
    "DD2424's three lines": (
        "test_normalisation_rows.test_the_gradient_equals_the_slides_three_lines",
        "test_normalisation_rows.test_the_variance_does_not_depend_on_its_centre_to_first_order",
    ),
    "BatchNorm of two instances": (
        "test_normalisation_rows.test_two_instances_become_plus_and_minus_one_but_for_epsilon",
    ),
    "fused primitives equal their composites": (
        "test_normalisation_rows.test_a_fused_row_equals_its_composite_to_second_order",
    ),
    "a batch of one": (
        "test_normalisation.test_a_batch_of_one_in_training_raises_and_changes_nothing",
    ),
    "LayerNorm": (
        "test_normalisation.test_norms_over_features_equal_pytorchs[LayerNorm]",
        "test_normalisation.test_layer_norm_and_rms_norm_are_their_formulas",
    ),
    "RMSNorm": (
        "test_normalisation.test_norms_over_features_equal_pytorchs[RMSNorm]",
        "test_normalisation.test_layer_norm_and_rms_norm_are_their_formulas",
    ),
    # optimisers and schedules
    "SGD": (f"{STEPS}[SGD]",),
    "RMSprop": (f"{STEPS}[RMSprop]",),
    "Adagrad": (f"{STEPS}[Adagrad]",),
    "Adam": (f"{STEPS}[Adam]",),
    "AdamW": (f"{STEPS}[AdamW]",),
    "Adadelta": (f"{STEPS}[Adadelta]",),
    "parameter groups": ("test_optim.test_skipped_parameters_groups_and_switches_are_pytorchs",),
    "one flat buffer, looked at before each step": (
        "test_optim.test_a_step_is_in_the_parameters_own_memory_and_dates_each_of_them",
        "test_optim.test_numbers_that_are_assigned_between_steps_are_the_ones_that_move",
    ),
    "copies of model and optimiser": (
        "test_optim.test_copies_of_model_and_optimiser_stay_tied_and_apart",
    ),
    "steps that no pass reached, or not finite": (
        "test_optim.test_a_step_that_no_pass_reached_raises_and_changes_nothing",
        "test_optim.test_a_gradient_that_is_not_finite_raises_and_changes_nothing",
    ),
    "step schedule": (f"{RATES}[step]",),
    "exponential schedule": (f"{RATES}[exponential]",),
    "cosine schedule": (f"{RATES}[cosine]",),
    "warm-up": (f"{RATES}[warm-up]",),
    "one-cycle": (f"{RATES}[one cycle]",),
    "cyclical schedule": (
        f"{RATES}[triangle]",
        "test_schedules.test_a_triangle_is_the_assignments_formula",
    ),
    "reduce on plateau": ("test_schedules.test_a_plateau_is_noticed_when_pytorch_notices_it",),
    "clipping by norm": ("test_clipping.test_clipping_by_norm_is_pytorchs",),
    "clipping by value": ("test_clipping.test_clipping_by_value_is_pytorchs",),
    # historic learners
    "the perceptron's rule": (
        "test_historic.test_a_mistake_adds_y_x_and_the_bias_is_a_weight_on_one",
        "test_historic.test_at_score_zero_the_prediction_is_minus_one_and_only_a_one_is_a_mistake",
    ),
    "on_boundary": ("test_historic.test_on_the_boundary_both_labels_are_mistakes_if_asked",),
    "the perceptron converges, or says that it did not": (
        "test_historic.test_it_converges_on_separable_data_within_novikoffs_bound",
        "test_historic.test_on_data_that_is_not_separable_it_stops_and_says_so",
    ),
    "the perceptron through the engine, from w = 0": (
        "test_historic.test_the_perceptron_is_sgd_on_the_perceptron_loss_from_weights_of_zero",
        "test_historic.test_the_engine_starts_from_zero_on_both_labels_as_the_perceptron_does",
    ),
    "ADALINE": (
        "test_historic.test_adaline_is_sgd_on_half_the_squared_error_step_for_step",
        "test_historic.test_adaline_comes_near_the_least_squares_solution",
    ),
    "Rumelhart's delta rule": (
        "test_historic.test_the_delta_rule_is_sgd_on_half_the_squared_error_step_for_step",
        "test_historic.test_the_delta_rule_with_identity_is_adalines",
    ),
    "MADALINE": (
        "test_historic.test_madaline_learns_xor_which_no_single_unit_can",
        "test_historic.test_rule_one_takes_the_steps_of_its_xor_example_worked_by_hand",
        "test_historic.test_rule_one_learns_xor_in_four_epochs_from_the_weights_of_a_textbook",
    ),
    # training
    "fit": (
        "test_training.test_a_full_batch_takes_the_steps_of_gradient_descent_written_by_hand",
        "test_training.test_mini_batches_take_the_steps_of_the_loop_written_by_hand",
    ),
    "forms of fit's arguments": (
        "test_training_forms.test_every_form_of_an_argument_takes_the_same_steps",
    ),
    "validation, metrics per step and per epoch": (
        "test_training.test_metrics_are_noted_per_step_and_per_epoch_for_both_parts",
    ),
    "schedule": (
        "test_training.test_a_schedule_object_advances_after_each_epoch_or_step",
        "test_training.test_a_schedule_that_asks_for_a_loss_gets_the_watched_one",
    ),
    "callbacks": (
        "test_training.test_a_callback_sees_every_step_and_epoch_and_may_end_the_training",
    ),
    "statistics on request": ("test_training_views.test_statistics_are_noted_on_request",),
    "History.plot": (
        "test_training_views.test_a_history_plots_itself_and_prints_why_training_ended",
    ),
    "tolerance": (
        "test_training.test_tolerance_stops_at_the_first_update_that_changes_the_loss_by_no_more",
        "test_training.test_with_mini_batches_tolerance_compares_the_loss_of_all_data_after_epochs",
    ),
    "patience": (
        "test_training.test_patience_stops_after_epochs_without_a_new_best_and_keeps_or_restores",
    ),
    "Ctrl-C": (
        "test_training.test_ctrl_c_finishes_the_step_and_keeps_what_there_is",
        "test_training.test_a_keyboard_interrupt_from_within_keeps_what_there_is",
    ),
    "progress bar": (
        "test_training_views.test_the_progress_bar_shows_on_a_terminal_only",
        "test_training_views.test_in_a_notebook_the_bar_shows_though_there_is_no_terminal",
    ),
    "a loss that is not a number": (
        "test_training_divergence.test_a_nan_loss_names_the_step_the_batch_and_the_first_bad_primitive",
    ),
    "accuracy": (
        "test_metrics.test_accuracy_counts_right_classes_in_every_form_of_output_and_target",
    ),
    "confusion matrix": ("test_metrics.test_a_confusion_matrix_of_scores_is_that_of_the_largest",),
    "top-k": ("test_metrics.test_top_k_agrees_with_pytorch",),
    "gradients of instances and of batches": (BATCH, f"{BATCH}[power]", f"{BATCH}[maxout]"),
    # data
    "digits": ("test_data.test_the_digits_are_1797_images_between_0_and_1_of_ten_kinds",),
    "two moons": (f"{SETS}[two_moons]", CURVES),
    "circles": (f"{SETS}[circles]", CURVES),
    "spirals": (f"{SETS}[spirals]", CURVES),
    "blobs": (f"{SETS}[blobs]", CURVES),
    "XOR": (f"{SETS}[xor]", CURVES),
    "mnist": (
        "test_data.test_mnist_is_read_gzip_or_not",
        "test_data.test_a_damaged_mnist_file_is_named_with_the_place",
        "test_data.test_labels_that_do_not_fit_the_images_are_named",
    ),
    "cifar10": (
        "test_data.test_cifar10_is_read_from_the_binary_version",
        "test_data.test_a_damaged_cifar_file_is_named_with_the_place",
        "test_data.test_the_pickled_version_of_cifar10_is_never_opened",
    ),
    "batches": (
        "test_data.test_epochs_differ_and_a_seed_repeats_them",
        "test_data.test_batches_come_in_order_without_shuffling_and_may_drop_the_last",
    ),
    "standardisation": (
        "test_data.test_the_training_set_is_standardised_to_mean_0_and_variance_1",
    ),
    # inspection
    "activations and gradients per layer": (
        "test_inspect.test_every_layers_activations_and_gradients_are_those_of_the_formulas",
        "test_inspect.test_any_nesting_works_and_a_shared_layer_counts_at_every_call",
    ),
    "histograms, zeros apart": (
        "test_inspect.test_a_histogram_counts_as_numpy_does_with_zeros_apart",
        "test_inspect.test_the_picture_of_histograms_has_a_panel_per_layer_and_says_how_many_zeros",
    ),
    "dead units": ("test_inspect.test_dead_units_and_zeros_are_counted",),
    "saturation": ("test_inspect.test_saturation_is_the_fraction_of_slopes_that_are_small",),
    "ratio of update to weight": (
        "test_inspect.test_the_update_ratio_is_the_length_of_the_step_by_that_of_the_weights",
    ),
    "decision boundary": ("test_inspect.test_the_decision_boundary_shows_what_the_model_says",),
    # the digits, asked otherwise
    "--loss kl": (
        "test_digits.test_kl_divergence_trains_as_cross_entropy_does_for_targets_that_are_certain",
    ),
    "--binary 2": (
        "test_digits.test_a_2_or_not_is_told_by_one_sigmoid_far_better_than_by_the_majority",
        "test_metrics.test_precision_and_recall_are_counted_and_nan_where_nothing_is",
    ),
    "--none-of-above": (
        "test_digits.test_an_eleventh_output_refuses_what_is_no_digit_and_still_reads_digits",
        "test_digits.test_non_digits_are_shuffled_and_mixed_images_of_the_part_they_belong_to",
    ),
    "--optimizer": ("test_digits.test_every_optimiser_learns_the_digits",),
    "--schedule": (
        "test_digits.test_every_schedule_learns_the_digits_and_moves_the_rate_as_its_name_says",
    ),
    "--init, --norm": ("test_digits.test_normalisation_and_initialisation_are_chosen_by_name",),
}


@cache
def known_tests() -> dict[str, set[str]]:
    """``file.test`` of every test in this folder, with the strings that its file spells out."""
    known = {}
    for path in Path(__file__).parent.glob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        strings = {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                known[f"{path.stem}.{node.name}"] = strings
    return known


@pytest.mark.parametrize("item", ITEMS)
def test_every_test_that_is_named_for_an_item_exists(item: str) -> None:
    for name in ITEMS[item]:
        test, _, case = name.partition("[")
        assert test in known_tests()
        assert not case or case.removesuffix("]") in known_tests()[test]
