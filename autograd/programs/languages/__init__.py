"""Languages: a plan's instructions as text that runs without this library.

Read `writing` first: what all languages share (names, lines, comments), and what a language has to say.
`in_numpy` and `in_javascript` are the tables of spellings; the few functions that NumPy lacks are in
`helpers`, whose own source is written into the text. JavaScript has no arrays of several axes:
`arrays_in_javascript` writes loops through flat ones, `strided` being where elements lie. On them,
`batches_in_javascript` writes functions of batches, and `free_axis` leaves the number of instances open;
`live` is a program for a page in which numbers change, and `exact_in_javascript` gives its functions the
engine's digits. The public `to_source` and `BatchFunctions` are
one room above, in `sources` and `batches`. `in_c` writes the rows themselves, for Values in C.

`in_onnx` is the table of a language that has no text but `onnx_operations`: what is written for two
sizes of a batch becomes one in `batches_in_onnx`, and a file in `onnx_file`. Its public `to_onnx` is in
`exports`.
"""
