"""Initialisation: how the weights of a network are first drawn.

Three ways to the same rules. By name, where a layer is made: ``nn.Linear(3, 2, init="he_normal")``,
``nn.MLP(3, [4, 2], init="normal(0.1)")``. As a function ``(shape, rng) -> array``:
``nn.init.glorot_uniform((2, 3), 0)``. In place, under PyTorch's names with an underscore:
``nn.init.xavier_uniform_(layer.weight)``. And `lsuv` looks at data: ``nn.init.lsuv(model, x)``.

**Xavier** is the first name of Glorot, and the lectures give it to two rules: KTH DD2424 calls
σ = 1/√n_in so, which is `lecun_normal` here; that of the paper, PyTorch and the notes,
σ = √(2/(n_in + n_out)), is `xavier_normal`, also called `glorot_normal`.
"""

import autograd
from nn.init.data_dependent import lsuv
from nn.init.drawing import (
    constant,
    fans,
    glorot,
    glorot_normal,
    glorot_uniform,
    he,
    he_normal,
    he_uniform,
    kaiming,
    kaiming_normal,
    kaiming_uniform,
    lecun,
    lecun_normal,
    lecun_uniform,
    normal,
    orthogonal,
    orthogonalised_rows,
    pytorch_uniform,
    random_walk,
    same_rows,
    uniform,
    xavier,
    xavier_normal,
    xavier_uniform,
    zeros,
)
from nn.init.gains import calculate_gain, gain
from nn.init.in_place import (
    constant_,
    eye_,
    initialise_,
    kaiming_normal_,
    kaiming_uniform_,
    normal_,
    ones_,
    orthogonal_,
    sparse_,
    trunc_normal_,
    uniform_,
    xavier_normal_,
    xavier_uniform_,
    zeros_,
)
from nn.init.names import Initialiser, initialiser, orthogonalised

__all__ = [
    "Initialiser",
    "calculate_gain",
    "constant",
    "constant_",
    "eye_",
    "fans",
    "gain",
    "glorot",
    "glorot_normal",
    "glorot_uniform",
    "he",
    "he_normal",
    "he_uniform",
    "initialise_",
    "initialiser",
    "kaiming",
    "kaiming_normal",
    "kaiming_normal_",
    "kaiming_uniform",
    "kaiming_uniform_",
    "lecun",
    "lecun_normal",
    "lecun_uniform",
    "lsuv",
    "normal",
    "normal_",
    "ones_",
    "orthogonal",
    "orthogonal_",
    "orthogonalised",
    "orthogonalised_rows",
    "pytorch_uniform",
    "random_walk",
    "same_rows",
    "sparse_",
    "trunc_normal_",
    "uniform",
    "uniform_",
    "xavier",
    "xavier_normal",
    "xavier_normal_",
    "xavier_uniform",
    "xavier_uniform_",
    "zeros",
    "zeros_",
]


autograd.publish(__name__)
