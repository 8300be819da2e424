"""A GPT written on single numbers: it reads names letter by letter, and makes up others.

    python notebooks/gpt.py

The numbers are of whatever class you give it, as long as it has + * / **, exp, log and relu, ``.data``
and ``.grad``: chalkgrad's `Value`, or one in the manner of micrograd. Nothing but `sample` reads a
number, so that the graph of one text is that of every text of its length: notebook 14 compiles it.
The idea of a GPT on single numbers is A. Karpathy's (microgpt, 2026).
"""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any

ALPHABET = ".abcdefghijklmnopqrstuvwxyz"
"""The tokens. A dot begins a text, and ends it."""
WIDTH, HEADS, CONTEXT = 16, 4, 8
"""Numbers for each token, heads that share them, and positions: a name has seven letters at most."""

Numbers = Sequence[Any]
Token = int | Numbers
"""An index; or, where a program has it as input, weights of all tokens: one of them 1, the others 0."""


def tokens_of(name: str) -> list[int]:
    """A name between two dots."""
    if not 0 < len(name) < CONTEXT or not set(name) <= set(ALPHABET[1:]):
        raise ValueError(f"expected 1 to {CONTEXT - 1} of the letters a to z, got {name!r}")
    return [ALPHABET.index(letter) for letter in f".{name}."]


def total(numbers: Iterable[Any]) -> Any:
    """Σ aᵢ, which begins with the first: `sum` begins with 0, and so with a node that adds nothing."""
    return reduce(operator.add, numbers)


def dot(a: Iterable[Any], b: Iterable[Any]) -> Any:
    """Σ aᵢ bᵢ"""
    return total(x * y for x, y in zip(a, b, strict=True))


def linear(matrix: Iterable[Numbers], x: Numbers) -> list[Any]:
    """W x"""
    return [dot(row, x) for row in matrix]


def pick(numbers: Numbers, token: Token) -> Any:
    """The number of a token: looking one up is a product with a vector of one 1."""
    return numbers[token] if isinstance(token, int) else dot(token, numbers)


def plus(a: Numbers, b: Numbers) -> list[Any]:
    """a + b"""
    return [x + y for x, y in zip(a, b, strict=True)]


def rms_norm(x: Numbers) -> list[Any]:
    """x / √(mean of x²). What follows is bounded by its weights, and so is what `softmax` is given."""
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [each * scale for each in x]


def softmax(z: Numbers) -> list[Any]:
    """exp(zᵢ) / Σ exp(zⱼ)"""
    powers = [each.exp() for each in z]
    whole = total(powers)
    return [each / whole for each in powers]


def attend(query: Numbers, keys: Sequence[Numbers], values: Sequence[Numbers]) -> list[Any]:
    """One head: the mean of the values, weighted by how well the key of each fits the query."""
    weights = softmax([dot(query, key) / math.sqrt(len(query)) for key in keys])
    return linear(zip(*values, strict=True), weights)


class GPT:
    """One block: attention, and a network of two layers, each added to what came in.

    Args:
        Value: the class of its numbers.
        seed: of the weights it starts from.
    """

    def __init__(self, Value: Any, seed: int = 0) -> None:
        draw = random.Random(seed)

        def matrix(rows: int, columns: int) -> list[list[Any]]:
            return [[Value(draw.gauss(0, 0.1)) for _ in range(columns)] for _ in range(rows)]

        self.token = matrix(WIDTH, len(ALPHABET))
        self.position = matrix(WIDTH, CONTEXT)
        self.query, self.key, self.value = (matrix(WIDTH, WIDTH) for _ in range(3))
        self.mix = matrix(WIDTH, WIDTH)
        self.widen, self.narrow = matrix(4 * WIDTH, WIDTH), matrix(WIDTH, 4 * WIDTH)
        self.score = matrix(len(ALPHABET), WIDTH)

    def parameters(self) -> list[Any]:
        """All weights, matrix by matrix and row by row."""
        return [p for matrix in vars(self).values() for row in matrix for p in row]

    def logits(self, token: Token, past: list[tuple[Numbers, Numbers]]) -> list[Any]:
        """Scores of what may follow a token; its key and value are added to those of the past."""
        here = len(past)
        x = plus(
            [pick(row, token) for row in self.token], [pick(row, here) for row in self.position]
        )
        normed = rms_norm(x)
        query = linear(self.query, normed)
        past.append((linear(self.key, normed), linear(self.value, normed)))
        read = []
        for first in range(0, WIDTH, WIDTH // HEADS):
            head = slice(first, first + WIDTH // HEADS)
            read += attend(query[head], [k[head] for k, _ in past], [v[head] for _, v in past])
        x = plus(x, linear(self.mix, read))
        hidden = [each.relu() for each in linear(self.widen, rms_norm(x))]
        x = plus(x, linear(self.narrow, hidden))
        return linear(self.score, rms_norm(x))

    def loss(self, text: Sequence[Token], weights: Numbers | None = None) -> Any:
        """−log of the probability of each next token: the mean, or the sum with these weights."""
        past: list[tuple[Numbers, Numbers]] = []
        losses = [
            -pick(softmax(self.logits(token, past)), after).log() for token, after in pairwise(text)
        ]
        return total(losses) / len(losses) if weights is None else dot(weights, losses)

    def sample(self, rng: random.Random, temperature: float = 1.0) -> str:
        """A name, letter by letter; a low temperature prefers what is likely."""
        name, token = "", 0
        past: list[tuple[Numbers, Numbers]] = []
        while len(past) < CONTEXT:
            scores = [z.data / temperature for z in self.logits(token, past)]
            weights = [math.exp(score - max(scores)) for score in scores]
            (token,) = rng.choices(range(len(ALPHABET)), weights)
            if token == 0:
                break
            name += ALPHABET[token]
        return name


def placeholders(Value: Any) -> tuple[list[Token], list[Any]]:
    """A text of tokens, and the weights of its losses, that a program is given numbers for."""
    text: list[Token] = [
        [Value(float(i == 0)) for i in range(len(ALPHABET))] for _ in range(CONTEXT)
    ]
    return [0, *text], [Value(1 / CONTEXT) for _ in range(CONTEXT)]


def columns(names: Sequence[str]) -> list[list[float]]:
    """These numbers, one list for each placeholder: what is padded has the weight 0."""
    rows = []
    for name in names:
        _, *text = tokens_of(name)
        padding = CONTEXT - len(text)
        padded = [*text, *[0] * padding]
        rows.append([float(i == token) for token in padded for i in range(len(ALPHABET))])
        rows[-1] += [1 / len(text)] * len(text) + [0.0] * padding
    return [list(column) for column in zip(*rows, strict=True)]


class Adam:
    """Steps of about the rate's size: the mean of the gradients over the root of their mean square."""

    def __init__(self, parameters: Numbers, lr: float = 0.01) -> None:
        self.parameters, self.lr, self.taken = parameters, lr, 0
        self.means = [(0.0, 0.0)] * len(parameters)

    def step(self, beta1: float = 0.9, beta2: float = 0.99, eps: float = 1e-8) -> None:
        """Move all parameters, and forget their gradients."""
        self.taken += 1
        for i, p in enumerate(self.parameters):
            g = p.grad or 0.0  # None where nothing has touched it
            m, v = self.means[i]
            m, v = self.means[i] = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
            m, v = m / (1 - beta1**self.taken), v / (1 - beta2**self.taken)
            p.data -= self.lr * m / (math.sqrt(v) + eps)
            p.grad = 0.0


def main() -> None:
    """Train on one name after another, and make up twenty."""
    from autograd import Value, no_grad
    from nn.data import names

    known, rng, model = names(), random.Random(0), GPT(Value)
    optimiser = Adam(model.parameters())
    for step in range(1, 1001):
        loss = model.loss(tokens_of(rng.choice(known)))
        loss.backward()
        optimiser.step()
        if step % 100 == 0:
            print(f"step {step}: loss {loss.data:.2f}", flush=True)
    with no_grad():
        print(*(model.sample(rng, 0.7) for _ in range(20)))


if __name__ == "__main__":
    main()
