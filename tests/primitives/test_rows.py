"""Every rule of every primitive is right: by differences, by adjointness, to second order."""

from __future__ import annotations

import numpy as np
import pytest
from numerics import central_differences, check_close, gradients, weighted, weights
from samples import ALL, BINARY, SAMPLES, Sample, mask, numbers

import autograd
from autograd import Tensor

DIFFERENTIABLE = [sample for sample in ALL if sample.slots]
SMOOTH = [sample for sample in DIFFERENTIABLE if sample.smooth]

over_all = pytest.mark.parametrize("sample", DIFFERENTIABLE, ids=repr)
over_smooth = pytest.mark.parametrize("sample", SMOOTH, ids=repr)


def test_every_primitive_has_a_row_of_samples() -> None:
    assert set(SAMPLES) == set(autograd.registry)


@pytest.mark.parametrize("name", autograd.registry)
def test_every_primitive_says_what_it_is(name: str) -> None:
    row = autograd.registry[name]
    meaning = (row.__doc__ or "").split("\n\n")[0].rstrip()
    assert meaning.endswith("."), row.__doc__
    assert "nan" not in (row.__doc__ or "").split(">>>")[-1]
    assert row.family in ("diagonal", "row", "linear", "multilinear", "full")


@pytest.mark.parametrize("sample", ALL, ids=repr)
def test_a_tensor_holds_what_the_array_function_computes(sample: Sample) -> None:
    with np.errstate(all="ignore"):
        options = sample.row.options | sample.options
        plain = np.asarray(sample.row.array(*sample.plain, **options))
        recorded = sample(*(Tensor(x) for x in sample.arrays))
    assert recorded.shape == plain.shape
    np.testing.assert_array_equal(recorded if not sample.slots else recorded.data, plain)


@over_smooth
def test_the_gradient_is_that_of_central_differences(sample: Sample) -> None:
    expected = central_differences(
        lambda *xs: weighted(sample, *xs), sample.arrays, step=sample.step
    )
    for gradient, by_differences in zip(gradients(sample, *sample.arrays), expected, strict=True):
        check_close(gradient, by_differences, 2e-7)


@over_all
def test_the_vjp_is_the_transpose_of_the_jvp(sample: Sample) -> None:
    tangents = [weights(np.shape(x), shift=0.2 * i) for i, x in enumerate(sample.arrays)]
    out, out_tangent = autograd.jvp(sample, sample.arrays, tangents)
    cotangent = weights(np.shape(out))
    _, pull = autograd.vjp(sample, *sample.arrays)
    forward = np.sum(cotangent * out_tangent)
    backward = sum(np.sum(g * t) for g, t in zip(pull(cotangent), tangents, strict=True))
    check_close(forward, backward, 1e-11)


@over_all
def test_a_cotangent_has_the_shape_and_dtype_of_its_node(sample: Sample) -> None:
    for gradient, x in zip(gradients(sample, *sample.arrays), sample.arrays, strict=True):
        assert type(gradient) is np.ndarray
        assert gradient.shape == x.shape
        assert gradient.dtype == np.float64


@over_smooth
def test_the_second_derivative_is_the_difference_of_the_first(sample: Sample) -> None:
    directions = [weights(np.shape(x), shift=0.2 * i) for i, x in enumerate(sample.arrays)]

    def slope(*arrays: np.ndarray) -> float:
        each = gradients(sample, *arrays)
        return float(sum(np.sum(g * v) for g, v in zip(each, directions, strict=True)))

    tensors = [Tensor(x) for x in sample.arrays]
    out = sample(*tensors)
    out.backward(weights(out.shape), create_graph=True)
    firsts = [t.grad for t in tensors]
    total = sum((g * v).sum() for g, v in zip(firsts, directions, strict=True))
    for t in tensors:
        t.grad = None
    if total.requires_grad:  # a linear map's gradient is a constant
        total.backward()
    expected = central_differences(slope, sample.arrays, step=sample.step)
    for t, by_differences in zip(tensors, expected, strict=True):
        second = np.zeros(t.shape) if t.grad is None else t.grad
        check_close(second, by_differences, 2e-7)


@over_all
def test_a_recorded_backward_pass_leaves_the_same_numbers(sample: Sample) -> None:
    tensors = [Tensor(x) for x in sample.arrays]
    out = sample(*tensors)
    out.backward(weights(out.shape), create_graph=True)
    for t, expected in zip(tensors, gradients(sample, *sample.arrays), strict=True):
        assert t.grad.shape == t.shape
        check_close(t.grad.data, expected, 1e-14)


@over_smooth
def test_forward_over_backward_is_backward_over_backward(sample: Sample) -> None:
    def loss(*xs: Tensor) -> Tensor:
        out = sample(*xs)
        return (out * out * weights(out.shape)).sum()

    directions = [weights(np.shape(x), shift=0.2 * i) for i, x in enumerate(sample.arrays)]
    every = tuple(range(len(directions)))
    forward = autograd.jvp(autograd.grad(loss, every), sample.arrays, directions)[1]

    def slope(*xs: Tensor) -> Tensor:
        each = autograd.grad(loss, every)(*xs)
        return sum((g * v).sum() for g, v in zip(each, directions, strict=True))

    backward = autograd.grad(slope, every)(*sample.arrays)
    for one, other in zip(forward, backward, strict=True):
        check_close(one, other, 1e-9)


@pytest.mark.parametrize(
    "sample", [sample for sample in DIFFERENTIABLE if sample.primitive != "astype"], ids=repr
)
def test_float32_stays_float32_to_second_order(sample: Sample) -> None:
    arguments = [
        x.astype(np.float32) if isinstance(x, np.ndarray) and x.dtype == np.float64 else x
        for x in sample.arguments
    ]
    tensors = [Tensor(arguments[slot]) for slot in sample.slots]
    for slot, t in zip(sample.slots, tensors, strict=True):
        arguments[slot] = t
    lists = any(isinstance(x, list) for x in arguments)  # a list of numbers is float64
    out = sample.row(*arguments, **sample.options)
    assert lists or out.dtype == np.float32
    out.backward(weights(out.shape), create_graph=True)
    firsts = [t.grad for t in tensors]
    assert [g.dtype for g in firsts] == [np.float32] * len(firsts)
    total = sum((g * g).sum() for g in firsts)
    for t in tensors:
        t.grad = None
    if total.requires_grad:
        total.backward()
        assert {t.grad.dtype for t in tensors if t.grad is not None} <= {np.dtype(np.float32)}


MIXED = {name: autograd.registry[name] for name in (*BINARY, "matmul", "einsum_all", "where")}


@pytest.mark.parametrize("name", MIXED)
@pytest.mark.parametrize("dtypes", [(np.float32, np.float64), (np.float64, np.float32)])
def test_each_argument_gets_a_cotangent_of_its_own_dtype(name: str, dtypes: tuple) -> None:
    low, high = BINARY.get(name, (0, 1, 0, 1))[:2], BINARY.get(name, (0, 1, 0, 1))[2:]
    x = Tensor(numbers(3, 3, low=low[0], high=low[1]), dtype=dtypes[0])
    y = Tensor(numbers(3, low=high[0], high=high[1]), dtype=dtypes[1])
    options = {"subscripts": "ii,i->i"} if name == "einsum_all" else {}
    arguments = (mask(3), x, y) if name == "where" else (x, y)
    out = MIXED[name](*arguments, **options)
    assert out.dtype == np.float64
    out.backward(weights(out.shape), create_graph=True)
    assert (x.grad.dtype, y.grad.dtype) == dtypes
    total = (x.grad * x.grad).sum() + (y.grad * y.grad).sum()
    x.grad = y.grad = None
    if total.requires_grad:
        total.backward()
        for t in (x, y):
            assert t.grad is None or t.grad.dtype == t.dtype


@pytest.mark.parametrize("name", BINARY)
def test_a_mask_or_integers_are_constants_like_others(name: str) -> None:
    low, high = BINARY[name][2:]
    for constant in (np.array([True, True]), np.array([1, 1])):
        x = Tensor(numbers(2, low=low, high=high))
        out = autograd.registry[name](constant, x)
        out.backward(weights((2,)))
        expected = Tensor(x.data)
        autograd.registry[name](constant.astype(float), expected).backward(weights((2,)))
        np.testing.assert_allclose(x.grad, expected.grad, rtol=1e-14)
