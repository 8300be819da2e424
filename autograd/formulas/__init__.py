"""Formulas: a rule's letters as mathematics: tidied, and written as text, LaTeX and MathML."""
