"""A living graph: its program, the leaves that a reader changes, and what the script is given."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd.engine.graph import Node, reachable
from autograd.engine.passes import add_up, walk_back
from autograd.engine.value import Value
from autograd.formulas.symbols import Symbols
from autograd.programs.languages.live import LiveProgram
from autograd.programs.sources import to_source
from autograd.views.canvas.assets import asset
from autograd.views.canvas.theme import page_style
from autograd.views.living.marks import Marks
from autograd.views.outline import Outline

DATA = re.compile(r"(x|y|t|inputs?|targets?|labels?|data)($|[\W\d_])", re.IGNORECASE)
"""The names of leaves that are data, and no weights."""


class LiveGraph:
    """What a graph of Values needs to be alive in a page.

    Args:
        root: the output.
        digits: significant digits of the numbers.
        avoid: all texts in which marks will stand, see `Marks`.
        seed: the cotangent to start from; 1 if it is left out.
        train: the leaves that a gradient step moves. When left out the parameters of modules; where
            there are none, the leaves that require a gradient and are not called as data are: x, x1, y,
            t, target and the like.

    Attributes:
        marks: how numbers are marked in texts.
        program: what computes in the page.
        place: the place of each node among all.
        gradients: those of a pass over the graph as it is.
        step: the place of the step from a node to its parent in a slot.
        symbols: what nodes are called.
        leaves: those that a reader may change: all but unnamed constants.

    Raises:
        TypeError: a graph of Tensors; `train` is no list of leaves.
        ValueError: the graph has a row that the page cannot compute; `train` has a leaf that no gradient
            reaches.
    """

    def __init__(
        self,
        root: Node,
        *,
        digits: int,
        avoid: str,
        seed: Any = None,
        train: Sequence[Value] | None = None,
    ) -> None:
        _check(root)
        self.root = root
        self.marks = Marks(digits, avoid)
        self.program = LiveProgram(root, seed)
        self.place = {node: i for i, node in enumerate(self.program.nodes)}
        self.step = {step: s for s, step in enumerate(self.program.steps)}
        self.symbols = Symbols(root)
        leaves = [self.program.nodes[i] for i in self.program.leaves]
        self.leaves = [leaf for leaf in leaves if leaf.requires_grad or leaf.name is not None]
        if not self.leaves:
            raise ValueError(
                "there is no number to change: the graph has no leaf with a name or gradient"
            )
        self.gradients: dict[Node, float] = {root: root._seed(seed, False)}
        _, interior = reachable([root])
        with np.errstate(all="ignore"):
            for node, g in walk_back(interior, self.gradients, kept=self.place):
                add_up(self.gradients, node._contributions(g))
        # A root that is a leaf has the seed of the pass, whether it requires a gradient or not.
        self.moved = {leaf for leaf in self.leaves if leaf.requires_grad and leaf in self.gradients}
        self.trained = self._trained(train)

    def _trained(self, train: Sequence[Value] | None) -> set[Node]:
        if train is None:
            parameters = Outline([self.root]).parameters
            chosen = [leaf for leaf in self.moved if leaf in parameters]
            weights = [leaf for leaf in self.moved if not DATA.match(leaf.name or "")]
            return set(chosen or weights or self.moved)
        if isinstance(train, str | Node) or not all(isinstance(each, Node) for each in train):
            raise TypeError(f"train is a list of leaves, got {train!r:.60}")
        for each in train:
            if each not in self.moved:
                raise ValueError(
                    f"train names {each!r:.60}, and a gradient step moves only leaves of this graph "
                    "that require a gradient"
                )
        return set(train)

    def still(self, text: str, groups: Sequence[Sequence[Node]] = ()) -> str:
        """A text with the numbers that the graph has now in the place of its marks."""

        def number_of(kind: str, i: int) -> float:
            if kind == "norm":
                return math.hypot(*(self.gradients.get(node, 0.0) for node in groups[i]))
            if kind == "local":
                node, slot = self.program.steps[i]
                return float(node._local_derivatives[slot])
            node = self.program.nodes[i]
            return float(node._raw) if kind == "value" else self.gradients[node]

        return self.marks.filled(text, number_of)

    def data(
        self, boxes: Mapping[Node, Any], groups: Sequence[Sequence[Node]] = ()
    ) -> dict[str, Any]:
        """What the script reads: `boxes` says what shows a leaf, `groups` are those of the norms."""
        order = {i: k for k, i in enumerate(self.program.leaves)}
        return {
            "marks": self.marks.data(),
            "root": self.place[self.root],
            "output": self.symbols[self.root].text,
            "leaves": [
                {
                    "name": self.symbols[leaf].text,
                    "node": self.place[leaf],
                    "place": order[self.place[leaf]],
                    "train": leaf in self.trained,
                    "moves": leaf in self.moved,
                    "box": boxes.get(leaf),
                }
                for leaf in self.leaves
            ],
            "givers": [self.place[node] for node, _ in self.program.steps],
            "groups": [
                [self.place[node] for node in group if node in self.gradients] for group in groups
            ],
            "python": to_source(self.root, language="numpy"),
        }

    @property
    def code(self) -> str:
        """The program as the script has it, and shows it."""
        return f"const PROGRAM = () => {self.program.script};"


def _check(root: Node) -> None:
    if not isinstance(root, Value):
        raise TypeError(
            "a live page is of a graph of Values, whose every number it shows, and this is a graph of "
            "Tensors: build the network of Values, model.to_scalars(), and make its loss of Values"
        )


SCRIPTS = ("live.js", "live_panel.js")
"""What every living block is made with."""


def live_style(block: str, *names: str) -> str:
    """The style sheets of a living block, whose class is given."""
    return "\n".join([page_style(block), *map(asset, (*names, "live.css"))])
