"""Arrays that mean more than their numbers are refused wherever an array of numbers enters."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value


class WithUnits(np.ndarray[Any, Any]):
    """What a package for physical units does: arithmetic of its own."""

    def __array_ufunc__(self, *arguments: Any, **options: Any) -> Any:
        return NotImplemented


class Named(np.ndarray[Any, Any]):
    """A subclass that only carries something along."""


def masked(shape: tuple[int, ...] = (2,), dtype: Any = float) -> Any:
    x = np.ma.array(np.ones(shape, dtype), mask=np.zeros(shape, bool))
    x.mask.reshape(-1)[-1:] = True
    return x


SPECIAL: dict[str, Callable[..., Any]] = {
    "masked": masked,
    "nothing masked": lambda shape=(2,), dtype=float: np.ma.array(np.ones(shape, dtype)),
    "matrix": lambda shape=(2,), dtype=float: np.matrix(np.ones(shape, dtype)),
    "units": lambda shape=(2,), dtype=float: np.ones(shape, dtype).view(WithUnits),
    "in a list": lambda shape=(2,), dtype=float: list(masked((1, *shape), dtype)),
}
pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass")
over_special = pytest.mark.parametrize("make", SPECIAL.values(), ids=SPECIAL)


def compiled(x: Any) -> Any:
    """A second call: the first records, this one replays."""
    f = autograd.compile(lambda x: (x * x).sum())
    f(np.ones(2))
    return f(x)


def program() -> Any:
    x = Tensor(np.ones(2))
    return autograd.compile((x * x).sum(), inputs=[x])


def seeded(x: Any) -> Any:
    t = Tensor(np.ones(2))
    run = autograd.compile(t * t, inputs=[t])
    run(np.ones(2))
    run.backward(x)


def assigned(leaf: Any, name: str) -> Callable[[Any], None]:
    return lambda x: setattr(leaf(), name, x)


def fitted(data: Any, validation: Any = None) -> None:
    model = nn.Linear(1, 1, rng=0)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    nn.fit(
        model,
        lambda y, t: ((y[:, 0] - t) ** 2).mean(),
        data,
        optimizer=optimizer,
        epochs=1,
        validation=validation,
        progress=False,
    )


def tensor() -> Tensor:
    return Tensor(np.ones(2))


ENTRIES: dict[str, Callable[[Any], Any]] = {
    "Tensor()": Tensor,
    "values()": autograd.values,
    "data =": assigned(tensor, "data"),
    "grad =": assigned(tensor, "grad"),
    "Tensor *": lambda x: tensor() * x,
    "* Tensor": lambda x: np.multiply(x, tensor()),
    "Tensor @": lambda x: tensor() @ x,
    "Value +": lambda x: Value(1.0) + x,
    "a row of numbers": autograd.exp,
    "a row of two": lambda x: autograd.maximum(x, tensor()),
    "a ufunc": lambda x: np.hypot(tensor(), x),
    "where": lambda x: np.where(np.array([True, False]), x, tensor()),
    "concatenate": lambda x: np.concatenate([tensor(), x]),
    "stack": lambda x: np.stack([tensor(), x]),
    "einsum": lambda x: np.einsum("i,i", tensor(), x),
    "seed": lambda x: (tensor() * 2).backward(x),
    "grad of": autograd.grad(lambda x: (x * x).sum()),
    "jvp": lambda x: autograd.jvp(lambda y: y * y, (np.ones(2),), (x,)),
    "gradcheck": lambda x: autograd.gradcheck(lambda y: (y * y).sum(), (x,)),
    "compiled, first call": lambda x: autograd.compile(lambda y: (y * y).sum())(x),
    "compiled, later": compiled,
    "program": lambda x: program()(x),
    "program's seed": seeded,
    "Vector": lambda x: assigned(lambda: autograd.Vector([Value(1.0), Value(2.0)]), "data")(x),
    "mse's target": lambda x: nn.mse(tensor(), x),
    "cross_entropy's target": lambda x: nn.cross_entropy(tensor(), x),
    "hinge's target": lambda x: nn.hinge(tensor(), x),
    "loss weights": lambda x: nn.cross_entropy(tensor(), 0, weight=x),
    "an activation": nn.selu,
    "Linear": lambda x: nn.Linear(2, 1, rng=0)(x),
    "LayerNorm": lambda x: nn.LayerNorm(2)(x),
    "Dropout": lambda x: nn.Dropout(0.5, rng=0)(x),
    "a network of Values": lambda x: nn.Linear(2, 1, rng=0).to_scalars()(x),
    "load_state_dict": lambda x: nn.LayerNorm(2).load_state_dict({"weight": x, "bias": np.ones(2)}),
    "batches": lambda x: nn.data.batches(x, np.ones(2), batch_size=1),
    "batches' target": lambda x: nn.data.batches(np.ones(2), x, batch_size=1),
    "fit": lambda x: fitted((x, np.ones(2))),
    "fit's target": lambda x: fitted((np.ones((2, 1)), x)),
    "fit's validation": lambda x: fitted((np.ones((2, 1)), np.ones(2)), (x, np.ones(2))),
    "accuracy": lambda x: nn.metrics.accuracy(np.ones((2, 2)), x),
    "standardise": nn.data.standardise,
}


def enter_name(enter: Callable[[Any], Any]) -> str:
    return next(name for name, each in ENTRIES.items() if each is enter)


@over_special
@pytest.mark.parametrize("enter", ENTRIES.values(), ids=ENTRIES)
def test_a_special_array_is_refused_by_name_where_it_enters(
    enter: Callable[[Any], Any], make: Callable[..., Any]
) -> None:
    x = make()
    if isinstance(x, list) and "compiled" in enter_name(enter):
        return  # it takes no lists at all
    with pytest.raises(TypeError, match="ordinary array"):
        enter(x)


@over_special
def test_an_index_or_whole_numbers_too(make: Callable[..., Any]) -> None:
    indices = make(dtype=int)
    for enter in (
        lambda x: tensor()[x],
        lambda x: np.take_along_axis(tensor(), x, 0),
        lambda x: nn.cross_entropy(Tensor(np.eye(2)), x),
        lambda x: tensor() * x,
    ):
        with pytest.raises(TypeError, match="ordinary array"):
            enter(indices)


@pytest.mark.parametrize("one", [np.ma.masked, np.ma.array(2.0), np.ma.array(2.0, mask=True)])
def test_a_masked_number_is_no_number(one: Any) -> None:
    for enter in (
        Value,
        Tensor,
        lambda x: Value(1.0) * x,
        lambda x: assigned(lambda: Value(1.0), "data")(x),
        lambda x: Value(1.0).backward(x),
        lambda x: np.maximum(Value(1.0), x),
    ):
        with pytest.raises(TypeError, match="ordinary array, not a MaskedArray"):
            enter(one)


def test_the_message_says_what_to_give() -> None:
    with pytest.raises(
        TypeError, match=r"the data of a Tensor .* MaskedArray.*x\.filled\(number\)"
    ):
        Tensor(masked())
    with pytest.raises(TypeError, match=r"matrix, whose \* is a matrix product.*np\.asarray"):
        tensor() * np.matrix([1.0, 2.0])
    with pytest.raises(TypeError, match="WithUnits, whose arithmetic is its own"):
        tensor() + np.ones(2).view(WithUnits)


def test_a_subclass_without_arithmetic_of_its_own_is_an_array(tmp_path: Path) -> None:
    stored = np.memmap(tmp_path / "numbers", dtype=float, mode="w+", shape=(2,))
    stored[:] = [3.0, 4.0]
    for x in (stored, np.array([3.0, 4.0]).view(Named)):
        t = Tensor([1.0, 2.0])
        for out in (t * x, np.multiply(x, t), autograd.mul(t, x), np.reshape(t, (2,)) * x):
            assert type(out.data) is np.ndarray
            np.testing.assert_array_equal(out.data, [3.0, 8.0])
        (t * x).sum().backward()
        np.testing.assert_array_equal(t.grad, [3.0, 4.0])
        assert type(Tensor(x).data) is np.ndarray
        assert nn.mse(t, x).item() == 4.0
        y = Value(2.0) * x
        assert pickle.loads(pickle.dumps(y)).data.tolist() == [6.0, 8.0]


def test_a_list_is_looked_through_to_any_depth_and_one_that_holds_itself_ends() -> None:
    deep: Any = [[[np.ma.array([1.0, 2.0], mask=[True, False])]]]
    with pytest.raises(TypeError, match="MaskedArray"):
        Tensor(deep)
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises((ValueError, TypeError)):
        Tensor(loop)


BESIDE = {
    "times": lambda m, x: m * x,
    "plus": lambda m, x: m + x,
    "minus": lambda m, x: m - x,
    "over": lambda m, x: m / x,
    "to the power of": lambda m, x: m**x,
    "np.ma.multiply": np.ma.multiply,
    "np.ma.where": lambda m, x: np.ma.where(m > 0, x, 0.0),
    "np.ma.exp": lambda m, x: np.ma.exp(x),
}


@pytest.mark.parametrize("what", BESIDE)
def test_a_masked_array_to_the_left_of_a_tensor_does_not_make_a_constant_of_it(what: str) -> None:
    # np.ma asks what stands beside it for `_data`, before it asks whether it has operators of its own.
    with pytest.raises(TypeError, match="tracked"):
        BESIDE[what](masked(), Tensor([1.0, 2.0]))
    with pytest.raises(TypeError, match="tracked"):
        autograd.grad(lambda x: np.sum(BESIDE[what](masked(), x)))(np.ones(2))


def test_a_masked_array_of_values_keeps_the_gradient_of_what_is_not_masked() -> None:
    m = np.ma.array([3.0, 2.0], mask=[False, True])
    assert autograd.grad(lambda x: np.sum(m * x))(1.5) == 3.0


@pytest.mark.parametrize("node", [Value(1.0), Tensor([1.0])], ids=["Value", "Tensor"])
def test_no_node_has_the_attributes_that_np_ma_takes_numbers_from(node: Any) -> None:
    assert not any(hasattr(node, name) for name in ("_data", "_mask", "_baseclass"))
