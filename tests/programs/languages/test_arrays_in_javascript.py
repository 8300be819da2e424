"""Graphs of Tensors as JavaScript, executed by node and by a browser, beside the rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from javascript import FAR, apart, engine_of, packed, unpacked
from networks import NO_SOURCE, argument, cases
from samples import ALL, RECORDED, SAMPLES, Sample, singular_points

import autograd
import nn
from autograd import Tensor

Given = list[tuple[str, str, list[Any]]]
"""What it is, a source, and the arguments to call it with."""

HARNESS = """
const told = x => typeof x === "object" ? Array.from(x, each => bits(Number(each))) : bits(Number(x));
const out = cases.map(([name, source, given]) => {
  try {
    const f = new Function(source + "; return f;")();
    const {value, gradients} = f(...given.map(x =>
      typeof x === "object" ? Float64Array.from(x, number) : number(x)));
    return [told(value), Object.entries(gradients).map(([k, g]) => [k, told(g)])];
  } catch (error) { return [name + ": " + error.message, []]; }
});
"""


@pytest.fixture(params=["node", "browser"])
def execute(request: Any, tmp_path: Path) -> Callable[[Given], Any]:
    """Calls each source: flat values, and flat gradients by name."""
    engine = engine_of(request.param)

    def texts(x: Any) -> Any:
        x = np.asarray(x, float)
        return [packed(each) for each in x.ravel()] if x.ndim else packed(float(x))

    def numbers(x: Any) -> Any:
        return np.array([unpacked(each) for each in x]) if isinstance(x, list) else unpacked(x)

    def run(cases: Given) -> Any:
        given = [[name, text, [texts(x) for x in arguments]] for name, text, arguments in cases]
        program = f"const cases = {json.dumps(given)};\n{HARNESS}".replace("</", "<\\/")
        found = json.loads(engine(program, tmp_path))
        for value, _ in found:
            assert not (isinstance(value, str) and ":" in value), value
        return [(numbers(value), {k: numbers(g) for k, g in named}) for value, named in found]

    return run


def close(found: Any, expected: Any, name: str, ulps: float = 0) -> None:
    """Equal to rounding, nan where nan is expected."""
    found, expected = np.ravel(found), np.ravel(np.asarray(expected, float))
    assert found.shape == expected.shape, name
    if ulps:
        for x, y in zip(found.tolist(), expected.tolist(), strict=True):
            assert apart(x, y) <= ulps, (name, x, y)
        return
    np.testing.assert_allclose(
        found, expected, rtol=1e-11, atol=1e-12, equal_nan=True, err_msg=name
    )


def writable(sample: Sample) -> bool:
    single = sample.options.get("dtype") in ("float32", np.float32)
    return bool(sample.slots) and sample.primitive not in NO_SOURCE and not single


def test_a_row_s_text_is_the_row(execute: Callable[[Given], Any]) -> None:
    given, expected = [], []
    for sample in filter(writable, ALL):
        tensors = [Tensor(x, f"a{i}") for i, x in enumerate(sample.arrays)]
        out = sample(*tensors)
        if not isinstance(out, Tensor):
            continue
        text = autograd.to_source(out, tensors, language="javascript")
        with np.errstate(all="ignore"):
            out.backward(seed=np.ones(out.shape))
        given.append((repr(sample), text, [x.data for x in tensors]))
        expected.append((out, tensors))
    differentiable = {name for name in SAMPLES if autograd.registry[name].differentiable(0)}
    assert {name.partition(":")[0] for name, _, _ in given} >= differentiable - NO_SOURCE.keys()
    for (value, gradients), (out, tensors), (name, _, _) in zip(
        execute(given), expected, given, strict=True
    ):
        close(value, out.data, name)
        for x in tensors:
            if x.grad is not None:
                close(gradients[x.name], x.grad, f"{name}, by {x.name}")


def test_a_row_s_text_is_right_at_every_singular_point(execute: Callable[[Given], Any]) -> None:
    given, expected = [], []
    for name in RECORDED:
        row = autograd.registry[name]
        points = np.array(singular_points(row), float)
        slots = [i for i in range(row.arity or 0) if row.differentiable(i)]
        if row.impure is not None or not slots:
            continue
        columns: list[Any] = [x.copy() for x in points.T]
        for i in slots:
            columns[i] = Tensor(columns[i], f"a{i}")
        with np.errstate(all="ignore"):
            out = row(*columns)
            text = autograd.to_source(out, columns, language="javascript")
            out.backward(seed=np.ones(out.shape))
        given.append((name, text, [x.data if isinstance(x, Tensor) else x for x in columns]))
        expected.append((out, [columns[i] for i in slots]))
    for (value, gradients), (out, leaves), (name, _, _) in zip(
        execute(given), expected, given, strict=True
    ):
        ulps = 4 * FAR.get(name, 2)
        close(value, out.data, name, ulps)
        for x in leaves:
            close(gradients[x.name], x.grad, f"{name}, by {x.name}", ulps)


def test_networks_are_the_networks(execute: Callable[[Given], Any]) -> None:
    made = {name: case for name, case in cases().items() if not isinstance(case[1], list)}
    given = []
    for name, (loss, x) in made.items():
        found = [each for each in autograd.topological_order(loss, arguments=True) if each.is_leaf]
        for i, each in enumerate(found):
            each.name = each.name or f"constant{i}"
        text = autograd.to_source(loss, [x], language="javascript")
        first = text[text.index("function f(") + 11 :].partition(")")[0].split(", ")
        by_argument = {argument(each.name): each.data for each in found}
        given.append((name, text, [by_argument[key] for key in first]))
    assert len(given) > 30
    for (value, gradients), (name, (loss, _)) in zip(execute(given), made.items(), strict=True):
        assert value == pytest.approx(loss.data, rel=1e-12), name
        loss.backward()
        for leaf in autograd.topological_order(loss):
            if leaf.is_leaf and leaf.requires_grad:
                close(gradients[argument(leaf.name)], leaf.grad, f"{name}, {leaf.name}")


def test_labels_and_masks_may_be_inputs(execute: Callable[[Given], Any]) -> None:
    rng = np.random.default_rng(0)
    x = Tensor(rng.normal(size=(5, 3)), "x")
    classes, kept = np.array([0, 2, 1, -100, 2]), rng.random(5) > 0.3
    losses = nn.cross_entropy(x, classes, reduction="none")
    out = autograd.sum(autograd.where(kept, losses, 0)) + nn.cross_entropy(x, classes)
    text = autograd.to_source(out, [x, classes, kept], language="javascript")
    ((value, gradients),) = execute([("labels", text, [x.data, classes, kept])])
    out.backward()
    close(value, out.data, "value")
    close(gradients["x"], x.grad, "x")


def test_a_user_s_names_are_not_those_of_loops(execute: Callable[[Given], Any]) -> None:
    names = ("i", "s", "line", "matmul", "gradients")
    leaves = [Tensor([[1.0, 2.0], [3.0, 4.0]], name) for name in names]
    i, s, line, matmul, gradients = leaves
    out = autograd.norm(i @ s + line, axis=0) @ matmul + autograd.sum(gradients)
    text = autograd.to_source(out, leaves, language="javascript")
    ((value, found),) = execute([("names", text, [x.data for x in leaves])])
    out.backward(seed=np.ones(2))
    close(value, out.data, "value")
    for x, g in zip(leaves, found.values(), strict=True):
        close(g, x.grad, str(x.name))


def test_no_gradient_is_an_argument_or_another_one() -> None:
    x, y = Tensor([1.0, 2.0], "x"), Tensor([3.0, 4.0], "y")
    text = autograd.to_source(x * y + (x + y), [x, y], language="javascript")
    returned = text.partition("return ")[2]
    assert returned.startswith("{value: v")
    given = text.partition("gradients: {")[2].partition("}")[0].split(", ")
    assert len({each.partition(": ")[2] for each in given}) == 2
    text = autograd.to_source(autograd.sum(x) + autograd.sum(y), language="javascript")
    given = text.partition("gradients: {")[2].partition("}")[0].split(", ")
    assert len({each.partition(": ")[2] for each in given}) == 2


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Tensor([1.0], "x", dtype=np.float32) * 2, "numbers of float32"),
        (lambda: autograd.sum(Tensor(np.ones(2000)) * np.arange(2000)), r"shape \(2000,\)"),
        (lambda: nn.Dropout(0.5, rng=0)(Tensor([1.0, 2.0])), "draws random numbers"),
    ],
    ids=["float32", "a large constant", "random"],
)
def test_what_cannot_be_written_is_named(make: Callable[[], Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        autograd.to_source(make(), language="javascript")
