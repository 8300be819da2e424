"""The gradient of a batch against those of its instances, for every family of networks."""

from __future__ import annotations

import numpy as np
import pytest

import nn

FAMILIES = {
    "linear": lambda: nn.Linear(4, 3, rng=0),
    "softmax classifier": lambda: nn.Sequential(nn.Linear(4, 3, rng=0)),
    "mlp relu": lambda: nn.MLP(4, [6, 3], rng=0),
    "mlp tanh": lambda: nn.MLP(4, [6, 5, 3], activation="tanh", rng=0),
    "mlp sigmoid": lambda: nn.MLP(4, [6, 3], activation="sigmoid", rng=0),
    "mlp leaky": lambda: nn.MLP(4, [6, 3], activation="leaky_relu", rng=0),
    "mlp softplus": lambda: nn.MLP(4, [6, 3], activation="softplus", rng=0),
    "layer norm": lambda: nn.MLP(4, [6, 3], norm="layer", rng=0),
    "rms norm": lambda: nn.MLP(4, [6, 3], norm="rms", rng=0),
    "batch norm, evaluation": lambda: nn.MLP(4, [6, 3], norm="batch", rng=0).eval(),
    "no biases": lambda: nn.MLP(4, [6, 3], bias=False, rng=0),
    "mlp smht": lambda: nn.MLP(4, [6, 3], nn.SMHT(1.0, 0.5), rng=0),
    "mlp swish, beta learned": lambda: nn.MLP(4, [6, 3], nn.Swish(1.5, learn=True), rng=0),
    "maxout": lambda: nn.Sequential(nn.Linear(4, 6, rng=0), nn.Maxout(2), nn.Linear(3, 3, rng=1)),
    "pair product": lambda: nn.Sequential(nn.PairProduct(), nn.Linear(2, 3, rng=0)),
    "power": lambda: nn.Sequential(nn.Power(4, 3, rng=0), nn.Linear(3, 3, rng=1)),
    "dropout, evaluation": lambda: nn.Sequential(nn.Linear(4, 3, rng=0), nn.Dropout(0.5)).eval(),
    **{
        name: lambda name=name: nn.Sequential(
            getattr(nn, name)(4, 5, rng=0), nn.Linear(5, 3, rng=1)
        )
        for name in ("GLU", "ReGLU", "GEGLU", "SwiGLU")
    },
    **{
        f"mlp {name.lower()}": lambda name=name: nn.MLP(4, [6, 3], getattr(nn, name)(), rng=0)
        for name in ("ELU", "GELU", "Mish", "PReLU", "SELU", "SiLU", "Hardtanh", "LogSoftmax")
    },
}


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("loss", ["cross_entropy", "l2_divergence"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_gradient_of_a_batch_is_the_sum_or_mean_of_those_of_its_instances(
    family: str, loss: str, reduction: str
) -> None:
    model = FAMILIES[family]()
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 4)), rng.integers(3, size=7)
    target = y if loss == "cross_entropy" else rng.normal(size=(7, 3))
    function = getattr(nn, loss)
    function(model(x), target, reduction=reduction).backward()
    whole = [p.grad.copy() for p in model.parameters()]
    model.zero_grad()
    for i in range(7):  # gradients add up
        function(model(x[i]), target[i]).backward()
    divide = 7 if reduction == "mean" else 1
    for p, g in zip(model.parameters(), whole, strict=True):
        assert np.allclose(p.grad / divide, g, rtol=1e-9, atol=1e-12)
