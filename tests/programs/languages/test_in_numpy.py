"""Every row as NumPy's text, executed beside the row; and networks, where this library is not there."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import NO_SOURCE, argument, cases
from samples import ALL, RECORDED, Sample, singular_points

import autograd
import nn
from autograd import Tensor, Value

SCIPY = ("erf", "erfc")  # SciPy's differ from `math`'s in the last place


def run(text: str, *arguments: Any, name: str = "f") -> Any:
    """Execute a source and call its function."""
    scope: dict[str, Any] = {}
    exec(text, scope)
    with np.errstate(all="ignore"):
        return scope[name](*arguments)


def same(found: Any, expected: Any) -> None:
    """Equal to rounding, nan where nan is expected, and of the same shape."""
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("sample", [x for x in ALL if x.slots], ids=repr)
def test_a_row_s_text_gives_what_the_row_gives(sample: Sample) -> None:
    tensors = [Tensor(x, f"a{i}") for i, x in enumerate(sample.arrays)]
    out = sample(*tensors)
    if sample.primitive in NO_SOURCE or not isinstance(out, Tensor):
        pytest.skip("no text of its own")
    value, gradients = run(autograd.to_source(out, tensors), *(x.data for x in tensors))
    same(value, out.data)
    with np.errstate(all="ignore"):
        out.backward(seed=np.ones(out.shape))
    for x in tensors:
        if x.grad is not None:
            same(gradients[x.name], x.grad)


@pytest.mark.parametrize("name", [x for x in RECORDED if autograd.registry[x].impure is None])
def test_a_row_s_text_is_right_at_every_singular_point(name: str) -> None:
    row = autograd.registry[name]
    points = np.array(singular_points(row), float)
    slots = [i for i in range(row.arity or 0) if row.differentiable(i)]
    with np.errstate(all="ignore"):
        columns: list[Any] = [x.copy() for x in points.T]
        for i in slots:
            columns[i] = Tensor(columns[i], f"a{i}")
        if not slots:
            pytest.skip("no argument that a gradient flows to")
        out = row(*columns)
        leaves = [columns[i] for i in slots]
        text = autograd.to_source(out, columns)
        value, gradients = run(text, *(x.data if isinstance(x, Tensor) else x for x in columns))
        out.backward(seed=np.ones(out.shape))
    close = 4e-16 if name in SCIPY else 0
    np.testing.assert_allclose(value, out.data, rtol=close, equal_nan=True)
    for x in leaves:
        found = np.broadcast_to(gradients[x.name], np.shape(x.grad))
        np.testing.assert_allclose(found, x.grad, rtol=1e-15, equal_nan=True)


@pytest.mark.parametrize("name", [x for x in RECORDED if autograd.registry[x].impure is None])
def test_a_row_s_text_on_numbers_gives_what_values_give(name: str) -> None:
    row = autograd.registry[name]
    points = singular_points(row)
    tried = 0
    for point in points[:: max(1, len(points) // 25)]:
        leaves = [Value(x, f"a{i}") for i, x in enumerate(point)]
        try:
            out = row(*leaves)
            text = autograd.to_source(out, leaves)
        except (ArithmeticError, ValueError):  # of an argument that it does not depend on
            continue
        value, gradients = run(text, *point)
        out.backward()
        tried += 1
        np.testing.assert_allclose(value, out.data, rtol=4e-16, equal_nan=True)
        for x in leaves:
            if x.grad is not None:
                np.testing.assert_allclose(gradients[x.name], x.grad, rtol=1e-14, equal_nan=True)
    assert tried or not any(map(row.differentiable, range(row.arity or 0))) or name == "compare"


# --- networks, where this library is not there ----------------------------------------------------

ALONE = """
    import importlib.abc, json, sys, pathlib
    class Missing(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in ("autograd", "nn", "scipy"):
                raise ModuleNotFoundError(name)
    sys.meta_path.insert(0, Missing())
    import numpy as np
    out = {}
    for name, (text, arguments) in json.loads(pathlib.Path(sys.argv[1]).read_text()).items():
        scope = {}
        exec(text, scope)
        value, gradients = scope["f"](*(np.asarray(x) for x in arguments))
        found = {key: np.asarray(g).tolist() for key, g in gradients.items()}
        out[name] = [np.asarray(value).tolist(), found]
    assert "autograd" not in sys.modules
    print(json.dumps(out))
"""


def test_networks_run_where_this_library_cannot_be_imported(tmp_path: Path) -> None:
    made = cases()
    texts = {}
    for name, (loss, given) in made.items():
        inputs = given if isinstance(given, list) else [given]
        found = [x for x in autograd.topological_order(loss, arguments=True) if x.is_leaf]
        for i, x in enumerate(found):
            x.name = x.name or f"constant{i}"
        text = autograd.to_source(loss, inputs)
        first = text[text.index("def f(") + 6 :].partition(")")[0].split(", ")
        by_argument = {argument(x.name): x.data for x in found}
        texts[name] = text, [np.asarray(by_argument[key]).tolist() for key in first]
    file = tmp_path / "sources.json"
    file.write_text(json.dumps(texts), encoding="utf-8")
    told = subprocess.run(
        [sys.executable, "-I", "-c", textwrap.dedent(ALONE), str(file)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    out = json.loads(told.stdout)
    for name, (loss, _) in made.items():
        value, gradients = out[name]
        assert value == pytest.approx(loss.data, rel=1e-13), name
        loss.backward()
        for x in autograd.topological_order(loss):
            if x.is_leaf and x.requires_grad:
                expected = gradients[argument(x.name)]
                np.testing.assert_allclose(expected, x.grad, rtol=1e-10, atol=1e-13, err_msg=name)


# --- what is asked of it --------------------------------------------------------------------------


def test_names_are_the_user_s_and_never_two_alike() -> None:
    w, other = Value(2.0, "w"), Value(3.0, "w")
    odd, word = Value(4.0, "λ x!"), Value(5.0, "lambda")
    hidden = w * other
    hidden.name = "np"
    text = autograd.to_source(hidden + odd * word, [word])
    assert "def f(lambda_, w, w_2, λ_x):" in text
    assert "np_2 = w * w_2" in text
    assert run(text, 5.0, 2.0, 3.0, 4.0)[0] == 26.0


def test_inputs_come_first_and_gradients_may_be_left_out() -> None:
    w, x = Tensor([[1.0, 2.0]], "w"), Tensor([3.0, 4.0], "x", requires_grad=False)
    out = autograd.sum(w @ x)
    text = autograd.to_source(out, [x], gradients=False, name="score")
    assert "def score(x, w):" in text
    assert "grad" not in text
    assert run(text, x.data, w.data, name="score") == 11.0
    assert set(run(autograd.to_source(out, [x]), x.data, w.data)[1]) == {"w"}


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda w: autograd.to_source(3.0), TypeError, "takes a node, got float"),
        (lambda w: autograd.to_source(w * 2, language="cobol"), ValueError, "one of 'numpy'"),
        (lambda w: autograd.to_source(w * 2, name="2f"), ValueError, "name is an identifier"),
        (lambda w: autograd.to_source(w * 2, name="np"), ValueError, "'np': give another"),
        (
            lambda w: autograd.to_source(w * 2, name="function", language="javascript"),
            ValueError,
            "'function': give another",
        ),
        (lambda w: autograd.to_source(w * 2, [Value(1.0, "u")]), ValueError, r"'u'.* not reach"),
        (
            lambda w: autograd.to_source(autograd.sum(Tensor(np.ones(2000)) * np.ones(2000) * 2)),
            ValueError,
            r"constant array of shape \(2000,\): give it as an input",
        ),
        (
            lambda w: autograd.to_source(nn.Dropout(0.5, rng=0)(Tensor([1.0, 2.0]))),
            ValueError,
            "draws random numbers",
        ),
    ],
    ids=["no node", "language", "name", "taken", "reserved", "input", "constant", "random"],
)
def test_what_cannot_be_written_is_named(call: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        call(Value(1.0, "w"))


def test_a_user_s_row_is_taken_apart_or_named() -> None:
    def soft(x: Any) -> Any:
        return x / (1 + abs(x))

    def opaque(x: Any) -> Any:
        return np.float64(float(x) ** 2)

    known = autograd.elementwise("soft", soft, soft, lambda out, x: (1 - abs(out)) ** 2)
    unknown = autograd.elementwise("opaque", opaque, opaque, lambda out, x: 2 * x)
    try:
        x = Tensor([1.0, -2.0], "x")
        value, gradients = run(autograd.to_source(known(x), [x]), x.data)
        np.testing.assert_allclose(value, [0.5, -2 / 3])
        np.testing.assert_allclose(gradients["x"], [1 / 4, 1 / 9])
        with pytest.raises(ValueError, match="'opaque' has no form in numpy"):
            autograd.to_source(unknown(Tensor(3.0, "x")))
    finally:
        for name in ("soft", "opaque"):
            autograd.registry.pop(name, None)
