"""Plans of numbers: one compiled sweep over the instances.

Read `executor`, then `lowering`: a plan as elementary operations. A small one becomes `straight_line`
code, a large one `bytecode` and its `interpreter`; the `driver` feeds both.
"""
