"""Names of initialisers: what a layer's ``init`` argument may be."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

import autograd
from nn.init import drawing
from nn.init.drawing import Array, orthogonalised_rows, repeated_first_row
from nn.init.gains import gain
from nn.randomness import Seed

__all__ = ["Initialiser", "initialiser", "orthogonalised"]

Initialiser = Callable[[tuple[int, ...], Any], Any]


def orthogonalised(
    init: str | Initialiser,
) -> Callable[[Sequence[int], Seed], Array]:
    """Any initialisation, with the rows of its weights made orthogonal: see `orthogonalised_rows`.

    >>> import nn
    >>> w = nn.Linear(4, 2, init=orthogonalised("he_normal"), rng=0).weight.data
    >>> bool(abs(w[0] @ w[1]) < 1e-12)
    True
    """
    draw = initialiser(init)

    def draw_orthogonal(shape: Sequence[int], rng: Seed = None) -> Array:
        return orthogonalised_rows(draw(tuple(shape), rng))

    return draw_orthogonal


def repeated(init: str | Initialiser) -> Initialiser:
    """Any initialisation, with its first row in place of all."""
    draw = initialiser(init)

    def draw_repeated(shape: Sequence[int], rng: Seed = None) -> Array:
        return repeated_first_row(draw(tuple(shape), rng))

    return draw_repeated


def orthogonalised_lecun(shape: Sequence[int], rng: Seed = None) -> Array:
    """N(0, 1/n_in) with its rows made orthogonal, each keeping its length."""
    return orthogonalised_rows(drawing.lecun_normal(shape, rng))


BY_NAME: dict[str, Initialiser] = {
    "constant": drawing.constant,
    "glorot_normal": drawing.glorot_normal,
    "glorot_uniform": drawing.glorot_uniform,
    "he_normal": drawing.he_normal,
    "he_uniform": drawing.he_uniform,
    "kaiming_normal": drawing.he_normal,
    "kaiming_uniform": drawing.he_uniform,
    "lecun": drawing.lecun_normal,
    "lecun_normal": drawing.lecun_normal,
    "lecun_uniform": drawing.lecun_uniform,
    "normal": drawing.normal,
    "orthogonal": drawing.orthogonal,
    "orthogonalised": orthogonalised_lecun,
    "pytorch": drawing.pytorch_uniform,
    "random_walk": drawing.random_walk,
    "same_rows": drawing.same_rows,
    "uniform": drawing.uniform,
    "xavier_normal": drawing.glorot_normal,
    "xavier_uniform": drawing.glorot_uniform,
    "zeros": drawing.zeros,
}

SHORT = {
    "glorot": "glorot_normal",
    "he": "he_normal",
    "kaiming": "he_normal",
    "xavier": "glorot_normal",
}
"""Names that stand for the normal distribution of their rule."""

OPTION: dict[str, str] = {
    "constant": "value",
    "normal": "std",
    "uniform": "bound",
    "random_walk": "activation",
    **dict.fromkeys(
        (
            *("glorot_normal", "glorot_uniform", "xavier_normal", "xavier_uniform"),
            *("lecun", "lecun_normal", "lecun_uniform", "orthogonal"),
        ),
        "gain",
    ),
}
"""What stands between the parentheses after a name."""

COMPOSED: dict[str, Callable[[str], Initialiser]] = {
    "orthogonalised": orthogonalised,
    "same_rows": repeated,
}
"""Rules that change what another rule, whose name stands between the parentheses, has drawn."""


def initialiser(init: str | Initialiser) -> Initialiser:
    """The function that an ``init`` argument stands for: a name, or a function (shape, rng) -> array.

    A name may have one argument in parentheses: ``"constant(0.5)"``, ``"normal(0.1)"`` (σ),
    ``"uniform(0.1)"`` (the bound), ``"random_walk(relu)"``; a gain, or the activation whose gain it is:
    ``"orthogonal(1.4)"``, ``"xavier_normal(tanh)"``; and the name of another rule:
    ``"orthogonalised(he_normal)"``, ``"same_rows(he_normal)"``.

    >>> import nn
    >>> initialiser("he_normal") is nn.init.he_normal
    True
    >>> initialiser("constant(0.5)")((1, 2), None).tolist()
    [[0.5, 0.5]]
    """
    if not isinstance(init, str):
        if not callable(init):
            raise TypeError(
                f"init is a name ({', '.join(BY_NAME)}) or a function (shape, rng) -> array, "
                f"got {type(init).__name__}"
            )
        return init
    if init == "lsuv":
        raise ValueError("init: LSUV looks at data: make the model, then nn.init.lsuv(model, x)")
    match = re.fullmatch(r"\s*(\w+)\s*(?:\(\s*(.+?)\s*\))?\s*", init)
    name, argument = match.groups() if match else (init, None)
    name = SHORT.get(name, name)
    if name not in BY_NAME:
        known = ", ".join(sorted({*BY_NAME, *SHORT}))
        raise ValueError(f"init: no initialisation {init!r}; there are {known}")
    if argument is None:
        return BY_NAME[name]
    if name in COMPOSED:
        return COMPOSED[name](argument)
    if name not in OPTION:
        raise ValueError(f"init: {name} takes nothing in parentheses, got {init!r}")
    return functools.partial(BY_NAME[name], **{OPTION[name]: option(name, argument)})


def option(name: str, text: str) -> float | str:
    """The argument in a name's parentheses: a number, or an activation."""
    if OPTION[name] == "activation":
        return text
    try:
        return float(text)
    except ValueError:
        if OPTION[name] == "gain":
            return gain(text)
        raise ValueError(
            f"init: {name}(...) takes a number, its {OPTION[name]}, got {text!r}"
        ) from None


autograd.publish(__name__)
