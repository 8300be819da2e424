"""JAX: a whole training step in one `jax.jit`, and scalars without it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.contest import Contest, training
from benchmarks.contestants.formulas import Names, loss_of, moved
from benchmarks.contestants.wrapped import given
from benchmarks.workloads import Workload, expression, one_hot

jax.config.update("jax_enable_x64", True)

NAMES = Names(jnp.tanh, jax.nn.relu, jnp.sqrt, jax.nn.log_softmax)


def synchronous(w: Workload) -> Contest:
    """The same, computed by the thread that asks for it, so that nothing is handed over."""
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    return jitted(w)


def jitted(w: Workload) -> Contest:
    """Loss, gradients, optimiser and running statistics as one function; each loss is waited for."""
    layers = jax.tree.map(jnp.asarray, w.layers())
    xb, tb = w.data()
    if w.loss == "cross_entropy":
        tb = one_hot(w, tb)
    x, t = jnp.asarray(xb), jnp.asarray(tb)
    running = (
        [(jnp.zeros(n, w.dtype), jnp.ones(n, w.dtype)) for n in w.sizes[1:-1]] if w.norm else []
    )
    zeros = jax.tree.map(jnp.zeros_like, layers)
    states = [] if w.optimiser == "SGD" else [zeros, jax.tree.map(jnp.zeros_like, layers)]

    def update(carried: Any, x: Any, t: Any) -> Any:
        layers, running, states, taken = carried

        def loss(layers: Any) -> Any:
            return loss_of(w, NAMES, layers, running, x, t)

        (value, later), gradients = jax.value_and_grad(loss, has_aux=True)(layers)
        taken = taken + 1
        flat, tree = jax.tree.flatten(layers)
        flat_states = [jax.tree.leaves(state) for state in states]
        pairs = [
            moved(w, p, g, tuple(s[k] for s in flat_states), taken, jnp.sqrt)
            for k, (p, g) in enumerate(zip(flat, jax.tree.leaves(gradients), strict=True))
        ]
        layers = tree.unflatten([p for p, _ in pairs])
        states = [tree.unflatten([s[i] for _, s in pairs]) for i in range(len(states))]
        return value, (layers, later, states, taken)

    compiled = jax.jit(update, donate_argnums=0)
    carried = (layers, running, states, jnp.zeros((), w.dtype))

    def step() -> Any:
        nonlocal carried
        loss, carried = compiled(carried, x, t)
        return loss.block_until_ready()

    return training(
        w,
        step,
        float,
        lambda: [np.asarray(p) for p in jax.tree.leaves(carried[0])],
        finish=lambda: jax.block_until_ready(carried),
    )


def relu(x: Any) -> Any:
    """max(0, x)."""
    return jnp.maximum(x, 0.0)


def scalars(w: Workload) -> Contest:
    """The expression through `jax.value_and_grad`, one operation at a time."""

    def function(a: Any, b: Any) -> Any:
        return expression(given((a, b, 0.0), relu), w.nodes)[0].x

    both = jax.value_and_grad(function, argnums=(0, 1))

    def step() -> Any:
        return jax.block_until_ready(both(1.1, 0.7))

    def check() -> list[float]:
        total, gradients = step()
        return [float(total), *map(float, gradients)]

    return Contest(step, check)
