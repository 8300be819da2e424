"""Training in a browser: the engine that a page has, held against `nn.fit`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from javascript import engine_of as runner, packed, unpacked

import autograd
import nn
from nn.training.in_javascript import engine_of

RNG = np.random.default_rng(0)
X, MOONS = (each[:57] for each in nn.data.two_moons(60, rng=0))  # no sum is 0 but for rounding
CURVE = np.linspace(-2, 2, 40)[:, None]
SINE = np.sin(2 * CURVE)
SIDES = np.where(MOONS == 1, 1.0, -1.0)
CLASSES = RNG.integers(3, size=57)

Linear, Tanh = nn.Linear, nn.Tanh


def smooth(z: Any, y: Any) -> Any:
    return nn.cross_entropy(z, y, label_smoothing=0.1, weight=np.array([1.0, 2.0, 0.5]))


class Skipping(nn.Module):
    """A user's own: slices, concatenation, a product, a connection around a layer."""

    def __init__(self) -> None:
        self.first, self.last = Linear(2, 6, rng=0), Linear(5, 2, rng=1)

    def forward(self, x: Any) -> Any:
        h = autograd.tanh(self.first(x))
        both = autograd.concatenate([h[:, :3] * autograd.sigmoid(h[:, 3:]), x], axis=1)
        return self.last(both)


class Columns(nn.Module):
    """W X + b with one instance in each column, as in lectures."""

    def __init__(self) -> None:
        rng = np.random.default_rng(5)
        self.w1 = autograd.Tensor(rng.normal(size=(6, 1)), "w1")
        self.b1 = autograd.Tensor(rng.normal(size=(6, 1)), "b1")
        self.w2 = autograd.Tensor(rng.normal(size=(1, 6)), "w2")

    def forward(self, x: Any) -> Any:
        return (self.w2 @ autograd.tanh(self.w1 @ x.T + self.b1)).T


def batch_normalised(**options: Any) -> nn.Module:
    """Without biases before it: they have the derivative 0, and with Adam go where rounding leads."""
    return nn.Sequential(
        Linear(2, 6, bias=False, rng=0), nn.BatchNorm1d(6, **options), Tanh(), Linear(6, 2, rng=1)
    )


CASES: dict[str, tuple[Callable[[], Any], Any, Any, Any]] = {
    "tanh": (lambda: nn.MLP(2, [8, 8, 2], activation="tanh", rng=0), nn.cross_entropy, X, MOONS),
    "relu": (lambda: nn.MLP(2, [8, 3], activation="relu", rng=1), smooth, X, CLASSES),
    "BatchNorm": (batch_normalised, nn.cross_entropy, X, MOONS),
    "the mean of all batches": (
        lambda: batch_normalised(running="average", running_variance="biased"),
        nn.cross_entropy, X, MOONS,
    ),
    "LayerNorm": (
        lambda: nn.MLP(2, [6, 2], activation="gelu", norm="layer", rng=0), nn.cross_entropy, X, MOONS,
    ),
    "RMSNorm and SwiGLU": (
        lambda: nn.Sequential(
            Linear(2, 6, rng=0), nn.RMSNorm(6), nn.SwiGLU(6, 4, rng=1), Linear(4, 1, rng=2)
        ),
        nn.binary_cross_entropy_with_logits, X, MOONS[:, None].astype(float),
    ),
    "maxout": (
        lambda: nn.Sequential(Linear(2, 8, rng=0), nn.Maxout(4), Linear(2, 1, rng=1)),
        nn.hinge, X, SIDES[:, None],
    ),
    "a curve": (lambda: nn.MLP(1, [10, 1], activation="sigmoid", rng=0), nn.mse, CURVE, SINE),
    "pairs": (
        lambda: nn.Sequential(Linear(2, 4, rng=0), nn.PairProduct(), Linear(2, 2, rng=1)),
        nn.cross_entropy, X, np.eye(2)[MOONS],
    ),
    "multiclass hinge": (
        lambda: nn.MLP(2, [6, 3], activation="elu", rng=3), nn.multiclass_hinge, X, CLASSES,
    ),
    "a user's module": (Skipping, nn.cross_entropy, X, MOONS),
    "columns are instances": (Columns, nn.mse, CURVE, SINE),
}  # fmt: skip


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda p: nn.optim.SGD(p, 0.04),
    "momentum": lambda p: nn.optim.SGD(p, 0.02, momentum=0.9, weight_decay=1e-3),
    "nesterov": lambda p: nn.optim.SGD(p, 0.02, momentum=0.9, nesterov=True),
    "adam": lambda p: nn.optim.Adam(p, 0.01),
    "amsgrad": lambda p: nn.optim.Adam(p, 0.01, amsgrad=True, weight_decay=1e-3),
    "adamw": lambda p: nn.optim.AdamW(p, 0.01),
    "rmsprop": lambda p: nn.optim.RMSprop(p, 0.001, momentum=0.5, centered=True),
    "adagrad": lambda p: nn.optim.Adagrad(p, 0.05, lr_decay=0.01, initial_accumulator_value=0.1),
    "adadelta": lambda p: nn.optim.Adadelta(p, 0.1),
}
"""At rates for which rounding does not grow: at others `fit` itself, compiled, leaves its own path."""

HARNESS = """
const array = x => Float64Array.from(x, number);
const told = x => Array.from(x, bits);
const state = engine =>
  [...engine.parameters, ...engine.buffers].map(({name, data}) => [name, told(data)]);
"""

STEPS = """
const out = cases.map(([source, x, y, m, optimizer, steps, options]) => {
  const engine = new Function("return " + source)();
  engine.optimizer = optimizer;
  const [a, b] = [array(x), array(y)];
  const losses = [];
  for (let i = 0; i < steps; i++) losses.push(engine.step(a, b, m, options));
  return {
    losses: told(losses),
    held: state(engine),
    predicted: told(engine.predict(a, m)),
    loss: bits(engine.loss(a, b, m)),
    hidden: engine.hidden(a, m).map(({name, label, units, data}) => [name, label, units, told(data)]),
  };
});
"""


def texts(x: Any) -> list[str]:
    return [packed(float(each)) for each in np.ravel(x)]


def numbers(found: list[str]) -> Any:
    return np.array([unpacked(each) for each in found])


@pytest.fixture(params=["node", "browser"])
def run(request: Any, tmp_path: Path) -> Callable[..., Any]:
    """What a program calls `out`, of constants that it is given."""
    engine = runner(request.param)

    def call(program: str, **given: Any) -> Any:
        lines = [f"const {name} = {json.dumps(x)};" for name, x in given.items()]
        text = "\n".join([*lines, HARNESS, program]).replace("</", "<\\/")
        return json.loads(engine(text, tmp_path))

    return call


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_the_first_200_full_batch_steps_are_those_of_fit(
    optimizer: str, run: Callable[..., Any]
) -> None:
    lam = 0.003
    chosen = CASES if optimizer in ("sgd", "momentum", "adam") else {"tanh": CASES["tanh"]}
    cases = []
    for make, loss, x, y in chosen.values():
        text = engine_of(make(), loss, x, y, OPTIMIZERS)
        cases.append([text, texts(x), texts(y), len(x), optimizer, 200, {"l2": lam}])
    found_all = run(STEPS, cases=cases)
    for found, (name, (make, loss, x, y)) in zip(found_all, chosen.items(), strict=True):
        model = make()

        def penalised(z: Any, y: Any, loss: Any = loss, model: Any = model) -> Any:
            return loss(z, y) + nn.regularisers.l2(model, lam)

        history = nn.fit(
            model, penalised, (x, y), optimizer=OPTIMIZERS[optimizer], epochs=200, progress=False
        )
        np.testing.assert_allclose(
            numbers(found["losses"]), history.steps["loss"], rtol=1e-9, atol=1e-9, err_msg=name
        )
        state = model.state_dict()
        assert sorted(key for key, _ in found["held"]) == sorted(state)
        for key, data in found["held"]:
            np.testing.assert_allclose(
                numbers(data), state[key].ravel(), rtol=1e-9, atol=1e-9, err_msg=f"{name}, {key}"
            )
        model.eval()
        prediction = model(x)
        np.testing.assert_allclose(numbers(found["predicted"]), prediction.data.ravel(), atol=1e-8)
        assert unpacked(found["loss"]) == pytest.approx(float(loss(prediction, y).data), abs=1e-9)
        seen = nn.inspect.observe(model, x)
        for key, label, units, data in found["hidden"]:
            right = seen.activations[key]
            assert (label, units) == (seen.kinds[key], right[0].size)
            np.testing.assert_allclose(numbers(data), right.ravel(), atol=1e-8, err_msg=key)


def test_batches_of_any_size_are_those_of_fit(run: Callable[..., Any]) -> None:
    def make() -> Any:
        return batch_normalised(affine=True)

    batches = [(X[i : i + n], MOONS[i : i + n]) for i, n in ((0, 20), (20, 2), (22, 35), (3, 20))]
    given = [[texts(x), texts(y), len(x)] for x, y in batches]
    out = run(
        """
        const engine = new Function("return " + source)();
        const losses = batches.map(([x, y, m]) => engine.step(array(x), array(y), m, {lr: 0.1}));
        const out = {losses: told(losses), held: state(engine)};
        """,
        source=engine_of(make(), nn.cross_entropy, X, MOONS),
        batches=given,
    )
    model = make()
    optimizer = nn.optim.SGD(model.parameters(), 0.1)
    history = nn.fit(
        model, nn.cross_entropy, batches, optimizer=optimizer, epochs=1, progress=False
    )
    np.testing.assert_allclose(numbers(out["losses"]), history.steps["loss"], rtol=1e-12)
    state = model.state_dict()
    for name, data in out["held"]:
        np.testing.assert_allclose(numbers(data), state[name].ravel(), rtol=1e-10, atol=1e-12)


def test_an_engine_begins_anew_and_takes_other_numbers(run: Callable[..., Any]) -> None:
    text = engine_of(batch_normalised(), nn.cross_entropy, X, MOONS)
    out = run(
        """
        const engine = new Function("return " + source)();
        const [a, b] = [array(x), array(y)], twice = [];
        const before = state(engine);
        for (const _ of [1, 2]) {
          engine.optimizer = "adam";
          twice.push(told([1, 2, 3].map(() => engine.step(a, b, m))));
          engine.reset();
        }
        const same = JSON.stringify(state(engine)) === JSON.stringify(before);
        const name = engine.parameters[0].name, {data, initial} = engine.parameters[0];
        engine.set(name, initial.map(x => 2 * x));
        const doubled = data.every((x, i) => x === 2 * initial[i]);
        const errors = [
          () => engine.set("none", [1]), () => engine.set(name, [1]), () => { engine.optimizer = "x"; },
        ].map(f => { try { f(); } catch (error) { return error.message; } });
        const kept = engine.predict(a, m), first = kept[0];
        engine.step(a, b, m, {lr: 1});
        engine.predict(a, m);
        engine.reset();
        const before_nan = JSON.stringify(state(engine));
        const stopped = engine.step(a.map(() => NaN), b, m);
        const out = {twice, same, doubled, errors, own: first === kept[0], stopped: bits(stopped),
          unchanged: before_nan === JSON.stringify(state(engine)), names: engine.optimizers};
        """,
        source=text,
        x=texts(X),
        y=texts(MOONS),
        m=len(X),
    )
    assert out["twice"][0] == out["twice"][1]
    assert [out[each] for each in ("same", "doubled", "own", "unchanged")] == [True] * 4
    assert np.isnan(unpacked(out["stopped"]))
    assert out["names"] == ["sgd", "momentum", "nesterov", "adam"]
    assert out["errors"] == [
        "there is no none",
        "layers.0.weight has 12 numbers, got 1",
        "there is no optimizer x",
    ]


def test_dropout_and_random_slopes_are_drawn_from_the_seed(run: Callable[..., Any]) -> None:
    model = nn.Sequential(
        Linear(2, 50, rng=0),
        nn.RReLU(0.2, 0.4, rng=0),
        nn.Dropout(0.25, rng=0),
        Linear(50, 2, rng=1),
    )
    out = run(
        """
        const engine = new Function("return " + source)();
        const [a, b] = [array(x), array(y)];
        const from = seed => {
          engine.seed = seed;
          engine.reset();
          return told([1, 2].map(() => engine.step(a, b, m, {lr: 0})));
        };
        const many = seed => {
          engine.seed = seed;
          let sum = 0;
          for (let i = 0; i < 1000; i++) sum += engine.step(a, b, m, {lr: 0});
          return bits(sum / 1000);
        };
        const out = {first: from(1), again: from(1), other: from(2), mean: many(3),
          evaluated: bits(engine.loss(a, b, m))};
        """,
        source=engine_of(model, nn.mse, X, X),
        x=texts(X),
        y=texts(X),
        m=len(X),
    )
    assert out["first"] == out["again"] != out["other"]
    assert out["first"][0] != out["first"][1]
    losses = [float(nn.mse(model(X), X).data) for _ in range(1000)]
    spread = np.std(losses) / np.sqrt(1000)
    assert abs(unpacked(out["mean"]) - np.mean(losses)) < 6 * spread
    assert unpacked(out["evaluated"]) == pytest.approx(float(nn.mse(model.eval()(X), X).data))


def test_a_parameter_that_the_loss_does_not_reach_stays(run: Callable[..., Any]) -> None:
    class Idle(nn.Module):
        def __init__(self) -> None:
            self.used, self.idle = Linear(2, 2, rng=0), autograd.Tensor(np.ones(2), "idle")

        def forward(self, x: Any) -> Any:
            return self.used(x)

    def decaying(p: Any) -> Any:
        return nn.optim.SGD(p, 0.1, weight_decay=0.1)

    text = engine_of(Idle(), nn.cross_entropy, X, MOONS, {"sgd": decaying})
    case = [text, texts(X), texts(MOONS), len(X), "sgd", 10, {}]
    (out,) = run(STEPS, cases=[case])
    model = Idle()
    nn.fit(model, nn.cross_entropy, (X, MOONS), optimizer=decaying, epochs=10, progress=False)
    for name, data in out["held"]:
        np.testing.assert_allclose(numbers(data), model.state_dict()[name].ravel(), rtol=1e-12)


def test_the_text_is_safe_in_a_script() -> None:
    model = Columns()
    model.w1.name = "</script><script>alert(1)//"
    setattr(model, "</script><!--", model.__dict__.pop("w2"))
    Columns.forward, kept = (  # type: ignore[method-assign]
        lambda self, x: (vars(self)["</script><!--"] @ autograd.tanh(self.w1 @ x.T + self.b1)).T,
        Columns.forward,
    )
    try:
        text = engine_of(model, nn.mse, CURVE, SINE)
    finally:
        Columns.forward = kept  # type: ignore[method-assign]
    assert not any(each in text for each in ("</", "<!--", "alert"))
    assert "\\u003c/script>" in text


class Rooted(nn.Module):
    def __init__(self) -> None:
        self.layer = Linear(2, 2, rng=0)

    def forward(self, x: Any) -> Any:
        return self.layer(x) / np.sqrt(x.shape[0])


class Choosing(Rooted):
    def forward(self, x: Any) -> Any:
        return self.layer(x) * 2 if float(autograd.sum(x).data) > 0 else self.layer(x)


class Drawing(Rooted):
    def forward(self, x: Any) -> Any:
        return self.layer(x) * autograd.random_like(x, sample=lambda shape: np.ones(shape))


@pytest.mark.parametrize(
    ("make", "error", "told"),
    [
        (lambda: engine_of(Rooted(), nn.cross_entropy, X, MOONS), ValueError, "no simple formula"),
        (lambda: engine_of(Choosing(), nn.cross_entropy, X, MOONS), ValueError, "depends on its"),
        (lambda: engine_of(Drawing(), nn.mse, X, X), ValueError, "'random_like' has no form"),
        (
            lambda: engine_of(nn.MLP(2, [2], dtype=np.float32, rng=0), nn.cross_entropy, X, MOONS),
            ValueError,
            "float32",
        ),
        (
            lambda: engine_of(nn.MLP(2, [2], rng=0).to_scalars(), nn.cross_entropy, X, MOONS),
            TypeError,
            "network of Tensors",
        ),
        (lambda: engine_of(autograd.tanh, nn.mse, X, X), TypeError, "takes a Module"),
        (
            lambda: engine_of(Rooted().layer, lambda z, y: nn.mse(z, y, reduction="none"), X, X),
            ValueError,
            "one is needed",
        ),
        (
            lambda: engine_of(
                Rooted().layer,
                nn.mse,
                X,
                X,
                {"sgd": lambda p: nn.optim.SGD(p, 0.1, momentum=0.9, dampening=0.5)},
            ),
            ValueError,
            "dampening",
        ),
    ],
    ids=["a root", "a choice", "drawn", "float32", "Values", "a function", "losses", "dampening"],
)
def test_what_has_no_form_is_named(
    make: Callable[[], str], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        make()


def test_a_model_is_left_as_it_was() -> None:
    model = nn.Sequential(batch_normalised(), nn.Dropout(0.5, rng=0))
    before, drawn = model.state_dict(), model[1].rng.bit_generator.state
    model.train()
    engine_of(model, nn.cross_entropy, X, MOONS)
    assert model.training
    assert model[1].rng.bit_generator.state == drawn
    for name, data in model.state_dict().items():
        np.testing.assert_array_equal(data, before[name])
    assert all(p.grad is None for p in model.parameters())
