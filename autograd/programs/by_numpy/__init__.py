"""By NumPy: a plan as Python text, one NumPy call an instruction."""
