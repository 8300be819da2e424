"""Living pictures: numbers that a reader changes, and all the others that follow in the page itself.

Read `marks`: what stands in a text in the place of a number; then `formulas` with marks in them, and
`graph`: the program of a graph, and all that its script is given.
"""
