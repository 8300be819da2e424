"""Support: what any library needs, without mathematics: words for errors, files, imports, installing."""
