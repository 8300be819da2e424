"""Neural networks on `autograd`: modules, layers, losses, optimisers, and data to try them on.

>>> import nn
>>> images, labels = nn.data.digits()
>>> model = nn.MLP(64, [32, 10], rng=0)
>>> optimizer = nn.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
>>> for x, y in nn.data.batches(images, labels, batch_size=64, rng=0):
...     optimizer.zero_grad()
...     nn.cross_entropy(model(x), y).backward()
...     optimizer.step()
>>> bool((model(images).numpy().argmax(axis=1) == labels).mean() > 0.8)
True
"""

import autograd
from nn import data, init, inspect, optim, regularisers, scalar
from nn.activations import (
    Activation,
    Identity,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    Softmax,
    Softplus,
    Tanh,
    identity,
    leaky_relu,
    log_softmax,
    relu,
    sigmoid,
    softmax,
    softplus,
    tanh,
)
from nn.layers.container import MLP, Sequential
from nn.layers.linear import Linear
from nn.losses import cross_entropy, hinge, kl_divergence, l2_divergence, mse
from nn.module import Module

# Nodes then carry the user's line that called a layer, not the layer's own.
autograd.register_library(__file__)

__all__ = [
    "MLP",
    "Activation",
    "Identity",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "Module",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "cross_entropy",
    "data",
    "hinge",
    "identity",
    "init",
    "inspect",
    "kl_divergence",
    "l2_divergence",
    "leaky_relu",
    "log_softmax",
    "mse",
    "optim",
    "regularisers",
    "relu",
    "scalar",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
]
