"""compile: a program of a recorded graph, or of a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

from autograd.context.recording import recording
from autograd.engine.graph import Node
from autograd.programs.function import CompiledFunction
from autograd.programs.options import check_options, checked_inputs
from autograd.programs.program import Program
from autograd.support.publishing import publish


@overload
def compile(
    output: Node,
    *,
    inputs: Sequence[Any],
    recorded: recording | None = ...,
    executor: str = ...,
    threads: int | None = ...,
    verify: bool = ...,
) -> Program:
    """A program of a recorded graph."""


@overload
def compile(
    output: Callable[..., Any],
    *,
    executor: str = ...,
    threads: int | None = ...,
    verify: bool = ...,
) -> CompiledFunction:
    """A function that is recorded and replayed."""


@overload
def compile(
    output: None = None, *, executor: str = ..., threads: int | None = ..., verify: bool = ...
) -> Callable[[Callable[..., Any]], CompiledFunction]:
    """A decorator with options."""


def compile(
    output: Any = None,
    *,
    inputs: Sequence[Any] | None = None,
    recorded: recording | None = None,
    executor: str = "auto",
    threads: int | None = None,
    verify: bool = True,
) -> Any:
    """Make a program of a recorded graph, or of a function, to replay it with other numbers.

    ``compile(loss, inputs=[x, t])`` takes the graph that `loss` was computed by. The program's call
    computes the loss for other inputs, and its ``backward()`` leaves the gradients on the leaves, as the
    eager pass would. A graph of Values is replayed for many instances at once: give each input an array
    with one number per instance, and `backward` leaves the gradient of the mean.

    ``@compile`` makes a function that is recorded on the first call for each combination of
    shapes and dtypes, and replayed afterwards; also for each mode of a network
    (`nn.Module.train`, ``eval``), for each value of its layers' attributes, and for each value of
    an argument that is no array or float: a flag, a tuple, a whole number. It keeps the latest 64
    programs, and warns when it first forgets one: a whole number that changes with each call is
    given as ``float(n)`` or ``np.array(n)``. It is a primitive: where an argument or a parameter that
    its result depends on is tracked, a call gives a node of the larger graph, whose backward pass is
    the program's, also after later calls; a second derivative or a tangent calls the function itself
    once more (refused where it draws numbers or moves averages). Otherwise, and under `no_grad`, it
    gives numbers. Inside another one it is part of that recording, and so are a transform (`grad`,
    `jvp` ...) and a backward pass. Arrays of whole numbers and truth
    values are inputs, and what NumPy makes of them (``2 * t - 1``, ``t == 1``, ``t.reshape(-1)``,
    ``np.where(t > 0, x, y)``, ``x[t]`` of a Tensor) is computed anew: the function gets each as a
    `Followed`. So is a comparison of Tensors: ``np.where(x > 0, x, y)`` chooses anew, as
    ``autograd.where(autograd.greater(x, 0), x, y)`` does with Values, whose own comparison is a
    bool. (A comparison of Values by name is 1 or 0: ``p * q`` says that both hold, ``1 - p`` the
    contrary, ``autograd.maximum(p, q)`` that one of them does.)
    Where such numbers are read (``if t[0] > 0``, ``int(t[0])``, ``np.eye(3)[t]``), as where
    those of a node are, a replay that would read others raises `BranchChanged`.

    What a program cannot notice: ``forward`` and the function are not run again. A global or a
    variable of the function around that is no argument (`recording.note_state` notes it), an
    attribute of an object that is no `nn.Module`, or of a module whose methods were called but
    not the module itself, an array that was written into after it had been recorded as a
    constant, a file or a clock are what they were when the graph was recorded. Draws from
    ``np.random``, from ``random`` and from generators that the function, its variables or the
    ``forward`` of its modules lead to are refused (`random_like` draws anew); those of one that is
    hidden deeper are constants. Without `recording` (``compile(loss, inputs=...)`` alone) no comparison,
    attribute or check of a loss is asked again; and of an input array that is no Tensor only the
    array itself and, in a recording, its views and what rows make of it are found: what NumPy
    makes of it (``-t``, ``t.sum()``) is found where it is given to the function, inside the
    recording, as ``t = autograd.Followed(t)``, which is then the input.

    Args:
        output: the node to compute, or a function of arrays that returns one.
        inputs: the leaves that each call gives anew; an array that was given as it is (class indices)
            is found by identity. All other leaves, such as parameters, are read at each run: assign to
            their ``data``. Another Tensor put in the place of one (``layer.weight = Tensor(...)``) is
            noticed where a recording has noted the layer. Constants stay what they were.
        recorded: the `recording` that the graph was made in: then every replay checks that Python would
            have taken the same branches, and raises `BranchChanged` otherwise.
        executor: ``"numpy"``, ``"native"`` (machine code, with the extra ``fast``), or the best.
        threads: of the native executor, for graphs of Values with enough work: by default two, where
            there are two cores; a whole number from 1 to 64, or to the number of processors.
        verify: compare the first replay with an eager pass.

    Raises:
        TypeError: no node, or a row whose rule cannot be written down; an option that is none.
        ValueError: an input that the output does not depend on; an executor or a number of threads
            that there is not.

    >>> import autograd, numpy as np
    >>> x, w = autograd.Value(0.0, "x"), autograd.Value(3.0, "w")
    >>> program = autograd.compile((w * x - 1) ** 2, inputs=[x])
    >>> program(np.array([1.0, 2.0])).tolist()
    [4.0, 25.0]
    >>> program.backward()
    >>> w.grad
    12.0
    """
    check_options(executor, threads, verify, recorded)
    options: dict[str, Any] = {"executor": executor, "threads": threads, "verify": verify}
    if isinstance(output, Node):
        if inputs is None:
            raise TypeError("compile(output, inputs=[...]) needs the leaves that change")
        return Program(output, checked_inputs(inputs), recorded=recorded, **options)
    if inputs is not None:
        raise TypeError("compile(function) takes no inputs=: they are the function's arguments")
    if recorded is not None:
        raise TypeError("compile(function) takes no recorded=: it records the function itself")
    if output is None:
        return lambda function: compile(function, **options)
    if not callable(output):
        raise TypeError(f"compile takes a node or a function, got {type(output).__name__}")
    return CompiledFunction(output, **options)


__all__ = ["compile"]
publish(__name__)
