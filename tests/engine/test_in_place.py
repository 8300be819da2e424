"""``p -= x`` and its kin: an update of a leaf, an error, or arithmetic, and never a lost parameter."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value, no_grad

SIGNS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "+=": (operator.iadd, operator.add),
    "-=": (operator.isub, operator.sub),
    "*=": (operator.imul, operator.mul),
    "/=": (operator.itruediv, operator.truediv),
    "//=": (operator.ifloordiv, operator.floordiv),
    "%=": (operator.imod, operator.mod),
    "**=": (operator.ipow, operator.pow),
}
over_signs = pytest.mark.parametrize("sign", SIGNS)
MAKE: dict[str, Callable[..., Any]] = {
    "Value": lambda **options: Value(2.5, "p", **options),
    "Tensor": lambda **options: Tensor([2.5, 0.5], "p", **options),
}
over_kinds = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
INCREMENTS: dict[str, Callable[[Any], Any]] = {
    "float": lambda p: 1.5,
    "NumPy number": lambda p: np.float64(1.5),
    "numbers": lambda p: np.full(p.shape, 1.5),
    "constant": lambda p: type(p)(np.full(p.shape, 1.5), requires_grad=False),
}
over_increments = pytest.mark.parametrize("increment", INCREMENTS.values(), ids=INCREMENTS)


# --- under no_grad --------------------------------------------------------------------------------


@over_increments
@over_signs
@over_kinds
def test_under_no_grad_a_leaf_is_changed_and_stays_itself(
    make: Any, sign: str, increment: Callable[[Any], Any]
) -> None:
    in_place, plain = SIGNS[sign]
    for options in ({}, {"requires_grad": False}):
        p = make(**options)
        x = increment(p)
        want = plain(np.array(p.data), 1.5)
        with no_grad():
            q = in_place(p, x)
        assert q is p
        assert p.is_leaf
        assert p.requires_grad is options.get("requires_grad", True)
        assert p.name == "p"
        np.testing.assert_array_equal(p.data, want)


def test_the_matrix_product_too() -> None:
    p = Tensor(np.eye(2))
    with no_grad():
        q = p
        q @= np.array([[1.0, 2.0], [3.0, 4.0]])
    assert q is p
    np.testing.assert_array_equal(p.data, [[1, 2], [3, 4]])
    with pytest.raises(TypeError, match=r"p\.data @= x"):
        p @= np.eye(2)


@over_kinds
def test_a_graph_from_before_the_update_is_stale(make: Any) -> None:
    p = make()
    y = np.sum(p * p)
    with no_grad():
        p -= 1.0
    with pytest.raises(autograd.StaleGraphError):
        y.backward(create_graph=True)


def test_an_update_reaches_views_and_detached_tensors() -> None:
    p = Tensor([1.0, 2.0])
    view, constant = p.reshape(2, 1), p.detach()
    y = (view * view).sum()
    with no_grad():
        p += 1.0
    assert constant.data.tolist() == [2.0, 3.0]
    with pytest.raises(autograd.StaleGraphError):
        y.backward()


def test_shape_and_dtype_stay() -> None:
    p, v = Tensor([1.0, 2.0], dtype=np.float32), Value(1.0)
    with no_grad():
        p -= np.array([0.5, 0.25])  # float64, as in NumPy
        assert p.dtype == np.float32
        assert p.data.tolist() == [0.5, 1.75]
        with pytest.raises(ValueError, match=r"keeps the shape of t, \(2,\)"):
            p += np.ones((3, 2))
        with pytest.raises(ValueError, match="a Value stays one number"):
            v += np.ones(2)
        with pytest.raises(TypeError):
            p += "1"
    assert p.data.tolist() == [0.5, 1.75]
    assert v.data == 1.0


def test_a_view_that_repeats_its_elements_gives_the_name_a_new_tensor() -> None:
    with no_grad():
        x = autograd.broadcast_to(Tensor([1.0]), shape=(3,))
        y = x
        y += 1.0
    assert x.data.tolist() == [1, 1, 1]
    assert y.data.tolist() == [2, 2, 2]


@pytest.mark.parametrize("scalars", [False, True], ids=["tensors", "Values"])
def test_an_update_with_minus_equals_trains(scalars: bool) -> None:
    model: Any = nn.MLP(2, [3, 1], rng=0)
    model = model.to_scalars() if scalars else model
    losses = []
    for _ in range(5):
        model.zero_grad()
        loss = autograd.sum(autograd.square(model([1.0, 1.0])))
        loss.backward()
        losses.append(loss.item())
        with no_grad():
            for p in model.parameters():
                p -= 0.05 * p.grad
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]


def test_running_averages_in_a_list_are_changed() -> None:
    parameters = [Tensor([1.0, 2.0]), Tensor([3.0])]
    averages = [Tensor(p.data, requires_grad=False) for p in parameters]
    with no_grad():
        for average, p in zip(averages, parameters, strict=True):
            average *= 0.5
            average += 0.25 * p
    assert [average.data.tolist() for average in averages] == [[0.75, 1.5], [2.25]]


INDICES: dict[str, Any] = {
    "a number": 1,
    "a slice": slice(0, 2),
    "all": ...,
    "a list": [0, 2],
    "a mask": np.array([True, False, True]),
    "a pair": (slice(None), 1),
    "a tensor": Tensor([0.0, 1.0, 0.0], requires_grad=False) > 0,
}


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
@pytest.mark.parametrize("kind", ["=", *SIGNS])
def test_under_no_grad_places_of_a_leaf_are_changed(index: Any, kind: str) -> None:
    start = np.arange(1.0, 7.0).reshape(3, 2)
    p, want = Tensor(start, "p"), start.copy()
    y = (p * p).sum()
    if kind == "=":
        want[index] = 2.0
    else:
        want[index] = SIGNS[kind][1](want[index], 2.0)
    with no_grad():
        if kind == "=":
            p[index] = 2.0
        else:
            p[index] = SIGNS[kind][0](p[index], 2.0)
    np.testing.assert_array_equal(p.data, want)
    assert p.is_leaf
    with pytest.raises(autograd.StaleGraphError):
        y.backward()


def test_places_are_changed_under_no_grad_alone_and_by_what_fits() -> None:
    p = Tensor(np.zeros((3, 2)))
    interior = p * 1.0
    for index, x in ((0, 1.0), (slice(None), np.ones(2))):
        with pytest.raises(TypeError, match=r"no_grad"):
            p[index] = x
        with no_grad(), pytest.raises(TypeError, match="cannot be assigned into"):
            interior[index] = x
    with no_grad():
        with pytest.raises(ValueError, match=r"shape \(2,\), and x has \(3,\)"):
            p[0] = np.ones(3)
        with pytest.raises(TypeError, match="real numbers"):
            p[0] = "x"
        with pytest.raises(IndexError):
            p[7] = 1.0
        assert not p.data.any()
        p[0] = Tensor([1.0, 2.0])
        p[1:] = p[:1]
    assert p.data.tolist() == [[1, 2]] * 3
    with pytest.raises(TypeError, match="cannot be assigned into"):
        autograd.grad(in_places)(np.ones(3))


def in_places(x: Any) -> Any:
    with no_grad():
        x[0] = 2.0
    return x.sum()


# --- elsewhere ------------------------------------------------------------------------------------


@over_increments
@over_signs
@over_kinds
def test_elsewhere_an_update_of_a_parameter_is_refused_and_nothing_changes(
    make: Any, sign: str, increment: Callable[[Any], Any]
) -> None:
    p = make()
    before = np.array(p.data)
    way = rf"`p\.data {sign} x`".replace("*", r"\*").replace("+", r"\+")
    with pytest.raises(TypeError, match=way):
        SIGNS[sign][0](p, increment(p))
    np.testing.assert_array_equal(p.data, before)


@over_kinds
def test_an_update_by_a_gradient_that_is_a_node_is_refused(make: Any) -> None:
    p = make()
    np.sum(p * p * p).backward(create_graph=True)
    assert p.grad.requires_grad
    with pytest.raises(TypeError, match=r"p\.data -= x"):
        p -= 0.1 * p.grad


@over_signs
@over_kinds
def test_on_an_interior_node_the_name_gets_a_new_node(make: Any, sign: str) -> None:
    leaf = make()
    node = leaf * 1.5
    other = SIGNS[sign][0](node, 1.25)
    assert other is not node
    assert other.primitive.name in ("add", "sub", "mul", "div", "floor_divide", "remainder", "pow")
    np.testing.assert_array_equal(other.data, SIGNS[sign][1](np.array(node.data), 1.25))
    assert any(x is node for x in other.parents)


@over_kinds
@pytest.mark.parametrize("requires_grad", [True, False])
def test_a_sum_that_starts_from_a_leaf_is_a_sum(make: Any, requires_grad: bool) -> None:
    x = make()
    total = start = make(requires_grad=requires_grad)
    for factor in (1.0, 2.0, 3.0):
        total += x * factor
    assert total is not start
    np.testing.assert_array_equal(total.data, start.data + 6 * x.data)
    np.sum(total).backward()
    np.testing.assert_array_equal(x.grad, np.full(x.shape, 6.0))


def test_a_constant_is_changed() -> None:
    images = Tensor([0.0, 255.0], requires_grad=False)
    same = images
    images /= 255.0
    assert same is images
    assert images.data.tolist() == [0.0, 1.0]


def test_the_example_of_micrograd_runs() -> None:
    a, b = Value(-4.0), Value(2.0)
    c, d = a + b, a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    f = (c - d) ** 2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert round(g.data, 4) == 24.7041
    assert (round(a.grad, 4), round(b.grad, 4)) == (138.8338, 645.5773)


# --- where the leaf is an argument ----------------------------------------------------------------


def in_a_loop(x: Any) -> Any:
    x *= 3.0
    x += 1.0
    x **= 2
    return np.sum(x)


def test_inside_a_transform_the_operators_are_arithmetic() -> None:
    assert autograd.grad(in_a_loop)(2.0) == 42.0
    assert autograd.gradcheck(in_a_loop, (2.0,))
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(autograd.grad(in_a_loop)(x), 6 * (3 * x + 1))
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_inside_a_compiled_function_the_operators_are_arithmetic_and_updates_are_refused() -> None:
    p = Tensor([1.0, 2.0], "w")

    @autograd.compile
    def f(x: Any) -> Any:
        x *= 3.0
        x += p
        return x.sum()

    for scale in (1.0, 2.0):
        assert f(np.full(2, scale)) == 6 * scale + 3

    @autograd.compile
    def trains(x: Any) -> Any:
        with no_grad():
            q = p
            q -= 0.1
        return (p * x).sum()

    with pytest.raises(TypeError, match="while a program is recorded"):
        trains(np.ones(2))
    assert p.data.tolist() == [1.0, 2.0]


class Neuron(nn.Module):
    """micrograd's, with a sum that starts from the bias."""

    def __init__(self) -> None:
        self.w = [Value(0.5), Value(-2.0)]
        self.b = Value(0.25)

    def forward(self, x: Any) -> Any:
        act = self.b
        for w, each in zip(self.w, x, strict=True):
            act += w * each
        return act


def test_a_sum_that_starts_from_a_parameter_in_forward_leaves_the_parameter_alone() -> None:
    model = Neuron()
    assert model([1.0, 2.0]).data == -3.25
    with no_grad():
        assert model([1.0, 2.0]).data == -3.25
        assert model([1.0, 2.0]).data == -3.25
    assert model.b.data == 0.25
    for count in (1.0, 2.0):  # gradients add up: the second time the parameter has one
        model([1.0, 2.0]).backward()
        assert model.b.grad == count


# --- a module keeps its parameters ----------------------------------------------------------------


ASSIGNMENTS: dict[str, Callable[[Any], Any]] = {
    "an interior node": lambda w: w - 0.1,
    "an array": lambda w: np.zeros(w.shape),
    "a number": lambda w: 0.0,
    "a constant": lambda w: Tensor(w.data, requires_grad=False),
    "a list of numbers": lambda w: [0.0, 1.0],
    "a string": lambda w: "weight",
}


@pytest.mark.parametrize("make", ASSIGNMENTS.values(), ids=ASSIGNMENTS)
def test_a_parameter_is_not_lost_to_an_assignment(make: Callable[[Any], Any]) -> None:
    layer = nn.Linear(2, 1, rng=0)
    weight = layer.weight
    with pytest.raises(TypeError, match=r"Linear\.weight is a parameter.*weight\.data = x"):
        layer.weight = make(weight)
    with no_grad(), pytest.raises(TypeError, match=r"Linear\.weight is a parameter"):
        layer.weight = make(weight)
    assert layer.weight is weight
    assert len(layer.parameters()) == 2


def test_what_may_be_assigned_to_a_parameters_name() -> None:
    layer = nn.Linear(2, 1, rng=0)
    for other in (
        Tensor([[1.0, 2.0]]),
        autograd.values([[1.0, 2.0]]),
        [[Value(1.0), Value(2.0)]],
        nn.Linear(2, 1, rng=0),
        Tensor([[1.0, 2.0]]),
        None,
        3.0,
    ):
        layer.weight = other
        assert layer.weight is other
    layer.bias.requires_grad = False
    layer.bias = Tensor([1.0], requires_grad=False)
    del layer.bias
    layer.bias = "gone"


def test_a_transform_may_put_its_argument_in_the_place_of_a_parameter() -> None:
    layer = nn.Linear(2, 1, rng=0)

    def loss(weight: Any) -> Any:
        layer.weight = weight
        return (layer([1.0, 2.0]) ** 2).sum()

    start = layer.weight.data.copy()
    assert autograd.gradcheck(loss, (start,), order=2)
    assert autograd.hessian(loss)(start).shape == (1, 2, 1, 2)


def test_minus_equals_on_an_attribute() -> None:
    layer = nn.Linear(2, 1, rng=0)
    weight, before = layer.weight, layer.weight.data.copy()
    with pytest.raises(TypeError, match=r"p\.data -= x"):
        layer.weight -= 0.5
    with no_grad():
        layer.weight -= 0.5
    assert layer.weight is weight
    np.testing.assert_array_equal(weight.data, before - 0.5)
    layer.weight.data -= 0.5
    np.testing.assert_array_equal(weight.data, before - 1)


@pytest.mark.parametrize("mode", [no_grad, autograd.enable_grad])
def test_minus_equals_on_an_array_of_values_says_that_its_parameters_are_lost(mode: Any) -> None:
    layer = nn.Linear(2, 1, rng=0).to_scalars()
    with mode(), pytest.raises(TypeError, match=r"array of Values Linear\.weight.*v\.data -="):
        layer.weight -= 0.5


def test_a_parameter_of_a_list_is_updated_in_its_place() -> None:
    class Stack(nn.Module):
        def __init__(self) -> None:
            self.weights = [Tensor([1.0]), Tensor([2.0])]

    model = Stack()
    with no_grad():
        model.weights[1] -= 0.5
    assert [p.item() for p in model.parameters()] == [1.0, 1.5]
    with pytest.raises(TypeError, match=r"p\.data -= x"):
        model.weights[1] -= 0.5
