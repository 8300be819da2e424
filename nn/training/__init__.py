"""Training: `fit` runs the loop, `History` is what it leaves."""

import autograd
from nn.training.fitting import fit as fit
from nn.training.history import (
    DivergenceError as DivergenceError,
    Event as Event,
    History as History,
)

autograd.publish(__name__, below=True)
