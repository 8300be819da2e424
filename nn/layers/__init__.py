"""Layers: the modules that networks are made of, one kind per file."""
