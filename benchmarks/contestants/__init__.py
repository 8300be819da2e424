"""Who takes part: each contestant's module, what it needs, and the workloads it can do."""

from __future__ import annotations

import dataclasses

TENSORS = ("T1", "T2", "T2-Adam", "T3", "T4", "T5")
NETWORKS = ("S2", *TENSORS)


@dataclasses.dataclass(frozen=True)
class Contestant:
    """One line of a table.

    Attributes:
        key: the name on the command line; its part before the first ``-`` or ``.`` is the family, which
            ``--without`` and ``--python`` understand as well.
        label: the name in tables and pictures.
        make: ``module.function`` below `benchmarks.contestants`, which takes a Workload.
        workloads: which it does.
        needs: modules that must be importable, each with the line to print when it is not.
        own: whether it has our import name, and so needs an interpreter of its own.
        optional: whether it runs only when asked for by ``--with``.
        environment: variables that its process has, and their values.
    """

    key: str
    label: str
    make: str
    workloads: tuple[str, ...]
    needs: tuple[str, ...] = ()
    own: bool = False
    optional: bool = False
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def family(self) -> str:
        """The peer it belongs to."""
        return self.key.replace(".", "-").partition("-")[0]

    def goes_by(self, name: str) -> bool:
        """Whether a name on the command line means this one."""
        return name in (self.key, self.family)


OURS = (
    *("compiled", "compiled-numpy", "eager", "eager-nogc", "eager-python"),
    *("pasted", "pasted-nogc", "pasted-python"),
)
IN_PYTHON = (("CHALKGRAD_NATIVE", "0"),)
"""The environment of those that have Values in Python, also where they were built in C."""

CONTESTANTS = {
    c.key: c
    for c in (
        Contestant("compiled", "chalkgrad, compiled", "ours.compiled", ("S1", "GPT", *NETWORKS)),
        Contestant(
            "compiled-numpy",
            "chalkgrad, compiled (NumPy)",
            "ours.compiled_numpy",
            ("S1", "GPT", *NETWORKS),
        ),
        Contestant(
            "first",
            "chalkgrad, compiling and the first replay",
            "ours.compiling",
            ("S1", "GPT", *NETWORKS),
            optional=True,
        ),
        Contestant(
            "first-numpy",
            "chalkgrad, compiling and the first replay (NumPy)",
            "ours.compiling_numpy",
            ("S1", "GPT", *NETWORKS),
            optional=True,
        ),
        Contestant("eager", "chalkgrad, eager", "ours.eager", ("S1", "GPT", *NETWORKS)),
        Contestant(
            "eager-nogc", "chalkgrad, eager, collector off", "ours.eager_without_collector", ("S1",)
        ),
        Contestant(
            "eager-python",
            "chalkgrad, eager, Values in Python",
            "ours.eager",
            ("S1", "S2", "GPT"),
            environment=IN_PYTHON,
        ),
        Contestant("pasted", "chalkgrad, micrograd's demo pasted", "ours.pasted", ("S2",)),
        Contestant(
            "pasted-python",
            "chalkgrad, micrograd's demo pasted, Values in Python",
            "ours.pasted",
            ("S2",),
            environment=IN_PYTHON,
        ),
        Contestant(
            "pasted-nogc",
            "chalkgrad, micrograd's demo pasted, collector off",
            "ours.pasted_without_collector",
            ("S2",),
        ),
        Contestant(
            "slots",
            "the least class in Python",
            "slots.eager",
            ("S1",),
            environment=IN_PYTHON,
        ),
        Contestant("limit", "limit", "by_hand.limit", ("S1", *NETWORKS)),
        Contestant("hand-out", "by hand, out=", "by_hand.with_buffers", NETWORKS),
        Contestant("hand", "by hand, NumPy", "by_hand.plainly", NETWORKS),
        Contestant("torch", "PyTorch, eager", "pytorch.eager", ("GPT", *NETWORKS), ("torch",)),
        Contestant("torch-0d", "PyTorch, 0-d tensors", "pytorch.scalars", ("S1", "S2"), ("torch",)),
        Contestant(
            "torch.compile",
            "torch.compile",
            "pytorch.compiled",
            NETWORKS,
            ("torch",),
            optional=True,
        ),
        Contestant("jax", "jax.jit", "jax_jit.jitted", NETWORKS, ("jax",)),
        Contestant(
            "jax-sync", "jax.jit, no async dispatch", "jax_jit.synchronous", NETWORKS, ("jax",)
        ),
        Contestant("jax-eager", "JAX, eager", "jax_jit.scalars", ("S1",), ("jax",)),
        Contestant("micrograd", "micrograd", "micro.grad", ("S1", "S2", "GPT"), ("micrograd",)),
        Contestant(
            "micrograd-nogc",
            "micrograd, collector off",
            "micro.grad_without_collector",
            ("S1", "S2"),
            ("micrograd",),
        ),
        Contestant("mygrad", "MyGrad", "my_grad.eager", ("S1", *NETWORKS), ("mygrad",)),
        Contestant(
            "hips",
            "HIPS autograd",
            "hips.eager",
            ("S1", *NETWORKS),
            ("autograd.numpy",),
            own=True,
        ),
        Contestant("tinygrad", "tinygrad, TinyJit", "tiny.jitted", NETWORKS, ("tinygrad",)),
        Contestant("casadi", "CasADi SX", "casadi_sx.interpreted", ("S1", "S2"), ("casadi",)),
        Contestant("casadi-c", "CasADi SX, C by gcc", "casadi_sx.generated", ("S2",), ("casadi",)),
    )
}

ON_ARRAYS = (
    "torch",
    "torch.compile",
    "jax",
    "jax-sync",
    "mygrad",
    "hips",
    "tinygrad",
    "hand",
    "hand-out",
)
"""What does the scalar workloads S2 and GPT on arrays: its label says so there."""


def label_of(key: str, workload: str) -> str:
    """A contestant's name in the table of a workload."""
    label = CONTESTANTS[key].label
    if key == "limit":
        return (
            "plain floats, no derivative" if workload.startswith("S1") else "matrix products alone"
        )
    if workload.startswith(("S2", "GPT")) and key in ON_ARRAYS:
        return f"{label} (arrays)"
    return label
