"""Initialisation: how the weights of a network are first drawn.

Three ways to the same rules. By name, where a layer is made: ``nn.Linear(3, 2, init="he_normal")``,
``nn.MLP(3, [4, 2], init="normal(0.1)")``. As a function ``(shape, rng) -> array``:
``nn.init.glorot_uniform((2, 3), 0)``. In place, under PyTorch's names with an underscore:
``nn.init.xavier_uniform_(layer.weight)``. And two look at data: ``nn.init.lsuv(model, x)``, and
`krahenbuhl`.

**Xavier** is the first name of Glorot, and the lectures give it to two rules: KTH DD2424 calls
σ = 1/√n_in so, which is `lecun_normal` here; that of the paper, PyTorch and the notes,
σ = √(2/(n_in + n_out)), is `xavier_normal`, also called `glorot_normal`.

Read `drawing` (the rules), `gains`, `names` (a rule by its name), `in_place` and `data_dependent`.
"""

import autograd
from nn.init.data_dependent import krahenbuhl as krahenbuhl, lsuv as lsuv
from nn.init.drawing import (
    constant as constant,
    fans as fans,
    glorot as glorot,
    glorot_normal as glorot_normal,
    glorot_uniform as glorot_uniform,
    he as he,
    he_normal as he_normal,
    he_uniform as he_uniform,
    kaiming as kaiming,
    kaiming_normal as kaiming_normal,
    kaiming_uniform as kaiming_uniform,
    lecun as lecun,
    lecun_normal as lecun_normal,
    lecun_uniform as lecun_uniform,
    normal as normal,
    orthogonal as orthogonal,
    orthogonalised_rows as orthogonalised_rows,
    pytorch_uniform as pytorch_uniform,
    random_walk as random_walk,
    same_rows as same_rows,
    uniform as uniform,
    xavier as xavier,
    xavier_normal as xavier_normal,
    xavier_uniform as xavier_uniform,
    zeros as zeros,
)
from nn.init.gains import calculate_gain as calculate_gain, gain as gain
from nn.init.in_place import (
    constant_ as constant_,
    eye_ as eye_,
    initialise_ as initialise_,
    kaiming_normal_ as kaiming_normal_,
    kaiming_uniform_ as kaiming_uniform_,
    normal_ as normal_,
    ones_ as ones_,
    orthogonal_ as orthogonal_,
    sparse_ as sparse_,
    trunc_normal_ as trunc_normal_,
    uniform_ as uniform_,
    xavier_normal_ as xavier_normal_,
    xavier_uniform_ as xavier_uniform_,
    zeros_ as zeros_,
)
from nn.init.names import (
    Initialiser as Initialiser,
    initialiser as initialiser,
    orthogonalised as orthogonalised,
)

autograd.publish(__name__, below=True)
