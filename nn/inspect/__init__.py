"""What the lectures plot: inside a network's layers, how training went, what the model gets wrong.

Read `layers` (what is observed of a network), `histograms` (its picture), `boundary` (the plane of a
classifier), `training` (curves and mistakes) and `animation` (both, as they come to be). What all
pictures share is in `figures` and `shown`.
"""

import autograd
from nn.inspect.boundary import decision_boundary as decision_boundary
from nn.inspect.figures import new_figure as new_figure
from nn.inspect.histograms import histogram as histogram, histograms as histograms
from nn.inspect.layers import (
    Observation as Observation,
    dead_units as dead_units,
    observe as observe,
    saturation as saturation,
    update_ratios as update_ratios,
    zeros as zeros,
)
from nn.inspect.training import learning_curve as learning_curve, mistakes as mistakes
from nn.metrics import confusion_matrix as confusion_matrix

autograd.publish(__name__, below=True)
