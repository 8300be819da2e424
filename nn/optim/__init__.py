"""Optimisers: rules that change parameters along their gradients, in place and outside the graph.

Each is PyTorch's rule of that name, step for step. Below, g is the gradient (with ``weight_decay`` λ:
g + λp, except in AdamW), η is ``lr``, t counts a parameter's own steps, and products, squares and
roots are taken entry by entry.

``weight_decay`` is not the same as a loss term. λ‖W‖² in the loss (`nn.regularisers.l2`) has the
gradient 2λW, reaches only what is summed there, and is seen in the loss. ``weight_decay=λ`` adds λp to
the gradient of every parameter of the group, biases too; in SGD it is the loss term ½λ‖p‖². In rules
that rescale g, this addition is rescaled too; AdamW shrinks p by ηλ on its own instead.

Options by group, as in PyTorch:

>>> import nn
>>> model = nn.MLP(2, [3, 1], rng=0)
>>> weights = [p for p in model.parameters() if p.ndim == 2]
>>> biases = [p for p in model.parameters() if p.ndim == 1]
>>> optimizer = nn.optim.AdamW(
...     [{"params": weights}, {"params": biases, "weight_decay": 0.0}], lr=0.01
... )
>>> [group["weight_decay"] for group in optimizer.param_groups]
[0.01, 0.0]

Read `rules` (each a formula), `optimizer` (groups, options, the step) and `blocks` (parameters that are
changed together). `clipping` is for gradients, before the step. `recorded` makes a graph of a rule.
"""

import autograd
from nn.optim.optimizer import Optimizer as Optimizer
from nn.optim.rules import (
    SGD as SGD,
    Adadelta as Adadelta,
    Adagrad as Adagrad,
    Adam as Adam,
    AdamW as AdamW,
    RMSprop as RMSprop,
)

autograd.publish(__name__, below=True)
