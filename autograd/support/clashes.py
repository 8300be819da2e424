"""What does not fit in the shapes of a call, in a sentence about lengths and dimensions.

NumPy's errors speak of signatures of ufuncs and of remapped shapes. `clash` is asked only when a call
has failed; where it has nothing to say, NumPy's own words stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Shape = tuple[int, ...]
ORDINALS = ("first", "second", "third", "fourth", "fifth")


def clash(
    name: str, shapes: Sequence[Shape], options: Mapping[str, Any], *, broadcasts: bool = True
) -> str | None:
    """What is wrong with a call of the row `name`; None where the shapes are not what is wrong.

    >>> clash("matmul", [(2, 3), (4, 3)], {})
    'dimension 1 of the first is 3 and dimension 0 of the second is 4, and they are summed over: the \
two are to be equal. x @ y.T would fit'
    >>> clash("add", [(2, 3), (4,)], {})
    'dimension 1 of the first is 3 and dimension 0 of the second is 4, and shapes are aligned at \
their last dimensions: the two are to be equal, or one of them 1'
    """
    if name in SENTENCES:
        return SENTENCES[name](shapes, options)
    return not_broadcast(shapes) if broadcasts else None


def unlike(what: str, shapes: Sequence[Shape], error: Exception) -> ValueError:
    """NumPy's error for arrays that are to be of one shape, in our words where those say more."""
    told = " and ".join(map(str, shapes))
    return ValueError(f"{what} of shapes {told}: {not_broadcast(shapes) or error}")


def which(i: int) -> str:
    """An operand, by its place."""
    return ORDINALS[i] if i < len(ORDINALS) else f"operand {i}"


def not_broadcast(shapes: Sequence[Shape]) -> str | None:
    """Where shapes cannot be stretched to one: the dimensions that differ, and neither is 1."""
    rank = max(map(len, shapes), default=0)
    for back in range(1, rank + 1):
        lengths = [(i, shape[-back]) for i, shape in enumerate(shapes) if len(shape) >= back]
        long = [(i, n) for i, n in lengths if n != 1]
        for i, n in long[1:]:
            j, m = long[0]
            if n != m:
                one, other = len(shapes[j]) - back, len(shapes[i]) - back
                if one == other:
                    found = f"dimension {one} is {m} in the {which(j)} and {n} in the {which(i)}"
                else:
                    found = (
                        f"dimension {one} of the {which(j)} is {m} and dimension {other} of the "
                        f"{which(i)} is {n}, and shapes are aligned at their last dimensions"
                    )
                return f"{found}: the two are to be equal, or one of them 1"
    return None


def of_matmul(shapes: Sequence[Shape], options: Mapping[str, Any]) -> str | None:
    """What is summed over, and the stacks of matrices."""
    x, y = shapes
    if not x or not y:
        return None
    row = max(len(y) - 2, 0)
    if x[-1] != y[row]:
        found = (
            f"dimension {len(x) - 1} of the first is {x[-1]} and dimension {row} of the second is "
            f"{y[row]}, and they are summed over: the two are to be equal"
        )
        fits = [
            text
            for text, fit in (
                ("x @ y.T", len(y) == 2 and x[-1] == y[1]),
                ("x.T @ y", len(x) == 2 and x[0] == y[row]),
            )
            if fit
        ]
        return found + (f". {' and '.join(fits)} would fit" if fits else "")
    stacks = not_broadcast([x[:-2], y[:-2]])
    return None if stacks is None else f"of the stacks of matrices, {stacks}"


def of_linear(shapes: Sequence[Shape], options: Mapping[str, Any]) -> str | None:
    """The inputs and the weight."""
    x, weight = shapes[:2]
    if len(weight) != 2 or not x or x[-1] == weight[1]:
        return None
    return (
        f"the last dimension of x is {x[-1]}, and a weight of shape (out, in) = {weight} takes "
        f"{weight[1]}"
    )


def of_einsum(shapes: Sequence[Shape], options: Mapping[str, Any]) -> str | None:
    """A letter with two lengths, or one that no operand has."""
    subscripts = str(options.get("subscripts", "")).replace(" ", "")
    left, arrow, output = subscripts.partition("->")
    lengths: dict[str, tuple[int, int]] = {}
    for i, (term, shape) in enumerate(zip(left.split(","), shapes, strict=False)):
        head, dots, tail = term.partition("...")
        pairs = [*zip(head, shape, strict=False)]
        pairs += zip(tail[::-1], shape[::-1], strict=False) if dots else ()
        for letter, n in pairs:
            j, m = lengths.setdefault(letter, (i, n))
            if m == 1 and n != 1:
                lengths[letter] = (i, n)
            elif n not in (m, 1):
                found = f"{m} in the {which(j)} and {n} in the {which(i)}"
                found = found if i != j else f"both {m} and {n} in the {which(i)}"
                return f"{letter} is {found}: a letter has one length"
    unknown = [letter for letter in output if arrow and letter not in left and letter.isalpha()]
    if unknown:
        return f"{unknown[0]} stands in the output and in no operand"
    return None


def of_concatenate(shapes: Sequence[Shape], options: Mapping[str, Any]) -> str | None:
    """Dimensions beside the one along which arrays are joined."""
    first, axis = shapes[0], options.get("axis", 0)
    for i, shape in enumerate(shapes):
        if len(shape) != len(first):
            return (
                f"the first has {len(first)} dimensions and the {which(i)} {len(shape)}: arrays that "
                "are joined have as many"
            )
    if not isinstance(axis, int) or not -len(first) <= axis < len(first):
        return None
    axis %= len(first)
    for i, shape in enumerate(shapes):
        for k, (m, n) in enumerate(zip(first, shape, strict=True)):
            if k != axis and m != n:
                return (
                    f"dimension {k} is {m} in the first and {n} in the {which(i)}: all but dimension "
                    f"{axis}, along which they are joined, are to be equal"
                )
    return None


def of_broadcast_to(shapes: Sequence[Shape], options: Mapping[str, Any]) -> str | None:
    """A length that is not 1, and is not the one that is wanted."""
    (held,), wanted = shapes, options.get("shape")
    wanted = (wanted,) if isinstance(wanted, int) else wanted
    if not isinstance(wanted, tuple | list):
        return None
    if len(wanted) < len(held):
        return f"{tuple(wanted)} has fewer dimensions than {held}"
    for back in range(1, len(held) + 1):
        if held[-back] not in (1, wanted[-back]):
            return (
                f"dimension {len(held) - back} is {held[-back]}, and cannot be stretched to the "
                f"{wanted[-back]} of {tuple(wanted)}: only a length of 1 can"
            )
    return None


def of_transpose(shapes: Sequence[Shape], options: Mapping[str, Any]) -> str | None:
    """As many axes as dimensions."""
    axes, rank = options.get("axes"), len(shapes[0])
    if not isinstance(axes, tuple | list):
        return None
    if len(axes) != rank:
        return f"{len(axes)} axes {tuple(axes)} for {rank} dimensions: each is to be named once"
    return None


def of_reshape(shapes: Sequence[Shape], options: Mapping[str, Any]) -> str | None:
    """Lengths that do not divide the size."""
    wanted, (held,) = options.get("shape"), shapes
    if not isinstance(wanted, tuple | list) or list(wanted).count(-1) != 1:
        return None
    size, rest = 1, 1
    for n in held:
        size *= n
    for n in wanted:
        rest *= n if n != -1 else 1
    if rest and size % rest:
        return f"cannot reshape {size} numbers into {tuple(wanted)}: {rest} does not divide {size}"
    return None


def of_pad(shapes: Sequence[Shape], options: Mapping[str, Any]) -> str | None:
    """As many pairs as dimensions."""
    width, rank = options.get("pad_width"), len(shapes[0])
    if not isinstance(width, tuple | list) or len(width) in (1, rank):
        return None
    return (
        f"pad_width has {len(width)} entries for {rank} dimensions: a pair (before, after) for each"
    )


SENTENCES = {
    "matmul": of_matmul,
    "linear": of_linear,
    "einsum": of_einsum,
    "concatenate": of_concatenate,
    "broadcast_to": of_broadcast_to,
    "transpose": of_transpose,
    "reshape": of_reshape,
    "pad": of_pad,
}
