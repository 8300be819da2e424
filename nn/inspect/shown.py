"""A matplotlib Figure that a notebook shows, whether or not pyplot has been set up there."""

from __future__ import annotations

import os
from io import BytesIO
from typing import Any

from matplotlib import rcParams
from matplotlib.figure import Figure

from autograd import write_whole


class ShownFigure(Figure):
    """A Figure with a picture of its own: IPython knows those of pyplot only."""

    def savefig(self, fname: Any, **options: Any) -> None:
        """Matplotlib's, but that a file is written whole or not at all."""
        if not isinstance(fname, str | os.PathLike):
            super().savefig(fname, **options)
            return
        name = os.fspath(fname)
        ending = os.path.splitext(name)[1][1:]
        if options.get("format") is None:
            options["format"] = ending or rcParams["savefig.format"]
            name = name if ending else f"{name}.{options['format']}"
        picture = BytesIO()
        super().savefig(picture, **options)
        write_whole(name, picture.getvalue())

    def _repr_png_(self) -> bytes | None:
        if not self.axes:
            return None
        picture = BytesIO()
        options: dict[str, Any] = {"format": "png", "bbox_inches": "tight"}
        self.savefig(picture, **options)
        return picture.getvalue()
