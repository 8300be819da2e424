"""Arguments that make no sense, to all public functions of nn.data, nn.inspect and nn.metrics.

Each is answered, or refused by a TypeError or ValueError (a file that is not there by an OSError) with
a sentence; never by an AttributeError, IndexError, KeyError or OverflowError from within.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, Value

pytest.importorskip("matplotlib")
pytestmark = [
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

CLEAR = (TypeError, ValueError, OSError)
MODEL = nn.MLP(2, [3, 2], rng=0)
X, Y = np.arange(12.0).reshape(6, 2), np.array([0, 1, 0, 1, 0, 1])
CURVE = {"training": [1.0, 0.5]}
STATE = {"w": np.ones(2)}
TABLE = np.array([[0.9, 0.1], [0.2, 0.8]])

GOOD: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "learning_curve": (
        nn.inspect.learning_curve,
        {"losses": CURVE, "accuracy": CURVE, "title": "a"},
    ),
    "mistakes": (
        nn.inspect.mistakes,
        {
            "probabilities": TABLE,
            "target": [0, 0],
            "images": np.zeros((2, 3, 3)),
            "most": 3,
            "names": ["a", "b"],
        },
    ),
    "decision_boundary": (nn.inspect.decision_boundary, {"model": MODEL, "x": X, "y": Y}),
    "histogram": (nn.inspect.histogram, {"x": X}),
    "histograms": (nn.inspect.histograms, {"observation": None}),
    "observe": (nn.inspect.observe, {"model": MODEL, "x": X}),
    "dead_units": (nn.inspect.dead_units, {"activations": TABLE}),
    "zeros": (nn.inspect.zeros, {"activations": TABLE}),
    "saturation": (nn.inspect.saturation, {"slope": TABLE, "below": 0.01}),
    "update_ratios": (nn.inspect.update_ratios, {"before": STATE, "after": STATE}),
    "new_figure": (nn.inspect.new_figure, {"width": 2, "height": 2}),
    "confusion_matrix": (
        nn.metrics.confusion_matrix,
        {"prediction": [0, 1], "target": [0, 1], "classes": 2},
    ),
    "accuracy": (nn.metrics.accuracy, {"prediction": [0, 1], "target": [0, 1], "threshold": 0.5}),
    "classes_of": (nn.metrics.classes_of, {"prediction": [0.1, 0.2], "threshold": 0.1}),
    "top_k_accuracy": (nn.metrics.top_k_accuracy, {"prediction": TABLE, "target": [0, 1], "k": 1}),
    "top_k": (nn.metrics.top_k, {"k": 2}),
    "precision_and_recall": (
        nn.metrics.precision_and_recall,
        {"predicted": [0, 1], "target": [0, 1], "positive": 1},
    ),
    "batches": (nn.data.batches, {"x": X, "y": Y, "batch_size": 4, "rng": 0}),
    "Batches": (nn.data.Batches, {"x": X, "y": Y, "batch_size": 4, "rng": 0}),
    "split": (nn.data.split, {"x": X, "y": Y, "held_out": 0.5, "rng": 0}),
    "standardise": (nn.data.standardise, {"train": X}),
    "Standardiser": (nn.data.Standardiser, {"x": X}),
    "blobs": (nn.data.blobs, {"n": 5, "noise": 0.1, "rng": 0, "centres": 3}),
    "circles": (nn.data.circles, {"n": 5, "noise": 0.1, "rng": 0, "factor": 0.5}),
    "spirals": (nn.data.spirals, {"n": 5, "noise": 0.1, "rng": 0, "classes": 3, "turns": 0.5}),
    "two_moons": (nn.data.two_moons, {"n": 5, "noise": 0.1, "rng": 0}),
    "xor": (nn.data.xor, {"n": 5, "noise": 0.1, "rng": 0}),
    "idx": (nn.data.idx, {"path": "nowhere"}),
    "mnist": (nn.data.mnist, {"path": "nowhere", "part": "train", "dtype": np.float32}),
    "cifar10": (nn.data.cifar10, {"path": "nowhere", "part": "train", "dtype": np.float32}),
    "digits": (nn.data.digits, {}),
    "names": (nn.data.names, {}),
}
"""Every function with arguments that it takes, by their names."""

JUNK: list[Any] = [
    *(None, True, 3, -1, 0, 10**30, -(10**30), 1.5, float("nan"), float("inf"), 1 + 2j),
    *("abc", "", b"x", [], (), {}, [1, 2], [1, "a"], [None], [[1.0], [2.0, 3.0]], {1}),
    *({"a": 1}, {"a": []}, {"a": ["x"]}, {1: [1.0]}, {"a": None}, {"a": [[1, 2], [3, 4]]}),
    *({"a": [1 + 2j]}, {"a": [float("nan")]}, object(), int, len, slice(3), range(3)),
    *(np.zeros(0), np.zeros((0, 3)), np.zeros((2, 2, 2)), np.array("x"), np.array([object()])),
    *(np.array([1, 2], dtype=complex), np.array(["a", "b"]), np.float32(2), np.int8(-3)),
    *(Tensor([1.0, 2.0]), Value(1.0), MODEL, lambda *_: None),
]


def public(module: Any) -> set[str]:
    return {name for name in module.__all__ if name != "Observation"}


def test_every_public_function_is_walked() -> None:
    names = public(nn.data) | public(nn.inspect) | public(nn.metrics)
    assert names == set(GOOD)


def arguments(name: str) -> dict[str, Any]:
    """Arguments that are taken, under the names that the function has for them."""
    function, given = GOOD[name]
    if name == "histograms":
        given = {"observation": nn.inspect.observe(MODEL, X)}
    names = list(inspect.signature(function).parameters)
    return dict(zip(names, given.values(), strict=False)) if set(given) - set(names) else given


def answered(function: Callable[..., Any], given: dict[str, Any]) -> None:
    """Call it, and hold what it raises to be clear."""
    try:
        function(**given)
    except CLEAR as error:
        if not str(error):
            raise
    except Exception as error:
        shown = {key: repr(x)[:60] for key, x in given.items()}
        raise AssertionError(f"{type(error).__name__}: {error} for {shown}") from error


@pytest.mark.parametrize("name", GOOD)
def test_one_argument_of_junk_is_refused_clearly(name: str) -> None:
    function, given = GOOD[name][0], arguments(name)
    answered(function, given)
    for key in given:
        for junk in JUNK:
            answered(function, given | {key: junk})


@pytest.mark.parametrize("name", GOOD)
def test_arguments_that_are_all_junk_are_refused_clearly(name: str) -> None:
    function, given = GOOD[name][0], arguments(name)
    draw = random.Random(0)
    for _ in range(200 if given else 1):
        answered(function, {key: draw.choice(JUNK) for key in given})


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        (None, "losses of learning_curve are a dict of names and numbers, .* got NoneType"),
        ([1.0, 2.0], "dict of names and numbers"),
        ({}, "losses of learning_curve has no names"),
        (
            {"training": []},
            r"losses\['training'\] is a list of one or more numbers, got shape \(0,\)",
        ),
        ({"training": 1.0}, r"losses\['training'\] is a list .*, got shape \(\)"),
        ({"training": ["a"]}, r"losses\['training'\] are real numbers, got list"),
        ({3: [1.0]}, "a name in losses is a string, got int"),
    ],
)
def test_a_learning_curve_says_what_it_is_of(losses: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        nn.inspect.learning_curve(losses, CURVE)
    with pytest.raises((TypeError, ValueError), match=message.replace("losses", "accuracy")):
        nn.inspect.learning_curve(CURVE, losses)


def test_a_learning_curve_draws_every_name_and_leaves_out_what_is_not_finite() -> None:
    curves = {f"run {i}": [1.0, float("inf"), float("nan"), 0.5] for i in range(7)}
    figure = nn.inspect.learning_curve(curves, curves)
    assert [len(axes.lines) for axes in figure.axes] == [7, 7]
    assert figure.axes[0].get_ylim() == (0.0, 1.05)
