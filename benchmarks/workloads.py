"""What is timed: the workloads, with the numbers that every contestant starts from.

Only NumPy is imported here, so that a contestant in an environment of its own can read it.
"""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

MOMENTUM, EPS = 0.1, 1e-5
"""Of batch normalisation, as in PyTorch."""

NAMES = Path(__file__).parent.parent / "nn" / "data" / "names.txt"
"""What `nn.data.names` gives: read here, where our packages may be absent."""

BETA1, BETA2, ADAM_EPS = 0.9, 0.999, 1e-8


@dataclasses.dataclass(frozen=True)
class Workload:
    """One training step of a network; with no sizes one large scalar expression, or a text's loss.

    Attributes:
        sizes: the widths of the layers, inputs first.
        batch: instances per step.
        activation: after each layer but the last; ``closing``: after the last as well.
        loss: ``"hinge"``, ``"cross_entropy"`` or ``"mse"``, the mean over the batch.
        norm: whether batch normalisation stands before each activation.
        optimiser: ``"SGD"`` or ``"Adam"``.
        lam: λ of λ Σ‖W‖², the weights without the biases.
        dtype: of all arrays. Checks are made in float64 first.
        nodes: how many operations the expression has, about.
        texts: how many names a GPT on scalars reads (notebooks/gpt.py), forward and back.
        unit: what a step is called.
    """

    name: str
    title: str
    sizes: tuple[int, ...] = ()
    batch: int = 1
    activation: str = "relu"
    closing: bool = False
    loss: str = "cross_entropy"
    norm: bool = False
    optimiser: str = "SGD"
    lr: float = 1e-3
    lam: float = 0.0
    dtype: str = "float64"
    nodes: int = 0
    texts: int = 0
    unit: str = "step"

    @property
    def last(self) -> int:
        """The index of the last layer."""
        return len(self.sizes) - 2

    def active(self, i: int) -> bool:
        """Whether an activation follows layer i."""
        return i < self.last or self.closing

    def layers(self) -> list[list[Array]]:
        """The first parameters of each layer: W (out, in), b (out,), and γ, β where there is a norm."""
        rng = np.random.default_rng(0)
        gain = 1.0 if self.activation == "tanh" else 2.0
        layers = []
        for i, (n_in, n_out) in enumerate(itertools.pairwise(self.sizes)):
            layer = [
                rng.normal(size=(n_out, n_in)) * np.sqrt(gain / n_in),
                rng.normal(size=n_out) * 0.1,
            ]
            if self.norm and i < self.last:
                layer += [rng.uniform(0.5, 1.5, n_out), rng.normal(size=n_out) * 0.1]
            layers.append([p.astype(self.dtype) for p in layer])
        return layers

    def parameters(self) -> list[Array]:
        """The same, in one list."""
        return [p for layer in self.layers() for p in layer]

    def data(self) -> tuple[Array, Array]:
        """The batch: x (batch, inputs), and classes (batch,), or signs or numbers (batch, outputs)."""
        rng = np.random.default_rng(1)
        x = rng.normal(size=(self.batch, self.sizes[0])).astype(self.dtype)
        outputs = self.sizes[-1]
        if self.loss == "cross_entropy":
            return x, rng.integers(0, outputs, self.batch)
        if self.loss == "hinge":
            return x, np.where(x[:, :1] * x[:, 1:2] > 0, 1.0, -1.0).astype(self.dtype)
        return x, rng.uniform(-1, 1, (self.batch, outputs)).astype(self.dtype)

    def names(self) -> list[str]:
        """The texts: names of seven letters, the longest that there are, so that none is padded."""
        longest = [name for name in NAMES.read_text(encoding="ascii").split() if len(name) == 7]
        return list(itertools.islice(itertools.cycle(longest), self.texts))


def one_hot(w: Workload, classes: Array) -> Array:
    """Class indices as distributions."""
    return np.eye(w.sizes[-1], dtype=w.dtype)[classes]


S1 = Workload(
    "S1", "10,000 mixed scalar operations, forward + backward + drop", nodes=10_000, unit="round"
)
S2 = Workload(
    "S2",
    "micrograd's demo written on scalars: 2-16-16-1 relu, 100 samples, hinge + L2, SGD",
    (2, 16, 16, 1),
    100,
    loss="hinge",
    lam=1e-4,
    lr=0.01,
)
GPT = Workload(
    "GPT",
    "a GPT written on scalars: 4,064 parameters, 8 names of 7 letters, forward + backward",
    texts=8,
)
T1 = dataclasses.replace(
    S2, name="T1", title="the same net on tensors: 2-16-16-1 relu, batch 100, hinge + L2, SGD"
)
T2 = Workload("T2", "64-128-10 relu, batch 64, cross-entropy, SGD", (64, 128, 10), 64)
T2_ADAM = dataclasses.replace(
    T2,
    name="T2-Adam",
    title="64-128-10 relu, batch 64, cross-entropy, Adam",
    optimiser="Adam",
    lr=1e-4,
)
T3 = Workload("T3", "784-256-10 relu, batch 128, cross-entropy, SGD", (784, 256, 10), 128)
T4 = Workload(
    "T4",
    "DD2424's BatchNorm network 3072-50-10-10-10-10-10 relu, batch 100, SGD",
    (3072, 50, 10, 10, 10, 10, 10),
    100,
    norm=True,
)
T5 = Workload(
    "T5",
    "ten layers of 500 tanh, batch 100, mean squared error, SGD",
    (500,) * 11,
    100,
    activation="tanh",
    closing=True,
    loss="mse",
)

WORKLOADS = {w.name: w for w in (S1, S2, GPT, T1, T2, T2_ADAM, T3, T4, T5)}


def find(spec: str) -> Workload:
    """A workload by its name; ``"S1@1000"`` has 1000 operations, ``"T1@1000"`` a batch of 1000.

    ``"GPT@64"`` has 64 texts, and ``"T1:float32"`` arrays of that dtype. What is written on scalars has
    doubles.
    """
    spec, _, dtype = spec.partition(":")
    name, _, size = spec.partition("@")
    workload = WORKLOADS[name]
    if dtype and name.startswith("T"):
        workload = dataclasses.replace(workload, dtype=dtype)
    if not size:
        return workload
    field = "batch" if workload.sizes else "texts" if workload.texts else "nodes"
    return dataclasses.replace(workload, name=spec, **{field: int(size)})


def blocks_of(nodes: int) -> tuple[int, int]:
    """Blocks of an expression, and loops in each; a loop has 10 operations, a block 3 more."""
    return (nodes // 203, 20) if nodes >= 203 else (1, max(1, nodes // 10))


def expression(value: Any, nodes: int) -> tuple[Any, Any, Any]:
    """About `nodes` of + - * / ** relu on scalars: the result and its two leaves.

    Blocks of about 200 operations in a row are added up, so that the depth grows slowly: micrograd's
    recursive backward pass then survives a million nodes with a raised recursion limit.
    """
    blocks, inner = blocks_of(nodes)
    a, b = value(1.1), value(0.7)
    total = value(0.0)
    for k in range(blocks):
        c = a * b + (0.7 + 0.001 * k)  # no block repeats another
        for _ in range(inner):
            c = c * b + a
            c = c - b * 0.5
            c = (c / a).relu()
            c = c + (c * 0.1) ** 2
            c = c * 0.3
        total = total + c
    return total, a, b


def operations(nodes: int) -> int:
    """How many operations `expression` has."""
    blocks, inner = blocks_of(nodes)
    return blocks * (10 * inner + 3)
