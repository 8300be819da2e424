"""Support: what any library needs, without mathematics: words for errors, files, imports, installing.

Each file stands by itself: `habits` and `clashes` are words for errors, `neighbours`, `installing`,
`late` and `caching` about imports, `saving` writes files.
"""
