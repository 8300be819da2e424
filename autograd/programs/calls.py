"""Calls of a compiled function as nodes of a larger graph: its backward pass is the program's."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from autograd.context.grad_modes import enable_grad
from autograd.context.recording import recording
from autograd.engine.apply import alias, apply_to_tensors, make
from autograd.engine.graph import Node, reachable
from autograd.engine.passes import cotangents, tangents
from autograd.engine.primitive import Primitive
from autograd.engine.tensor import Tensor
from autograd.engine.value import Value
from autograd.programs.program import Program
from autograd.support.caching import cached_property

INPUTS = (np.ndarray, Node, float, np.floating)
"""What is an input of a compiled function, given anew by each call."""


class CompiledRow(Primitive):
    """One output of a compiled function, as a primitive of the tracked leaves that it depends on.

    Its cotangents are the program's; a derivative of a derivative, and a tangent, come from the function
    itself, called once more on nodes.

    Args:
        name: that of the function.
        output: the recorded node.
        program: what computes it; another output than the program's first gets one of its own, when its
            derivative is asked for.
        place: which output it is.
        recorded: the recording that it is from.

    Attributes:
        leaves: the tracked leaves: parameters, and those that stand for inputs of the program.
    """

    family = "full"

    def __init__(
        self, name: str, output: Node, program: Program, place: int, recorded: recording
    ) -> None:
        super().__init__(
            name,
            lambda *_, call, place: call.results[place],
            arity=None,
            options={"call": None, "place": place},
            doc=f"The compiled function {name}.",
            registered=False,
        )
        self.output = output
        self.place = place
        self.leaves = tracked_leaves(output)
        if place == 0:
            self.program = program
        else:
            self.make_program = functools.partial(
                Program,
                output,
                program.inputs,
                recorded=recorded,
                executor=program.asked,
                verify=False,
            )
        inputs = {id(x): i for i, x in enumerate(program.inputs)}
        # Which of the call's inputs takes the place of a leaf.
        self.places = [inputs.get(id(leaf)) for leaf in self.leaves]
        self.own = not any(i is not None for i in self.places)

    @cached_property
    def program(self) -> Program:
        """What computes this output alone, for its backward pass."""
        return self.make_program()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a node that the compiled function {self.name} made is not pickled: it belongs to the "
            "program. Pickle numbers, or compute it without compile"
        )

    def record(self, call: CompiledCall) -> Node:
        """The node of one output of a call."""
        arguments = self.leaves
        if not self.own:
            arguments = tuple(
                leaf if i is None else call.inputs[i]
                for leaf, i in zip(self.leaves, self.places, strict=True)
            )
        options = {"call": call, "place": self.place}
        if isinstance(self.output, Tensor):
            return apply_to_tensors(self, arguments, options)
        numbers = [float(x._raw) for x in arguments]
        derivatives = [float(g) for g in call.gradients(self, 1.0)]
        out = float(np.asarray(call.results[self.place]).reshape(()))
        return make(self, arguments, numbers, options, out, derivatives)

    def vjp(self, slot: int, g: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        call: CompiledCall = options["call"]
        found = call.cotangents(self, g)
        if slot == len(found) - 1:
            call.last = None  # nobody asks again
        return found[slot]

    def jvp(self, slot: int, t: Any, out: Any, arguments: Any, options: dict[str, Any]) -> Any:
        return options["call"].tangent(self, slot, t, out)

    def flat_derivatives(self, out: Any, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        call: CompiledCall = options["call"]
        return call.recorded(self, Value(1.0, requires_grad=False))


def tracked_leaves(output: Node) -> tuple[Node, ...]:
    """The leaves that require a gradient and that an output depends on, in the order of creation."""
    leaves, _ = reachable([output] if output.requires_grad else [])
    return tuple(sorted((x for x in leaves if x.requires_grad), key=lambda x: x._serial))


class CompiledCall:
    """One call of a compiled function: what its derivatives are computed from, whenever that is.

    Args:
        function: the function that was compiled.
        arguments, keywords: those of the call.
        inputs: the arguments that are inputs of the program, in order.
        program: what ran.
        results: the outputs, as numbers and arrays.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: Sequence[Any],
        keywords: dict[str, Any],
        inputs: Sequence[Any],
        program: Program,
        results: Sequence[Any],
    ) -> None:
        self.function = function
        self.arguments = arguments
        self.keywords = keywords
        self.inputs = inputs
        self.results = results
        self.program = program
        self.run = program.keep()
        self.last: Any = None  # the last cotangent of the output, and what came of it
        self.graph: Any = None

    # --- by the program ---------------------------------------------------------------------------

    def gradients(self, row: CompiledRow, seed: Any) -> Sequence[Any]:
        """The cotangents of a row's leaves, as numbers and arrays that are the caller's."""
        found = row.program.differentiate(self.run, seed)
        return [found[x] if x in found else zero_of(x)._raw for x in row.leaves]

    def cotangents(self, row: CompiledRow, g: Any) -> Sequence[Any]:
        """The cotangents of a row's leaves; all of them are computed when the first is asked for."""
        if self.last is None or self.last[0] is not g or self.last[1] is not row:
            recorded = isinstance(g, Node)
            found = self.recorded(row, g) if recorded else self.gradients(row, g)
            self.last = (g, row, found)
        return self.last[2]  # type: ignore[no-any-return]

    # --- by the function --------------------------------------------------------------------------

    def eagerly(self, row: CompiledRow) -> tuple[list[Node], list[Node], list[Node]]:
        """The outputs as nodes, what stands for the row's leaves in their graph, and for the inputs."""
        if self.program.impure:
            raise TypeError(
                f"the compiled function {row.name} draws random numbers or moves running averages, so "
                "it is not called a second time: only its first derivative can be had, by a backward "
                "pass. Differentiate the function itself, without compile"
            )
        if self.graph is None:
            # What stands for the inputs, in their order: one each, also for a node that is given twice.
            standing: list[Any] = []

            def stand_in(x: Any) -> Any:
                if isinstance(x, INPUTS):
                    if isinstance(x, Node):
                        x = alias(x) if x.requires_grad else x
                    elif isinstance(x, np.ndarray):  # which may have been written over
                        x = self.run.given[len(standing)]
                    standing.append(x)
                return x

            with enable_grad():
                arguments = [stand_in(x) for x in self.arguments]
                keywords = {name: stand_in(self.keywords[name]) for name in sorted(self.keywords)}
                output = self.function(*arguments, **keywords)
            self.graph = output if isinstance(output, tuple) else (output,), standing
        outputs, standing = self.graph
        leaves = [
            leaf if i is None else standing[i]
            for leaf, i in zip(row.leaves, row.places, strict=True)
        ]
        tracked = [x for x in standing if isinstance(x, Node) and x.requires_grad]
        return outputs, leaves, tracked

    def recorded(self, row: CompiledRow, g: Any) -> list[Any]:
        """The cotangents of a row's leaves as nodes, so that they can be differentiated again."""
        outputs, leaves, inputs = self.eagerly(row)
        out = outputs[row.place]
        seeds = {out: out._seed(g, True)}
        found = cotangents(seeds, create_graph=True, wrt=leaves, stop=inputs)
        return [found[x] if x in found else zero_of(x) for x in leaves]

    def tangent(self, row: CompiledRow, slot: int, t: Any, like: Any) -> Any:
        """The tangent of an output from that of one of the row's leaves."""
        outputs, leaves, inputs = self.eagerly(row)
        recorded = isinstance(t, Node)
        # What an input depends on, in the larger graph, is not this call's affair.
        seeds: dict[Node, Any] = {x: zero_of(x) if recorded else zero_of(x)._raw for x in inputs}
        leaf = leaves[slot]
        if isinstance(leaf, Value) and not recorded:
            t = float(t)
        seeds[leaf] = t
        (found,) = tangents(seeds, [outputs[row.place]], recorded=recorded)
        return t * 0.0 + np.zeros_like(like) if found is None else found


def zero_of(x: Node) -> Value | Tensor:
    """A constant zero of a node's kind, shape and dtype."""
    if isinstance(x, Value):
        return Value(0.0, requires_grad=False)
    return Tensor(np.zeros_like(x._raw), requires_grad=False)
