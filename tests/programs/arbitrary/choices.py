"""Where the generator's choices come from: chance, hypothesis, or a list; and how a list is shrunk.

A source is a function ``below(n)`` that gives a whole number from 0 to n − 1. The smaller the number,
the simpler the choice, so that what makes numbers smaller and lists shorter makes programs simpler.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

Below = Callable[[int], int]


class Choices:
    """What the generator asks for, all of it made of ``below``."""

    def __init__(self, below: Below) -> None:
        self.below = below

    def pick(self, options: Sequence[Any]) -> Any:
        """One of several, of which the first is the simplest."""
        return options[self.below(len(options))]

    def chance(self, numerator: int, denominator: int) -> bool:
        """True as often as the fraction says; the simpler answer is no."""
        return self.below(denominator) >= denominator - numerator

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)


class Recorded:
    """Choices by chance, all of which are kept."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)
        self.choices: list[int] = []

    def below(self, n: int) -> int:
        """The next choice."""
        choice = self.random.randrange(n)
        self.choices.append(choice)
        return choice


class Replayed:
    """The choices of a list, as far as they go; afterwards the simplest."""

    def __init__(self, choices: Sequence[int]) -> None:
        self.given = choices
        self.choices: list[int] = []

    def below(self, n: int) -> int:
        """The next choice."""
        place = len(self.choices)
        choice = min(self.given[place], n - 1) if place < len(self.given) else 0
        self.choices.append(choice)
        return choice


def shrunk(
    choices: Sequence[int], fails: Callable[[Replayed], bool], attempts: int = 2000
) -> list[int]:
    """Simpler choices with which it still fails: shorter first, then smaller, as hypothesis does it.

    `fails` is given a source; what it did not ask for is cut off.
    """
    best = list(choices)
    left = attempts

    def simpler(candidate: Sequence[int]) -> bool:
        nonlocal best, left
        if left <= 0:
            return False
        left -= 1
        source = Replayed(candidate)
        if not fails(source):
            return False
        found = source.choices
        if (len(found), found) >= (len(best), best):
            return False
        best = found
        return True

    improved = True
    while improved and left > 0:
        improved = False
        size = max(len(best) // 2, 1)
        while size:  # leave out stretches of choices
            start = len(best) - size
            while start >= 0:
                improved |= simpler(best[:start] + best[start + size :])
                start -= size
            size //= 2
        for place in range(len(best) - 1, -1, -1):  # and make each as small as it can be
            if place >= len(best) or not best[place]:
                continue
            if simpler([*best[:place], 0, *best[place + 1 :]]):
                improved = True
                continue
            low, high = 0, best[place]
            while low + 1 < high and left > 0:
                middle = (low + high) // 2
                if simpler([*best[:place], middle, *best[place + 1 :]]):
                    improved, high = True, middle
                    if place >= len(best):
                        break
                else:
                    low = middle
    return best
