"""By NumPy: a plan as Python text, one NumPy call an instruction.

Read `executor`, then `writing`.
"""
