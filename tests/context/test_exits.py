"""Every exit of a number from a node: while a program is recorded, under a transform, in plain code."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import BranchChanged, Tensor, Value, grad, recording
from autograd.context.modes import current_mode
from autograd.context.said_once import warned
from nn.metrics import confusion_matrix, precision_and_recall

Exit = Callable[[Any], Any]
A = np.array


def own_gradient(x: Any) -> Any:
    """What a backward pass over x², started by hand, leaves on x."""
    leaf = autograd.engine.apply.alias(x).retain_grad()
    (leaf * leaf).sum().backward()
    return float(np.sum(leaf.grad))


def of_copy(kept: Any) -> float:
    return float(np.sum(autograd.recording.look(kept)))


class Holder(nn.Module):
    """A module that holds x as if it were its own."""

    def __init__(self, x: Any) -> None:
        self.x = x if x.is_leaf else x.detach()


# What takes a number out of a Tensor of one element, as a plain number.
CONSTANTS: dict[str, Exit] = {
    "float": float,
    "np.float64": np.float64,
    "complex": lambda x: complex(x).real,
    "math": lambda x: math.exp(x),
    "item": lambda x: x.item(),
    "data": lambda x: float(x.data.sum()),
    "numpy": lambda x: float(x.numpy().sum()),
    "tolist": lambda x: float(np.sum(x.tolist())),
    "deepcopy": lambda x: of_copy(copy.deepcopy(x)),
    "deepcopy of a list": lambda x: of_copy(copy.deepcopy([x])[0]),
    "pickle": lambda x: of_copy(pickle.loads(pickle.dumps(x))),
    "backward and grad": own_gradient,
}

# What gives whole numbers or truth values, or shows numbers: no transform refuses it.
SHOWN: dict[str, Exit] = {
    "int": int,
    "bool": lambda x: float(bool(x > 1.5)),
    "comparison": lambda x: 3.0 if x > 1.5 else 2.0,
    "repr": lambda x: float(repr(x)[8:].split("]")[0]),
    "format": lambda x: float(f"{x:.3f}"),
    "np.isnan": lambda x: float(np.isnan(x).sum()) + float(np.greater(x, 1.5).sum()),
    "np.array2string": lambda x: float(np.array2string(x)[1:-1]),
}
WHOLE: dict[str, Exit] = {
    "argmax": lambda q: q.argmax(),
    "argmin": lambda q: q.argmin(),
    "autograd.argmax": lambda q: autograd.argmax(q),
    "autograd.argmin": lambda q: autograd.argmin(q),
    "np.argmax": np.argmax,
    "np.argsort": lambda q: np.argsort(q)[0],
    "np.nonzero": lambda q: np.nonzero(q > 2)[0][0],
    "searchsorted": lambda q: min(int(np.searchsorted(A([0.0, 2.0]), q)[0]), 2),
    "accuracy": lambda q: int(nn.metrics.accuracy(q.reshape((1, 3)), [0])),
    "classes_of": lambda q: nn.metrics.classes_of(q.reshape((1, 3)))[0],
    "top_k": lambda q: int(nn.metrics.top_k_accuracy(q.reshape((1, 3)), [0], k=1)),
    "confusion_matrix": lambda q: confusion_matrix(q.reshape((1, 3)), [0])[0, 0],
    "precision": lambda q: int(precision_and_recall(q.reshape((3,)) * 0 + (q > 2), [1, 0, 0])[1]),
}


def refused_or(call: Callable[[], Any], right: float) -> None:
    """A replay gives the right number, or says that it cannot."""
    try:
        got = call()
    except BranchChanged:
        return
    np.testing.assert_allclose(np.asarray(autograd.recording.look(got)), right, rtol=1e-12)


# --- while a program is recorded ------------------------------------------------------------------


@pytest.mark.parametrize("exit", [*CONSTANTS.items(), *SHOWN.items()], ids=lambda item: item[0])
def test_a_number_that_leaves_while_a_program_is_recorded_is_no_constant_of_it(
    exit: tuple[str, Exit],
) -> None:
    leave = exit[1]

    def f(x: Any) -> Any:
        return x * leave(x)

    run = autograd.compile(f)
    with recording() as seen:
        f(Tensor(A([2.0])))
    assert seen.notes, "the exit left no note"
    np.testing.assert_allclose(run(A([2.0])), f(Tensor(A([2.0]), requires_grad=False)).data)
    refused_or(lambda: run(A([1.25])), f(Tensor(A([1.25]))).data)
    np.testing.assert_allclose(run(A([2.0])), f(Tensor(A([2.0]))).data)


@pytest.mark.parametrize("exit", WHOLE.items(), ids=lambda item: item[0])
def test_an_index_that_is_found_while_a_program_is_recorded_is_no_constant_of_it(
    exit: tuple[str, Exit],
) -> None:
    find = exit[1]
    run = autograd.compile(lambda q: q[find(q)] * 1.0)
    first, second = A([3.0, 1.0, 2.0]), A([1.0, 2.5, 5.0])
    run(first)
    refused_or(lambda: run(second), float(second[int(find(Tensor(second)))]))
    refused_or(lambda: run(first), float(first[int(find(Tensor(first)))]))


@pytest.mark.parametrize(
    "read",
    [
        lambda w: autograd.Flat([w]).data.sum(),
        lambda w: float(Holder(w).state_dict()["x"].sum()),
        lambda w: float(copy.copy(w)._raw.sum()),
    ],
    ids=["Flat.data", "state_dict", "copy"],
)
def test_the_numbers_of_a_parameter_that_are_read_are_no_constants(read: Exit) -> None:
    w = Tensor(A([2.0]), "w")
    run = autograd.compile(lambda x: (x * read(w)).sum())
    assert float(run(A([3.0]))) == 6.0
    w.data = A([5.0])
    refused_or(lambda: run(A([3.0])), 15.0)


def test_the_numbers_of_values_that_are_read_as_one_vector_are_no_constants() -> None:
    w = Value(2.0, "w")
    run = autograd.compile(lambda x: x * float(autograd.Vector([w]).data[0]))
    assert run(3.0) == 6.0
    w.data = 5.0
    refused_or(lambda: run(3.0), 15.0)


def test_local_derivatives_that_are_read_are_no_constants() -> None:
    v, w = Value(2.0, "v"), Tensor(A([2.0]), "w")
    by_value = autograd.compile(lambda x: x * (v * v).local_derivatives[0])
    by_tensor = autograd.compile(lambda x: x * (w * w).local_derivatives[0].matrix()[0])
    assert by_value(3.0) == 6.0
    assert by_tensor(A([3.0])).tolist() == [6.0]
    v.data, w.data = 5.0, A([5.0])
    refused_or(lambda: by_value(3.0), 15.0)
    refused_or(lambda: by_tensor(A([3.0])), 15.0)


# gradient penalties: an inner transform is part of the recording
INNER: dict[str, Callable[[Any], Any]] = {
    "grad": lambda x: grad(lambda y: (y**3).sum())(x),
    "value_and_grad": lambda x: autograd.value_and_grad(lambda y: (y**3).sum())(x)[1],
    "vjp": lambda x: autograd.vjp(lambda y: y**3, x)[1](np.ones(3))[0],
    "jvp": lambda x: autograd.jvp(lambda y: y**3, (x,), (np.ones(3),))[1],
    "hvp": lambda x: autograd.hvp(lambda y: (y**3).sum(), (x,), (np.ones(3),)),
    "jacobian": lambda x: autograd.jacobian(lambda y: y**3)(x).sum(axis=0),
    "hessian": lambda x: autograd.hessian(lambda y: (y**3).sum())(x).sum(axis=0),
    "of a constant": lambda x: grad(lambda y: (y * y * x).sum())(Tensor(np.ones(3))),
}


@pytest.mark.parametrize("inner", INNER.items(), ids=lambda item: item[0])
@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_a_gradient_inside_a_compiled_function_is_computed_anew(
    inner: tuple[str, Exit], executor: str
) -> None:
    w = Tensor(A([1.5, -0.5, 2.0]), "w")

    def f(x: Any) -> Any:
        return (inner[1](x * w) * x).sum()

    run = autograd.compile(f, executor=executor)
    for x in (A([1.0, 2.0, 3.0]), A([0.5, -1.0, 4.0])):
        w.grad = None
        eager = f(Tensor(x, requires_grad=False))
        eager.backward()
        expected, w.grad = w.grad, None
        replayed = run(x)
        np.testing.assert_allclose(replayed.data, eager.data, rtol=1e-12)
        replayed.backward()
        np.testing.assert_allclose(w.grad, expected, rtol=1e-12)


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_gradient_that_a_backward_pass_left_inside_a_compiled_function_is_no_constant(
    create_graph: bool,
) -> None:
    w = Tensor(A([1.5, 2.0]), "w")

    def f(x: Any) -> Any:
        w.grad = None
        (w**3 * x).sum().backward(create_graph=create_graph)
        return (w.grad * x).sum()

    run = autograd.compile(f)
    for x in (A([1.0, 2.0]), A([0.5, -1.0])):
        refused_or(lambda x=x: run(x), float((3 * w.data**2 * x * x).sum()))  # type: ignore[misc]


def test_data_is_not_assigned_while_a_program_is_recorded() -> None:
    w = Tensor(A([2.0]), "w")
    optimiser = nn.optim.SGD([w], lr=0.1)

    def step(x: Any) -> Any:
        loss = (w * x).sum()
        loss.backward()
        optimiser.step()
        return loss

    with pytest.raises(RuntimeError, match="outside of the compiled function"):
        autograd.compile(step)(A([1.0]))
    assert w.data.tolist() == [2.0]


@pytest.mark.parametrize(
    "write",
    [
        lambda x, w: x.data.__setitem__(0, 5.0),
        lambda x, w: w.data.__setitem__(slice(None), 2.0),
        lambda x, w: w.data.sort(),
        lambda x, w: np.copyto(w.data, 3.0),
        lambda x, w: w.data.__isub__(0.5),
        lambda x, w: w.detach().data.fill(3.0),
    ],
    ids=["input", "slice", "sort", "copyto", "-=", "detached"],
)
def test_data_is_not_written_into_while_a_program_is_recorded(write: Any) -> None:
    w = Tensor(A([2.0, 1.0]), "w")

    def f(x: Any) -> Any:
        write(x, w)
        return (w * x).sum()

    with pytest.raises(ValueError, match="read-only"):
        autograd.compile(f)(A([1.0, 3.0]))
    assert w.data.tolist() == [2.0, 1.0]
    w.data[0] = 4.0  # outside it is the array itself
    assert w.data.tolist() == [4.0, 1.0]


def test_training_with_an_argmax_in_the_loss_is_the_same_compiled() -> None:
    x, y = nn.data.blobs(60, rng=0)

    def loss(z: Any, d: Any) -> Any:
        return (z[np.arange(len(z)), z.argmax(axis=1)] - (z * d).sum(axis=1)).mean()

    def trained(compiled: bool) -> Any:
        model = nn.MLP(2, [5, 3], rng=0)
        nn.fit(
            model,
            loss,
            (x, np.eye(3)[y]),
            epochs=5,
            batch_size=20,
            rng=0,
            progress=False,
            optimizer=nn.optim.SGD(model.parameters(), lr=0.1),
            compile=compiled,
        )
        return model.state_dict()

    expected = trained(False)
    for name, array in trained(True).items():
        np.testing.assert_allclose(array, expected[name], rtol=1e-9, atol=1e-12)


def test_no_part_of_the_library_reads_data_in_a_recording_without_a_note() -> None:
    # Who reads the slot itself applies a primitive, is a pass, asks for a shape, or is the gate. A new
    # reader is either one of them, or an exit that must say so.
    properties = {("tensor.py", name) for name in ("data", "dtype", "ndim", "shape", "size")}
    gate = {("notes.py", "note_numbers"), ("notes.py", "plain_numbers")}
    allowed = properties | gate | {("tensor.py", "_seed"), ("operands.py", "raw")}
    readers: set[tuple[str, str]] = set()

    def spying(kind: Any) -> Any:
        slot = inspect.getattr_static(kind, "_raw")

        def read(self: Any) -> Any:
            if autograd.recording.under_way and current_mode().notes is not None:
                code = sys._getframe(1).f_code
                readers.add((code.co_filename.rpartition("/")[2], code.co_name))
            return slot.__get__(self)

        return slot, property(read, lambda self, x: slot.__set__(self, x))

    kinds = {kind: spying(kind) for kind in (Value, Tensor)}
    x, t = np.linspace(-1, 1, 8).reshape(4, 2), A([0, 1, 2, 0])
    try:
        for kind, (_, spy) in kinds.items():
            kind._raw = spy
        model = nn.Sequential(
            nn.Linear(2, 5, rng=0),
            nn.BatchNorm1d(5),
            nn.Tanh(),
            nn.Dropout(0.5, rng=0),
            nn.Linear(5, 3),
        )
        with recording():
            z = model(Tensor(x, requires_grad=False))
            nn.cross_entropy(z, t) + nn.regularisers.l2(model, 0.1)
            nn.kl_divergence(autograd.softmax(z), np.full((4, 3), 1 / 3))
            grad(lambda y: (y**2).sum())(z)
            scalars = nn.MLP(2, [2, 1], rng=0).to_scalars()
            nn.hinge(scalars([0.5, 1.0])[0], 1.0)
    finally:
        for kind, (slot, _) in kinds.items():
            kind._raw = slot
    assert readers, "the spy saw nothing"
    others = {(file, name) for file, name in readers if file != "apply.py"}
    assert others <= allowed, sorted(others - allowed)


# --- under a transform ----------------------------------------------------------------------------


@pytest.mark.parametrize("exit", CONSTANTS.items(), ids=lambda item: item[0])
@pytest.mark.parametrize("start", [2.0, A([2.0])], ids=["Value", "Tensor"])
def test_a_number_that_leaves_under_a_transform_is_refused(
    exit: tuple[str, Exit], start: Any
) -> None:
    leave = exit[1]
    if isinstance(start, float):
        if exit[0] == "backward and grad":
            pytest.skip("written for a Tensor")
        if exit[0] == "tolist":
            assert not hasattr(Value(1.0), "tolist")
            return
    for transform in (grad, autograd.jacobian, autograd.value_and_grad, autograd.hessian):
        with pytest.raises(TypeError):
            transform(lambda x: (x * leave(x)).sum() if np.ndim(start) else x * leave(x))(start)


def test_the_refusal_names_what_to_write() -> None:
    with pytest.raises(TypeError, match=r"Write np\.sin for math\.sin"):
        grad(math.sin)(1.0)
    with pytest.raises(TypeError, match=r"np\.arctan for math\.atan"):
        grad(lambda x: math.atan(x))(1.0)

    def filled(x: Any) -> Any:
        c = np.zeros(2)
        c[0] = x[0] * x[1]
        return c

    for transform in (autograd.jacobian, lambda f: lambda x: autograd.vjp(f, x)):
        with pytest.raises(TypeError, match=r"np\.stack.*c\[0\] = x\[0\]"):
            transform(filled)(A([1.0, 2.0]))
    with pytest.raises(TypeError, match=r"np\.stack"):
        grad(lambda x: np.array([x[0], x[1]]).sum())(A([1.0, 2.0]))
    with pytest.raises(TypeError, match=r"x\.detach\(\)"):
        grad(lambda x: float(x[0]) * x[1])(A([1.0, 2.0]))


@pytest.mark.parametrize("shown", SHOWN.items(), ids=lambda item: item[0])
def test_what_has_no_derivative_or_only_shows_works_under_a_transform(
    shown: tuple[str, Exit],
) -> None:
    def f(x: Any) -> Any:
        return x * shown[1](x)

    for start in (2.25, 1.25):
        factor = shown[1](Tensor(A([start])))
        got = grad(lambda x: f(x).sum())(A([start]))
        np.testing.assert_allclose(got, [factor])


def test_what_a_transform_does_not_differentiate_by_may_leave() -> None:
    w = Value(3.0, "w")
    assert grad(lambda x: x * float(w))(2.0) == 3.0
    assert grad(lambda x: x * x.detach().item())(2.0) == 2.0
    assert grad(lambda x: (x * x.detach().numpy()).sum())(A([2.0, 3.0])).tolist() == [2.0, 3.0]
    loss, accuracy = autograd.value_and_grad(
        lambda z: (nn.cross_entropy(z, A([0])), nn.metrics.accuracy(z, [0])), has_aux=True
    )(A([[1.0, 0.0]]))[0]
    assert accuracy == 1.0
    assert loss > 0


def test_an_outer_transform_refuses_what_leaves_in_an_inner_one() -> None:
    with pytest.raises(TypeError, match="leave the graph"):
        grad(lambda x: grad(lambda y: y * y * float(x))(x))(2.0)
    w = Tensor(A([1.0]))
    with pytest.raises(TypeError, match="create_graph=True"):
        grad(lambda x: ((w * x).sum().backward(), x.sum())[1])(A([2.0]))


def test_drawings_steps_and_derivations_work_under_a_transform() -> None:
    seen = []

    def f(x: Any) -> Any:
        y = (x * x).tanh()
        seen.extend(
            [autograd.draw(y).source, list(autograd.steps(y)), str(autograd.derivation(y, wrt=x))]
        )
        return y

    assert grad(f)(0.5) == grad(lambda x: (x * x).tanh())(0.5)
    assert len(seen) == 3


# --- in plain code --------------------------------------------------------------------------------


@pytest.mark.parametrize("exit", [*CONSTANTS.items(), *SHOWN.items()], ids=lambda item: item[0])
def test_in_plain_code_a_number_is_a_number(exit: tuple[str, Exit]) -> None:
    assert isinstance(exit[1](Tensor(A([2.0]))), float | int)


def test_float_of_a_tracked_node_is_said_once_in_plain_code() -> None:
    held = set(warned)
    warned.clear()
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            math.sin(Value(1.0))
            float(Tensor(2.0))
            Value(1.0).item()
            float(Value(1.0, requires_grad=False))
        assert ["np.sin(v) for math.sin(v)" in str(each.message) for each in said] == [True]
        assert said[0].filename == __file__
    finally:
        warned.clear()
        warned.update(held)
