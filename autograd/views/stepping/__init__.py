"""Stepping: a pass over a graph, one operation or product at a time."""
