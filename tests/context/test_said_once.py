"""What is said once in a process: where a program runs, but hardly as it was meant to."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value
from autograd.context.said_once import warned


@pytest.fixture(autouse=True)
def unsaid() -> Iterator[None]:
    """Nothing has been said yet in this process."""
    before = set(warned)
    warned.clear()
    yield
    warned.clear()
    warned.update(before)


def said(call: Callable[[], Any]) -> list[str]:
    """The warnings of a call, which are shown at a line of this file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert all(each.filename == __file__ for each in caught)
    return [str(each.message) for each in caught]


# --- gradients that are not kept ------------------------------------------------------------------


def test_reading_a_gradient_that_is_not_kept_is_said_once() -> None:
    x = Tensor([1.0, 2.0])
    y = x * x
    y.sum().backward()
    (text,) = said(lambda: y.grad)
    assert "retain_grad()" in text
    assert said(lambda: y.grad) == []
    assert said(lambda: (x * 3).grad) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x,
        lambda x: Tensor([1.0]),
        lambda x: (x * x).retain_grad(),
        lambda x: x.detach() * 2,
        lambda x: Value(2.0) * 3,
    ],
    ids=["leaf", "unreached leaf", "retained", "constant", "Value"],
)
def test_gradients_that_are_kept_are_read_without_a_word(make: Callable[[Any], Any]) -> None:
    x = Tensor([1.0, 2.0])
    node = make(x)
    assert said(lambda: node.grad) == []
    np.sum(node * x).backward()
    assert said(lambda: node.grad) == []


def test_pictures_and_copies_read_gradients_without_a_word() -> None:
    x = Tensor([1.0, 2.0], "x")
    y = (x * x).sum()
    y.backward()
    assert said(lambda: (repr(y), copy.deepcopy(y), pickle.dumps(y))) == []
    assert said(lambda: list(autograd.steps(y))) == []
    with autograd.retain_grads():
        z = (x * x).sum()
        z.backward()
        assert said(lambda: z.grad) == []


# --- what was squashed already --------------------------------------------------------------------

SQUASHED: dict[str, Callable[[], Any]] = {
    "cross_entropy": lambda: nn.cross_entropy(nn.softmax(Tensor([[1.0, 2.0]])), [0]),
    "CrossEntropyLoss": lambda: nn.CrossEntropyLoss()(nn.softmax(Tensor([[1.0, 2.0]])), [0]),
    "a model's": lambda: nn.cross_entropy(
        nn.MLP(2, [3], output_activation="softmax", rng=0)([[1.0, 2.0]]), [0]
    ),
    "kl_divergence_with_logits": lambda: nn.kl_divergence_with_logits(
        nn.softmax(Tensor([[1.0, 2.0]])), [[1.0, 0.0]]
    ),
    "binary_cross_entropy_with_logits": lambda: nn.binary_cross_entropy_with_logits(
        nn.sigmoid(Tensor([1.0])), [1.0]
    ),
    "binary_kl_divergence_with_logits": lambda: nn.binary_kl_divergence_with_logits(
        nn.sigmoid(Value(1.0)), 1.0
    ),
}


@pytest.mark.parametrize("call", SQUASHED.values(), ids=SQUASHED)
def test_a_loss_of_logits_says_once_that_its_prediction_was_squashed(
    call: Callable[[], Any],
) -> None:
    (text,) = said(call)
    assert "takes logits" in text
    assert said(call) == []


UNSQUASHED: list[Callable[[], Any]] = [
    lambda: nn.cross_entropy(Tensor([[1.0, 2.0]]), [0]),
    lambda: nn.cross_entropy(nn.log_softmax(Tensor([[1.0, 2.0]])), [0]),
    lambda: nn.cross_entropy(nn.relu(Tensor([[1.0, 2.0]])), [0]),
    lambda: nn.kl_divergence(nn.softmax(Tensor([[1.0, 2.0]])), [[1.0, 0.0]]),
    lambda: nn.binary_cross_entropy(nn.sigmoid(Tensor([1.0])), [1.0]),
]


@pytest.mark.parametrize("call", UNSQUASHED)
def test_other_predictions_are_taken_without_a_word(call: Callable[[], Any]) -> None:
    assert said(call) == []


# --- targets of another type ----------------------------------------------------------------------


@pytest.mark.parametrize("loss", [nn.cross_entropy, nn.multiclass_hinge])
@pytest.mark.parametrize(
    "target",
    [
        [True, False],
        [0.0, 1.0],
        np.array([True, False]),
        np.array([0.0, 1.0]),
        np.array([1, 0], np.float32),
        Tensor([0.0, 1.0], requires_grad=False),
    ],
)
def test_classes_that_are_no_integers_are_told_how_to_become_some(loss: Any, target: Any) -> None:
    z = Tensor([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(TypeError, match=r"\.astype\(int\)") as raised:
        loss(z, target)
    way = str(raised.value).rpartition("write ")[2]
    loss(z, eval(way, {"np": np, "target": target}))


def test_classes_that_are_no_whole_numbers_are_not_told_to_be_rounded() -> None:
    with pytest.raises(TypeError, match="classes are whole numbers"):
        nn.cross_entropy(Tensor([[1.0, 2.0]]), [0.5])


def test_a_column_of_classes_is_told_which_shape_it_should_have() -> None:
    z, target = Tensor([[1.0, 2.0], [3.0, 4.0]]), np.array([[0], [1]])
    with pytest.raises(ValueError, match=r"write target\[\.\.\., 0\]"):
        nn.cross_entropy(z, target)
    nn.cross_entropy(z, target[..., 0])


def test_signs_from_0_and_1_are_told_how_to_become_some() -> None:
    with pytest.raises(ValueError, match=r"write 2 \* target - 1"):
        nn.hinge(Tensor([0.5, 0.5]), [0, 1])
    with pytest.raises(ValueError, match=r"got 3 at \[0\]$"):
        nn.hinge(Tensor([0.5, 0.5]), [3, 1])
