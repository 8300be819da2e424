"""Native: a plan as machine code, by way of LLVM text."""
