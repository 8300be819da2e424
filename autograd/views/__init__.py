"""Views: what a person looks at, the drawing of a graph, its steps and its derivation.

Read `outline`, the one walk before anything is shown, and `labels`; then one of `drawing`, `stepping`
and `derivation`. `living` is what pages share whose numbers can be changed. The `canvas` is under all
pictures; `local_names` is `autograd.name`.
"""
