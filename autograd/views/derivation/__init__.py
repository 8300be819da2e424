"""Derivations: the chain rule written out, as the lectures write it."""
