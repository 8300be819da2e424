"""Planning: from a recorded graph to instructions on registers.

Read `plan`: what comes out; then `planner` and `emitting`: how. `vectors` takes rules on vectors
apart, or joins numbers to them; `derived` knows the arrays beside the nodes, `gradients` the leaves.
`edges` are the local derivatives themselves, which a program multiplies at once. `parts` takes a
finished plan's rows apart, for machine code and other languages.
"""
