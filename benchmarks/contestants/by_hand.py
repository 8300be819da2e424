"""Backpropagation written out in NumPy: as a student writes it, with ``out=`` buffers, and its limit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.contest import Contest, training
from benchmarks.workloads import (
    ADAM_EPS,
    BETA1,
    BETA2,
    EPS,
    MOMENTUM,
    Workload,
    blocks_of,
    one_hot,
)


def plainly(w: Workload) -> Contest:
    """Every result is a new array."""
    layers = w.layers()
    x, t = w.data()
    n, rows = w.batch, np.arange(w.batch)
    running = [[np.zeros(k, w.dtype), np.ones(k, w.dtype)] for k in w.sizes[1:]]
    flat = [p for layer in layers for p in layer]
    m, v = [np.zeros_like(p) for p in flat], [np.zeros_like(p) for p in flat]
    taken = 0

    def step() -> Any:
        nonlocal taken
        h, kept = x, []
        for i, layer in enumerate(layers):
            before = h
            h = before @ layer[0].T + layer[1]
            s = inv = None
            if len(layer) == 4:
                mu, var = h.mean(axis=0), h.var(axis=0)
                inv = 1 / np.sqrt(var + EPS)
                s = (h - mu) * inv
                h = s * layer[2] + layer[3]
                old = running[i]
                old[0] = (1 - MOMENTUM) * old[0] + MOMENTUM * mu
                old[1] = (1 - MOMENTUM) * old[1] + MOMENTUM * var * n / (n - 1)
            if w.active(i):
                h = np.maximum(h, 0) if w.activation == "relu" else np.tanh(h)
            kept.append((before, h, s, inv))
        if w.loss == "hinge":
            margin = 1 - t * h
            loss = np.maximum(margin, 0).mean()
            g = -t * (margin > 0) / n
        elif w.loss == "cross_entropy":
            shifted = h - h.max(axis=1, keepdims=True)
            e = np.exp(shifted)
            total = e.sum(axis=1, keepdims=True)
            loss = (np.log(total[:, 0]) - shifted[rows, t]).mean()
            g = e / total
            g[rows, t] -= 1
            g /= n
        else:
            d = h - t
            loss = (d * d).mean()
            g = d * (2 / d.size)
        gradients: list[Any] = []
        for i in range(w.last, -1, -1):
            layer, (before, h, s, inv) = layers[i], kept[i]
            if w.active(i):
                g = g * (h > 0) if w.activation == "relu" else g * (1 - h * h)
            extra = []
            if s is not None:
                extra = [(g * s).sum(axis=0), g.sum(axis=0)]
                g = layer[2] * inv * (g - extra[1] / n - s * (extra[0] / n))
            dW = g.T @ before
            if w.lam:
                loss = loss + w.lam * (layer[0] ** 2).sum()
                dW = dW + 2 * w.lam * layer[0]
            gradients[:0] = [dW, g.sum(axis=0), *extra]
            if i:
                g = g @ layer[0]
        taken += 1
        for k, (p, g) in enumerate(zip(flat, gradients, strict=True)):
            if w.optimiser == "SGD":
                p -= w.lr * g
            else:
                m[k] = BETA1 * m[k] + (1 - BETA1) * g
                v[k] = BETA2 * v[k] + (1 - BETA2) * g * g
                down = np.sqrt(v[k] / (1 - BETA2**taken)) + ADAM_EPS
                p -= w.lr / (1 - BETA1**taken) * m[k] / down
        return loss

    return training(w, step, float, lambda: flat)


class Buffers:
    """The arrays of one layer, made once."""

    def __init__(self, w: Workload, i: int, params: list[Any], grads: list[Any]) -> None:
        n, width, into = w.batch, w.sizes[i + 1], w.sizes[i]
        self.params, self.grads = params, grads
        self.W, self.b, self.dW, self.db = params[0], params[1], grads[0], grads[1]
        self.norm = len(params) == 4
        self.z, self.h, self.d = (
            np.empty((n, width), w.dtype),
            np.empty((n, width), w.dtype),
            np.empty((n, width), w.dtype),
        )
        self.zeros, self.into = (
            np.zeros((n, width), w.dtype),
            np.empty((n, into), w.dtype) if i else None,
        )
        self.s, self.spare = np.empty((n, width), w.dtype), np.empty((n, width), w.dtype)
        self.mean, self.var, self.inv = (
            np.empty(width, w.dtype),
            np.empty(width, w.dtype),
            np.empty(width, w.dtype),
        )
        self.running_mean, self.running_var = np.zeros(width, w.dtype), np.ones(width, w.dtype)
        self.square, self.row = np.empty_like(self.W), np.empty(width, w.dtype)


def with_buffers(w: Workload) -> Contest:
    """No array is made in a step; parameters and gradients are views of one flat array each."""
    start = w.parameters()
    sizes = np.cumsum([p.size for p in start])[:-1]
    flat = np.concatenate([p.ravel() for p in start])
    gradient, spare, m, v = (np.zeros_like(flat) for _ in range(4))
    shaped = [
        [part.reshape(p.shape) for part, p in zip(np.split(whole, sizes), start, strict=True)]
        for whole in (flat, gradient)
    ]
    layers, at = [], 0
    for i, layer in enumerate(w.layers()):
        here = slice(at, at + len(layer))
        layers.append(Buffers(w, i, shaped[0][here], shaped[1][here]))
        at += len(layer)
    x, t = w.data()
    n = w.batch
    ones, share = np.ones(n, w.dtype), np.full(n, 1 / n, w.dtype)
    relu, last = w.activation == "relu", layers[-1]
    target = one_hot(w, t) if w.loss == "cross_entropy" else t
    scaled = target / n
    top, column = np.empty((n, 1), w.dtype), np.empty((n, 1), w.dtype)
    taken = 0

    def normalise(L: Buffers) -> None:
        np.dot(share, L.z, out=L.mean)
        np.subtract(L.z, L.mean, out=L.s)
        np.multiply(L.s, L.s, out=L.spare)
        np.dot(share, L.spare, out=L.var)
        np.add(L.var, EPS, out=L.inv)
        np.sqrt(L.inv, out=L.inv)
        np.divide(1.0, L.inv, out=L.inv)
        L.s *= L.inv
        np.multiply(L.s, L.params[2], out=L.z)
        L.z += L.params[3]
        for running, batch, scale in (
            (L.running_mean, L.mean, MOMENTUM),
            (L.running_var, L.var, MOMENTUM * n / (n - 1)),
        ):
            running *= 1 - MOMENTUM
            np.multiply(batch, scale, out=L.row)
            running += L.row

    def through_norm(L: Buffers, g: Any) -> None:
        np.multiply(g, L.s, out=L.spare)
        np.dot(ones, L.spare, out=L.grads[2])
        np.dot(ones, g, out=L.grads[3])
        np.multiply(L.grads[2], 1 / n, out=L.row)
        np.multiply(L.s, L.row, out=L.spare)
        np.multiply(L.grads[3], 1 / n, out=L.row)
        g -= L.row
        g -= L.spare
        np.multiply(L.params[2], L.inv, out=L.row)
        g *= L.row

    def loss_of(out: Any, g: Any, spare: Any) -> Any:
        if w.loss == "hinge":
            np.multiply(target, out, out=spare)
            np.subtract(1.0, spare, out=spare)
            np.maximum(spare, last.zeros, out=spare)
            np.sign(spare, out=g)
            g *= scaled
            np.negative(g, out=g)
            return np.dot(share, spare[:, 0])
        if w.loss == "cross_entropy":
            out.max(axis=1, keepdims=True, out=top)
            np.subtract(out, top, out=out)
            np.exp(out, out=g)
            g.sum(axis=1, keepdims=True, out=column)
            g /= column
            g *= 1 / n
            g -= scaled
            np.log(column, out=column)
            return np.dot(share, column[:, 0]) - np.vdot(scaled, out)
        np.subtract(out, target, out=g)
        loss = np.vdot(g, g) / g.size
        g *= 2 / g.size
        return loss

    def step() -> Any:
        nonlocal taken
        h = x
        for i, L in enumerate(layers):
            np.dot(h, L.W.T, out=L.z)
            L.z += L.b
            if L.norm:
                normalise(L)
            h = L.z
            if w.active(i):
                h = np.maximum(L.z, L.zeros, out=L.h) if relu else np.tanh(L.z, out=L.h)
        g = last.d
        loss = loss_of(h, g, last.spare)
        for i in range(w.last, -1, -1):
            L = layers[i]
            if w.active(i):
                if relu:
                    np.sign(L.h, out=L.spare)
                else:
                    np.multiply(L.h, L.h, out=L.spare)
                    np.subtract(1.0, L.spare, out=L.spare)
                g *= L.spare
            if L.norm:
                through_norm(L, g)
            before = layers[i - 1].h if i else x
            np.dot(g.T, before, out=L.dW)
            np.dot(ones, g, out=L.db)
            if w.lam:
                loss += w.lam * np.vdot(L.W, L.W)
                np.multiply(L.W, 2 * w.lam, out=L.square)
                L.dW += L.square
            if i:
                g = np.dot(g, L.W, out=L.into)
        if w.optimiser == "SGD":
            np.multiply(gradient, w.lr, out=spare)
            np.subtract(flat, spare, out=flat)
            return loss
        taken += 1
        for average, keep in ((m, BETA1), (v, BETA2)):
            np.multiply(average, keep, out=average)
            if average is v:
                np.multiply(gradient, gradient, out=gradient)
            np.multiply(gradient, 1 - keep, out=spare)
            np.add(average, spare, out=average)
        np.sqrt(v, out=spare)
        np.multiply(spare, 1 / math.sqrt(1 - BETA2**taken), out=spare)
        np.add(spare, ADAM_EPS, out=spare)
        np.divide(m, spare, out=spare)
        np.multiply(spare, w.lr / (1 - BETA1**taken), out=spare)
        np.subtract(flat, spare, out=flat)
        return loss

    return training(w, step, float, lambda: shaped[0])


# --- limits ------------------------------------------------------------------------------------


def limit(w: Workload) -> Contest:
    """The matrix products of the step alone; of an expression, its numbers in plain floats."""
    if not w.sizes:
        return Contest(lambda: plain_expression(w.nodes), lambda: [plain_expression(w.nodes)])
    rng = np.random.default_rng(0)
    layers = []
    for W, *_ in w.layers():
        n_out, n_in = W.shape
        h = rng.normal(size=(w.batch, n_in)).astype(w.dtype)
        g = rng.normal(size=(w.batch, n_out)).astype(w.dtype)
        layers.append((W, h, g, np.empty_like(g), np.empty_like(W), np.empty_like(h)))

    def step() -> None:
        for W, h, _, z, _, _ in layers:
            np.dot(h, W.T, out=z)
        for i in range(w.last, -1, -1):
            W, h, g, _, dW, dh = layers[i]
            np.dot(g.T, h, out=dW)
            if i:
                np.dot(g, W, out=dh)

    return Contest(step)


def plain_expression(nodes: int) -> float:
    """`workloads.expression`, its relu written for floats."""
    blocks, inner = blocks_of(nodes)
    a, b, total = 1.1, 0.7, 0.0
    for k in range(blocks):
        c = a * b + (0.7 + 0.001 * k)
        for _ in range(inner):
            c = c * b + a
            c = c - b * 0.5
            c = c / a
            c = c if c > 0.0 else 0.0
            c = c + (c * 0.1) ** 2
            c = c * 0.3
        total = total + c
    return total
