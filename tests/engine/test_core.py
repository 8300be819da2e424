"""Values in C and Values in Python are the same: numbers to the bit, graphs, what memory they leave."""

from __future__ import annotations

import gc
import inspect
import os
import pickle
import subprocess
import sys
import threading
import weakref
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from core_programs import ROWS

import autograd
import nn.scalar
from autograd import Tensor, Value, registry
from autograd.engine import graph
from autograd.engine.core import core, why_not_built
from autograd.programs.languages.in_c import FUNCTIONS, OPERATORS, header

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "tests" / "core_programs.py"
STRANGERS = ROOT / "tests" / "core_strangers.py"
BUILT = find_spec("autograd.engine._scalars") is not None

both_builds = pytest.mark.skipif(not BUILT, reason=f"Values in C: {why_not_built()}")


def started(build: str, *arguments: str) -> subprocess.Popen[str]:
    """Python with these arguments, and Values in C (1) or in Python (0)."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "CHALKGRAD_NATIVE": build},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def on_both(*arguments: str) -> tuple[list[str], list[str]]:
    """The lines that a script prints in C and in Python."""
    found = []
    for process in [started(build, *arguments) for build in "10"]:  # at once
        out, errors = process.communicate(timeout=600)
        assert process.returncode == 0, errors
        found.append(out.splitlines())
    return found[0], found[1]


# --- the same numbers -----------------------------------------------------------------------------


@both_builds
def test_random_programs_have_the_same_bits_in_c_and_in_python() -> None:
    in_c, in_python = on_both(str(PROGRAMS), "blocks", "100000")
    assert len(in_python) == 100
    differing = [i for i, (x, y) in enumerate(zip(in_c, in_python, strict=True)) if x != y]
    for block in differing[:1]:
        for seed in range(1000 * block, 1000 * (block + 1)):
            mine, theirs = on_both(str(PROGRAMS), "single", str(seed))
            assert mine == theirs, f"program {seed}"
    assert not differing


@both_builds
def test_every_row_is_the_same_at_its_singular_points_in_c_and_in_python() -> None:
    in_c, in_python = on_both(str(PROGRAMS), "points", "0")
    assert len(in_python) > 10_000
    for mine, theirs in zip(in_c, in_python, strict=True):
        assert mine == theirs


@both_builds
def test_units_of_layers_are_the_same_in_c_and_in_python() -> None:
    in_c, in_python = on_both(str(PROGRAMS), "networks", "300")
    assert len(in_python) == 600
    assert in_c == in_python


@both_builds
def test_whatever_a_value_meets_is_the_same_in_c_and_in_python() -> None:
    in_c, in_python = on_both(str(STRANGERS))
    assert len(in_python) > 10_000
    for mine, theirs in zip(in_c, in_python, strict=True):
        assert mine == theirs


@both_builds
def test_random_graphs_of_tensors_are_the_same_in_c_and_in_python() -> None:
    in_c, in_python = on_both(str(PROGRAMS), "tensors", "2000")
    assert len(in_python) == 20
    differing = [i for i, (x, y) in enumerate(zip(in_c, in_python, strict=True)) if x != y]
    for block in differing[:1]:
        for seed in range(100 * block, 100 * (block + 1)):
            mine, theirs = on_both(str(PROGRAMS), "tensor", str(seed))
            assert mine == theirs, f"graph {seed}"
    assert not differing


@both_builds
def test_the_core_was_built_from_the_rows_that_are_here() -> None:
    from autograd.engine import _scalars

    expected = header().rpartition('#define DIGEST "')[2].rstrip('"\n')
    assert _scalars.digest == expected, "build the core anew: python hatch_build.py"


@both_builds
def test_the_rows_of_the_common_path_are_in_c() -> None:
    from autograd.engine import _scalars

    rows = set(_scalars.rows.split())
    spelled = {*OPERATORS, *FUNCTIONS}
    assert rows >= {row.name for row in ROWS if row.name in spelled}  # and so are its derivatives
    assert {"add", "sub", "mul", "div", "pow", "neg", "relu", "tanh", "exp", "log"} <= rows


# --- many leaves at once --------------------------------------------------------------------------


@both_builds
def test_what_does_not_fit_assigns_nothing() -> None:
    if core is None:
        pytest.skip("Values are in Python here")
    x, y = Value(1.0), Value(2.0)
    wrong: list[tuple[Any, Any, type[Exception]]] = [
        ((x, y), np.array([3.0]), ValueError),
        ((x, y), np.array([3, 4]), ValueError),
        ((x, y), np.array([3.0, 4.0], np.float32), ValueError),
        ((x, 2.0), np.array([3.0, 4.0]), TypeError),
        ([x, y], np.array([3.0, 4.0]), TypeError),
        ((x, y), "34", TypeError),
    ]
    for values, numbers, error in wrong:
        with pytest.raises(error):
            core.assign(values, numbers, 1)
    with pytest.raises(TypeError):
        core.assign((x, y), np.array([3.0, 4.0]), "today")
    assert (x.data, y.data) == (1.0, 2.0)


# --- which build ----------------------------------------------------------------------------------


@pytest.mark.parametrize("build", ["0", pytest.param("1", marks=both_builds)])
def test_the_environment_chooses_the_build_and_show_config_says_so(build: str) -> None:
    process = started(build, "-c", "import autograd; autograd.show_config()")
    out, errors = process.communicate(timeout=100)
    assert not errors
    where = "C" if build == "1" else "Python"
    assert f"Values: in {where}" in out
    assert f"(CHALKGRAD_NATIVE={build})" in out


def test_a_build_that_does_not_exist_is_refused() -> None:
    errors = started("yes", "-c", "import autograd").communicate(timeout=100)[1]
    assert "ImportError: CHALKGRAD_NATIVE is 0 (Python), 1 (C) or not set, got 'yes'" in errors


def test_a_core_that_is_asked_for_and_is_not_there_is_an_error(tmp_path: Path) -> None:
    hide = "import sys; sys.modules['autograd.engine._scalars'] = None; import autograd"
    errors = started("1", "-c", hide).communicate(timeout=100)[1]
    assert "ImportError: CHALKGRAD_NATIVE=1 asks for Values in C" in errors


# --- memory ---------------------------------------------------------------------------------------


def test_a_gradient_that_is_a_node_is_a_cycle_that_the_collector_finds() -> None:
    x = Value(2.0)
    held = weakref.ref(x)
    y = x * x * x + 3 * x
    y.backward(create_graph=True)
    assert isinstance(x.grad, Value)
    del x, y
    gc.collect()
    assert held() is None


def test_a_gradient_that_is_a_tensor_is_a_cycle_that_the_collector_finds() -> None:
    x = Value(2.0)
    held = weakref.ref(x)
    inner = x * x
    x.grad = autograd.sum(Tensor([1.0, 2.0]) * inner)
    del x, inner
    gc.collect()
    assert held() is None


def test_the_collector_finds_a_cycle_through_a_node_of_many_arguments() -> None:
    x, w = Value(2.0), Value(3.0)
    held = weakref.ref(x)
    many = autograd.sum([x * w, x, w * 2.0])
    x.grad = many * many
    del x, w, many
    gc.collect()
    assert held() is None


def test_the_collector_finds_a_cycle_through_the_units_of_a_layer() -> None:
    layer = nn.scalar.Layer(2, 3, rng=0)
    x = Value(2.0)
    held = [weakref.ref(x), weakref.ref(layer.neurons[0].w[0])]
    total = sum(layer([x, x * 2.0]))
    total.backward(create_graph=True)
    x.grad = total
    del x, layer, total
    gc.collect()
    assert [each() for each in held] == [None, None]


def test_units_that_were_looked_at_are_as_those_that_were_not() -> None:
    layer = nn.scalar.Layer(2, 3, rng=0)
    x = [Value(0.5), Value(-1.0)]
    before = gc.get_threshold()
    gc.set_threshold(1)  # in the middle of a look as well
    try:
        for inputs in (x, [0.5, -1.0]):
            found = []
            for look in (False, True):
                total = sum(layer(inputs))
                units = [
                    n for n in autograd.topological_order(total) if len(n.arguments) > 2 and look
                ]
                for n in units:
                    weights = layer.neurons[units.index(n)].w
                    assert all(a is b for a, b in zip(n.arguments[3:5], weights, strict=True))
                    assert len(n.parents) == len(n.local_derivatives) == 3 + 2 * (inputs is x)
                total.backward()
                found.append([p.grad for p in [*layer.parameters(), *x]])
                layer.zero_grad()
                x[0].grad = x[1].grad = None
            assert found[0] == found[1]
        held = weakref.ref(x[0])
        total = sum(layer(x))
        assert all(len(n.arguments) < 7 for n in autograd.topological_order(total))
        x[0].grad = total
        del x, inputs, total, n, units
        gc.collect()
        assert held() is None
    finally:
        gc.set_threshold(*before)


def test_a_gradient_that_is_a_node_is_freed_however_deep_it_is() -> None:
    x = Value(1.0)
    held = weakref.ref(x)
    g = x
    for _ in range(200_000):
        g = g * 1.0
    x.grad = g
    del x, g
    gc.collect()
    assert held() is None


def test_what_is_let_go_may_build_and_drop_graphs_itself() -> None:
    dropped = []

    def drop(_: Any) -> None:
        y = Value(3.0)
        for _ in range(100):
            y = y * 1.5 - 1.0
        y.backward()
        dropped.append(y.data)

    x = Value(2.0)
    nodes = [x * 2.0]
    for _ in range(50):
        nodes.append(nodes[-1] + x)
    watched = [weakref.ref(node, drop) for node in nodes]
    del nodes
    assert len(dropped) == len(watched) == 51
    assert len(set(dropped)) == 1


def test_a_collection_in_the_middle_of_an_operation_leaves_a_right_graph() -> None:
    before = gc.get_threshold()
    gc.set_threshold(1)
    try:
        x = Value(1.5)
        total = Value(0.0)
        for i in range(2000):
            step = autograd.sum([x * i, total])
            total = step / 2.0 + x.tanh()
        total.backward()
        again = x.grad
        x.grad = None
        total.backward()
        assert x.grad == again
    finally:
        gc.set_threshold(*before)


def test_two_threads_build_pass_and_drop_graphs() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    shared = Value(0.5)
    found: list[float] = []

    def work() -> None:
        for _ in range(100):
            with autograd.Scope("a", "B"):
                y = shared
                for _ in range(50):
                    y = (y * 1.01 + shared).tanh()
            y.backward()
            found.append(y.data)

    threads = [threading.Thread(target=work) for _ in range(3)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(found) == 300
    assert len(set(found)) == 1
    y = shared
    for _ in range(50):
        y = (y * 1.01 + shared).tanh()
    total, shared.grad = shared.grad, None
    y.backward()
    assert abs(total - 300 * shared.grad) <= 1e-9 * abs(total)


def test_a_pass_that_fails_leaves_nothing() -> None:
    x = Value(2.0)
    y = x * x
    z = y + 1.0
    y._x = "no Value"
    with pytest.raises((SystemError, AttributeError)):
        z.backward()
    y._x = x
    assert x.grad is None
    z.backward()
    assert x.grad == 4.0


def test_a_pass_goes_through_graphs_that_were_unpickled_stale() -> None:
    def stale() -> bytes:
        x = Value(2.0)
        y = (x * 3.0 + x).tanh() * x
        x.data = 1.0
        return pickle.dumps(y)

    parts = [pickle.loads(stale()) for _ in range(3)]
    assert len({part._serial for part in parts}) == 1
    total = parts[0] * parts[1] + parts[2] * 2.0
    total.backward()
    assert parts[0].grad == parts[1].data
    leaves = [n for n in autograd.topological_order(total) if n.is_leaf]
    alone = pickle.loads(stale())
    alone.backward()
    (leaf,) = [n for n in autograd.topological_order(alone) if n.is_leaf]
    expected = [leaf.grad * parts[0].data, leaf.grad * parts[0].data, leaf.grad * 2.0]
    assert sorted(n.grad for n in leaves) == pytest.approx(sorted(expected), rel=1e-14)


# --- what is left to Python -----------------------------------------------------------------------


def test_an_operation_from_the_librarys_code_has_the_users_line() -> None:
    v = Value(0.5)
    node = autograd.tanh(v)
    assert node.site is not None
    assert node.site.text == "node = autograd.tanh(v)"
    total = sum([v, v * 2.0])
    assert total.site is not None
    assert total.site.text == "total = sum([v, v * 2.0])"


def test_a_leaf_is_the_same_in_whatever_way_it_is_made() -> None:
    with autograd.Scope("a", "B") as scope:
        first, *others = [
            Value(2.0),
            Value(2),
            Value(data=2.0),
            Value(2.0, None),
            Value(np.float64(2.0)),
        ]
    others += list(map(Value, [2.0]))
    for x in (first, *others):
        assert (x.data, x.name, x.grad, x.primitive, x.requires_grad) == (
            2.0,
            None,
            None,
            None,
            True,
        )
        assert type(x.data) is float
        assert x.parents == x.arguments == x.local_derivatives == ()
        assert x.site is not None
        assert "Value" in x.site.text
    assert first.scope is scope
    assert others[-1].scope is None
    assert others[-1]._serial > others[-2]._serial > first._serial
    with autograd.no_grad():
        assert Value(2.0).requires_grad


def test_data_that_is_assigned_is_dated_in_whatever_way_it_is_given() -> None:
    for number in (3.0, 3, np.float64(3.0)):
        x = Value(2.0)
        y = x * x
        before = graph.latest_change
        x.data = number
        assert x.data == 3.0
        assert type(x.data) is float
        assert before < graph.latest_change == x._serial > y._serial
        y.backward()
        assert x.grad == 4.0  # by the numbers that were there
        with pytest.raises(autograd.StaleGraphError, match="was assigned after"):
            y.backward(create_graph=True)
        with pytest.raises(ValueError, match="only a leaf's data can be assigned"):
            y.data = number
    with pytest.raises(TypeError, match="the data of a Value is a real number"):
        x.data = "3"
    with pytest.raises(RuntimeError, match="while a program is recorded"), autograd.recording():
        x.data = 4.0
    assert x.data == 3.0


def test_methods_and_operators_have_the_documentation_and_the_signature_of_the_rows() -> None:
    for name in ("tanh", "relu", "logaddexp", "log", "__mul__", "__rmul__", "__abs__"):
        row = registry[name.strip("_").replace("rmul", "mul")]
        method = getattr(Value, name)
        assert method.__doc__ == row.__doc__
        assert method.__qualname__ == f"Value.{name}"
        inputs = "(self, /)" if row.arity == 1 else "(self, other, /)"
        assert str(inspect.signature(method)) == inputs


def test_an_operator_that_is_called_otherwise_than_it_takes_says_so_as_python_does() -> None:
    x = Value(2.0)
    with pytest.raises(
        TypeError, match=r"Value\.tanh\(\) takes 1 positional argument but 2 were given"
    ):
        x.tanh(1.0)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"Value\.relu\(\) got an unexpected keyword argument 'x'"):
        x.relu(x=1.0)  # type: ignore[call-arg]
    with pytest.raises(
        TypeError, match=r"Value\.logaddexp\(\) missing 1 required positional argument"
    ):
        x.logaddexp()  # type: ignore[call-arg]


def test_python_sees_whole_numbers_among_the_arguments_as_floats() -> None:
    y = Value(2.0) ** 3
    assert [type(x) for x in y.arguments] == [Value, float]


def test_fields_are_not_deleted_and_take_numbers() -> None:
    if core is None:
        pytest.skip("the fields are Python's slots")
    x = Value(1.0)
    with pytest.raises(AttributeError, match="cannot be deleted"):
        del x._raw
    with pytest.raises(TypeError):
        x._raw = "a"
