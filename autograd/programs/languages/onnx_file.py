"""Operations as a model of ONNX: what the package of that name is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.programs.languages.onnx_operations import Array, OnnxOperation, free
from autograd.support.installing import install_hint
from autograd.support.late import import_late

OPSET, IR = 18, 8
"""The version of the operations, of December 2022, and of the file: what nearly all runtimes read."""


class Port(NamedTuple):
    """An input or an output: a length in its shape is a number, or the word for one that is free."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int | str, ...]


def imported() -> Any:
    """The package `onnx`.

    Raises:
        ImportError: it is not installed; the message says what to type.
    """
    try:
        package = import_late("onnx")
        import_late("onnx.shape_inference")
    except ImportError as error:
        raise ImportError(f"a model of ONNX needs onnx: {install_hint('onnx')} ({error})") from None
    return package


def model_bytes(
    operations: Sequence[OnnxOperation],
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    weights: Mapping[str, Array],
    name: str,
) -> bytes:
    """The content of a file, checked, and with the shapes of all results in it."""
    onnx = imported()
    helper = onnx.helper
    taken = {port.name for port in (*inputs, *outputs)} | {*weights}
    taken |= {each.out for each in operations}
    counts: dict[str, int] = {}
    constants: dict[Any, str] = {}
    arrays: dict[str, Array] = {}

    def reference(x: Any) -> str:
        """The name of what an operation is given."""
        if isinstance(x, str):
            if x in weights:
                arrays[x] = weights[x]
            return x
        key = x.dtype.str, x.shape, x.tobytes()
        if key not in constants:
            constants[key] = free("constant", taken, counts)
            arrays[constants[key]] = x
        return constants[key]

    def element(dtype: Any) -> Any:
        return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))

    def option(x: Any) -> Any:
        return element(x) if isinstance(x, np.dtype) else x

    nodes = [
        helper.make_node(
            each.kind,
            [reference(x) for x in each.inputs],
            [each.out],
            name=each.out,
            **{key: option(x) for key, x in each.attributes.items()},
        )
        for each in operations
    ]
    ports = [
        [helper.make_tensor_value_info(p.name, element(p.dtype), p.shape) for p in each]
        for each in (inputs, outputs)
    ]
    held = [onnx.numpy_helper.from_array(np.array(x, order="C"), key) for key, x in arrays.items()]
    graph = helper.make_graph(nodes, name, *ports, held)
    made = helper.make_model(
        graph,
        producer_name="chalkgrad",
        ir_version=IR,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    made = onnx.shape_inference.infer_shapes(made, strict_mode=True, data_prop=True)
    onnx.checker.check_model(made, full_check=True)
    content: bytes = made.SerializeToString()
    return content
