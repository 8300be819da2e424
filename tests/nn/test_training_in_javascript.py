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
const out = cases.map(([source, x, y, m, optimizer, steps, options]) => {
  const engine = new Function("return " + source)();
  engine.optimizer = optimizer;
  const [a, b] = [array(x), array(y)];
  const losses = [];
  for (let i = 0; i < steps; i++) losses.push(engine.step(a, b, m, options));
  return {
    losses: told(losses),
    held: [...engine.parameters, ...engine.buffers].map(({name, data}) => [name, told(data)]),
    predicted: told(engine.predict(a, m)),
    loss: bits(engine.loss(a, b, m)),
    hidden: engine.hidden(a, m).map(({name, label, units, data}) => [name, label, units, told(data)]),
  };
});
"""


@pytest.fixture(params=["node", "browser"])
def run(request: Any, tmp_path: Path) -> Callable[[list[Any]], Any]:
    """What engines say after some steps."""
    engine = runner(request.param)

    def texts(x: Any) -> list[str]:
        return [packed(float(each)) for each in np.ravel(x)]

    def call(cases: list[Any]) -> Any:
        given = [[text, texts(x), texts(y), len(x), *rest] for text, x, y, *rest in cases]
        program = f"const cases = {json.dumps(given)};\n{HARNESS}".replace("</", "<\\/")
        return json.loads(engine(program, tmp_path))

    return call


def numbers(found: list[str]) -> Any:
    return np.array([unpacked(each) for each in found])


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_the_first_200_full_batch_steps_are_those_of_fit(
    optimizer: str, run: Callable[[list[Any]], Any]
) -> None:
    lam = 0.003
    chosen = CASES if optimizer in ("sgd", "momentum", "adam") else {"tanh": CASES["tanh"]}
    cases = []
    for make, loss, x, y in chosen.values():
        cases.append([engine_of(make(), loss, x, y, OPTIMIZERS), x, y, optimizer, 200, {"l2": lam}])
    for found, (name, (make, loss, x, y)) in zip(run(cases), chosen.items(), strict=True):
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
