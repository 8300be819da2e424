"""Names of initialisers: what a layer's ``init`` argument may be."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

from nn.init import drawing
from nn.init.drawing import Array, orthogonalised_rows, repeated_first_row
from nn.init.gains import gain
from nn.randomness import Seed

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


RULES = (
    *("constant", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform"),
    *("kaiming_normal", "kaiming_uniform", "lecun", "lecun_normal", "lecun_uniform", "normal"),
    *("orthogonal", "orthogonalised", "pytorch", "random_walk", "same_rows", "uniform"),
    *("xavier_normal", "xavier_uniform", "zeros"),
)
"""The names that messages list: functions of `nn.init`, but for the two that `rule` knows."""

SHORT = ("glorot", "he", "kaiming", "xavier")
"""Names that stand for the normal distribution of their rule."""


def rule(name: str) -> Any:
    """The function of a name."""
    if name == "orthogonalised":
        return orthogonalised_lecun
    return getattr(drawing, "pytorch_uniform" if name == "pytorch" else name)


def option_of(draw: Any) -> str | None:
    """What stands between the parentheses after a name: the first option of its function."""
    taken = inspect.signature(draw).parameters.values()
    return next((each.name for each in taken if each.kind is each.KEYWORD_ONLY), None)


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
                f"init is a name ({', '.join(RULES)}) or a function (shape, rng) -> array, "
                f"got {type(init).__name__}"
            )
        return init
    if init in ("krahenbuhl", "lsuv"):
        raise ValueError(
            f"init: {init} looks at data: make the model, then nn.init.{init}(model, x)"
        )
    match = re.fullmatch(r"\s*(\w+)\s*(?:\(\s*(.+?)\s*\))?\s*", init)
    name, argument = match.groups() if match else (init, None)
    if name not in RULES and name not in SHORT:
        known = ", ".join(sorted({*RULES, *SHORT}))
        raise ValueError(f"init: no initialisation {init!r}; there are {known}")
    draw: Initialiser = rule(name)
    if argument is None:
        return draw
    if name in COMPOSED:
        return COMPOSED[name](argument)
    option = option_of(draw)
    if option is None:
        raise ValueError(f"init: {name} takes nothing in parentheses, got {init!r}")
    return functools.partial(draw, **{option: setting(name, option, argument)})


def setting(name: str, option: str, text: str) -> float | str:
    """The argument in a name's parentheses: a number, or an activation."""
    if option == "activation":
        return text
    try:
        return float(text)
    except ValueError:
        if option == "gain":
            return gain(text)
        raise ValueError(f"init: {name}(...) takes a number, its {option}, got {text!r}") from None
