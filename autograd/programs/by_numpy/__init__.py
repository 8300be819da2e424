"""By NumPy: a plan as Python text, one NumPy call an instruction, or for all that are alike.

Read `executor`, then `writing`. A plan of numbers has many instructions that are alike: `levels` finds
them, and `stacked` computes them together.
"""
