"""Live: networks that learn in the reader's browser, in pages that need no Python.

Read `playground` (the page), `given` (what a page is made from, checked), and `still` (its picture where
no script runs). The page's own script and style are in ``assets``.
"""

import autograd
from nn.live.playground import Playground as Playground, playground as playground

autograd.publish(__name__, below=True)
