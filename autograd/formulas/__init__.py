"""Formulas: a rule's letters as mathematics: tidied, and written as text, LaTeX and MathML.

Read `writing`, `notation` and `latex`: a tree of letters as text; then `algebra` and `rational`,
which tidy it, `names` and `symbols`, which name its letters, and `of_nodes`, where a graph comes in.
`matrices` writes arrays, `mathml` and `typeset` pages, `tex` documents, `plain` what stands in boxes.
"""
