"""Functions of a batch in JavaScript, the number of its instances left open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd.context.notes import Check
from autograd.context.recording import recording
from autograd.engine.followed import plain
from autograd.engine.graph import Node
from autograd.programs.function import node_of
from autograd.programs.planning.derived import Derived
from autograd.programs.planning.planner import plan_of
from autograd.support.late import importing
from autograd.support.publishing import publish


class BatchFunctions:
    """Functions of a batch as JavaScript: recorded, and written for any number of instances.

    A function is recorded for a few numbers of instances; what differs between the texts must be
    lengths, or formulas of them as the divisor of a mean is, and anything else is refused. What is
    written is a function of the number m of instances, which makes the arrays that are needed and gives
    the function of a batch:

        m => (x1, x2) => ({outputs: [...], gradients: [...], moved: [[array, numbers], ...]})

    Arrays are flat, row after row, and are filled again by the next call. `moved` are buffers with what
    an effect, such as that of batch normalisation, makes of them; they are still what they were.

    Args:
        leaves: parameters and buffers, and in which ``Float64Array`` the page has the numbers of each.
            Of other leaves the numbers are written out.
        drawn: of the `sample` of an `autograd.random_like`, the JavaScript that draws one number, or
            None where there is none.
        moved: of the function that `autograd.track_moments` calls, a function of mean and variance, as
            nodes, that gives (leaf, what becomes of it) for each leaf that it moves; or None.

    >>> import autograd, numpy as np
    >>> w = autograd.Tensor([2.0, 3.0], "w")
    >>> page = BatchFunctions({w: "p1"})
    >>> print(page.function(lambda x: (x @ w).mean(), [np.ones((5, 2))], gradients=[w]))
    m => {
      const v1 = new Float64Array(m);
      const g1 = new Float64Array(2);
      let v2;
      return (x1) => {
        for (let i = 0; i < m; i++) {
          let s = 0;
          for (let j = 0; j < 2; j++) s = s + x1[2 * i + j] * p1[j];
          v1[i] = s;
        }
        {
          let s = 0;
          for (let i = 0; i < m; i++) s = s + v1[i];
          v2 = s / m;
        }
        for (let i = 0; i < 2; i++) {
          let s = 0;
          for (let j = 0; j < m; j++) s = s + x1[i + 2 * j] * (1 / m);
          g1[i] = s;
        }
        return {outputs: [v2], gradients: [g1], moved: []};
      };
    }
    """

    def __init__(
        self,
        leaves: Mapping[Node, str],
        *,
        drawn: Callable[[Any], str | None] = lambda sample: None,
        moved: Callable[[Any], Any] = lambda track: None,
    ) -> None:
        with importing():
            from autograd.programs.languages.batches_in_javascript import JavaScriptOfBatches

        self.leaves = dict(leaves)
        self.language = JavaScriptOfBatches(drawn, moved)

    @property
    def helpers(self) -> list[str]:
        """The functions that those that were written call, in an order in which they can be declared."""
        return list(self.language.used.values())

    def numbers(self, x: Any) -> str:
        """The text of a flat array with these numbers."""
        return self.language.array(np.asarray(x, float))

    def function(
        self,
        compute: Callable[..., Any],
        examples: Sequence[Any],
        gradients: Sequence[Node] = (),
    ) -> str:
        """The text of a function.

        Args:
            compute: called with a node for each example; it gives a node, or a tuple of nodes. Whole
                numbers come as an array that is followed.
            examples: arrays whose first axis is that of the instances; a number is the same for all.
            gradients: leaves whose gradients are wanted, of the first node.

        Raises:
            ValueError: something that has no form in JavaScript, or is another for another number of
                instances; a choice in Python that depends on numbers of the batch.
        """
        with importing():
            from autograd.programs.languages.free_axis import SIZES, with_free_axis

        with np.errstate(all="ignore"):
            return with_free_axis({m: self.written(compute, examples, gradients, m) for m in SIZES})

    def written(
        self,
        compute: Callable[..., Any],
        examples: Sequence[Any],
        gradients: Sequence[Node],
        m: int,
    ) -> str:
        """The text for one number of instances."""
        with importing():
            from autograd.programs.languages.batches_in_javascript import BatchSource
            from autograd.programs.languages.strided import array_at, number_at

        names = [f"x{i + 1}" for i in range(len(examples))]
        given = [node_of(resized(x, m), None, False) for x in examples]
        inputs = [plain(x) for x in given]
        recorded = recording()
        with recorded:
            found = compute(*given)
        outputs = found if isinstance(found, tuple) else (found,)
        for x in outputs:
            if not isinstance(x, Node):
                raise TypeError(f"expected nodes that depend on the batch, got {type(x).__name__}")
        derived = Derived(inputs, recorded.notes.made)
        refuse_choices(recorded, derived)
        planner = plan_of(
            outputs[0],
            inputs,
            extra=outputs[1:],
            input_gradients=False,
            derived=derived,
            unused=True,
        )
        at = {
            id(leaf): array_at(word, leaf.shape) if leaf.shape else number_at(f"{word}[0]")
            for leaf, word in self.leaves.items()
        }
        for x, name in zip(inputs, names, strict=True):
            shape = np.shape(x.data if isinstance(x, Node) else x)
            at[id(x)] = array_at(name, shape) if shape else number_at(name)
        source = BatchSource(planner, self.language, at, outputs, gradients)
        return self.language.function(source, names)


def resized(x: Any, m: int) -> Any:
    """As many instances as are asked for, repeated as needed."""
    x = np.asarray(x)
    return np.resize(x, (m, *x.shape[1:])) if x.ndim else x.astype(float)


def refuse_choices(recorded: recording, derived: Derived) -> None:
    """Raise where Python has looked at numbers of the batch: what it chose stays as it was."""
    for each in recorded.notes:
        followed = [
            x for x in each.sides if isinstance(x, Node) or derived.comes_from(x) is not None
        ]
        if followed and not isinstance(each, Check) and each.compare is not np.shape:
            raise ValueError(
                f"what is computed depends on {each.what} ({each.site}), which Python has seen while it "
                "was recorded: write the choice as autograd.where(x > 0, a, b)"
            )
    if recorded.notes.drew:
        raise ValueError(
            "random numbers were drawn while the function was recorded, and would stay the same: "
            "autograd.random_like(x, sample=rng.random) draws with each call"
        )


__all__ = ["BatchFunctions"]
publish(__name__)
