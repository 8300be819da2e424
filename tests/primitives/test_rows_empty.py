"""Arrays without elements: every product and reduction, forward, backward, forward mode and compiled."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd
from autograd import Tensor


class Call(NamedTuple):
    """A function, what NumPy has for it, and the shapes of its arguments."""

    name: str
    function: Callable[..., Any]
    numpy: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]

    def __repr__(self) -> str:
        return f"{self.name} {self.shapes}"


SHAPES = ((0,), (2,), (0, 2), (2, 0), (0, 0), (3, 0, 2), (0, 3, 2), (2, 3, 0), (3, 2, 0))
SUBSCRIPTS = ("ij,jk->ik", "i,ij->j", "i,i->", "ij,ij->", "i,j->ij", "ij,j->i", "ij,k->")
SUBSCRIPTS += ("bij,bjk->bik", "...i,...i")
CALLS: list[Call] = []
for pair in itertools.product(SHAPES, SHAPES):
    if all(math.prod(shape) for shape in pair):
        continue
    for name in ("matmul", "dot", "inner", "outer"):
        CALLS.append(Call(name, getattr(autograd, name), getattr(np, name), pair))
    for n in range(3):
        CALLS.append(
            Call(
                f"tensordot {n}",
                lambda x, y, n=n: autograd.tensordot(x, y, n),
                lambda x, y, n=n: np.tensordot(x, y, n),
                pair,
            )
        )
    for text in SUBSCRIPTS:
        CALLS.append(
            Call(
                f"einsum {text}",
                lambda x, y, text=text: autograd.einsum(text, x, y),
                lambda x, y, text=text: np.einsum(text, x, y),
                pair,
            )
        )
    if len(pair[1]) == 2:
        CALLS.append(Call("linear", autograd.linear, lambda x, w: x @ w.T, pair))
        CALLS.append(
            Call(
                "linear with a bias",
                lambda x, w: autograd.linear(x, w, np.ones(w.shape[0])),
                lambda x, w: x @ w.T + np.ones(w.shape[0]),
                pair,
            )
        )
REDUCTIONS: dict[str, Any] = {
    name: getattr(np, name) for name in ("sum", "mean", "prod", "max", "min", "var", "std")
} | {
    "centre": np.mean,
    "logsumexp": lambda x, **options: np.log(np.sum(np.exp(x), **options)),
    "norm": lambda x, **options: np.sqrt(np.sum(x * x, **options)),
    "sum_squares": lambda x, **options: np.sum(x * x, **options),
}
for shape in ((0,), (0, 2), (2, 0), (0, 0), (2, 0, 3)):
    for axis, keepdims in itertools.product((None, 0, -1, (0,), (0, 1), 1), (False, True)):
        if len(shape) == 1 and axis in ((0, 1), 1):
            continue
        options = {"axis": axis, "keepdims": keepdims}
        for name, function in REDUCTIONS.items():
            CALLS.append(
                Call(
                    f"{name} {options}",
                    lambda x, name=name, options=options: autograd.registry[name](x, **options),
                    lambda x, f=function, options=options: f(x, **options),
                    (shape,),
                )
            )
    for axis in (0, -1):
        for name in ("softmax", "log_softmax", "batch_norm", "layer_norm", "rms_norm"):
            CALLS.append(
                Call(
                    f"{name} {axis}",
                    lambda x, name=name, axis=axis: autograd.registry[name](x, axis=axis),
                    np.array,
                    (shape,),
                )
            )
    for entropy in (False, True):
        CALLS.append(
            Call(
                f"softmax_cross_entropy {entropy}",
                lambda x, d, entropy=entropy: autograd.softmax_cross_entropy(x, d, entropy=entropy),
                lambda x, d: np.zeros(x.shape[:-1]),
                (shape, shape),
            )
        )
    if shape[-1]:
        for name in ("class_cross_entropy", "multiclass_hinge"):
            CALLS.append(
                Call(
                    name,
                    lambda x, name=name: autograd.registry[name](x, np.zeros(x.shape[:-1], int)),
                    lambda x: np.zeros(x.shape[:-1]),
                    (shape,),
                )
            )
NAMES = list(dict.fromkeys(call.name for call in CALLS))


@pytest.mark.filterwarnings("ignore")  # NumPy's of an empty mean
@pytest.mark.parametrize("name", NAMES)
def test_a_function_of_empty_arrays_gives_what_numpy_gives_and_gradients_of_the_right_shape(
    name: str,
) -> None:
    for call in CALLS:
        if call.name != name:
            continue
        arrays = [np.full(shape, 0.5) for shape in call.shapes]
        try:
            expected = np.asarray(call.numpy(*arrays))
        except (ValueError, IndexError):
            with pytest.raises(ValueError, match=r"."):
                call.function(*map(Tensor, arrays))
            continue
        check(call, arrays, expected)


def check(call: Call, arrays: list[Any], expected: Any) -> None:
    """Forward, backward twice, forward mode, dense Jacobians, arrays of Values, programs."""
    every = tuple(range(len(arrays)))
    tensors = [Tensor(x) for x in arrays]
    out = call.function(*tensors)
    assert out.shape == expected.shape
    np.testing.assert_allclose(out.data, expected)
    out.backward(np.ones(out.shape), create_graph=True)
    firsts = [t.grad for t in tensors]
    assert [g.shape for g in firsts] == [x.shape for x in arrays]
    gradients = [g.data for g in firsts]
    total = sum(((g * g).sum() for g in firsts), start=0.0)
    if isinstance(total, Tensor) and total.requires_grad:
        total.backward()
    assert all(t.grad.shape == x.shape for t, x in zip(tensors, arrays, strict=True))
    ones = tuple(map(np.ones_like, arrays))
    assert autograd.jvp(call.function, tuple(arrays), ones)[1].shape == out.shape
    jacobians = autograd.jacobian(call.function, argnums=every)(*arrays)
    assert [j.shape for j in jacobians] == [out.shape + x.shape for x in arrays]
    for derivative in out.local_derivatives:
        assert derivative.matrix().shape == derivative.shape
    values = np.asarray(call.function(*map(autograd.values, arrays)), dtype=object)
    assert values.shape == out.shape
    np.testing.assert_allclose(values.astype(float), expected)
    for executor in ("numpy", "auto"):
        leaves = [Tensor(x) for x in arrays]
        program = autograd.compile(call.function(*leaves), inputs=leaves, executor=executor)
        found = program(*arrays)
        assert found.shape == out.shape
        np.testing.assert_allclose(found, expected)
        program.backward(np.ones(out.shape))
        for leaf, gradient in zip(leaves, gradients, strict=True):
            assert leaf.grad.shape == gradient.shape
            np.testing.assert_allclose(leaf.grad, gradient)
