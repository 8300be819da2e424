"""Every number of a live program beside the engine's, bit for bit, in node and in a browser."""

from __future__ import annotations

import functools
import json
import math
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from javascript import as_doubles, engine_of
from samples import RECORDED, SAMPLES, singular_points

import autograd
import nn
from autograd import Value
from autograd.engine.families import Multilinear, Reduction
from autograd.programs.languages.live import LiveProgram

Case = tuple[str, LiveProgram, Any, Any]
"""A title, a program, a row of numbers for each run, and a row of what the engine has then."""

Compare = Callable[[Sequence[Case]], list[Any]]

GLIBC = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="another C library errs elsewhere"
)

SETTINGS = int(os.environ.get("LIVE_SETTINGS", "200"))
"""Settings of each family of graphs; with 10,000 this takes minutes."""

COMPARE = """
const pair = new DataView(new ArrayBuffer(16));
const order = b => b < 0n ? -9223372036854775808n - b : b;
const apart = (x, y) => {  // floats between two, and 1 between 0 and -0; nan is as good as nan
  if (x !== x || y !== y) return x !== x && y !== y ? 0 : 1e300;
  if (x === y) return x === 0 && 1 / x !== 1 / y ? 1 : 0;
  pair.setFloat64(0, x);
  pair.setFloat64(8, y);
  return Math.abs(Number(order(pair.getBigInt64(0)) - order(pair.getBigInt64(8))));
};
const out = cases.map(([program, settings, expected]) => {
  const n = program.leaves.length, wrong = [];
  let at = 0, differ = 0, farthest = 0;
  for (let s = 0; s < settings.length; s += n) {
    const result = program.run(settings.subarray(s, s + n));
    for (const name of ["value", "local", "after", "gradient"])
      result[name].forEach((x, i) => {
        const y = expected[at++], d = apart(x, y);
        if (d === 0) return;
        differ++;
        farthest = Math.max(farthest, d);
        if (wrong.length < 5) wrong.push([s / n, name, i, String(x), String(y)]);
      });
  }
  return {numbers: at, differ, farthest, wrong};
});
"""


@pytest.fixture(params=["node", "browser"])
def compare(request: Any, tmp_path: Path) -> Compare:
    """For each case how many numbers there are, how many differ, and by how many floats at most."""
    engine = engine_of(request.param)

    def run(cases: Sequence[Case]) -> list[Any]:
        for _, program, _, _ in cases:
            assert "</" not in program.script
            assert "<!--" not in program.script
        texts = [f"[{p.script}, {as_doubles(s)}, {as_doubles(e)}]" for _, p, s, e in cases]
        text = engine(f"const cases = [{', '.join(texts)}];\n{COMPARE}", tmp_path)
        found: list[Any] = json.loads(text)
        for (title, _, _, expected), each in zip(cases, found, strict=True):
            assert each["numbers"] == np.size(expected), title
        return found

    return run


def passes(root: Value) -> tuple[list[Any], list[float]]:
    """The nodes of a graph, and every number of its passes by the engine."""
    nodes = autograd.topological_order(root, arguments=True)
    steps = list(autograd.steps(root))
    root.backward()
    numbers = [node.data for node in nodes]
    numbers += [step.local_derivative for step in steps] + [step.after for step in steps]
    return nodes, [*numbers, *(math.nan if x.grad is None else x.grad for x in nodes)]


def case(title: str, build: Callable[..., Value], settings: Sequence[Any]) -> Case:
    """`build`, a function of numbers, at each setting; the program is that of the first."""
    program = LiveProgram(build(*settings[0]))
    given, expected = [], []
    for setting in settings:
        nodes, numbers = passes(build(*setting))
        given.append([nodes[i].data for i in program.leaves])
        expected.append(numbers)
    return title, program, given, expected


def elementwise_cases() -> list[Case]:
    """Every elementwise row at its singular points, with a finite and an infinite cotangent."""
    found = []
    for name in RECORDED:
        row = autograd.registry[name]
        points = [(g, *point) for point in singular_points(row) for g in (1.5, math.inf)]

        def build(g: float, *point: float, row: Any = row) -> Any:
            out = row(*map(Value, point))
            return out * Value(g) + 0.25 if isinstance(out, Value) else out

        if row.impure is None and isinstance(build(*points[0]), Value):
            found.append(case(name, build, points))
    return found


def many_cases() -> list[Case]:
    """Every row of many numbers at its samples, ties and zeros among them."""
    found = []
    for name, samples in SAMPLES.items():
        row = autograd.registry[name]
        for sample in samples:
            arrays = sample.arrays
            if not isinstance(row, Reduction | Multilinear) or len(arrays) != len(sample.slots):
                continue
            sizes = [np.size(x) for x in arrays]
            if max(sizes) > 12 or not min(sizes):
                continue

            def build(*numbers: float, sample: Any = sample, arrays: Any = arrays) -> Any:
                shaped, rest = [], list(map(Value, numbers))
                for array in arrays:
                    part = np.empty(np.size(array), dtype=object)
                    part[:], rest = rest[: part.size], rest[part.size :]
                    shaped.append(part.reshape(np.shape(array)))
                outs = np.ravel(np.asarray(sample(*shaped), dtype=object))
                nodes = [x for x in outs if isinstance(x, Value)]
                return autograd.sum(nodes) if nodes else None

            numbers = np.concatenate([np.ravel(x) for x in arrays])
            points = [numbers]
            if sample.smooth:
                points.append(numbers * (1 + 0.1 * np.cos(np.arange(numbers.size))))
            if isinstance(build(*numbers), Value):
                found.append(case(repr(sample), build, points))
    return found


def summed(cases: Sequence[Case], results: Sequence[Any]) -> tuple[int, int]:
    """How many numbers there are, and how many differ; none by more than a few digits."""
    for (title, _, _, _), found in zip(cases, results, strict=True):
        assert found["farthest"] <= 8, (title, found)
    return sum(x["numbers"] for x in results), sum(x["differ"] for x in results)


@GLIBC
def test_every_row_is_the_row_at_every_singular_point(compare: Compare) -> None:
    cases = elementwise_cases()
    numbers, differ = summed(cases, compare(cases))
    assert len(cases) > 55
    assert differ <= 0.001 * numbers, (differ, numbers)


@GLIBC
def test_rows_of_many_numbers_are_the_row(compare: Compare) -> None:
    cases = many_cases()
    numbers, differ = summed(cases, compare(cases))
    assert len(cases) > 150
    assert differ <= 0.001 * numbers, (differ, numbers)


# --- families of graphs ---------------------------------------------------------------------------


class Family(NamedTuple):
    """Graphs of one shape: a function of so many numbers, and which share of all differs at most."""

    build: Callable[..., Value]
    count: int
    differ: float = 0.001


def network(
    activation: str, sizes: Sequence[int], loss: Callable[[Any], Any], differ: float = 0.001
) -> Family:
    """A loss of a network of Values, by its input and its parameters."""
    model = nn.MLP(2, list(sizes), activation=activation, rng=0).to_scalars()
    parameters = list(model.parameters())

    def build(*numbers: float) -> Value:
        inputs = [Value(x) for x in numbers[:2]]
        for p, x in zip(parameters, numbers[2:], strict=True):
            p.data, p.grad = x, None
        found: Value = loss(model(inputs))
        return found

    return Family(build, 2 + len(parameters), differ)


def neuron(*numbers: float) -> Value:
    x1, x2, w1, w2, b = map(Value, numbers)
    return autograd.tanh(w1 * x1 + w2 * x2 + b)


def logistic_neuron(*numbers: float) -> Value:
    x1, x2, w1, w2, b = map(Value, numbers)
    return autograd.sigmoid(w1 * x1 + w2 * x2 + b)


def rational(a: float, b: float) -> Value:
    x, y = Value(a), Value(b)
    return (x**3 - 2 * x * y + y**2) / (1 + x * x) + x / (y * y + 0.5) - y**-2 + 2**x


def waves(a: float, b: float) -> Value:
    x, y = Value(a), Value(b)
    swing = autograd.log(1 + x * x) * autograd.sin(y) + autograd.tan(y / 4)
    far = autograd.sqrt(x * x + y * y + 1) * autograd.cos(x * y)
    return swing + far + autograd.exp(-x * y / 4) + autograd.arctan2(x, y + 3) + autograd.arctan(x)


def hyperbolic(a: float, b: float) -> Value:
    x, y = Value(a), Value(b)
    out: Value = autograd.sinh(x) * autograd.cosh(y) + autograd.arcsinh(x * y) * autograd.exp2(y)
    return (
        out + autograd.arccosh(2 + x * x) ** y + autograd.log2(1 + y * y) * autograd.arcsin(x / 9)
    )


def standardised(*numbers: float) -> Value:
    x = autograd.values(np.reshape(numbers, (4, 2)))
    out: Value = autograd.sum(
        autograd.square(autograd.batch_norm(x)) * np.arange(8.0).reshape(4, 2)
    )
    return out


def spread(*numbers: float) -> Value:
    x = autograd.values(numbers)
    return autograd.std(x) * autograd.norm(x) + autograd.var(x) + autograd.max(x) * autograd.mean(x)


def choices(*numbers: float) -> Value:
    """Kinks and ties, which halves meet often; nodes that are used many times, and twice by one."""
    x, y = (Value(round(2 * number) / 2) for number in numbers)
    larger = autograd.maximum(x, y, ties="first") * autograd.minimum(x, y)
    out = larger + autograd.where(autograd.greater(x, y), x * y, x - y) * larger.detach()
    out = out + autograd.clip(x, -1.0, y) * abs(y) + autograd.floor(x / 3) * y + x % 1.5 - y // 2
    relu: Value = autograd.relu(out * out - x) + autograd.max([x, y, x, out], ties="first")
    return relu + autograd.prod([x, y, x]) + autograd.min([x, y])


def squared(out: Any) -> Value:
    error: Value = (out[0] - 1) ** 2
    return error


def of_class(logits: Any) -> Value:
    loss: Value = nn.cross_entropy(np.array(logits, dtype=object), np.array(1))
    return loss


def of_shares(logits: Any) -> Value:
    loss: Value = nn.cross_entropy(np.array(logits, dtype=object), np.array([0.2, 0.3, 0.5]))
    return loss


# Where a browser's functions are not the C library's, its own errors are not to be had: tanh, sinh,
# expm1 and log1p differ for one argument in a thousand, and what is made of several adds them up.
FAMILIES: dict[str, Family] = {
    "a neuron": Family(neuron, 5),
    "a logistic neuron": Family(logistic_neuron, 5),
    "tanh": network("tanh", [3, 3, 1], squared),
    "relu": network("relu", [3, 3, 1], squared),
    "a wide layer": network("relu", [16, 1], squared),
    "leaky relu": network("leaky_relu", [3, 3, 1], squared),
    "elu": network("elu", [3, 3, 1], squared),
    "sigmoid": network("sigmoid", [3, 3, 1], squared),
    "silu": network("silu", [3, 3, 1], squared),
    "softplus": network("softplus", [3, 3, 1], squared, 0.002),
    "mish": network("mish", [3, 3, 1], squared, 0.004),
    "gelu": network("gelu", [3, 3, 1], squared),
    "a class": network("tanh", [3, 3], of_class),
    "a distribution": network("relu", [3, 3], of_shares),
    "a rational function": Family(rational, 2),
    "waves": Family(waves, 2),
    "hyperbolic functions": Family(hyperbolic, 2, 0.002),
    "choices": Family(choices, 2),
    "batch normalisation": Family(standardised, 8),
    "mean, deviation, norm": Family(spread, 20),
    "logsumexp": Family(lambda *x: autograd.logsumexp(autograd.values(x)), 4),
}


@functools.cache
def case_of(title: str) -> Case:
    family = FAMILIES[title]
    rng = np.random.default_rng(len(title))
    return case(title, family.build, rng.normal(size=(SETTINGS, family.count)).tolist())


@GLIBC
def test_families_of_graphs_are_the_engine_s(compare: Compare) -> None:
    cases = list(map(case_of, FAMILIES))
    for (title, _, _, _), found in zip(cases, compare(cases), strict=True):
        few = 10  # one digit is seen in several numbers
        assert found["differ"] <= FAMILIES[title].differ * found["numbers"] + few, (title, found)


# --- the edge -------------------------------------------------------------------------------------


def test_a_long_program_is_the_engine_s(compare: Compare) -> None:
    def build(*numbers: float) -> Value:
        x, y = map(Value, numbers)
        for i in range(400):
            x, y = x * y + (i % 3), autograd.maximum(x - 0.5 * y, y / 4)
        return x

    program = build(0.1, 0.2)
    assert len(autograd.topological_order(program)) > 1000
    (found,) = compare([case("long", build, [(0.1, 0.2), (0.3, -0.4), (1.0, 1.0)])])
    assert found["differ"] == 0


def test_a_seed_is_where_the_pass_starts() -> None:
    x = Value(3.0, "x")
    assert "gradient[1] = -0.5;" in LiveProgram(x * x, seed=-0.5).script.replace("(-0.5)", "-0.5")
    with pytest.raises(TypeError, match="the seed of a Value is a real number"):
        LiveProgram(x * x, seed="1")


def test_a_leaf_and_a_constant_have_no_steps() -> None:
    x, c = Value(math.nan, "x"), Value(-0.0, "c", requires_grad=False)
    live = LiveProgram(x)
    assert (live.steps, live.leaves, live.reached) == ((), (0,), (0,))
    assert "start = [NaN]" in live.script
    live = LiveProgram(c)
    assert (live.steps, live.leaves, live.reached) == ((), (0,), ())
    assert "start = [-0.0]" in live.script


def test_steps_are_those_of_the_pass() -> None:
    model = nn.MLP(2, [4, 3, 1], activation="tanh", rng=0).to_scalars()
    loss = (model([Value(0.3), Value(-0.7)])[0] - 1) ** 2
    live = LiveProgram(loss)
    assert live.steps == tuple((step.node, step.slot) for step in autograd.steps(loss))
    assert live.nodes == tuple(autograd.topological_order(loss, arguments=True))


def test_a_row_of_the_user_s_is_taken_apart_or_named(compare: Compare) -> None:
    cube = autograd.elementwise(
        "live_cube", lambda x: x * x * x, lambda x: x * x * x, lambda out, x: 3 * x * x
    )
    odd = autograd.elementwise("live_odd", math.erf, np.vectorize(math.erf), lambda out, x: x)
    try:
        cases = [case("cube", lambda x: cube(Value(x)) * 2, [(0.3,), (-1.7,), (math.inf,)])]
        with pytest.raises(ValueError, match="'live_odd' has no form in javascript"):
            LiveProgram(odd(Value(1.0)))
    finally:
        del autograd.registry["live_cube"], autograd.registry["live_odd"]
    (found,) = compare(cases)
    assert found["differ"] == 0


def test_nothing_of_the_user_s_is_in_the_text() -> None:
    name = "</script><script>alert(1)//"
    live = LiveProgram(Value(1.0, name) * Value(2.0, "<!--"))
    assert "alert" not in live.script
    assert "<!--" not in live.script


def test_what_has_no_live_program_is_refused() -> None:
    t = autograd.Tensor([1.0, 2.0], "t")
    with pytest.raises(ValueError, match=r"graph of Values.*to_scalars.*Tensor of shape \(2,\)"):
        LiveProgram(autograd.sum(t * t))
    with pytest.raises(TypeError, match="a live program is of a Value, got float"):
        LiveProgram(1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="draws random numbers"):
        LiveProgram(autograd.registry["random_like"](Value(1.0)) * Value(2.0))
