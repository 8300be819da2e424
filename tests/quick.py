"""The quick form of the suite: `python -m pytest -m quick -n 2`, in 20 seconds on two processors.

Fewer than thirty tests that would catch most mistakes: those that walk over every row, and one or
more that go all the way through each room. `-m quick` alone collects no other file.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import pytest

QUICK = {
    "tests/test_architecture.py": ("test_imports_point_down",),
    "tests/test_readme.py": ("test_every_python_example_runs",),
    "tests/engine/test_graph.py": (
        "test_a_pass_through_a_graph_with_changed_data_raises_and_names_the_tensor",
        "test_a_second_backward_pass_adds_to_leaves_and_not_to_interior_nodes",
    ),
    "tests/engine/test_choices.py": ("test_what_is_masked_gets_gradient_0_on_tensors",),
    "tests/engine/test_numpy.py": ("test_numpys_function_records_what_it_computes_on_arrays",),
    "tests/primitives/test_rows.py": (
        "test_a_tensor_holds_what_the_array_function_computes",
        "test_the_gradient_is_that_of_central_differences",
        "test_the_second_derivative_is_the_difference_of_the_first",
        "test_the_vjp_is_the_transpose_of_the_jvp",
    ),
    "tests/primitives/test_rows_kinks.py": ("test_a_kink_has_the_derivative_of_the_table",),
    "tests/primitives/test_rows_values.py": (
        "test_a_value_equals_a_tensor_at_every_singular_point_without_a_warning",
    ),
    "tests/formulas/test_latex.py": (
        "test_an_operation_and_its_local_derivatives_read_back_are_the_rows",
    ),
    "tests/programs/test_calls.py": ("test_transforms_pass_through_a_compiled_function",),
    "tests/programs/test_guards.py": (
        "test_a_changed_branch_of_any_instance_raises_with_the_users_line",
    ),
    "tests/programs/test_primitives.py": (
        "test_an_elementwise_row_of_values_is_the_eager_pass_for_every_instance",
        "test_a_reduction_of_values_is_the_eager_pass_for_every_instance",
    ),
    "tests/views/derivation/test_derivation.py": (
        "test_the_lines_give_the_gradients_in_every_layout",
    ),
    "tests/views/drawing/test_drawing.py": (
        "test_every_edge_of_a_scalar_network_carries_the_derivative_that_differences_give",
    ),
    "tests/views/drawing/test_folding.py": ("test_there_are_never_more_boxes_than_asked_for",),
    "tests/views/stepping/test_stepper.py": (
        "test_the_table_holds_every_sum_of_the_pass_and_ends_with_the_gradients_of_backward",
    ),
    "tests/views/stepping/test_steps.py": (
        "test_the_contributions_add_up_to_what_backward_leaves",
    ),
    "tests/nn/test_activations.py": (
        "test_first_and_second_derivatives_agree_with_finite_differences",
    ),
    "tests/nn/test_losses.py": ("test_derivatives_agree_with_finite_differences",),
    "tests/nn/test_networks_of_values.py": (
        "test_fit_in_batches_with_validation_and_the_best_parameters",
    ),
    "tests/nn/test_normalisation.py": (
        "test_a_normalised_network_passes_gradcheck_to_second_order",
    ),
    "tests/nn/test_optim.py": ("test_networks_of_values_take_the_same_steps",),
    "tests/nn/test_training.py": ("test_mini_batches_take_the_steps_of_the_loop_written_by_hand",),
}
"""The tests, with all of their cases, by their files."""

if all(find_spec(name) for name in ("llvmlite", "scipy")):  # without them that file has no tests
    QUICK["tests/programs/native/test_tensor_native.py"] = (
        "test_a_training_step_of_a_network_is_the_eager_one",
    )


def is_asked_for(config: pytest.Config) -> bool:
    """Whether `-m quick` is all that was said."""
    tested = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return tested and config.option.markexpr == "quick"


def choose(config: pytest.Config) -> None:
    """Collect these tests and no others: looking through all files takes as long as running these."""
    if is_asked_for(config):
        root = Path(__file__).parent.parent
        config.args = [f"{root / file}::{name}" for file, names in QUICK.items() for name in names]


def mark(items: Iterable[pytest.Item]) -> None:
    """Give these tests their marker."""
    for item in items:
        file, _, name = item.nodeid.partition("[")[0].partition("::")
        if name in QUICK.get(file, ()):
            item.add_marker(pytest.mark.quick)
