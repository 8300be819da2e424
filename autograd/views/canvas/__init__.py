"""The canvas: what every picture is made with: colours, shapes, layouts, renderers.

Read `theme`, the one palette, then `sheet`: shapes as SVG. `layout` and `stacking` say where boxes
go, `typesetting` where the letters of a formula. `shapes` reads a picture back, for `printing` and
`tikz`; these, `rendering`, `embedding`, `assets` and `page` make files and cells of it.
"""
