"""Exporting: a network as a model of ONNX."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from autograd import Node, Tensor
from nn.module import Module
from nn.trial import untouched


def to_onnx(
    model: Callable[..., Any],
    path: str | os.PathLike[str],
    example: Any,
    dtype: Any = np.float32,
) -> None:
    """Save a network, or a function of tensors, as a model of ONNX, which other programs run.

    In the file is what is computed for inputs of any number of instances: nothing of this library is
    needed to run it, and no gradient is in it. Each row is an operation of ONNX, or a few: so a module
    that you have written yourself goes as well as a layer of the library. The network is in evaluation
    mode meanwhile, and is left as it was; weights and buffers have their paths as names,
    ``layers.0.weight``.

    The first axis of what it is given is the batch. Its length is found by calling the function with
    53 and with 76 instances, made of the example's: a length or a factor that goes along with it is
    computed anew in each run, and whatever else differs is refused; so is a function that is another one
    for 1 or 2 instances, or for as many as the example has. (A branch in Python that is taken for other
    sizes than these is not seen.)

    Args:
        model: a module; or a function of tensors that gives a Tensor, or several in a tuple. Networks
            that a function calls are to be in evaluation mode.
        path: the file, whose name ends in ``.onnx``. It is written whole or not at all.
        example: instances, one or more, of shape (N, ...): only shape and dtype are in the file; or a
            tuple of such arrays, one for each argument. All that are as long as the first have the
            batch as their first axis. Whole numbers (classes) and truth values stay what they are.
        dtype: float32 or float64, of all floats in the file. (In float64 ONNX Runtime has no tan and
            arcsin, sinh and arcsinh, nor their kin; other runtimes may.)

    Raises:
        ImportError: there is no ``onnx``, which the extra of that name brings.
        TypeError: the function gives something else than tensors, or it or the network computes with
            Values.
        ValueError: the path has another ending; or there is something that a model cannot do, which is
            named: it draws random numbers, takes a branch in Python by a number of its input, holds an
            array of the batch's length, or has a row without a form in ONNX.

    >>> import pathlib, tempfile, numpy as np, nn, onnx.reference
    >>> model = nn.MLP(4, [8, 3], rng=0)
    >>> x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "model.onnx")
    ...     nn.to_onnx(model, path, x[:1])
    ...     session = onnx.reference.ReferenceEvaluator(str(path))
    >>> (y,) = session.run(None, {"x": x})
    >>> y.shape, bool(np.allclose(y, model(x).data, atol=1e-6))
    ((5, 3), True)

    Source: the operations of ONNX, version 18: https://onnx.ai/onnx/operators/
    """
    network = inspect.unwrap(model) if callable(model) else model  # of one that is compiled
    if not isinstance(network, Module):
        autograd.to_onnx(model, path, example, dtype)
        return
    names: dict[Node, str] = {}
    for name, x in network._named_leaves():
        if not isinstance(x, Tensor):
            raise TypeError(
                f"{name} of {type(network).__name__} is made of Values: a model of ONNX is made of "
                "tensors, as the network is that to_scalars() was called on"
            )
        names[x] = name
    with untouched(network):
        autograd.to_onnx(network.eval(), path, example, dtype, names=names)
