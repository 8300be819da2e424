"""Steps: the backward pass one chain-rule product at a time, equal to what `backward()` leaves."""

from __future__ import annotations

import copy
import itertools
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from numerics import weights
from readback import spelled, value
from samples import ALL, Sample

import autograd
import nn
from autograd import LocalDerivative, StaleGraphError, Tensor, Value, forward_steps, steps
from autograd.engine.letters import Letter
from tests.engine.test_random_graphs import nodes, quick, run, steps as programs
from tests.formulas.test_latex import check_latex


def same(x: Any, y: Any) -> bool:
    """Bitwise equality of numbers or arrays, signs of zeros and nans included."""
    x, y = np.asarray(x), np.asarray(y)
    return (x.shape, x.dtype, x.tobytes()) == (y.shape, y.dtype, y.tobytes())


def snapshot(root: Any) -> list[Any]:
    """All that a reader could have changed: gradients, names, numbers."""
    order = autograd.topological_order(root, arguments=True)
    return [(node.grad, node.name, copy.copy(np.asarray(node.data)), id(node)) for node in order]


def check_steps(root: Any, seed: Any = None) -> list[autograd.Step]:
    """Every promise of `steps` about one graph, against a backward pass."""
    before = snapshot(root)
    taken = list(steps(root, seed=seed))
    for old, new in zip(before, snapshot(root), strict=True):
        assert old[0] is new[0]
        assert (old[1], old[3]) == (new[1], new[3])
        assert same(old[2], new[2])

    start = root._seed(seed, False)
    sums: dict[Any, Any] = {}
    completed: set[Any] = {root}
    spread: dict[Any, None] = {}  # in order; lists of nodes are no place to look for one
    uses = [parent for node in autograd.topological_order(root) for parent in node.parents]
    for index, step in enumerate(taken):
        assert step.index == index
        assert step.node.parents[step.slot] is step.parent
        if not spread or next(reversed(spread)) is not step.node:
            assert step.node not in spread, "a node is distributed once"
            assert step.node in completed, "its cotangent was complete before"
            spread[step.node] = None
        assert same(step.cotangent, start if step.node is root else sums[step.node])
        assert (step.before is None) == (step.parent not in sums)
        if step.before is not None:
            assert same(step.before, sums[step.parent])
            assert same(step.after, step.before + step.contribution)
        sums[step.parent] = step.after
        local = step.local_derivative
        if isinstance(local, LocalDerivative):
            np.testing.assert_allclose(step.contribution, local.vjp(step.cotangent), rtol=1e-6)
            assert np.shape(step.contribution) == step.parent.shape
        else:
            assert same(step.contribution, step.cotangent * local)
            assert same(step.matrix(), [[local]])
        taken_before = sum(each.parent is step.parent for each in taken[: index + 1])
        assert step.remaining == sum(use is step.parent for use in uses) - taken_before
        assert step.complete == (step.remaining == 0)
        if step.complete:
            assert step.parent not in completed
            completed.add(step.parent)
    assert completed == set(autograd.topological_order(root))
    assert len(taken) == len(uses)

    held = {node: node.grad for node in autograd.topological_order(root)}
    for node in held:
        node.grad = None
    with autograd.retain_grads():
        root.backward(seed)
    for node in held:
        if node is not root:
            assert same(sums[node], node.grad)
        node.grad = held[node]
    return taken


# --- the same as backward() ------------------------------------------------------------------------


@quick
@given(programs())
def test_the_contributions_add_up_to_what_backward_leaves(program: Any) -> None:
    out = run(program, nodes())
    assume(isinstance(out, autograd.Node) and out.requires_grad)
    check_steps(out)


@quick
@given(programs())
def test_so_they_do_on_values_alone(program: Any) -> None:
    leaves: list[Any] = [0.7, -1.3]
    pool = [*(Value(x) for x in leaves), *(Value(0.4 + 0.1 * i) for i in range(4))]
    out = run(program, pool)
    assume(isinstance(out, Value) and out.requires_grad)
    check_steps(out)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_steps_of_a_network_add_up_to_its_gradients(dtype: Any) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 3)).astype(dtype), np.array([0, 1, 1, 0, 1])
    model = nn.MLP(3, [4, 2], rng=rng, dtype=dtype)
    check_steps(nn.cross_entropy(model(x), y))


def test_the_steps_of_a_network_of_values_add_up_to_its_gradients() -> None:
    model = nn.MLP(2, [2, 1], rng=np.random.default_rng(0)).to_scalars()
    out = np.ravel(model([0.5, -1.0]))[0]
    loss = (out - 1.0) ** 2
    taken = check_steps(loss)
    loss.backward()
    last = {step.parent.name: step.after for step in taken if step.parent.is_leaf}
    assert last == {p.name: p.grad for p in model.parameters()}


def test_values_inside_tensors_and_broadcasting() -> None:
    v, t = Value(0.5, "v"), Tensor([[1.0, 2.0, 3.0]], "t")
    u = t * v + np.ones((2, 1))
    check_steps((u * t / (u + v)).sum())


def test_a_tensor_of_several_elements_takes_a_seed() -> None:
    t = Tensor([1.0, 2.0, 3.0], "t")
    out = t * t
    seed = [0.5, -1.0, 2.0]
    taken = check_steps(out, seed)
    assert taken[-1].after.tolist() == [1.0, -4.0, 12.0]
    with pytest.raises(ValueError, match="needs a seed of that shape"):
        steps(out)
    with pytest.raises(ValueError, match=r"a seed of shape \(3,\) was expected"):
        steps(out, seed=1.0)
    assert next(steps(Value(2.0) * 3.0, seed=-2.0)).cotangent == -2.0


def test_zeros_keep_the_sign_that_backward_gives_them() -> None:
    x, t = Value(1.0, "x"), Tensor([1.0, -1.0])
    for out in ((x * -0.0) * 1.0, ((t * -0.0) * 1.0).sum(), -(x * 0.0)):
        check_steps(out)


def test_infinities_and_nans_travel_as_they_do_in_backward() -> None:
    x = Value(0.0, "x")
    check_steps((1 / x) * x + autograd.log(x) + autograd.sqrt(x))
    t = Tensor([0.0, 1.0, -1.0], "t")
    with np.errstate(all="ignore"):
        out = (autograd.log(t) * t).sum()
    check_steps(out)


def test_a_leaf_alone_has_no_steps() -> None:
    assert list(steps(Value(1.0))) == []
    assert list(forward_steps(Value(1.0))) == []


# --- what is in a step -----------------------------------------------------------------------------


def test_the_neuron_of_the_lectures_step_by_step() -> None:
    x, w, b = Value(2.0, "x1"), Value(-3.0, "w"), Value(6.88, "b")
    n = w * x + b
    n.name = "n"
    loss = n.tanh()
    loss.name = "loss"
    taken = list(steps(loss))
    assert [(step.node.name, step.parent.name) for step in taken] == [
        ("loss", "n"),
        ("n", None),
        ("n", "b"),
        (None, "w"),
        (None, "x1"),
    ]
    assert taken[3].text("symbols") == "∂loss/∂w += ∂loss/∂v₁ · x₁"
    assert taken[3].text("numbers") == "∂loss/∂w += 0.501 · 2 = 1.002"
    assert taken[3].text() == "∂loss/∂w += ∂loss/∂v₁ · x₁ = 0.501 · 2 = 1.002"
    assert taken[3].latex() == (
        r"\frac{\partial \text{loss}}{\partial w} \mathrel{+}= "
        r"\frac{\partial \text{loss}}{\partial v_{1}} \cdot x_{1} = 0.501 \cdot 2 = 1.002"
    )
    assert taken[3]._repr_latex_() == f"$\\displaystyle {taken[3].latex()}$"
    assert taken[0].text("numbers") == "∂loss/∂n += 1 · (1 − 0.7064²) = 0.501"
    assert "0.501 · 2 = 1.002; sum 1.002, complete>" in repr(taken[3])
    assert all(step.before is None and step.complete for step in taken)


def test_a_node_that_is_used_twice_is_complete_with_the_second_contribution() -> None:
    x = Value(3.0, "x")
    taken = list(steps(x * x + x))
    to_x = [step for step in taken if step.parent is x]
    assert [(s.before, s.contribution, s.after) for s in to_x] == [
        (None, 1.0, 1.0),
        (1.0, 3.0, 4.0),
        (4.0, 3.0, 7.0),
    ]
    assert [(s.complete, s.remaining) for s in to_x] == [(False, 2), (False, 1), (True, 0)]
    assert "2 to come" in repr(to_x[0])


def test_a_step_knows_the_users_line_and_the_module() -> None:
    x = Value(0.5, "x")
    with autograd.Scope("encoder", "Block"):
        y = x.tanh()  # this line
    (step,) = steps(y)
    (forward,) = forward_steps(y)
    for each in (step, forward):
        assert each.site is not None
        assert each.site.filename == __file__
        assert each.site.text == "y = x.tanh()  # this line"
        assert each.scope is not None
        assert (each.scope.path, each.scope.kind) == ("encoder", "Block")


DERIVATIVE = re.compile(r"∂\w+/∂\w+")


def check_equations(root: Any) -> None:
    """Each side of each formula of a graph of Values, evaluated."""
    below: dict[str, float] = {"D_L": 1.0}
    names = {}
    for step in steps(root, digits=17):
        symbols = step._reading.formulas.symbols
        for node in (step.node, *step.node.arguments):
            if isinstance(node, Value):
                names[symbols[node].text] = node.data
        name = f"D_{symbols[step.parent].text}"
        left, right = step.text("symbols").split(" += ")
        assert left == f"∂L/∂{symbols[step.parent].text}"
        right = DERIVATIVE.sub(lambda m: f"D_{m[0].rpartition('∂')[2]}", right)
        expected = pytest.approx(step.contribution, rel=1e-9, abs=1e-300, nan_ok=True)
        assert value(right, names | below) == expected
        left, right = step.text("numbers").split(" += ")
        sides = right.split(" = ")
        assert len(sides) == 2
        assert [value(side) for side in sides] == [expected, expected]
        assert step.text() == f"{step.text('symbols')} = {right}"
        below[name] = step.after
        for form in ("numbers", "symbols", "both"):
            check_latex(step.latex(form))
    for forward in forward_steps(root, digits=17):
        left, *sides = forward.text("numbers").split(" = ")
        assert 1 <= len(sides) <= 2
        for side in sides:
            if "=" not in side:
                result = pytest.approx(forward.value, rel=1e-9, nan_ok=True)
                assert value(side) == result
        assert forward.text("symbols").startswith(f"{left} = ")
        check_latex(forward.latex())


@quick
@given(programs())
def test_formulas_with_numbers_are_true_equations(program: Any) -> None:
    pool = [Value(x, f"a{i}") for i, x in enumerate((0.7, -1.3, 0.4, 0.5, 0.6, 0.8))]
    out = run(program, pool)
    assume(isinstance(out, Value) and out.requires_grad)
    check_equations(out)


@quick
@given(programs())
def test_equations_are_true_as_they_are_printed_with_few_digits(program: Any) -> None:
    pool = [Value(x, f"a{i}") for i, x in enumerate((0.7, -1.3, 0.4, 0.5, 0.6, 0.8))]
    out = run(program, pool)
    assume(isinstance(out, Value) and out.requires_grad)
    for step in (*steps(out, digits=3), *forward_steps(out, digits=3)):
        sides = step.text("numbers").rpartition(" += ")[2].split(" = ")
        numbers = [value(side) for side in sides if side[0] in "−(0123456789" and "if" not in side]
        for side in numbers[:-1]:
            assert side == pytest.approx(numbers[-1], rel=0.03, abs=1e-300)


def test_where_digits_cancel_more_are_shown() -> None:
    x = Value(6.0, "x")
    (step,) = steps(x.tanh())
    assert step.text("numbers") == "∂L/∂x += 1 · (1 − 0.9999877²) = 2.458e−05"
    (forward,) = forward_steps(Value(1.00001, "a") - Value(1.00002, "b"))
    assert forward.text("numbers") == "L = 1.00001 − 1.00002 = −1e−05"


def test_the_formulas_of_nodes_of_many_values_are_true_equations() -> None:
    p = np.array([Value(0.3 * i - 0.5, f"p{i}") for i in range(4)], dtype=object)
    for out in (autograd.logsumexp(p), autograd.max(p), autograd.prod(p), autograd.matmul(p, p)):
        check_equations(out * 2.0)


def test_form_says_which_formula() -> None:
    (step,) = steps(-Value(1.0, "x"))
    with pytest.raises(ValueError, match="form is one of 'numbers', 'symbols', 'both', not 'tex'"):
        step.text("tex")  # type: ignore[arg-type]


def test_a_tensor_step_is_one_vjp_with_shapes() -> None:
    W, x = Tensor([[0.5, -1.0], [2.0, 0.25], [1.0, 1.0]], "W"), Tensor([1.5, -0.5], "x")
    y = (W @ x).sum()
    taken = list(steps(y))
    assert [step.text("symbols") for step in taken] == [
        "∂L/∂v₁ += ∂L/∂L · 𝟏",
        "∂L/∂W += ∂L/∂v₁ @ xᵀ",
        "∂L/∂x += Wᵀ @ ∂L/∂v₁",
    ]
    assert taken[2].latex("symbols").endswith(r"W^{\top}\, \frac{\partial L}{\partial v_{1}}")
    assert taken[2].text("numbers") == "∂L/∂x += [3.5, 0.25]"
    assert [np.shape(step.contribution) for step in taken] == [(3,), (3, 2), (2,)]
    assert taken[2].matrix().tolist() == W.data.tolist()
    assert taken[1].matrix().shape == (3, 6)
    big = Tensor(np.ones(200), "big")
    (step,) = steps(big * 2.0, seed=np.ones(200))
    assert step.text("numbers") == "∂L/∂big += [200]"
    with pytest.raises(ValueError, match="200 x 200: matrix\\(\\) is for at most 10000 entries"):
        step.matrix()


def test_the_symbols_of_tensor_steps_computed_by_numpy_are_the_contributions() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    parameters = {"W1": (4, 3), "b1": (4,), "W2": (2, 4), "b2": (2,)}
    W1, b1, W2, b2 = (Tensor(rng.normal(size=shape), n) for n, shape in parameters.items())
    hidden = autograd.relu(autograd.linear(x, W1, b1))
    error = autograd.tanh(hidden @ W2.T + b2) - y
    loss = (error * error).mean() + 0.5 * autograd.sum_squares(W1)
    taken = list(steps(loss))
    scope: dict[str, Any] = {
        "D_L": np.array(1.0),
        "tanh": np.tanh,
        "reshape": np.reshape,
        "Σ": np.sum,
    }
    symbols = taken[0]._reading.formulas.symbols
    for node in autograd.topological_order(loss):
        scope[spelled(symbols[node].text)] = np.asarray(node.data)
        for operand in node.arguments:
            if isinstance(operand, np.ndarray):
                scope[spelled(symbols[operand].text)] = operand
    for step in taken:
        right = spelled(step.text("symbols")).split(" += ")[1]
        right = re.sub(r"\((∂L/∂\w+)\)", r"\1", right)
        right = re.sub(r"∂L/∂(\w+)", r"D_\1", right)
        for sign, meaning in {"·": "*", "⊙": "*", "−": "-", "ᵀ": ".T", "𝟏": "ones"}.items():
            right = right.replace(sign, meaning)
        right = re.sub(r"𝟙\[(.*?)\]", r"(\1)", right)
        # Ones as long as the batch where they sum over it, else as the parent is.
        ones = np.ones(5) if "@ ones" in right else np.ones(step.parent.shape)
        np.testing.assert_allclose(eval(right, scope | {"ones": ones}), step.contribution)
        scope[f"D_{spelled(symbols[step.parent].text)}"] = step.after


@pytest.mark.parametrize(
    "sample", [s for s in ALL if s.slots and all(np.size(x) for x in s.arrays)], ids=repr
)
def test_a_step_of_every_primitive_on_tensors_prints_what_it_does(sample: Sample) -> None:
    with np.errstate(all="ignore"):
        out = sample(*map(Tensor, sample.arrays))
        seed = weights(out.shape)
        for step in steps(out, seed=seed):
            formulas = step._reading.formulas
            g = Letter("g", sample=step.cotangent)
            tree = formulas.contribution_tree(step.node, step.slot, g)
            assert tree is not None
            np.testing.assert_allclose(
                np.broadcast_to(getattr(tree, "sample", tree), step.parent.shape),
                step.contribution,
                rtol=1e-12,
                atol=1e-15,
            )
            for form in ("symbols", "numbers", "both"):
                assert step.text(form).isprintable()
                check_latex(step.latex(form))
        for forward in forward_steps(out):
            assert forward.text().isprintable()
            check_latex(forward.latex())


@pytest.mark.parametrize("forms", ["symbols", "both", "numbers"])
def test_every_step_of_a_network_of_tensors_prints(forms: Any) -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.GELU(), nn.Linear(4, 2))
    loss = nn.cross_entropy(model(np.ones((5, 3))), np.array([0, 1, 1, 0, 1]))
    for step in itertools.chain(steps(loss), forward_steps(loss)):
        assert step.text(forms).isprintable()
        check_latex(step.latex(forms))


def test_arrays_in_a_step_cannot_be_written_to() -> None:
    t = Tensor([1.0, 2.0], "t")
    for step in steps((t.reshape((2, 1)) + 1.0).sum()):
        for array in (step.cotangent, step.contribution, step.after):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0.0
    for forward in forward_steps(t * 2):
        with pytest.raises(ValueError, match="read-only"):
            forward.value[...] = 0.0


# --- forward ---------------------------------------------------------------------------------------


def test_forward_steps_are_the_operations_in_order() -> None:
    x, w = Value(2.0, "x"), Value(-3.0, "w")
    y = (w * x + 1.0).tanh()
    taken = list(forward_steps(y))
    assert [step.index for step in taken] == [0, 1, 2]
    assert [step.node.primitive.name for step in taken if step.node.primitive] == [
        *("mul", "add", "tanh"),
    ]
    assert taken[0].arguments == (w, x)
    assert [step.value for step in taken] == [-6.0, -5.0, math.tanh(-5.0)]
    assert [step.text("symbols") for step in taken] == ["v₁ = w · x", "v₂ = v₁ + 1", "L = tanh(v₂)"]
    assert taken[0].text("numbers") == "v₁ = −3 · 2 = −6"
    assert repr(taken[0]) == "<ForwardStep 0: v₁ = w · x = −3 · 2 = −6>"
    assert taken[2]._repr_latex_().startswith("$\\displaystyle L = \\tanh")


def test_forward_steps_show_what_carries_no_gradient_too() -> None:
    c = Value(2.0, "c", requires_grad=False)
    x = Value(3.0, "x")
    y = x * (c * 2.0)
    computed = [node for node in autograd.topological_order(y, arguments=True) if not node.is_leaf]
    assert [step.node for step in forward_steps(y)] == computed


# --- errors, size ----------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [steps, forward_steps])
@pytest.mark.parametrize("graph", [lambda x: x * x, lambda x: (x.sum() * 2.0).tanh()])
def test_a_stale_graph_has_no_steps(function: Any, graph: Any) -> None:
    x = Tensor(3.0, "x") if graph(Tensor(1.0)).parents[0].parents else Value(3.0, "x")
    y = graph(x)
    x.data = 4.0
    with pytest.raises(StaleGraphError, match="'x' was assigned after"):
        function(y)


def test_steps_of_a_graph_that_goes_stale_stop_there() -> None:
    x = Value(3.0, "x")
    y = (x * x).tanh()
    taken, forward = steps(y), forward_steps(y)
    next(taken)
    x.data = 4.0
    with pytest.raises(StaleGraphError):
        next(taken)
    with pytest.raises(StaleGraphError):
        next(forward)


@pytest.mark.parametrize("function", [steps, forward_steps])
@pytest.mark.parametrize("thing", [1.0, "x", None, np.ones(2), [Value(1.0)]])
def test_steps_are_of_nodes_only(function: Any, thing: Any) -> None:
    with pytest.raises(TypeError, match=f"takes a Value or a Tensor, got {type(thing).__name__}"):
        function(thing)


def test_what_needs_no_gradient_has_no_backward_steps() -> None:
    with pytest.raises(ValueError, match="nothing to differentiate"):
        steps(Value(1.0, requires_grad=False))
    with autograd.no_grad():
        y = Value(1.0) * 2.0
    with pytest.raises(ValueError, match="nothing to differentiate"):
        steps(y)
    with pytest.raises(TypeError, match="seed"):
        steps(Value(1.0) * 2.0, seed="one")


@pytest.mark.parametrize("passing", [autograd.steps, autograd.forward_steps])
def test_a_pass_shows_all_its_steps_and_looking_takes_none_of_them(passing: Any) -> None:
    loss = (Value(2.0, "w") * Value(3.0, "x") - 1.0).tanh()
    texts = [step.text() for step in passing(loss)]
    left = passing(loss)
    assert next(left).text() == texts[0]
    for _ in range(2):
        shown = repr(left).splitlines()
        assert [line[5:] for line in shown[1:]] == texts
        assert left._repr_html_().count("<math") == 2 * len(texts)  # to both sides of the sign
        assert left._repr_latex_().count("$\\displaystyle ") == len(texts)
    assert [step.text() for step in left] == texts[1:]
    assert [step.text() for step in left] == []


def test_a_long_pass_says_that_there_is_more_and_a_stale_one_why_there_is_not() -> None:
    w = Value(0.1, "w")
    y = w
    for _ in range(200):
        y = y + 1.0
    left = autograd.steps(y)
    assert repr(left).endswith("These are the first 100: a loop gives all.")
    assert len(list(left)) == 200
    product = w * 3.0
    left = autograd.steps(product)
    w.data = 5.0
    assert "the data of Value 'w' was assigned after" in repr(left)
    assert "the data of Value" in left._repr_html_()
