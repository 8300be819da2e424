"""Support: what any library needs, without mathematics: words for errors, files, imports, installing.

`habits` and `clashes` are words for errors, and `publishing` answers with the former; `neighbours`,
`installing`, `late` and `caching` are about imports, `forking` about forked processes; `saving` writes
files, `collecting` has Python's collector of cycles wait.
"""
