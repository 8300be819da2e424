"""The engine: nodes, the primitives that made them, and the passes over their graph."""

from autograd.support.habits import publish as _publish

_publish(__name__)  # micrograd has its Value in a file of this name
