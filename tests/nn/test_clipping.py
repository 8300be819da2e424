"""Gradient clipping, against PyTorch's functions of the same names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value


def pair(scale: float = 1.0) -> tuple[Any, Any, Any]:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    arrays = [scale * rng.normal(size=shape) for shape in ((3, 2), (4,), ())]
    mine = [Tensor(np.zeros(a.shape)) for a in arrays]
    theirs = [torch.zeros(a.shape, dtype=torch.float64, requires_grad=True) for a in arrays]
    for p, q, a in zip(mine, theirs, arrays, strict=True):
        p.grad, q.grad = np.array(a), torch.tensor(a)
    return torch, mine, theirs


def same(mine: Any, theirs: Any) -> bool:
    return all(
        np.allclose(p.grad, q.grad.numpy(), rtol=0, atol=1e-12)
        for p, q in zip(mine, theirs, strict=True)
    )


@pytest.mark.parametrize("p", [1.0, 2.0, 3.5, math.inf])
@pytest.mark.parametrize("bound", [0.0, 0.5, 100.0, math.inf])
def test_clipping_by_norm_is_pytorchs(p: float, bound: float) -> None:
    torch, mine, theirs = pair()
    total = nn.clip_grad_norm_(mine, bound, norm_type=p)
    other = torch.nn.utils.clip_grad_norm_(theirs, bound, norm_type=p)
    assert abs(total - other.item()) < 1e-12
    assert same(mine, theirs)


def test_clipping_by_value_is_pytorchs() -> None:
    torch, mine, theirs = pair()
    nn.clip_grad_value_(mine, 0.3)
    torch.nn.utils.clip_grad_value_(theirs, 0.3)
    assert same(mine, theirs)


@pytest.mark.parametrize("by", ["norm", "value"])
def test_fifty_clipped_steps_are_pytorchs(by: str) -> None:
    torch, mine, theirs = pair()
    ours = nn.optim.SGD(mine, lr=0.1, momentum=0.9)
    other = torch.optim.SGD(theirs, lr=0.1, momentum=0.9)
    clip = getattr(nn, f"clip_grad_{by}")
    reference = getattr(torch.nn.utils, f"clip_grad_{by}_")
    for _ in range(50):
        for leaves, optimizer, function in ((mine, ours, clip), (theirs, other, reference)):
            optimizer.zero_grad()
            sum(((leaf - 2) ** 2).sum() for leaf in leaves).backward()
            function(leaves, 1.5)
            optimizer.step()
        for p, q in zip(mine, theirs, strict=True):
            assert abs(p.data - q.detach().numpy()).max() < 1e-10


def test_values_and_tensors_are_clipped_alike() -> None:
    t, v = Tensor([0.0, 0.0]), [Value(0.0), Value(0.0)]
    for clip in (nn.clip_grad_norm, nn.clip_grad_value):
        t.grad, v[0].grad, v[1].grad = np.array([3.0, -4.0]), 3.0, -4.0
        clip([t], 1.0)
        clip(v, 1.0)
        assert t.grad.tolist() == [x.grad for x in v]
        assert all(isinstance(x.grad, float) for x in v)


def test_an_array_of_values_is_clipped_as_one_vector() -> None:
    weight = nn.Linear(2, 2, rng=0).to_scalars().weight
    for value in weight.flat:
        value.grad = 3.0
    assert nn.clip_grad_norm_(weight, 1.0) == 6.0
    assert abs(weight[1, 0].grad - 0.5) < 1e-6


def test_a_model_will_do_and_parameters_without_a_gradient_are_left_out() -> None:
    model = nn.Linear(2, 1, rng=0)
    assert nn.clip_grad_norm(model, 1.0) == 0.0
    model([3.0, 4.0]).backward()
    model.bias.grad = None
    assert abs(nn.clip_grad_norm(model, 1.0) - 5.0) < 1e-12
    assert np.allclose(model.weight.grad, [[0.6, 0.8]])


def test_large_and_small_gradients_neither_overflow_nor_vanish() -> None:
    p = Tensor([0.0, 0.0])
    for scale in (1e200, 1e-200):
        p.grad = np.array([3.0, 4.0]) * scale
        assert abs(nn.clip_grad_norm([p], 1.0) / scale - 5.0) < 1e-12
    p.grad = np.array([3e200, 4e200])
    nn.clip_grad_norm([p], 1.0)
    assert np.allclose(p.grad, [0.6, 0.8])


def test_float32_stays_float32() -> None:
    p = Tensor([0.0, 0.0], dtype=np.float32)
    for clip in (nn.clip_grad_norm, nn.clip_grad_value):
        p.grad = np.array([3.0, 4.0], dtype=np.float32)
        clip([p], 1.0)
        assert p.grad.dtype == np.float32


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_norm_that_is_not_finite_changes_nothing_and_raises_if_asked(wrong: float) -> None:
    p, q = Tensor([0.0]), Tensor([0.0])
    p.grad, q.grad = np.array([2.0]), np.array([wrong])
    assert not math.isfinite(nn.clip_grad_norm([p, q], 1.0))
    with pytest.raises(autograd.AnomalyError, match="nothing was clipped"):
        nn.clip_grad_norm([p, q], 1.0, error_if_nonfinite=True)
    assert p.grad.tolist() == [2.0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: nn.clip_grad_norm(p, -1.0), ValueError, "max_norm is finite and 0 or more"),
        (lambda p: nn.clip_grad_norm(p, 1.0, 0), ValueError, "norm_type is above 0"),
        (lambda p: nn.clip_grad_value(p, math.nan), ValueError, "clip_value is finite"),
        (lambda p: nn.clip_grad_value([1.0], 1.0), TypeError, "Tensors or Values, got float"),
    ],
)
def test_bad_arguments_are_named(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call([Tensor([1.0])])
