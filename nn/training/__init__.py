"""Training: `fit` runs the loop, `History` is what it leaves."""

import autograd
from nn.training.fitting import fit
from nn.training.history import DivergenceError, Event, History

__all__ = ["DivergenceError", "Event", "History", "fit"]


autograd.publish(__name__)
