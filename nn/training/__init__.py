"""Training: `fit` runs the loop, `History` is what it leaves.

Read `fitting` (the loop, and one step of it), then `stopping` (when it ends before its last epoch) and
`history`. Around it: `checks` (what may be given to `fit`), `schedule`, `progress`, `interrupting`
(Ctrl-C), `watching` (pictures while it runs) and `nonfinite` (which primitive gave the first nan).
`in_javascript` is the same steps for a page.
"""

import autograd
from nn.training.fitting import fit as fit
from nn.training.history import (
    DivergenceError as DivergenceError,
    Event as Event,
    History as History,
)

autograd.publish(__name__, below=True)
