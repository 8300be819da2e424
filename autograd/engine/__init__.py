"""The engine: nodes, the primitives that made them, and the passes over their graph.

What comes from `context` (modes, places in the source, notes) can be taken on trust. The first three
parts read in an afternoon. What a node is: `graph`, `value`, `tensor`. What a row is: `letters`,
`primitive`, `families`, `declare`, `unbroadcast`, `choices`, `local_derivative`. How the two meet:
`apply`, then `passes`, which is the walk back. Around it: `followed` and NumPy in `numpy_protocols`,
`numpy_calls`, `operands`, `arrays`, `axes`, `sums`; many leaves as one array in `leaves`, `flat`,
`vector`; `in_place`, `pickling`, `signatures`, `user_rows`. What is waited for most is written once
more in C, in ``scalars.c`` and ``tensors.c``, and `core` says whether that was built.
"""

from autograd.support.publishing import publish as _publish

_publish(__name__)  # micrograd has its Value in a file of this name
