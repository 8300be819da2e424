"""Plans of numbers: one compiled sweep over the instances."""
