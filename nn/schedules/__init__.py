"""Schedules: how an optimiser's learning rate changes as training goes on.

A schedule is made from an optimiser, sets its learning rate at once, and again at every ``step()``:
once per epoch for most, once per update for `CyclicLR` and `OneCycleLR` (their `interval` says which).
Each parameter group has its own rate; the names, arguments and numbers are PyTorch's.

>>> import autograd, nn
>>> optimizer = nn.optim.SGD([autograd.Tensor([1.0])], lr=1.0)
>>> warm_up = LinearLR(optimizer, start_factor=0.25, total_iters=3)
>>> schedule = SequentialLR(optimizer, [warm_up, CosineAnnealingLR(optimizer, 4)], milestones=[3])
>>> rates = []
>>> for epoch in range(8):
...     rates.append(round(optimizer.lr, 3))
...     schedule.step()
>>> rates
[0.25, 0.5, 0.75, 1.0, 0.854, 0.5, 0.146, 0.0]

Read `scheduler` (what schedules share), `rates` (per epoch), `cycles` (per update, with momentum).
"""

import autograd
from nn.schedules.cycles import CyclicLR as CyclicLR, OneCycleLR as OneCycleLR
from nn.schedules.rates import (
    CosineAnnealingLR as CosineAnnealingLR,
    CosineAnnealingWarmRestarts as CosineAnnealingWarmRestarts,
    ExponentialLR as ExponentialLR,
    LambdaLR as LambdaLR,
    LinearLR as LinearLR,
    MultiStepLR as MultiStepLR,
    ReduceLROnPlateau as ReduceLROnPlateau,
    SequentialLR as SequentialLR,
    StepLR as StepLR,
)
from nn.schedules.scheduler import LRScheduler as LRScheduler

autograd.publish(__name__, below=True)
