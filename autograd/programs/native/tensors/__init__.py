"""Plans of arrays: fused loops and matrix products."""
