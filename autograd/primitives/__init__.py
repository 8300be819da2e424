"""The rows: every primitive of the library, declared once.

Read `elementwise`, the table (what `math` and NumPy lack is in `kernels`), then `reductions`,
`linear`, `products`. Rows for speed or stability: `fused`, `losses`, `entropy`, `normalisation`,
`units`; with an effect: `effects`. Made of rows: `composites`, and `methods`, where operators are
written.
"""
