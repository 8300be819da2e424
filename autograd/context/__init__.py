"""Context: where in the user's source an operation was made, in which mode, and who takes notes of it.

It knows no nodes. `sites` and `scopes` say where an operation was made, `tracebacks` hides the library's
own frames; `modes` and `grad_modes` what is recorded; `recording`, `notes` and `exits` what a program
must know of the numbers that left the graph; `said_once` is what is said once in a process, and
`arithmetic` whether a line computes with what it reads.
"""
