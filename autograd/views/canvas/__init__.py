"""The canvas: what every picture is made with: colours, shapes, layouts, renderers."""
