"""What the lectures plot: inside a network's layers, how training went, what the model gets wrong."""

import autograd
from nn.inspect.boundary import decision_boundary
from nn.inspect.figures import new_figure
from nn.inspect.histograms import histogram, histograms
from nn.inspect.layers import (
    Observation,
    dead_units,
    observe,
    saturation,
    update_ratios,
    zeros,
)
from nn.inspect.training import learning_curve, mistakes
from nn.metrics import confusion_matrix

__all__ = [
    "Observation",
    "confusion_matrix",
    "dead_units",
    "decision_boundary",
    "histogram",
    "histograms",
    "learning_curve",
    "mistakes",
    "new_figure",
    "observe",
    "saturation",
    "update_ratios",
    "zeros",
]


autograd.publish(__name__)
