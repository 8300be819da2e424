"""Stepping: a pass over a graph, one operation or product at a time.

Read `steps`: the pass as records; then `stepper`, its `timeline`, the `grouping` of large graphs, the
`diagram` of small ones, and `living`, whose numbers can be changed; `slides` are positions as pictures.
"""
