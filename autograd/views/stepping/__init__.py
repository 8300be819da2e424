"""Stepping: a pass over a graph, one operation or product at a time.

Read `steps`: the pass as records; then `stepper`, its `timeline`, the `grouping` of large graphs, and
the `diagram` of small ones.
"""
