"""Planning: from a recorded graph to instructions on registers.

Read `plan`: what comes out; then `planner` and `emitting`: how. `scalarising` takes rules on vectors
apart, `joining` puts nodes of Values among tensors; `derived` knows the arrays beside the nodes,
`gradients` the leaves. `parts` takes a finished plan's rows apart, for machine code.
"""
