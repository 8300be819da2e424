"""Tensor: dtypes, shapes, NumPy's protocols, and errors at the edge."""

from __future__ import annotations

import ast
import inspect

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value
from autograd.engine import signatures
from autograd.engine.families import Elementwise
from autograd.primitives.methods import COMPARISONS, OPERATOR_METHODS, UNARY_OPERATORS

# --- making one ---------------------------------------------------------------------------------


def test_float32_and_float64_stay_and_the_rest_becomes_float64():
    assert Tensor(np.ones(2, np.float32)).dtype == np.float32
    assert Tensor(np.ones(2)).dtype == np.float64
    for data in ([1, 2], np.array([1, 2]), [True, False], np.ones(2, np.float16), 3):
        assert Tensor(data).dtype == np.float64
    assert Tensor([1.0], dtype=np.float32).dtype == np.float32


def test_data_is_copied():
    source = np.ones(2)
    t = Tensor(source)
    source[0] = 5.0
    assert t.data.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ("abc", TypeError, "real numbers"),
        ([1j], TypeError, "real numbers"),
        ([[1.0], [1.0, 2.0]], ValueError, "regular"),
        ([Value(1.0)], TypeError, "to_scalars"),
        (Value(1.0), TypeError, "detach"),
        (None, TypeError, "numbers"),
        ([1.0, None], TypeError, "numbers"),
    ],
)
def test_bad_data_is_refused(data, error, message):
    with pytest.raises(error, match=message):
        Tensor(data)


def test_bad_names_options_and_dtypes_are_refused():
    with pytest.raises(TypeError, match="name, a string"):
        Tensor([1.0], 3)
    with pytest.raises(TypeError, match="no option 'label'"):
        Tensor([1.0], label="a")
    with pytest.raises(TypeError, match="float32 or float64"):
        Tensor([1.0], dtype=np.int64)


# --- Python's protocols -------------------------------------------------------------------------


def test_length_iteration_and_indexing():
    t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    assert len(t) == 2
    assert [row.data.tolist() for row in t] == [[1.0, 2.0], [3.0, 4.0]]
    first, second = t
    (first * second).sum().backward()
    assert t.grad.tolist() == [[3.0, 4.0], [1.0, 2.0]]
    with pytest.raises(TypeError, match="no length"):
        len(Tensor(1.0))
    with pytest.raises(TypeError):
        iter(Tensor(1.0)).__next__()
    with pytest.raises(IndexError, match="getitem"):
        t[5]
    with pytest.raises(TypeError, match="not a node"):
        t[Tensor([0.0])]


def test_repr_says_what_there_is_to_say():
    assert repr(Tensor([1.0, 2.0], "t")) == "Tensor([1., 2.], name='t')"
    assert repr(Tensor([1.0], dtype=np.float32) * 2) == "Tensor([2.], dtype=float32, primitive=mul)"
    long = repr(Tensor(np.zeros((50, 50)), requires_grad=False))
    assert "shape=(50, 50)" in long
    assert "requires_grad=False" in long
    assert len(long) < 400


def test_comparisons_give_boolean_arrays_and_hash_is_by_identity():
    t = Tensor([1.0, 2.0])
    assert (t > 1.5).tolist() == [False, True]
    assert (t == Tensor([1.0, 5.0])).tolist() == [True, False]
    assert (t > 1.5).tolist() == [False, True]
    assert type(t > 1.0) is np.ndarray
    assert len({t, Tensor([1.0, 2.0])}) == 2
    assert bool(Tensor([3.0]))
    with pytest.raises(ValueError, match="ambiguous"):
        bool(t)


def test_one_element_tensors_are_numbers_and_others_say_their_shape():
    t = Tensor([[2.5]])
    assert (float(t), t.item(), int(t), f"{t:.1f}") == (2.5, 2.5, 2, "2.5")
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        Tensor([1.0, 2.0]).item()
    with pytest.raises(ValueError, match="one element"):
        float(Tensor([1.0, 2.0]))


def test_assignment_into_a_tensor_names_where_and_concatenate():
    t = Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=r"where.*concatenate"):
        t[0] = 3.0


def test_in_place_operators_on_an_interior_node_rebind():
    a = Tensor([1.0, 2.0])
    t = a + 1
    t *= 2
    t.sum().backward()
    assert a.data.tolist() == [1.0, 2.0]
    assert a.grad.tolist() == [2.0, 2.0]


def test_a_tracked_tensor_does_not_turn_into_an_array_silently():
    t = Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=r"detach\(\)\.numpy\(\)"):
        np.asarray(t)
    with pytest.raises(TypeError, match="detach"):
        np.array([t, t])
    assert np.asarray(t.detach()).tolist() == [1.0, 2.0]
    assert t.numpy().tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        t.numpy()[0] = 5.0


def test_detach_shares_memory_and_stops_the_gradient():
    t = Tensor([1.0, 2.0])
    d = t.detach()
    assert not d.requires_grad
    assert np.shares_memory(d.data, t.data)
    y = (t * d).sum()
    y.backward()
    assert t.grad.tolist() == [1.0, 2.0]
    assert d.grad is None


# --- methods ------------------------------------------------------------------------------------


def told_and_there() -> list[tuple[set[str], set[str]]]:
    """The methods that a type checker is told of and those that there are, of Values and of Tensors."""
    told = {
        node.name: {f.name for f in ast.walk(node) if isinstance(f, ast.FunctionDef)}
        for node in ast.parse(inspect.getsource(signatures)).body
        if isinstance(node, ast.ClassDef)
    }
    operators = {f"__{name}__" for name in COMPARISONS} | set(UNARY_OPERATORS)
    for name in OPERATOR_METHODS.values():
        operators |= {f"__{name}__", f"__r{name}__"}
    rows = {n for n, row in autograd.registry.items() if isinstance(row, Elementwise)}
    there = {*vars(Value), *vars(Value.__base__)}  # some in C, where there is a core
    on_value = {name for name in there if name in rows | operators | {"clip"}}
    own = {name for name in vars(Tensor) if not name.startswith("_") or name in operators}
    written = {"data", "shape", "ndim", "size", "dtype", "T", "arguments", "options", "parents"}
    written |= {"local_derivatives", "item", "numpy", "tolist", "detach", "retain_grad"}
    scalar = told["ScalarMethods"]
    return [(scalar, on_value), (scalar | told["ArrayMethods"], own - written)]


def test_the_methods_a_type_checker_is_told_of_exist():
    for told, there in told_and_there():
        assert told <= there


def test_a_type_checker_is_told_of_the_methods_that_exist():
    missing = sorted(set().union(*(there - told for told, there in told_and_there())))
    for name in missing:
        assert autograd.registry[name].method, name  # it came with its row
    if missing:
        pytest.skip(f"engine/signatures.py may tell a type checker of new rows: {missing}")


def test_shape_methods_take_lengths_one_by_one_or_together():
    t = Tensor(np.arange(6.0))
    assert t.reshape(2, 3).shape == t.reshape((2, 3)).shape == t.reshape([2, -1]).shape == (2, 3)
    m = t.reshape(2, 3)
    assert m.transpose().shape == m.transpose(1, 0).shape == m.transpose((1, 0)).shape == (3, 2)
    assert m.T.shape == m.swapaxes(0, 1).shape == (3, 2)
    assert m.flatten().shape == m.ravel().shape == (6,)
    assert t.argmax() == 5
    assert m.argmin(axis=1).tolist() == [0, 0]


# --- errors that name the primitive and both shapes ---------------------------------------------


def test_shapes_that_do_not_fit_are_named():
    a, b = Tensor(np.ones((2, 3))), Tensor(np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"add of shapes \(2, 3\) and \(4, 3\)"):
        a + b
    with pytest.raises(ValueError, match=r"matmul of shapes \(2, 3\) and \(4, 3\)"):
        a @ b
    with pytest.raises(ValueError, match=r"matmul.*rank 1 or more"):
        a @ 2.0
    with pytest.raises(ValueError, match=r"maximum of shapes"):
        autograd.maximum(a, b)
    with pytest.raises(ValueError, match=r"reshape of shapes \(2, 3\)"):
        a.reshape(4, 2)
    with pytest.raises(ValueError, match=r"sum of shapes \(2, 3\).*axis 2"):
        a.sum(axis=2)
    with pytest.raises(ValueError, match="concatenate"):
        autograd.concatenate([a, np.ones((2, 4))], axis=0)


def test_unknown_options_and_too_many_arguments_are_named():
    t = Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=r"sum\(\) has no option 'dim'.*axis"):
        t.sum(dim=0)
    with pytest.raises(TypeError, match=r"exp\(\) takes 1 inputs"):
        autograd.exp(t, t)
    with pytest.raises(TypeError, match=r"add\(\) takes 2 inputs, got 1"):
        autograd.add(t)
    with pytest.raises(ValueError, match="ties is 'share' or 'first'"):
        autograd.maximum(t, t, ties="last")
    with pytest.raises(TypeError, match="got option 'axis' twice"):
        t.sum(0, axis=0)


@pytest.mark.parametrize("bad", ["a", None, {"a": 1}, 1j, np.array(["a"]), np.array([1j])])
def test_operands_that_are_not_real_numbers_are_refused(bad):
    t = Tensor([1.0, 2.0])
    with pytest.raises(TypeError):
        t + bad
    with pytest.raises(TypeError):
        autograd.add(t, bad)
    with pytest.raises(TypeError):
        autograd.add(1.0, bad)


def test_ragged_lists_are_refused():
    with pytest.raises(ValueError, match="add"):
        autograd.add(Tensor([1.0, 2.0]), [[1.0], [2.0, 3.0]])


# --- shapes as NumPy ----------------------------------------------------------------------------


def test_zero_d_empty_and_size_one_axes_behave_as_numpy():
    zero_d = Tensor(2.0)
    assert (zero_d * 3).shape == ()
    assert type((zero_d * 3).data) is np.ndarray
    empty = Tensor(np.zeros((0, 3)))
    total = empty.sum(axis=0)
    assert total.data.tolist() == [0.0, 0.0, 0.0]
    total.backward([1.0, 1.0, 1.0])
    assert empty.grad.shape == (0, 3)
    column = Tensor(np.ones((3, 1)))
    (column * np.ones((3, 4))).sum().backward()
    assert column.grad.tolist() == [[4.0], [4.0], [4.0]]
    with pytest.raises(ValueError, match="max of shapes"):
        empty.max()


def test_float32_is_never_widened_by_python_numbers():
    t = Tensor([1.0, 2.0], dtype=np.float32)
    y = autograd.mean(autograd.tanh(2 * t + 1.5) ** 2 / 3)
    assert y.dtype == np.float32
    y.backward()
    assert t.grad.dtype == np.float32
    w = Tensor([1.0, 2.0])
    (t * w).sum().backward()
    assert t.grad.dtype == np.float32
    assert w.grad.dtype == np.float64
