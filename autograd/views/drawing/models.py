"""Pictures of models: which of them is drawn, of what a model tells about itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autograd.engine.graph import Node
from autograd.formulas.names import layers_around
from autograd.views.canvas.sheet import ModelPicture
from autograd.views.drawing.architecture import architecture_picture
from autograd.views.drawing.network import network_picture

VIEWS = ("architecture", "network")


def draw_model(
    model: Any, x: Any, *, view: str | None, depth: int | None, theme: str, digits: int
) -> ModelPicture:
    """The picture of what has a ``__draw__``, see `draw`."""
    if view not in (None, *VIEWS):
        raise ValueError(f"view of a model is one of {', '.join(map(repr, VIEWS))}, not {view!r}")
    parts, run = model.__draw__()
    if view == "network":
        outputs, _ = run(x)
        kind = parts[0]["title"].partition("(")[0]
        rest = f"{counted(parts)}{of_several(x)}"
        return network_picture(outputs, kind, rest, known=x is not None, theme=theme, digits=digits)
    note = ""
    computed: Mapping[str, tuple[str, str]] = {}
    if x is not None:
        _, computed = run(x)
    else:
        try:
            _, computed = run(None)
        except Exception as error:  # of the user's forward, for which the input was guessed
            words = " ".join(str(error).split())
            note = f"what the modules compute is known with an input, draw(model, x) ({words:.160})"
    layers = layers_around([x for part in parts for x in part.get("leaves", ())]).counted()
    return architecture_picture(parts, computed, layers, depth=depth, note=note, theme=theme)


def counted(parts: Sequence[Mapping[str, Any]]) -> str:
    """How many parameters a model has, in words."""
    total = sum(part["count"] for part in parts)
    return f"{total:,} parameter{'s' * (total != 1)}"


def of_several(x: Any) -> str:
    """That units hold the mean over a batch."""
    shape = x.shape if isinstance(x, Node) else getattr(x, "shape", None)
    if shape is None and isinstance(x, list | tuple) and x and isinstance(x[0], list | tuple):
        shape = (len(x), len(x[0]))
    return (
        f"; units: mean of {shape[0]:,} instances" if shape is not None and len(shape) > 1 else ""
    )
