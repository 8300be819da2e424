"""detect_anomaly reaches into a program: the first instruction that is not finite is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import AnomalyError, Tensor, Value, detect_anomaly

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def executors() -> list[str]:
    try:
        import llvmlite  # noqa: F401
    except ImportError:
        return ["numpy"]
    return ["numpy", "auto"]


def of_tensors(executor: str) -> autograd.Program:
    x, w = Tensor([1.0, 4.0], "x"), Tensor([1.0, 2.0], "w")
    out = (autograd.sqrt(x) * w).sum()  # here
    return autograd.compile(out, inputs=[x], executor=executor)


def of_values(executor: str) -> autograd.Program:
    x, w = Value(1.0, "x"), Value(2.0, "w")
    out = x.sqrt() * w + 1.0  # here
    return autograd.compile(out, inputs=[x], executor=executor)


@pytest.mark.parametrize("used", [False, True], ids=["new", "used before"])
@pytest.mark.parametrize("executor", executors())
@pytest.mark.parametrize("make", [of_tensors, of_values])
def test_a_number_that_is_not_finite_is_traced_to_its_instruction(
    make: Any, executor: str, used: bool
) -> None:
    program = make(executor)
    good, bad, edge = np.array([1.0, 4.0]), np.array([1.0, -1.0]), np.array([1.0, 0.0])
    for _ in range(3 if used else 0):
        program(good)
        program.backward()
    with detect_anomaly():
        program(good)
        program.backward()
        with pytest.raises(AnomalyError, match=r"sqrt gave nan at \[1\] .* in a program") as caught:
            program(bad)
        assert f'{__file__}"' in str(caught.value)
        with pytest.raises(ValueError, match="needs a run first"):
            program.backward()
        leaves = [leaf for leaf, _ in program.plan.gradients]
        before = [np.array(leaf.grad) for leaf in leaves]
        program(edge)
        with pytest.raises(AnomalyError, match=r"backward pass of sqrt gave inf") as caught:
            program.backward()
        assert f'{__file__}"' in str(caught.value)
        assert all(np.array_equal(leaf.grad, g) for leaf, g in zip(leaves, before, strict=True))
    assert np.isnan(np.asarray(program(bad))).any()  # outside, numbers are IEEE's


@pytest.mark.parametrize("executor", executors())
def test_a_function_that_is_compiled_is_watched_as_well(executor: str) -> None:
    fast = autograd.compile(lambda x: autograd.log(x).sum())
    fast(np.array([1.0, 2.0]))
    with detect_anomaly(), pytest.raises(AnomalyError, match="log gave nan"):
        fast(np.array([1.0, -2.0]))


def test_a_watched_run_draws_and_moves_averages_once_and_gives_the_same_numbers() -> None:
    rng = np.random.default_rng(0)
    first, other = rng.normal(size=(2, 6, 3))

    def network() -> tuple[nn.Module, autograd.Program]:
        model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.BatchNorm1d(4), nn.Dropout(0.5, rng=1))
        x = Tensor(first, "x", requires_grad=False)
        return model, autograd.compile(autograd.square(model(x)).sum(), inputs=[x])

    (model, program), (watched, again) = network(), network()
    for x in (first, other, other):
        loss = program(x)
        program.backward()
        with detect_anomaly():
            assert again(x) == loss
            again.backward()
        for name, numbers in model.state_dict().items():
            np.testing.assert_array_equal(watched.state_dict()[name], numbers)
        for p, q in zip(model.parameters(), watched.parameters(), strict=True):
            np.testing.assert_array_equal(p.grad, q.grad)
    with detect_anomaly(), pytest.raises(AnomalyError, match="in a program"):
        again(np.full((6, 3), np.inf))
