"""Every row as JavaScript, executed by a browser (and by node, where there is one) beside the row."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from javascript import FAR, apart, engine_of, packed, unpacked
from samples import RECORDED, SAMPLES, singular_points

import autograd
import nn
from autograd import Value
from autograd.engine.families import Multilinear, Reduction

Points = list[tuple[str, list[tuple[float, ...]]]]
"""Sources, and the arguments to call each with."""

HARNESS = """
const out = cases.map(([source, points]) => {
  const f = new Function(source + "; return f;")();
  return points.map(point => {
    const {value, gradients} = f(...point.map(number));
    return [bits(Number(value)), Object.entries(gradients).map(([k, g]) => [k, bits(Number(g))])];
  });
});
"""


@pytest.fixture(params=["node", "browser"])
def execute(request: Any, tmp_path: Path) -> Callable[[Points], Any]:
    """Calls each source at its points: values and gradients as floats."""
    engine = engine_of(request.param)

    def run(cases: Points) -> Any:
        given = [[text, [[packed(x) for x in point] for point in points]] for text, points in cases]
        program = f"const cases = {json.dumps(given)};\n{HARNESS}"
        return [
            [(unpacked(v), {k: unpacked(g) for k, g in found}) for v, found in results]
            for results in json.loads(engine(program.replace("</", "<\\/"), tmp_path))
        ]

    return run


def rows() -> list[str]:
    return [x for x in RECORDED if autograd.registry[x].impure is None and x != "patched"]


def recorded(name: str, point: tuple[float, ...]) -> tuple[Any, list[Value]] | None:
    """A row's node on Values; None where it depends on none of them."""
    leaves = [Value(x, f"a{i}") for i, x in enumerate(point)]
    out = autograd.registry[name](*leaves)
    return (out, leaves) if isinstance(out, Value) and out.requires_grad else None


def test_a_row_s_text_is_the_row_at_every_singular_point(
    execute: Callable[[Points], Any],
) -> None:
    cases: Points = []
    expected = []
    for name in rows():
        points = singular_points(autograd.registry[name])
        first = recorded(name, tuple(0.5 for _ in points[0]))
        if first is None:
            continue
        out, leaves = first
        reached = set(autograd.topological_order(out, arguments=True))
        used = [i for i, x in enumerate(leaves) if x in reached]
        text = autograd.to_source(out, [leaves[i] for i in used], language="javascript")
        answers = []
        for point in points:
            found = recorded(name, point)
            assert found is not None
            found[0].backward()
            answers.append((found[0].data, {x.name: x.grad for x in found[1]}))
        cases.append((text, [tuple(point[i] for i in used) for point in points]))
        expected.append((name, points, answers))
    numbers, exact = 0, 0
    for results, (name, points, answers) in zip(execute(cases), expected, strict=True):
        for (value, gradients), point, (right, slopes) in zip(
            results, points, answers, strict=True
        ):
            pairs = [(value, right), *((g, slopes[key]) for key, g in gradients.items())]
            for found, wanted in pairs:
                if wanted is None:
                    continue
                distance = apart(found, float(wanted))
                numbers += 1
                exact += distance == 0
                assert distance <= FAR.get(name, 2), (name, point, found, wanted)
    assert exact >= 0.97 * numbers, (exact, numbers)


def test_rows_of_many_numbers_are_the_row(execute: Callable[[Points], Any]) -> None:
    cases: Points = []
    expected = []
    for name, samples in SAMPLES.items():
        row = autograd.registry[name]
        for sample in samples:
            if not isinstance(row, Reduction | Multilinear) or len(sample.arrays) != len(
                sample.slots
            ):
                continue
            arrays = sample.arrays
            if any(np.size(x) > 12 or not np.size(x) for x in arrays):
                continue
            leaves = [
                Value(float(x), f"a{i}_{j}")
                for i, array in enumerate(arrays)
                for j, x in enumerate(np.ravel(array))
            ]
            shaped, start = [], 0
            for array in arrays:
                part = np.array(leaves[start : start + np.size(array)], dtype=object)
                shaped.append(part.reshape(np.shape(array)))
                start += np.size(array)
            out = sample(*shaped)
            nodes = [x for x in np.ravel(np.asarray(out, dtype=object)) if isinstance(x, Value)]
            if not nodes:
                continue
            total = nodes[0] if len(nodes) == 1 else autograd.sum(nodes)
            reached = set(autograd.topological_order(total, arguments=True))
            leaves = [x for x in leaves if x in reached]
            text = autograd.to_source(total, leaves, language="javascript")
            total.backward()
            cases.append((text, [tuple(x.data for x in leaves)]))
            expected.append((repr(sample), total.data, {x.name: x.grad for x in leaves}))
    assert len(cases) > 50
    for ((value, gradients),), (name, right, slopes) in zip(execute(cases), expected, strict=True):
        np.testing.assert_allclose(value, right, rtol=1e-12, atol=1e-12, err_msg=name)
        for key, g in gradients.items():
            np.testing.assert_allclose(g, slopes[key], rtol=1e-11, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "gelu", "silu", "softplus"])
def test_a_network_of_values_is_the_network(
    activation: str, execute: Callable[[Points], Any]
) -> None:
    model = nn.MLP(2, [4, 4, 1], activation=activation, rng=0).to_scalars()
    x = [Value(0.3, "x1"), Value(-0.7, "x2")]
    loss = (model(x)[0] - 1) ** 2
    leaves = [*x, *model.parameters()]
    text = autograd.to_source(loss, leaves, language="javascript")
    rng = np.random.default_rng(0)
    points = [tuple(rng.normal(size=len(leaves)).tolist()) for _ in range(100)]
    (results,) = execute([(text, points)])
    numbers = exact = 0
    for point, (value, gradients) in zip(points, results, strict=True):
        for leaf, number in zip(leaves, point, strict=True):
            leaf.data, leaf.grad = number, None
        again = (model(x)[0] - 1) ** 2
        again.backward()
        found = [value, *gradients.values()]
        right = [again.data, *(leaf.grad for leaf in leaves)]
        np.testing.assert_allclose(found, right, rtol=1e-12, atol=1e-14)
        numbers += len(right)
        exact += sum(map(float.__eq__, found, map(float, right)))
    if activation == "relu":  # NumPy adds up a neuron's products in another order
        assert exact > 0.8 * numbers


def test_reserved_words_are_no_names() -> None:
    this, π = Value(1.0, "this"), Value(2.0, "π²")
    text = autograd.to_source(this * π, language="javascript")
    assert "function f(this_2, π)" in text or "function f(this_2, π2)" in text
