"""Initialisation in place: PyTorch's names with an underscore, on a Tensor."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nn
from autograd import StaleGraphError, Tensor
from nn import init

OUT, IN = 30, 500
XAVIER, HE = math.sqrt(2 / (IN + OUT)), math.sqrt(2 / IN)


IN_PLACE: list[tuple[str, dict[str, Any], float, float]] = [
    ("uniform_", {}, 0.5, 1 / math.sqrt(12)),
    ("uniform_", {"a": -1, "b": 3}, 1.0, 4 / math.sqrt(12)),
    ("normal_", {}, 0.0, 1.0),
    ("normal_", {"mean": 2.0, "std": 0.1}, 2.0, 0.1),
    ("xavier_uniform_", {}, 0.0, XAVIER),
    ("xavier_normal_", {"gain": 2.0}, 0.0, 2 * XAVIER),
    ("kaiming_uniform_", {}, 0.0, HE),
    ("kaiming_normal_", {"mode": "fan_out", "nonlinearity": "relu"}, 0.0, math.sqrt(2 / OUT)),
    ("kaiming_normal_", {"a": 0.5}, 0.0, math.sqrt(2 / 1.25 / IN)),
    ("kaiming_uniform_", {"nonlinearity": "tanh"}, 0.0, 5 / 3 / math.sqrt(IN)),
    ("orthogonal_", {"gain": 3.0}, 0.0, 3 / math.sqrt(IN)),
    ("trunc_normal_", {}, 0.0, 0.8796),
    ("trunc_normal_", {"std": 0.02}, 0.0, 0.02),
    ("sparse_", {"sparsity": 0.75, "std": 0.1}, 0.0, 0.1 * math.sqrt(7 / 30)),
    ("constant_", {"val": 0.3}, 0.3, 0.0),
    ("ones_", {}, 1.0, 0.0),
    ("zeros_", {}, 0.0, 0.0),
]


@pytest.mark.parametrize(("name", "options", "mean", "std"), IN_PLACE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pytorchs_names_change_a_tensor_in_place_and_return_it(
    name: str, options: dict[str, Any], mean: float, std: float, dtype: Any
) -> None:
    tensor = Tensor(np.full((OUT, IN), 7.0), "w", dtype=dtype)
    held = tensor.data
    random = name not in ("constant_", "ones_", "zeros_")
    out = getattr(init, name)(tensor, **options, **({"rng": 0} if random else {}))
    assert out is tensor
    assert tensor.data is held
    assert tensor.dtype == dtype
    assert abs(held.mean() - mean) < 0.04 * std + 1e-6
    assert abs(held.std() - std) < 0.025 * std + 1e-6


@pytest.mark.parametrize(
    ("name", "options"),
    [(name, options) for name, options, *_ in IN_PLACE] + [("eye_", {})],
)
def test_pytorchs_functions_of_the_same_name_have_the_same_moments(
    name: str, options: dict[str, Any]
) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    theirs = getattr(torch.nn.init, name)(torch.empty(OUT, IN, dtype=torch.float64), **options)
    mine = getattr(init, name)(Tensor(np.zeros((OUT, IN))), **options).data
    scale = float(theirs.std()) + 1e-9
    assert abs(mine.mean() - float(theirs.mean())) < 0.06 * scale
    assert abs(mine.std() / scale - 1) < 0.04 or scale < 1e-8
    assert abs(abs(mine).max() - float(theirs.abs().max())) < 0.35 * scale * 6
    assert (mine == 0).sum() == pytest.approx(int((theirs == 0).sum()), abs=1)


def test_changing_in_place_counts_as_a_change_of_the_graph() -> None:
    w = Tensor([[1.0, 2.0]], "w")
    y = (w * w).sum()
    init.normal_(w, rng=0)
    with pytest.raises(StaleGraphError, match="w"):
        y.backward()


def test_in_place_functions_take_convolution_shapes_and_arrays_of_values() -> None:
    w = init.kaiming_normal_(Tensor(np.zeros((64, 16, 3, 3))), rng=0)
    assert abs(w.data.std() / math.sqrt(2 / 144) - 1) < 0.03
    flat = init.orthogonal_(Tensor(np.zeros((4, 2, 3))), rng=0).data.reshape(4, 6)
    assert np.allclose(flat @ flat.T, np.eye(4), atol=1e-13)
    scalars = nn.Linear(3, 2, rng=0).to_scalars()
    value = scalars.weight[0, 0]
    init.ones_(scalars.weight)
    assert scalars.weight[0, 0] is value
    assert value.data == 1.0
    tensor = nn.Linear(3, 2, rng=0).weight
    assert init.initialise_(tensor, "same_rows(he)", rng=0) is tensor
    assert (tensor.data == init.he_normal((2, 3), 0)[0]).all()


def test_eye_and_sparse_are_what_they_say() -> None:
    assert (init.eye_(Tensor(np.zeros((2, 3)))).data == np.eye(2, 3)).all()
    w = init.sparse_(Tensor(np.zeros((10, 50))), 0.25, rng=0).data
    assert ((w == 0).sum(axis=0) == 3).all()
    assert len({tuple(column == 0) for column in w.T}) > 20


def test_truncated_normal_numbers_lie_inside() -> None:
    w = init.trunc_normal_(Tensor(np.zeros(20_000)), 1.0, 2.0, 0.5, 2.0, rng=0).data
    assert w.min() >= 0.5
    assert w.max() <= 2.0
    assert abs((w < 1.25).mean() - 0.512) < 0.02  # (Φ(1/8) − Φ(−1/4)) / (Φ(1/2) − Φ(−1/4))


def test_what_cannot_be_changed_is_refused_and_nothing_happens() -> None:
    w = Tensor([[1.0, 2.0]])
    for call, error, message in (
        (lambda: init.xavier_uniform_(np.zeros((2, 2))), TypeError, "changes a Tensor in place"),
        (lambda: init.xavier_uniform_(Tensor([1.0])), ValueError, r"\(out, in\), got \(1,\)"),
        (lambda: init.normal_(w * 2), ValueError, "only a leaf"),
        (lambda: init.normal_(w, std=-1), ValueError, "std of normal_ .* got -1"),
        (lambda: init.uniform_(w, 2, 1), ValueError, "a ≤ b, got 2 and 1"),
        (lambda: init.kaiming_normal_(w, mode="fan"), ValueError, "'fan_in' or 'fan_out'"),
        (lambda: init.kaiming_normal_(w, nonlinearity="x"), ValueError, "no activation 'x'"),
        (lambda: init.trunc_normal_(w, a=50, b=51), ValueError, "next to nothing"),
        (lambda: init.eye_(Tensor([1.0])), ValueError, "takes a matrix"),
        (lambda: init.sparse_(w, 1.5), ValueError, "from 0 to 1, got 1.5"),
        (lambda: init.initialise_(w, lambda s, r: np.zeros(3)), ValueError, r"shape \(1, 2\)"),
        (lambda: init.orthogonal_(w, gain=-1), ValueError, "gain of orthogonal .* got -1"),
        (lambda: init.normal_(w, rng="a"), TypeError, "rng is"),
    ):
        with pytest.raises(error, match=message):
            call()
        assert w.data.tolist() == [[1.0, 2.0]]
