"""CasADi: symbolic scalars, evaluated by its virtual machine or by the C it generates."""

from __future__ import annotations

import os
import pathlib
import subprocess
import tempfile
from typing import Any

import casadi
import numpy as np

from benchmarks.contest import Contest, in_layers, in_neurons, training
from benchmarks.contestants.neurons import penalty, score
from benchmarks.contestants.wrapped import Number, given
from benchmarks.workloads import Workload, expression


def relu(x: Any) -> Any:
    """max(0, x)."""
    return casadi.fmax(x, 0)


def interpreted(w: Workload) -> Contest:
    """A function of symbols, made once; of the expression, made anew in each round."""
    return trained(w, step_function(w)) if w.sizes else scalars(w)


def generated(w: Workload) -> Contest:
    """The same as C, compiled for this machine."""
    with tempfile.TemporaryDirectory() as folder:
        function = step_function(w)
        code = casadi.CodeGenerator("step.c")
        code.add(function)
        code.generate(folder + "/")
        library = str(pathlib.Path(folder) / "step.so")
        flags = ["-O3", "-march=native", *os.environ.get("CFLAGS", "").split(), "-fPIC", "-shared"]
        subprocess.run(["gcc", *flags, folder + "/step.c", "-o", library], check=True)
        return trained(w, casadi.external("step", library))


def scalars(w: Workload) -> Contest:
    """Symbols for the expression, their gradient, and one evaluation, as often as a graph is built."""

    def step() -> Any:
        leaves = casadi.SX.sym("a"), casadi.SX.sym("b")
        total = expression(given((*leaves, casadi.SX(0.0)), relu), w.nodes)[0].x
        both = casadi.vertcat(*leaves)
        function = casadi.Function("f", [both], [total, casadi.gradient(total, both)])
        return function([1.1, 0.7])

    def check() -> list[float]:
        total, gradients = step()
        return [float(total), *np.ravel(gradients).tolist()]

    return Contest(step, check)


def step_function(w: Workload) -> Any:
    """One step of gradient descent: the parameters to the loss and the parameters after it."""
    start = in_neurons(w.layers())
    p = casadi.SX.sym("p", len(start))
    x = casadi.SX.sym("x", w.sizes[0])
    t = casadi.SX.sym("t")
    numbers = [Number(p[i], relu) for i in range(len(start))]
    out = score(w, numbers, [Number(x[i], relu) for i in range(w.sizes[0])], Number.relu)
    loss = relu(1 - t * out.x)
    one = casadi.Function("one", [p, x, t], [loss, casadi.gradient(loss, p)])
    P = casadi.MX.sym("P", len(start))
    X = casadi.MX.sym("X", w.sizes[0], w.batch)
    T = casadi.MX.sym("T", 1, w.batch)
    losses, gradients = one.map(w.batch)(P, X, T)
    added = penalty(w, [Number(p[i], relu) for i in range(len(start))]).x
    extra = casadi.Function("extra", [p], [added, casadi.gradient(added, p)])
    value, slope = extra(P)
    loss = casadi.sum2(losses) / w.batch + value
    after = P - w.lr * (casadi.sum2(gradients) / w.batch + slope)
    return casadi.Function("step", [P, X, T], [loss, after])


def trained(w: Workload, function: Any) -> Contest:
    """Repeated evaluation, into buffers of NumPy."""
    x, t = w.data()
    now = np.array(in_neurons(w.layers()))
    X, T = np.ascontiguousarray(x), np.ascontiguousarray(t)  # columns of CasADi are rows of NumPy
    loss, after = np.zeros(1), np.empty_like(now)
    buffer, run = function.buffer()
    arrays = (now, X, T)
    for i, array in enumerate(arrays):
        buffer.set_arg(i, memoryview(array))
    for i, array in enumerate((loss, after)):
        buffer.set_res(i, memoryview(array))

    def step() -> Any:
        run()
        np.copyto(now, after)
        return loss

    contest = training(w, step, lambda loss: loss[0], lambda: in_layers(w, now.tolist()))
    contest.holds = arrays, buffer  # CasADi only points at them
    return contest
