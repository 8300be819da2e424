"""A matplotlib Figure that a notebook shows, whether or not pyplot has been set up there."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from matplotlib.figure import Figure

__all__ = ["ShownFigure"]


class ShownFigure(Figure):
    """A Figure with a picture of its own: IPython knows those of pyplot only."""

    def _repr_png_(self) -> bytes | None:
        if not self.axes:
            return None
        picture = BytesIO()
        options: dict[str, Any] = {"format": "png", "bbox_inches": "tight"}
        self.savefig(picture, **options)
        return picture.getvalue()
