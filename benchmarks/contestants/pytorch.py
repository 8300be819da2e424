"""PyTorch: eager and `torch.compile` on tensors, and written on 0-d tensors."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from benchmarks.contest import Contest, differentiation, in_layers, in_neurons, training
from benchmarks.contestants import texts
from benchmarks.contestants.neurons import loss_of_neurons
from benchmarks.workloads import EPS, MOMENTUM, Workload, expression

torch.set_num_threads(1)


def eager(w: Workload) -> Contest:
    """`nn.Sequential` and `torch.optim`; a GPT by the functions of `nn.functional`."""
    if w.texts:
        return batch_of_texts(w)
    return tensors(w, lambda function: function)


def compiled(w: Workload) -> Contest:
    """The same, its loss through `torch.compile`."""
    return tensors(w, torch.compile)


def tensors(w: Workload, through: Any) -> Contest:
    """The five lines of a training loop."""
    modules: list[Any] = []
    dtype = getattr(torch, w.dtype)
    for i, (n_in, n_out) in enumerate(itertools.pairwise(w.sizes)):
        modules.append(nn.Linear(n_in, n_out, dtype=dtype))
        if w.norm and i < w.last:
            modules.append(nn.BatchNorm1d(n_out, eps=EPS, momentum=MOMENTUM, dtype=dtype))
        if w.active(i):
            modules.append(nn.ReLU() if w.activation == "relu" else nn.Tanh())
    model = nn.Sequential(*modules)
    parameters = list(model.parameters())
    with torch.no_grad():
        for p, data in zip(parameters, w.parameters(), strict=True):
            p.copy_(torch.from_numpy(data))
    weights = [m.weight for m in modules if isinstance(m, nn.Linear)]
    optimiser = getattr(torch.optim, w.optimiser)(parameters, lr=w.lr)
    x, t = map(torch.from_numpy, w.data())

    def loss_of(x: Any, t: Any) -> Any:
        out = model(x)
        if w.loss == "cross_entropy":
            return functional.cross_entropy(out, t)
        if w.loss == "mse":
            return functional.mse_loss(out, t)
        loss = functional.relu(1 - t * out).mean()
        return loss + w.lam * sum((W * W).sum() for W in weights)

    loss_of = through(loss_of)

    def step() -> Any:
        optimiser.zero_grad()
        loss = loss_of(x, t)
        loss.backward()
        optimiser.step()
        return loss

    return training(
        w, step, lambda loss: loss.item(), lambda: [p.detach().numpy() for p in parameters]
    )


def batch_of_texts(w: Workload) -> Contest:
    """The GPT on matrices, all texts at once."""
    gpt = texts.script()
    matrices = vars(gpt.GPT(float))
    p = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in matrices.items()}
    tokens = torch.tensor([gpt.tokens_of(name) for name in w.names()])
    n, length = len(tokens), tokens.shape[1] - 1

    def norm(x: Any) -> Any:
        return functional.rms_norm(x, (gpt.WIDTH,), eps=1e-5)

    def step() -> Any:
        for each in p.values():
            each.grad = None
        x = functional.embedding(tokens[:, :-1], p["token"].T) + p["position"].T[:length]
        q, k, v = (
            functional.linear(norm(x), p[name]).view(n, length, gpt.HEADS, -1).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        read = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + functional.linear(read.transpose(1, 2).reshape(n, length, -1), p["mix"])
        hidden = functional.relu(functional.linear(norm(x), p["widen"]))
        x = x + functional.linear(hidden, p["narrow"])
        scores = functional.linear(norm(x), p["score"])
        loss = functional.cross_entropy(scores.flatten(0, 1), tokens[:, 1:].flatten())
        loss.backward()
        return loss

    def gradients() -> Any:
        return torch.cat([each.grad.flatten() for each in p.values()]).numpy()

    return differentiation(step, lambda loss: loss.item(), gradients)


def number(x: float) -> Any:
    """A leaf of no axes."""
    return torch.tensor(x, dtype=torch.float64, requires_grad=True)


def scalars(w: Workload) -> Contest:
    """Every number a 0-d tensor."""
    if not w.sizes:

        def step() -> None:
            total, _, _ = expression(number, w.nodes)
            total.backward()

        def check() -> list[float]:
            total, a, b = expression(number, w.nodes)
            total.backward()
            return [total.item(), a.grad.item(), b.grad.item()]

        return Contest(step, check)
    numbers = [number(x) for x in in_neurons(w.layers())]
    optimiser = torch.optim.SGD(numbers, lr=w.lr)
    x, t = (array.tolist() for array in w.data())

    def training_step() -> Any:
        loss = loss_of_neurons(w, numbers, x, t)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss

    return training(
        w,
        training_step,
        lambda loss: loss.item(),
        lambda: in_layers(w, [p.item() for p in numbers]),
    )
