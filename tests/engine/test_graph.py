"""The graph: order, passes, accumulation, modes, threads, depth and memory."""

from __future__ import annotations

import numpy as np
import pytest

import autograd
from autograd import StaleGraphError, Tensor, Value, topological_order

# --- accumulation -------------------------------------------------------------------------------


def test_a_second_backward_pass_adds_to_leaves_and_not_to_interior_nodes():
    x = Value(3.0)
    y = x * x
    z = y * x
    z.backward()
    assert x.grad == 27.0
    z.backward()
    assert x.grad == 54.0
    assert y.grad == 3.0
    x.grad = None
    z.backward()
    assert x.grad == 27.0


def test_the_cube_as_a_power_gives_27_then_54_then_27():
    x = Value(3.0)
    y = x**3
    for expected in (27.0, 54.0):
        y.backward()
        assert x.grad == expected
    x.grad = None
    y.backward()
    assert x.grad == 27.0


def test_the_same_holds_for_tensors():
    t = Tensor([3.0, -1.0])
    y = (t**3).sum()
    y.backward()
    y.backward()
    np.testing.assert_allclose(t.grad, 2 * np.array([27.0, 3.0]))


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_a_diamond_counts_every_path(kind):
    a = kind(2.0)
    b = a + a
    c = b + b
    c.backward()
    assert a.grad == 4.0


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_a_node_used_twice_by_one_primitive_gets_both_contributions(kind):
    x = kind(5.0)
    y = x * x
    y.backward()
    assert x.grad == 10.0
    assert y.parents[0] is x
    assert y.parents[1] is x


def test_a_ladder_of_shared_subgraphs_has_two_to_the_n_paths_and_the_right_gradient():
    x = Value(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


def test_a_leaf_is_its_own_gradient():
    x = Value(4.0)
    x.backward()
    assert x.grad == 1.0
    t = Tensor([[2.0]])
    t.backward()
    assert t.grad.tolist() == [[1.0]]


def test_a_zero_cotangent_still_reaches_its_parent():
    x, y = Value(2.0), Value(0.0)
    (x * y).backward()
    assert x.grad == 0.0


def test_gradients_own_their_memory():
    x, y = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    seed = np.array([1.0, 1.0])
    (x + y).backward(seed)
    x.grad *= 5.0
    assert y.grad.tolist() == [1.0, 1.0]
    assert seed.tolist() == [1.0, 1.0]
    z = Tensor([[1.0, 2.0], [3.0, 4.0]])
    z.T.sum(axis=0).sum().backward()
    z.grad[0, 0] = 9.0
    assert z.grad.tolist() == [[9.0, 1.0], [1.0, 1.0]]


def test_gradients_can_be_filled_in_by_hand_on_any_node():
    x = Value(2.0)
    y = x * 3
    y.grad, y.name = 1.0, "y"
    assert y.grad == 1.0
    assert "name='y'" in repr(y)
    with pytest.raises(TypeError, match="name is a string"):
        y.name = 3


# --- order --------------------------------------------------------------------------------------


def test_the_topological_order_puts_arguments_before_outputs_and_is_deterministic():
    a, b = Value(1.0), Value(2.0)
    c = a * b
    d = (c + a) * (c - b)
    order = topological_order(d)
    place = {node: i for i, node in enumerate(order)}
    assert order[-1] is d
    assert len(order) == 6
    for node in order:
        assert all(place[parent] < place[node] for parent in node.parents)
    assert all(x is y for x, y in zip(order, topological_order(d), strict=True))
    assert list(map(id, topological_order([d, c, d]))) == list(map(id, order))


def test_assigning_to_a_leaf_does_not_disturb_the_order_of_a_later_graph():
    x = Value(1.0)
    old = x * 2
    x.data = 5.0
    new = old + x
    new.backward()
    assert x.grad == 3.0
    assert topological_order(new)[-1] is new


def test_arguments_without_gradient_are_part_of_the_order_on_request():
    x, constant = Value(1.0), Value(2.0, requires_grad=False)
    y = x * constant
    assert [node is constant for node in topological_order(y)].count(True) == 0
    assert [node is constant for node in topological_order(y, arguments=True)].count(True) == 1
    assert y.arguments[1] is constant
    assert len(y.parents) == 1


# --- modes --------------------------------------------------------------------------------------


def test_no_grad_gives_constants_with_no_parents():
    x = Value(2.0)
    with autograd.no_grad():
        y = x * x
        assert not autograd.is_grad_enabled()
        with autograd.enable_grad():
            z = x * x
    assert not y.requires_grad
    assert y.parents == ()
    assert z.requires_grad
    with pytest.raises(ValueError, match="nothing to differentiate"):
        y.backward()


def test_no_grad_decorates_a_function_too():
    @autograd.no_grad()
    def predict(x):
        return x * x

    assert not predict(Tensor([1.0])).requires_grad
    assert not predict(Value(1.0)).requires_grad
    assert autograd.is_grad_enabled()


def test_interior_values_keep_their_gradient_and_interior_tensors_on_request():
    v = Value(2.0)
    w = v * 3
    (w * w).backward()
    assert w.grad == 12.0
    t = Tensor([2.0])
    u = t * 3
    (u * u).sum().backward()
    assert u.grad is None
    assert u.retain_grad() is u
    (u * u).sum().backward()
    assert u.grad.tolist() == [12.0]
    with autograd.retain_grads():
        s = t * 4
    (s * s).sum().backward()
    assert s.grad.tolist() == [16.0]
    p = t * 4
    q = (p * p).sum()
    with autograd.retain_grads():
        q.backward()
    assert p.grad.tolist() == [16.0]


def test_nodes_know_the_line_of_the_user_that_made_them():
    v = Value(1.0) * 2.0
    t = autograd.relu(Tensor([1.0])) + 1
    s = np.tanh(Tensor([1.0]))
    for node in (v, t, s, v.parents[0]):
        assert node.site.filename == __file__
        assert node.site.function.endswith("that_made_them")
    assert v.site.text == "v = Value(1.0) * 2.0"
    assert t.site.line == v.site.line + 1


def test_a_place_in_a_notebook_is_a_cell_and_not_a_file():
    site = autograd.Site("/temporary/ipykernel_12/34.py", 3, "<module>", "y = x.log()")
    assert repr(site) == "a cell of the notebook, line 3: y = x.log()"
    site = autograd.Site("/temporary/ipykernel_12/34.py", 3, "f", "return x.log()")
    assert repr(site) == "a cell of the notebook, line 3, in f: return x.log()"


def test_nodes_know_the_scope_they_were_made_in():
    with autograd.Scope("encoder", "Block"):
        inside = Value(1.0) * 2.0
        t = Tensor([1.0]) + 1
    outside = Value(1.0) * 2.0
    assert inside.scope.path == t.scope.path == "encoder"
    assert inside.scope.kind == "Block"
    assert outside.scope is None


# --- bad input ----------------------------------------------------------------------------------


def test_a_failed_pass_changes_nothing():
    x = Tensor([1.0, 2.0])
    y = x * 2
    with pytest.raises(ValueError, match="needs a seed"):
        y.backward()
    with pytest.raises(ValueError, match=r"shape \(2,\) was expected, got \(3,\)"):
        y.backward([1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="real numbers"):
        y.backward("ab")
    with pytest.raises(TypeError, match="real numbers"):
        y.backward(np.array([1j, 2.0]))
    assert x.grad is None
    y.backward([1.0, 1.0])
    assert x.grad.tolist() == [2.0, 2.0]


def test_a_rule_that_fails_half_way_leaves_no_gradient():
    def broken(out, x):
        raise ZeroDivisionError("the rule is broken")

    bad = autograd.elementwise("test_broken_rule", lambda x: x, np.positive, broken)
    try:
        a, b = Tensor([1.0]), Tensor([2.0])
        loss = (bad(a) + b * 2).sum()
        with pytest.raises(ZeroDivisionError):
            loss.backward()
        assert a.grad is None
        assert b.grad is None
    finally:
        del autograd.registry["test_broken_rule"]


@pytest.mark.parametrize("option", ["gradient", "retain_graph"])
@pytest.mark.parametrize("node", [Value(1.0) * 2, Tensor([1.0]) * 2])
def test_pytorchs_options_of_backward_get_an_error_that_names_seed(option, node):
    with pytest.raises(TypeError, match=r"seed.*graphs are always kept"):
        node.backward(**{option: 1.0})


def test_one_element_tensors_of_any_shape_need_no_seed():
    t = Tensor([[3.0]])
    y = t * t
    y.backward()
    assert t.grad.tolist() == [[6.0]]
    assert float(y) == y.item() == 9.0
    assert format(y, ".4f") == "9.0000"


# --- changed data -------------------------------------------------------------------------------


def test_a_pass_through_a_graph_with_changed_data_raises_and_names_the_tensor():
    w = Tensor([1.0, 2.0], "w")
    y = (w * w).sum()
    w.data -= 0.5
    with pytest.raises(StaleGraphError, match="Tensor 'w'"):
        y.backward()
    assert w.grad is None
    (w * w).sum().backward()
    np.testing.assert_allclose(w.grad, [1.0, 3.0])


def test_plain_assignment_counts_and_copies_into_the_same_memory():
    w = Tensor([1.0, 2.0])
    held = w.data
    y = (w * w).sum()
    source = np.array([5.0, 6.0])
    w.data = source
    source[0] = 99.0
    assert w.data is held
    assert held.tolist() == [5.0, 6.0]
    with pytest.raises(StaleGraphError):
        y.backward()


@pytest.mark.parametrize(
    "share",
    [
        lambda w: w.detach(),
        lambda w: w.reshape(2, 1).detach(),
        lambda w: w[::-1].detach(),
        lambda w: w.T.detach(),
    ],
    ids=["detach", "reshape", "slice", "transpose"],
)
def test_views_and_detached_copies_share_the_version_of_their_base(share):
    w, x = Tensor([1.0, 2.0], "w"), Tensor([3.0, 4.0])
    constant = share(w)
    y = (constant.reshape(2) * x).sum()
    w.data -= 1.0
    with pytest.raises(StaleGraphError):
        y.backward()


def test_writing_through_a_detached_copy_makes_the_base_stale():
    w = Tensor([1.0, 2.0], "w")
    u = w * 2
    y = (u * u).sum()
    u.detach().data -= 1.0
    with pytest.raises(StaleGraphError):
        y.backward()


def test_views_made_without_recording_share_the_version_too():
    w, x = Tensor([1.0, 2.0]), Tensor([1.0, 1.0])
    with autograd.no_grad():
        view = w[:]
    y = (view * x).sum()
    w.data = [7.0, 8.0]
    with pytest.raises(StaleGraphError):
        y.backward()


def test_the_data_of_an_interior_node_cannot_be_assigned_or_written():
    u = Tensor([1.0]) * 2
    with pytest.raises(ValueError, match="only a leaf"):
        u.data = [3.0]
    with pytest.raises(ValueError, match="read-only"):
        u.data[0] = 3.0
    v = Value(1.0) * 2
    with pytest.raises(ValueError, match="only a leaf"):
        v.data = 3.0


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ([1.0, 2.0, 3.0], ValueError, r"shape \(2,\) was expected, got \(3,\)"),
        (1.0, ValueError, r"shape \(2,\) was expected"),
        (["a", "b"], TypeError, "real numbers"),
        (np.array([1j, 2j]), TypeError, "complex"),
        ([[1.0], [2.0, 3.0]], ValueError, "regular array"),
    ],
)
def test_bad_data_is_refused_and_changes_nothing(data, error, message):
    w = Tensor([1.0, 2.0])
    y = (w * w).sum()
    with pytest.raises(error, match=message):
        w.data = data
    y.backward()
    assert w.data.tolist() == [1.0, 2.0]


def test_a_failed_in_place_operation_changes_nothing():
    w = Tensor([1.0, 2.0])
    y = (w * w).sum()
    with pytest.raises(ValueError, match="broadcast"):
        w.data -= np.ones(3)
    y.backward()
    assert w.grad.tolist() == [2.0, 4.0]


def test_a_float32_tensor_refuses_float64_data():
    w = Tensor([1.0, 2.0], dtype=np.float32)
    with pytest.raises(TypeError, match="float32 was expected, got float64"):
        w.data = np.array([1.0, 2.0])
    w.data = [3.0, 4.0]
    w.data = np.array([3, 4])
    assert w.dtype == np.float32


def test_on_values_a_first_order_pass_over_an_old_graph_stays_right():
    x = Value(3.0, "x")
    y = x * x
    x.data = 100.0
    y.backward()
    assert x.grad == 6.0
    with pytest.raises(StaleGraphError, match="Value 'x'"):
        y.backward(create_graph=True)


def test_micrograds_update_after_a_pass_works():
    p = [Value(1.0), Value(-2.0)]
    for _ in range(3):
        loss = p[0] * p[0] + p[1] * p[1]
        for q in p:
            q.grad = None
        loss.backward()
        for q in p:
            q.data -= 0.1 * q.grad
    assert p[0].data == pytest.approx(0.8**3)


# --- gradients that are assigned ------------------------------------------------------------------

JUNK = [
    "x",
    b"x",
    {},
    {1.0},
    object(),
    1j,
    [None],
    [[1.0], [1.0, 2.0]],
    np.array(["x"]),
    Value,
    "1.0",
]


@pytest.mark.parametrize("make", [lambda: Value(1.0), lambda: Tensor([1.0, 2.0])])
@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: type(junk).__name__)
def test_a_gradient_that_is_no_number_is_refused_and_the_old_one_stays(make, junk):
    node = make()
    np.sum(node * 3).backward()
    before = np.array(node.grad)
    with pytest.raises((TypeError, ValueError)):
        node.grad = junk
    np.testing.assert_array_equal(node.grad, before)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 1), (1, 2), (0,)])
def test_a_gradient_of_another_shape_is_refused(shape):
    t, v = Tensor([1.0, 2.0]), Value(1.0)
    for g in (np.ones(shape), Tensor(np.ones(shape))):
        with pytest.raises(ValueError, match=r"shape \(2,\) was expected"):
            t.grad = g
        if shape:
            with pytest.raises((TypeError, ValueError), match=r"shape|real number"):
                v.grad = g


def test_gradients_that_fit_are_held():
    v, t = Value(1.0), Tensor([1.0, 2.0], dtype=np.float32)
    for number in (2, 2.0, np.float32(2), np.int64(2), np.array(2.0), True):
        v.grad = number
        assert type(v.grad) is float
        assert v.grad == float(number)
    for numbers in ([1, 2], (1.0, 2.0), np.array([1, 2]), np.array([1.0, 2.0])):
        t.grad = numbers
        assert t.grad.dtype == np.float32
        assert t.grad.tolist() == [1.0, 2.0]
    held = np.array([1.0, 2.0], np.float32)
    t.grad = held
    assert t.grad is held
    t.grad *= 0.5
    assert held.tolist() == [0.5, 1.0]
    for node in (v, t):
        node.grad = None
        assert node.grad is None
        node.grad = type(node)(node.data)
        assert isinstance(node.grad, type(node))
