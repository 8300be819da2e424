"""Plans of arrays: fused loops and matrix products.

Read `executor`, then `lowering` with its `rules`, `operations` and `builder`; `fusing` says what
shares a loop, and `loops`, `tails`, `tiles` and `blas` write the code.
"""
