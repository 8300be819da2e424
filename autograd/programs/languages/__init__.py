"""Languages: a plan's instructions as text that runs without this library.

Read `writing` first: what all languages share (names, lines, comments), and what a language has to say.
`in_numpy` is the table of NumPy's spellings, with the few functions of `helpers` that NumPy lacks, whose
own source is written into the text. The public `to_source` is one room above, in `sources`.
"""
