"""Notes: what a recording writes down beside the graph, so that a replay can tell what has changed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.context.modes import current_mode
from autograd.context.sites import Site, getframe, user_frame


class Note:
    """Where a number left the graph: a comparison, a ``bool()`` or ``float()``, a function of NumPy.

    ``compare(*sides)`` gave `result`; a replay with other numbers must give the same. With `whole` it
    is no elementwise comparison, and a graph of Values is asked for one instance at a time.
    """

    __slots__ = ("compare", "result", "sides", "site", "what", "whole")

    def __init__(
        self, what: str, compare: Any, sides: tuple[Any, ...], result: Any, whole: bool = False
    ) -> None:
        self.what = what
        self.compare = compare
        self.sides = sides
        self.result = result
        self.whole = whole
        frame = user_frame(getframe(2))
        self.site = Site.of(frame.f_code, frame.f_lasti)


class Setting:
    """What something is set to, such as a layer, in words; equal to itself alone.

    Args:
        values: what is set, by name.
    """

    __slots__ = ("__weakref__", "values")

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)

    def since(self, before: Setting) -> str:
        """What is another than before, as the end of a sentence."""
        for name in {**self.values, **before.values}:
            now, then = self.values.get(name), before.values.get(name)
            if now != then:
                break
        told = [x[1] if isinstance(x, tuple) else x for x in (now, then)]
        texts = [f"{x!r:.40}" for x in told]
        if texts[0] == texts[1]:
            return f"{name} is another {texts[0]} than it was"
        return f"{name} is {texts[0]} and was {texts[1]}"


class Check(Note):
    """What a function asks of numbers that are its arguments: it raises where they are not right.

    A replay asks the same of its own numbers. For a graph of Values, whose numbers come with one more
    axis in front, it asks for all instances at once, and for the first that is wrong by itself, so that
    the error is the one that these numbers alone would get.
    """

    __slots__ = ("lazy", "operands")

    def __init__(
        self, function: Callable[..., None], operands: tuple[Any, ...], lazy: bool = False
    ) -> None:
        sides: list[Any] = []
        operands = tuple([getattr(x, "_array", x) for x in operands])
        for x in operands:
            sides += [each for each in x.flat if hasattr(each, "_raw")] if is_mixed(x) else [x]
        super().__init__(f"what {function} asks", function, tuple(sides), None)
        self.operands = operands
        self.lazy = lazy

    @property
    def plain(self) -> bool:
        """Whether the operands are the sides."""
        return not any(map(is_mixed, self.operands))

    def ask(self, sides: Sequence[Any], instances: int | None) -> None:
        """Raise what the function raises for the numbers of a replay, which stand for `sides`."""
        given = iter(sides)
        arrays: list[Any] = []
        for x in self.operands:
            if not is_mixed(x):
                arrays.append(next(given))
                continue
            lead = () if instances is None else (instances,)
            array = np.empty((*lead, *x.shape))
            for place in np.ndindex(x.shape):
                held = x[place]
                array[(..., *place)] = next(given) if hasattr(held, "_raw") else held
            arrays.append(array)
        try:
            self.compare(*map(np.asarray, arrays))
        except ValueError:
            for i in range(instances or 0):
                rows = [
                    np.asarray(a[i] if np.ndim(a) > np.ndim(x) else a)
                    for a, x in zip(arrays, self.operands, strict=True)
                ]
                self.compare(*rows)
            raise


def is_mixed(x: Any) -> bool:
    """Whether x is an array that holds nodes."""
    return isinstance(x, np.ndarray) and x.dtype == object


def plain_numbers(x: Any) -> np.ndarray[Any, Any]:
    """The numbers of a node, an array, or an array that holds nodes, as a plain array."""
    data = getattr(x, "_array" if hasattr(x, "_array") else "_raw", x)
    if not is_mixed(data):
        return np.asarray(data)
    numbers = [getattr(each, "_raw", each) for each in data.flat]  # nothing leaves the graph here
    return np.array(numbers, float).reshape(data.shape)


def note(what: str, compare: Any, left: Any, right: Any, result: Any) -> None:
    """Note that a number left the graph, if a `recording` wants to know."""
    notes = current_mode().notes
    if notes is not None:
        notes.append(Note(what, compare, (left, right), result))


def note_whole(node: Any, number: float) -> None:
    """Note that a number left the graph as a whole one, if a `recording` wants to know."""
    note("its whole number", _same_whole, node, number, True)


def _same_whole(x: Any, y: Any) -> Any:
    return np.trunc(x) == np.trunc(y)


def note_numbers(node: Any, what: str = "its number") -> None:
    """Note that the numbers of a node left the graph as they are, if a `recording` wants to know."""
    notes = current_mode().notes
    if notes is not None:
        numbers = node._raw
        held = numbers if isinstance(numbers, float) else numbers.copy()
        notes.append(Note(what, _itself, (node,), held))


def note_array(array: Any, what: str) -> None:
    """Note that the numbers of an array that is followed left, if a `recording` wants to know."""
    notes = current_mode().notes
    if notes is not None:
        notes.append(Note(what, _itself, (array,), array.copy()))


def note_shape(array: Any, what: str) -> None:
    """Note that the shape of an array that is followed is known, if a `recording` wants to know."""
    notes = current_mode().notes
    if notes is not None:
        notes.append(Note(what, np.shape, (array,), array.shape, whole=True))


def _itself(x: Any) -> Any:
    return x


class BranchChanged(RuntimeError):  # noqa: N818  (the contract's name)
    """A replay in which Python would have taken another branch than when the graph was recorded."""


def note_call(what: str, compare: Any, sides: tuple[Any, ...], result: Any) -> None:
    """Note what a function of whole nodes gave, if a `recording` wants to know."""
    notes = current_mode().notes
    if notes is not None:
        notes.append(Note(what, compare, sides, result, whole=True))


class Made(NamedTuple):
    """An array that a row made of plain arrays, of which one may be an input of a program."""

    out: Any
    row: Any
    arguments: tuple[Any, ...]
    options: dict[str, Any]


def drawn_so_far() -> Any:
    """Where the generators that everybody shares are: that of ``random``, and that of ``np.random``."""
    name, keys, *rest = np.random.get_state(legacy=True)
    return random.getstate(), name, keys.tobytes(), tuple(rest)  # type: ignore[union-attr]


def state_of(generator: Any) -> Any:
    """Where a generator of random numbers is, to be compared."""
    if isinstance(generator, np.random.BitGenerator):
        return comparable(generator.state)
    if isinstance(generator, np.random.RandomState):
        return comparable(generator.get_state(legacy=False))
    return generator.getstate()


def comparable(state: Any) -> Any:
    """A state without arrays, which are not compared by ``==``."""
    if isinstance(state, Mapping):
        return {key: comparable(x) for key, x in state.items()}
    return state.tobytes() if isinstance(state, np.ndarray) else state


def drawn_anew(draw: Callable[[], Any]) -> Any:
    """Call a function that a program calls with each run; what it draws is no constant."""
    notes = current_mode().notes
    if notes is None:
        return draw()
    notes.look_at_draws()
    out = draw()
    notes.drawn = notes.drawn_so_far()
    return out


class Notes(list[Note]):
    """The notes of a recording, what rows made of plain arrays meanwhile, and gradients that were left.

    Attributes:
        made: what rows made of plain arrays.
        drew: whether numbers were drawn from a shared generator that no program would draw anew.
        states: what was noted by `recording.note_state`, and what it was; `settling` what of it is asked
            once more at the end.
        generators: more generators that what is recorded can draw from.
        gradients: the recorded gradients behind the numbers that passes left on nodes, by the node.
        memory: what is asked to remember what an effect can change, before it is had; or None.
    """

    def __init__(self) -> None:
        self.made: list[Made] = []
        self.gradients: dict[Any, list[Any]] = {}
        self.states: dict[Any, Any] = {}
        self.generators: list[Any] = []
        self.drawn = self.drawn_so_far()
        self.drew = False
        self.settling: list[tuple[Note, Callable[[Any], Any]]] = []
        self.memory: Any = None

    def watch(self, generators: Iterable[Any]) -> None:
        """Notice from now on what is drawn from these generators, too."""
        self.generators = list(generators)
        self.drawn = self.drawn_so_far()

    def spare(self, things: Iterable[Any]) -> None:
        """Notice no longer what is drawn from these: a row that a program calls anew draws from them."""
        self.look_at_draws()
        ids = {id(x) for x in things}
        self.watch([x for x in self.generators if id(x) not in ids])

    def drawn_so_far(self) -> Any:
        """Where all generators are that are watched."""
        return drawn_so_far(), [state_of(x) for x in self.generators]

    def look_at_draws(self) -> None:
        """Notice what was drawn since the last look."""
        self.drew = self.drew or self.drawn_so_far() != self.drawn


def note_effect(row: Any, options: dict[str, Any]) -> None:
    """Note that a row is about to have an effect, if a `recording` wants to know."""
    notes = current_mode().notes
    if notes is not None and notes.memory is not None:
        reached = notes.memory.before(row, options)
        if not row.draws:  # which is noticed by `drawn_anew`
            notes.spare(reached)


def note_made(out: Any, row: Any, arguments: Iterable[Any], options: dict[str, Any]) -> Any:
    """Note what a row made of plain arrays, if a `recording` wants to know. Returns it.

    An array is found by its identity: an argument that a row gives as it is comes back as a copy.
    """
    notes = current_mode().notes
    if notes is not None and isinstance(out, np.ndarray):
        arguments = tuple(arguments)
        if any(out is x for x in arguments):
            out = out.copy()
        notes.made.append(Made(out, row, arguments, options))
    return out
