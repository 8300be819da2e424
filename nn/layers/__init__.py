"""Layers: the modules that networks are made of, one kind per file.

Read `linear`, then `activations` (and how one is found by its name), `container` (Sequential, MLP),
`normalisation`, `dropout` and `embedding`. `gated` and `multiplicative` are products of such layers.
"""
