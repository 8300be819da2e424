"""Native: a plan as machine code, by way of LLVM text.

Read `llvm`, which writes text, `machine`, which makes code of it, and `cache`; then `scalars` and
`tensors`, which each make text of a plan. `mathematics` has each elementwise
row in the instructions of a processor; `cores` and
`heads` know the machine.
"""
