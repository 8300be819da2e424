"""Programs: a recorded graph, replayed with other numbers.

Read `compile`, its two forms `function` and `program`, and `planning`, where a graph becomes
instructions; then one of the `executor`s, `by_numpy` before `native`. A run is in `runs`, what goes
in in `inputs` and `leaves`, what makes it right in `verifying`, `guards`, `effects`, `draws`,
`anomalies`. `calls` makes a program a node, `instances` is `vectorize`, `sources` with its
`languages` writes a plan as text that runs without this library (`batches`: a function of batches for
a page), `exports` as a model of ONNX, `options` and `listing` are what a user says and sees.
"""
