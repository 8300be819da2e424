"""Drawing: graphs, models and Jacobians as pictures.

Read `drawing`, then `picture`: what is shown; `folding` and `describing` make it small, `parts` takes
losses apart, `dot` and `painting` draw it, `living` is the one whose numbers can be changed. `models`,
`architecture`, `network`, `jacobians` and `influence` are pictures of their own.
"""
