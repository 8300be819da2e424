"""The lectures' claims about Jacobians, read off ``node.local_derivatives``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numerics import check_close, weights
from samples import ALL, Sample, numbers

import autograd
from autograd import Tensor, Value

DIFFERENTIABLE = [sample for sample in ALL if sample.slots]

m, n = 3, 4
W, x, b = numbers(m, n), numbers(n, low=-1.0), numbers(m)


# --- z = W x + b ----------------------------------------------------------------------------------


def test_the_jacobian_of_a_product_by_the_vector_is_the_matrix() -> None:
    by_x = (W @ Tensor(x)).local_derivatives[0]
    assert by_x.kind == "multilinear"
    assert by_x.shape == (m, n)
    np.testing.assert_array_equal(by_x.matrix(), W)


def test_the_jacobian_of_a_product_by_the_matrix_is_the_identity_kronecker_the_vector() -> None:
    by_weight = (Tensor(W) @ x).local_derivatives[0]
    assert by_weight.kind == "multilinear"
    assert by_weight.shape == (m, m * n)
    np.testing.assert_array_equal(by_weight.matrix(), np.kron(np.eye(m), x))


def test_the_jacobian_of_a_sum_by_the_bias_is_the_identity() -> None:
    by_z, by_b = (Tensor(W @ x) + Tensor(b)).local_derivatives
    assert by_z.kind == by_b.kind == "diagonal"
    np.testing.assert_array_equal(by_z.matrix(), np.eye(m))
    np.testing.assert_array_equal(by_b.matrix(), np.eye(m))


def test_the_bias_of_a_batch_has_one_identity_per_instance() -> None:
    by_b = (np.ones((2, m)) + Tensor(b)).local_derivatives[0]
    assert by_b.kind == "diagonal"
    np.testing.assert_array_equal(by_b.matrix(), np.tile(np.eye(m), (2, 1)))


def test_the_affine_map_of_a_layer_says_all_three() -> None:
    z = autograd.linear(Tensor(x), Tensor(W), Tensor(b))
    by_x, by_weight, by_b = z.local_derivatives
    assert [d.kind for d in z.local_derivatives] == ["multilinear", "multilinear", "linear"]
    np.testing.assert_array_equal(by_x.matrix(), W)
    np.testing.assert_array_equal(by_weight.matrix(), np.kron(np.eye(m), x))
    np.testing.assert_array_equal(by_b.matrix(), np.eye(m))


def test_the_affine_map_of_a_batch_has_a_block_per_instance() -> None:
    batch = numbers(2, n)
    by_batch, by_weight, by_b = autograd.linear(
        Tensor(batch), Tensor(W), Tensor(b)
    ).local_derivatives
    np.testing.assert_array_equal(by_batch.matrix(), np.kron(np.eye(2), W))
    np.testing.assert_array_equal(
        by_weight.matrix(), np.vstack([np.kron(np.eye(m), row) for row in batch])
    )
    np.testing.assert_array_equal(by_b.matrix(), np.tile(np.eye(m), (2, 1)))


# --- activations ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("relu", lambda s: (s > 0).astype(float)),
        ("tanh", lambda s: 1 - np.tanh(s) ** 2),
        ("sigmoid", lambda s: np.exp(-s) / (1 + np.exp(-s)) ** 2),
        ("exp", np.exp),
        ("square", lambda s: 2 * s),
    ],
)
def test_the_jacobian_of_an_elementwise_activation_is_diagonal(
    name: str, slope: Callable[[np.ndarray], np.ndarray]
) -> None:
    s = numbers(5)
    d = getattr(autograd, name)(Tensor(s)).local_derivatives[0]
    assert d.kind == "diagonal"
    check_close(d.matrix(), np.diag(slope(s)), 1e-14)


def test_the_jacobian_of_softmax_is_diag_p_minus_p_p_transposed() -> None:
    p = autograd.softmax(Tensor(numbers(5)))
    d = p.local_derivatives[0]
    assert d.kind == "full"
    check_close(d.matrix(), np.diag(p.data) - np.outer(p.data, p.data), 1e-15)


def test_the_jacobian_of_log_softmax_is_the_identity_minus_one_p_transposed() -> None:
    s = numbers(5)
    d = autograd.log_softmax(Tensor(s)).local_derivatives[0]
    assert d.kind == "full"
    p = np.exp(s) / np.exp(s).sum()
    check_close(d.matrix(), np.eye(5) - np.outer(np.ones(5), p), 1e-15)


def test_the_gradient_of_softmax_and_cross_entropy_is_p_minus_d() -> None:
    s, d = numbers(5), np.eye(5)[2]
    loss = autograd.softmax_cross_entropy(Tensor(s), d)
    by_s = loss.local_derivatives[0]
    assert by_s.shape == (1, 5)
    check_close(by_s.matrix(), [np.exp(s) / np.exp(s).sum() - d], 1e-15)


# --- reductions and linear maps -------------------------------------------------------------------


def test_a_sum_has_a_row_of_ones() -> None:
    d = Tensor(numbers(4)).sum().local_derivatives[0]
    assert (d.kind, d.shape) == ("row", (1, 4))
    np.testing.assert_array_equal(d.matrix(), np.ones((1, 4)))


def test_a_mean_over_rows_has_one_row_per_output() -> None:
    d = Tensor(numbers(2, 3)).mean(axis=1).local_derivatives[0]
    assert (d.kind, d.shape) == ("row", (2, 6))
    check_close(d.matrix(), np.kron(np.eye(2), np.ones(3) / 3), 1e-16)


def test_a_maximum_has_a_row_that_points_at_it() -> None:
    d = Tensor([1.0, 5.0, 3.0]).max().local_derivatives[0]
    np.testing.assert_array_equal(d.matrix(), [[0, 1, 0]])


def test_a_reshape_has_the_identity() -> None:
    d = Tensor(numbers(2, 3)).reshape(3, 2).local_derivatives[0]
    assert d.kind == "linear"
    np.testing.assert_array_equal(d.matrix(), np.eye(6))


def test_a_transpose_has_a_permutation_matrix() -> None:
    d = Tensor(numbers(2, 3)).T.local_derivatives[0]
    assert d.kind == "linear"
    np.testing.assert_array_equal(d.matrix(), np.eye(6)[[0, 3, 1, 4, 2, 5]])


def test_a_slice_has_the_chosen_rows_of_the_identity() -> None:
    d = Tensor(numbers(4))[[2, 0, 2]].local_derivatives[0]
    np.testing.assert_array_equal(d.matrix(), np.eye(4)[[2, 0, 2]])


def test_a_running_sum_has_a_triangle_of_ones() -> None:
    d = Tensor(numbers(4)).cumsum().local_derivatives[0]
    np.testing.assert_array_equal(d.matrix(), np.tri(4))


# --- every primitive ------------------------------------------------------------------------------


KINDS = {"diagonal", "row", "linear", "multilinear", "full"}


@pytest.mark.parametrize("sample", DIFFERENTIABLE, ids=repr)
def test_vjp_and_jvp_are_products_with_the_matrix(sample: Sample) -> None:
    with np.errstate(all="ignore"):
        out = sample(*(Tensor(a) for a in sample.arrays))
    assert len(out.local_derivatives) == len(sample.arrays)
    g, tolerance = weights(out.shape), 1e-7 if out.dtype == np.float32 else 1e-11
    for d, a in zip(out.local_derivatives, sample.arrays, strict=True):
        matrix, t = d.matrix(), weights(a.shape, shift=0.3)
        assert d.kind in KINDS
        assert d.shape == matrix.shape == (out.size, a.size)
        check_close(d.vjp(g), (g.ravel() @ matrix).reshape(a.shape), tolerance)
        check_close(d.jvp(t), (matrix @ t.ravel()).reshape(out.shape), tolerance)


@pytest.mark.parametrize(
    "sample",
    [s for s in DIFFERENTIABLE if s.row.family == "diagonal" and len(s.arguments) == 1],
    ids=repr,
)
def test_the_matrix_of_an_elementwise_function_is_diagonal(sample: Sample) -> None:
    matrix = sample(*map(Tensor, sample.arrays)).local_derivatives[0].matrix()
    np.testing.assert_array_equal(matrix, np.diag(np.diag(matrix)))


def test_a_local_derivative_says_what_it_is() -> None:
    assert repr((W @ Tensor(x)).local_derivatives[0]) == (
        "<multilinear local derivative of matmul, 3 x 4>"
    )


def test_a_cotangent_or_tangent_of_another_shape_is_an_error() -> None:
    d = (W @ Tensor(x)).local_derivatives[0]
    with pytest.raises(ValueError, match=r"a cotangent of matmul has shape \(3,\), got \(4,\)"):
        d.vjp(np.ones(n))
    with pytest.raises(ValueError, match=r"a tangent of matmul has shape \(4,\), got \(3,\)"):
        d.jvp(np.ones(m))


def test_the_local_derivatives_of_a_value_are_the_floats_on_its_edges() -> None:
    u, v = Value(2.0), Value(-3.0)
    assert (u * v).local_derivatives == (-3.0, 2.0)
    assert (u * u).local_derivatives == (2.0, 2.0)
    assert (u * 5).local_derivatives == (5.0,)
    assert u.tanh().local_derivatives == (1 - np.tanh(2.0) ** 2,)
    assert u.local_derivatives == Tensor(x).local_derivatives == ()


def test_a_value_of_many_arguments_has_one_local_derivative_for_each() -> None:
    w = autograd.values([1.0, 2.0, 3.0])
    assert autograd.mean(w).local_derivatives == (1 / 3, 1 / 3, 1 / 3)
    assert autograd.matmul(w, np.array([4.0, 5.0, 6.0])).local_derivatives == (4.0, 5.0, 6.0)
