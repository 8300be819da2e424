"""A free axis: one text for any number of instances, from texts that were written for a few numbers.

What depends on the number shows as numbers that differ between the texts: lengths, steps, the divisor of
a mean. Each becomes a formula of m that gives all of them; what else differs is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

SIZES = (1009, 1511, 2003, 2503)
"""Numbers of instances that are no other length: two give a line, the others tell that it is one."""

TOKENS = re.compile(r"[^\W\d]\w*|\d+(?:\.\d+)?(?:e[+-]?\d+)?|\s+|.")


def with_free_axis(texts: Mapping[int, str], m: str = "m") -> str:
    """The text that is each of these for its number of instances.

    Args:
        texts: the number of instances, and the text for it: three or more.
        m: what the number is called.

    Raises:
        ValueError: texts differ in more than numbers, or in a number that is no simple formula of m.

    >>> with_free_axis({10: "i < 20; s / 10", 20: "i < 40; s / 20", 30: "i < 60; s / 30"})
    'i < (2 * m); s / m'
    """
    sizes, written = list(texts), [TOKENS.findall(text) for text in texts.values()]
    lines = next(iter(texts.values())).splitlines()
    parts, line = [], 0
    for tokens in zip(*written, strict=False):
        first = tokens[0]
        if len(set(tokens)) == 1:
            parts.append(first)
        elif all(token[0].isdigit() for token in tokens):
            formula = formula_of(sizes, [float(token) for token in tokens], m)
            if formula is None:
                told = ", ".join(f"{x} of {n}" for x, n in zip(tokens, sizes, strict=True))
                raise ValueError(
                    "a number that depends on the number of instances is no simple formula of it "
                    f"({told}): {lines[line].strip():.200}"
                )
            parts.append(formula)
        else:
            break
        line += first.count("\n")
    if len(parts) < max(map(len, written)):
        raise ValueError(
            "what is computed depends on the number of instances in more than its lengths, from this "
            f"line on: {lines[min(line, len(lines) - 1)].strip():.200}"
        )
    return "".join(parts)


def formula_of(sizes: Sequence[int], numbers: Sequence[float], m: str) -> str | None:
    """A formula of m that gives these numbers; None if it is no polynomial, or one divided by m − d."""
    for text, value in candidates(sizes, numbers, m):
        if all(abs(value(n) - x) <= 4e-16 * abs(x) for n, x in zip(sizes, numbers, strict=True)):
            return text
    return None


def candidates(
    sizes: Sequence[int], numbers: Sequence[float], m: str
) -> Iterator[tuple[str, Callable[[int], float]]]:
    """Formulas through the first and the last of the numbers, the simplest first, and their values."""
    if all(x == int(x) for x in numbers):
        a, b = line(sizes, numbers)
        yield linear(a, b, m), lambda n: a * n + b
        (m0, m1, m2), (x0, x1, x2) = sizes[:3], numbers[:3]
        square = ((x2 - x1) / (m2 - m1) - (x1 - x0) / (m1 - m0)) / (m2 - m0)
        c, d = line(sizes, [x - square * n * n for n, x in zip(sizes, numbers, strict=True)])
        text = f"({number(square)} * {m} * {m} + {linear(c, d, m)})"
        yield text, lambda n: square * n * n + c * n + d
    for digits in (12, 17):
        a, b = line(sizes, [1 / x for x in numbers], digits)
        yield f"(1 / {linear(a, b, m)})", lambda n, a=a, b=b: 1 / (a * n + b)  # type: ignore[misc]
        for d in (0, 1, 2):
            scaled = [x * (n - d) for n, x in zip(sizes, numbers, strict=True)]
            a, b = line(sizes, scaled, digits)
            text = f"({linear(a, b, m)} / {linear(1, -d, m)})"
            yield text, lambda n, a=a, b=b, d=d: (a * n + b) / (n - d)  # type: ignore[misc]


def line(sizes: Sequence[int], numbers: Sequence[float], digits: int = 17) -> tuple[float, float]:
    """Slope and intercept through the first number and the last, where a part that is rounding is 0."""
    a = (numbers[-1] - numbers[0]) / (sizes[-1] - sizes[0])
    b = numbers[0] - a * sizes[0]
    least = 1e-9 * max(map(abs, numbers))
    a, b = (0.0 if abs(part) < least else x for x, part in ((a, a * sizes[-1]), (b, b)))
    return float(f"{a:.{digits}g}"), float(f"{b:.{digits}g}")


def number(x: float) -> str:
    """A number, whole ones as such."""
    return repr(int(x)) if x == int(x) else repr(x)


def linear(a: float, b: float, m: str) -> str:
    """a m + b."""
    if not a:
        return number(b)
    text = m if a == 1 else f"{number(a)} * {m}"
    if b:
        text += f" + {number(b)}" if b > 0 else f" - {number(-b)}"
    return text if text == m else f"({text})"
