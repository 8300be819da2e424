"""Gated layers against the lecture's formulas, finite differences and their scalar copies."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor

rng = np.random.default_rng(0)
X = rng.normal(size=(5, 3))


def logistic(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def normal(z: Any) -> Any:
    return np.vectorize(lambda z: 0.5 * math.erfc(-z / math.sqrt(2)))(z)


KINDS: dict[str, tuple[Any, Any]] = {
    "GLU": (nn.GLU(3, 4, rng=0), logistic),
    "ReGLU": (nn.ReGLU(3, 4, rng=0), lambda z: np.maximum(z, 0)),
    "GEGLU": (nn.GEGLU(3, 4, rng=0), lambda z: z * normal(z)),
    "SwiGLU": (nn.SwiGLU(3, 4, rng=0), lambda z: z * logistic(z)),
    "SwiGLU 2": (nn.SwiGLU(3, 4, beta=2.0, rng=0), lambda z: z * logistic(2 * z)),
    "SwiGLU, learned": (
        nn.SwiGLU(3, 4, beta=0.5, learn=True, rng=0),
        lambda z: z * logistic(0.5 * z),
    ),
}
kinds = pytest.mark.parametrize(("layer", "gate"), KINDS.values(), ids=KINDS.keys())


@kinds
def test_the_first_factor_is_the_gate_of_w_and_the_second_is_the_map_of_v(
    layer: Any, gate: Any
) -> None:
    layer.b.data, layer.c.data = [0.1, -0.2, 0.3, 0.0], [1.0, 0.5, -1.0, 2.0]
    W, V, b, c = (leaf.data for leaf in (layer.W, layer.V, layer.b, layer.c))
    assert W.shape == V.shape == (4, 3)
    np.testing.assert_allclose(
        layer(X).data, gate(X @ W.T + b) * (X @ V.T + c), rtol=1e-12, atol=1e-14
    )
    np.testing.assert_allclose(layer(X[0]).data, layer(X).data[0], rtol=1e-13)


@kinds
def test_derivatives_by_input_weights_and_biases_agree_with_finite_differences(
    layer: Any, gate: Any
) -> None:
    leaves = layer.parameters()

    def run(x: Any, *numbers: Any) -> Any:
        copy = type(layer)(3, 4, rng=0)
        for (name, _), given in zip(layer.named_parameters(), numbers, strict=True):
            setattr(copy, name, given)
        if not layer.state_dict().keys() & {"beta"} and isinstance(layer, nn.SwiGLU):
            copy.beta = layer.beta
        return copy(x)

    autograd.gradcheck(run, [X, *(leaf.data for leaf in leaves)])


@kinds
def test_a_scalar_copy_has_the_same_outputs_and_gradients(layer: Any, gate: Any) -> None:
    layer.zero_grad()
    scalars = layer.to_scalars()
    out = layer(X[0])
    out.sum().backward()
    values = scalars(X[0].tolist())
    autograd.sum(values).backward()
    np.testing.assert_allclose([v.data for v in values], out.data, rtol=0, atol=1e-12)
    for name in layer.state_dict():
        grads = [v.grad for v in np.atleast_1d(np.asarray(getattr(scalars, name), object)).flat]
        np.testing.assert_allclose(grads, np.ravel(getattr(layer, name).grad), rtol=0, atol=1e-12)


def test_a_gate_whose_sigmoid_is_one_half_gives_half_the_map_of_v() -> None:
    layer = nn.GLU(3, 2, rng=0)
    layer.W.data = np.zeros((2, 3))
    np.testing.assert_allclose(layer(X).data, 0.5 * (X @ layer.V.data.T), rtol=1e-14)


def test_glu_is_pytorchs_split_of_both_maps_with_the_gate_second() -> None:
    torch = pytest.importorskip("torch")
    layer = nn.GLU(3, 4, bias_init=0.1, rng=0)
    halves = [
        torch.nn.functional.linear(*(torch.tensor(each) for each in (X, weight, bias)))
        for weight, bias in ((layer.V.data, layer.c.data), (layer.W.data, layer.b.data))
    ]
    theirs = torch.nn.functional.glu(torch.cat(halves, dim=-1), -1).numpy()
    np.testing.assert_allclose(layer(X).data, theirs, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", [nn.GLU, nn.ReGLU, nn.GEGLU, nn.SwiGLU])
def test_names_dtypes_errors_and_stability(kind: Any) -> None:
    layer = kind(3, 4, rng=0, dtype=np.float32)
    assert [name for name, _ in layer.named_parameters()] == ["W", "V", "b", "c"]
    assert [leaf.name for leaf in nn.Sequential(layer).parameters()] == [
        f"layers.0.{name}" for name in "WVbc"
    ]
    assert not np.array_equal(layer.W.data, layer.V.data)
    x = Tensor(np.array([[1000.0, -1000.0, 1000.0]], dtype=np.float32))
    y = layer(x)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == np.float32
    assert np.isfinite(y.data).all()
    assert np.isfinite(x.grad).all()
    assert layer([1.0, 2.0, 3.0]).dtype == np.float32
    assert [name for name, _ in kind(3, 4, bias=False).named_parameters()] == ["W", "V"]
    assert kind(3, 4, bias=False)(X).shape == (5, 4)
    for arguments in ((), (3,)):
        with pytest.raises(TypeError, match=r"\(n_in, n_out\).*nn\.functional\.glu\(x, axis\)"):
            kind(*arguments)
    with pytest.raises(ValueError, match=rf"{kind.__name__} expected \(\.\.\., 3\), got \(2,\)"):
        layer([1.0, 2.0])
