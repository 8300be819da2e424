"""Groups of parameters as people write them, and gradients that are 0 rather than absent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, Value


def test_a_group_may_be_empty_if_another_is_not() -> None:
    model = nn.Linear(2, 1, bias=False, rng=0)
    biases: list[Any] = [p for p in model.parameters() if p.ndim == 1]
    weights = [p for p in model.parameters() if p.ndim == 2]
    before = model.weight.data.copy()
    optimizer = nn.optim.SGD([{"params": biases, "weight_decay": 0.0}, {"params": weights}], lr=0.5)
    model([1.0, 2.0]).backward()
    optimizer.step()
    assert np.allclose(before - model.weight.data, [[0.5, 1.0]], rtol=0, atol=1e-15)
    optimizer.load_state_dict(optimizer.state_dict())
    with pytest.raises(ValueError, match="SGD got no parameters"):
        nn.optim.SGD([{"params": biases}], lr=0.5)


def test_a_module_in_place_of_its_parameters_is_told_so() -> None:
    with pytest.raises(TypeError, match=r"SGD takes parameters: .*layer.parameters\(\)"):
        nn.optim.SGD([{"params": nn.Linear(2, 1)}], lr=0.1)


def test_parameters_without_numbers_take_steps_too() -> None:
    leaves = [Tensor(np.zeros(0)), Tensor(np.zeros((0, 2)))]
    for leaf in leaves:
        leaf.grad = np.zeros(leaf.shape)
    nn.optim.Adam(leaves).step()
    assert [leaf.shape for leaf in leaves] == [(0,), (0, 2)]


@pytest.mark.parametrize("none", [True, False])
def test_gradients_set_to_zero_move_by_momentum_and_decay_as_pytorchs(none: bool) -> None:
    torch = pytest.importorskip("torch")
    p, v = Tensor([1.0, -2.0]), [Value(1.0), Value(-2.0)]
    q = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    fixed, other = Tensor([1.0]), torch.ones(1, dtype=torch.float64, requires_grad=True)
    options: dict[str, Any] = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}
    every = [
        nn.optim.SGD([p, fixed], **options),
        nn.optim.SGD(v, **options),
        torch.optim.SGD([q, other], **options),
    ]
    for step in range(12):
        for optimizer in every:
            optimizer.zero_grad(set_to_none=none)
        if step % 3 == 0:
            (p * p).sum().backward()
            (v[0] * v[0] + v[1] * v[1]).backward()
            (q * q).sum().backward()
        if not none or step % 3 == 0:
            for optimizer in every:
                optimizer.step()
        assert abs(p.data - q.detach().numpy()).max() < 1e-14
        assert abs(p.data - [x.data for x in v]).max() < 1e-14
    assert fixed.grad is None
    assert fixed.data.tolist() == [1.0]
