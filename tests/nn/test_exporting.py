"""Networks as models of ONNX, run by ONNX Runtime beside the network."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import autograd
import nn
from autograd import Tensor
from nn.layers.activations import BY_NAME

onnxruntime = pytest.importorskip("onnxruntime", reason="no wheel for this machine")
Array = np.ndarray[Any, Any]
SIZES = (1, 2, 5, 64)
DTYPES = [np.float32, np.float64]
CLOSE = {np.float32: 2e-6, np.float64: 1e-12}


def numbers(*shape: int) -> Array:
    return np.random.default_rng(shape).normal(size=shape)


def run(path: Path, *arrays: Array) -> list[Array]:
    """What ONNX Runtime computes, floats in the dtype of the model."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    kinds = {"tensor(float)": np.float32, "tensor(double)": np.float64}
    given = {}
    for port, x in zip(session.get_inputs(), arrays, strict=True):
        given[port.name] = x.astype(kinds.get(port.type, x.dtype))
    return [np.asarray(x) for x in session.run(None, given)]


def same(found: Array, expected: Any, dtype: Any) -> None:
    assert found.dtype == dtype
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=CLOSE[dtype], atol=CLOSE[dtype])


def follows(function: Callable[..., Any], path: Path, *shape: int, dtype: Any) -> None:
    """A model gives for batches of all sizes what the function gives."""
    with np.errstate(all="ignore"):
        nn.to_onnx(function, path, numbers(3, *shape), dtype)
    if isinstance(function, nn.Module):
        function.eval()
    for n in SIZES:
        x = numbers(n, *shape)
        (found,) = run(path, x)
        with np.errstate(all="ignore"):  # the deviation of one
            expected = function(Tensor(x, requires_grad=False)).data
        same(found, expected, dtype)


class Mixed(nn.Module):
    """What a user writes with NumPy's functions and indices."""

    def __init__(self) -> None:
        self.weight = Tensor(numbers(4, 3), "weight")
        self.order = np.array([2, 0, 3, 3])

    def forward(self, x: Any) -> Any:
        ordered = x[:, self.order][:, ::-1]
        picked = x[..., 1:3][:, None, :]
        product = autograd.einsum("bi,ij->bj", ordered, self.weight)
        padded = np.pad(product, ((0, 0), (1, 0)))
        chosen = np.where(padded > 0, padded, 0.1 * padded)
        pair = x[:, (0, 1), (None)][:, :, 0]
        ends = np.concatenate([chosen, picked[:, 0], pair, x[:, -1:], x[:, 2][:, None]], axis=1)
        return ends - ends.mean(axis=0) + np.roll(ends, 2, axis=1)


def around(layer: Callable[[], Any], width: int = 4) -> Callable[[], Any]:
    return lambda: nn.Sequential(nn.Linear(4, 4, rng=0), layer(), nn.Linear(width, 3, rng=1))


NETWORKS: dict[str, Callable[[], Any]] = {
    **{f"activation {name}": around(make) for name, make in sorted(BY_NAME.items())},
    "LayerNorm": around(lambda: nn.LayerNorm(4)),
    "RMSNorm": around(lambda: nn.RMSNorm(4)),
    "BatchNorm1d": around(lambda: nn.BatchNorm1d(4)),
    "BatchNorm1d, plain": around(lambda: nn.BatchNorm1d(4, affine=False, momentum=None)),
    "Dropout": around(lambda: nn.Dropout(0.5, rng=0)),
    "GLU": around(lambda: nn.GLU(4, 2, rng=3), 2),
    "ReGLU": around(lambda: nn.ReGLU(4, 2, rng=3), 2),
    "GEGLU": around(lambda: nn.GEGLU(4, 2, rng=3), 2),
    "SwiGLU": around(lambda: nn.SwiGLU(4, 2, rng=3), 2),
    "PairProduct": around(nn.PairProduct, 2),
    "Power": around(lambda: nn.Power(4, 2, rng=3), 2),
    "Maxout": around(lambda: nn.Maxout(2), 2),
    "MLP": lambda: nn.MLP(4, [5, 3], norm="batch", rng=0),
    "in single precision": lambda: nn.Sequential(
        *(nn.Linear(4, 4, rng=0, dtype=np.float32), nn.GELU(), nn.LayerNorm(4, dtype=np.float32)),
        *(nn.Softplus(), nn.LogSoftmax()),
    ),
    "a user's": Mixed,
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_gives_the_same_for_batches_of_every_size(
    name: str, dtype: Any, tmp_path: Path
) -> None:
    model = NETWORKS[name]()
    model(numbers(7, 4))  # running averages that are not 0 and 1
    follows(model, tmp_path / "model.onnx", 4, dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("padding", [None, 2])
def test_a_table_is_asked_for_its_rows(dtype: Any, padding: int | None, tmp_path: Path) -> None:
    model = nn.Sequential(nn.Embedding(7, 3, padding_idx=padding, rng=0), nn.Linear(3, 2, rng=0))
    nn.to_onnx(model, tmp_path / "model.onnx", np.zeros((2, 4), int), dtype)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    for size in (1, 2, 5, 64):
        ids = np.random.default_rng(size).integers(0, 7, (size, 4))
        (found,) = session.run(None, {session.get_inputs()[0].name: ids})
        np.testing.assert_allclose(found, model(ids).data, atol=1e-6)


ROWS_OF_ROWS: dict[str, Callable[[], Any]] = {
    "Linear": lambda: nn.Linear(4, 2, rng=0),
    "BatchNorm1d": lambda: nn.BatchNorm1d(3),
    "LayerNorm of two axes": lambda: nn.LayerNorm((3, 4)),
    "RMSNorm": lambda: nn.RMSNorm(4),
    "SwiGLU": lambda: nn.SwiGLU(4, 2, rng=0),
    "Softmax": nn.Softmax,
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ROWS_OF_ROWS)
def test_an_instance_may_have_axes_of_its_own(name: str, dtype: Any, tmp_path: Path) -> None:
    follows(ROWS_OF_ROWS[name](), tmp_path / "model.onnx", 3, 4, dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_digits_are_told_apart_as_by_the_network(dtype: Any, tmp_path: Path) -> None:
    images, labels = nn.data.digits()
    model = nn.MLP(64, [32, 10], norm="batch", rng=0)
    how = {"optimizer": nn.optim.Adam(model.parameters(), lr=0.01), "batch_size": 64}
    nn.fit(model, nn.cross_entropy, (images, labels), epochs=2, rng=0, **how)
    nn.to_onnx(model, tmp_path / "digits.onnx", images[:1], dtype)
    (found,) = run(tmp_path / "digits.onnx", images)
    expected = model.eval()(images).data
    assert np.mean(expected.argmax(axis=1) == labels) > 0.8
    np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))
    np.testing.assert_allclose(found, expected, rtol=CLOSE[dtype], atol=10 * CLOSE[dtype])


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "a mean over the batch": lambda x: (x - x.mean(axis=0)) / x.std(axis=0, ddof=1),
    "what is divided by the size": lambda x: x.sum(axis=0) / len(x) + x * (1 / len(x)),
    "zeros of the batch's length": lambda x: autograd.concatenate(
        [np.zeros((len(x), 2)), x], axis=1
    ),
    "a state that starts at 0": lambda x: Tensor(np.zeros((len(x), 4)), requires_grad=False) - x,
    "all in one vector": lambda x: x.reshape(-1) * 2.0,
    "a reshape of two lengths": lambda x: x.reshape((len(x), 2, 2)).transpose((1, 0, 2)),
    "twice the batch": lambda x: autograd.concatenate([x, x * x]).reshape((2 * len(x), 4)),
    "all but the last instance": lambda x: autograd.concatenate([x, x])[: len(x)] * x[len(x) - 1],
    "from the end": lambda x: x[::-1, ::-2],
    "broadcast": lambda x: autograd.broadcast_to(x.mean(axis=1, keepdims=True), shape=x.shape),
    "new axes": lambda x: (x[:, None, :] * x[:, :, None]).sum(axis=(1, 2)),
    "places": lambda x: x[..., [3, 0, -1]],
    "pairs of places": lambda x: x.reshape((-1, 2, 2))[:, [0, 1, 1], [1, 0, 1]],
    "a mask of features": lambda x: x[:, np.array([True, False, True, True])],
    "einsum": lambda x: autograd.einsum("ni,nj->nij", x, x).reshape((len(x), 16)),
    "padding and rolling": lambda x: autograd.roll(np.pad(x, ((0, 0), (2, 1))), 1, axis=1),
    "a choice": lambda x: autograd.where((x > 0) & (x < 1), x, x * 0.1),
    "running sums": lambda x: autograd.cumsum(x, axis=0) + autograd.cumsum(x, axis=-1),
    "a matrix of the batch": lambda x: x @ x.T @ x,
    "the largest": lambda x: autograd.max(x, axis=0) + autograd.min(x, axis=1, keepdims=True),
    "variances of features": lambda x: autograd.var(x, axis=1) + autograd.norm(x, axis=1),
    "a mask turned round": lambda x: np.where(~(x > 0) | np.isnan(x), 0.5, x),
    "masks that are alike": lambda x: autograd.where((x > 0) == (x < 1), x, -x) + np.isinf(x),
    "rolled through": lambda x: autograd.roll(x.mean(axis=0).reshape((2, 2)), 3),
    "what is finite": lambda x: autograd.where(np.isfinite(1 / (x - x[:1])), x, 0.0),
    "a mask as numbers": lambda x: x * (x > 0).astype(float) + (x > x.mean(axis=0)),
    "whether any": lambda x: autograd.where((x > 1).any(axis=1, keepdims=True), x, -x),
    "whether all": lambda x: autograd.where(np.all(x > -1, axis=0), x, -x),
    "the place of the largest": lambda x: x * (x.argmax(axis=1, keepdims=True) == np.arange(4)),
    "half of the size": lambda x: x * (0.5 * len(x)),
    "side by side": lambda x: np.tile(x, (2, 2)),
    "single precision between": lambda x: x.astype(np.float32) * 2.0 if x.ndim else x,
    "one number": lambda x: autograd.sum_squares(x),
    "itself": lambda x: x,
    "a constant": lambda x: Tensor([1.0, 2.0], requires_grad=False),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_plain_function_gives_the_same_for_batches_of_every_size(
    name: str, dtype: Any, tmp_path: Path
) -> None:
    follows(FUNCTIONS[name], tmp_path / "f.onnx", 4, dtype=dtype)


# --- several inputs and outputs, classes ------------------------------------------------------------


def test_inputs_and_outputs_may_be_several_and_are_named(tmp_path: Path) -> None:
    def both(left: Any, right: Any) -> Any:
        return left @ right.T, (left * 2).sum(axis=1)

    path = tmp_path / "f.onnx"
    nn.to_onnx(
        both, path, (numbers(3, 4), numbers(5, 4)), np.float64
    )  # `right` has a length of its own
    model = onnx.load(path)
    shapes = {
        port.name: [d.dim_param or d.dim_value for d in port.type.tensor_type.shape.dim]
        for port in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {
        "left": ["batch", 4],
        "right": [5, 4],
        "output0": ["batch", 5],
        "output1": ["batch"],
    }
    for n in SIZES:
        given = numbers(n, 4), numbers(5, 4)
        for found, expected in zip(run(path, *given), both(*map(Tensor, given)), strict=True):
            same(found, expected.data, np.float64)


CLASSES = np.array([0, 2, 1])
PROBABLE = np.array([[0.2, 0.3, 0.5], [0.0, 1.0, 0.0], [0.7, 0.2, 0.1]])
LOSSES: dict[str, tuple[Any, Array]] = {
    "classes": (nn.CrossEntropyLoss(), CLASSES),
    "weighted, smoothed": (
        nn.CrossEntropyLoss(weight=np.array([1.0, 2.0, 0.5]), label_smoothing=0.1, ignore_index=1),
        CLASSES,
    ),
    "margins": (nn.MultiMarginLoss(), CLASSES),
    "distributions": (nn.CrossEntropyLoss(), PROBABLE),
    "KL": (nn.KLDivergenceWithLogits(), PROBABLE),
    "binary": (nn.BCEWithLogitsLoss(), PROBABLE),
    "binary KL": (nn.BinaryKLDivergenceWithLogits(), PROBABLE),
    "squares": (nn.MSELoss(), PROBABLE),
    "magnitudes": (nn.L1Loss(), PROBABLE),
    "Huber": (nn.HuberLoss(), PROBABLE),
    "hinge": (nn.HingeLoss(), np.sign(PROBABLE - 0.25)),
    "perceptron": (nn.PerceptronLoss(), np.sign(PROBABLE - 0.25)),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_a_function_of_logits_and_target(name: str, dtype: Any, tmp_path: Path) -> None:
    loss, example = LOSSES[name]
    model = nn.Linear(4, 3, rng=0)

    def f(x: Any, target: Any) -> Any:
        return loss(model(x), target)

    path = tmp_path / "loss.onnx"
    nn.to_onnx(f, path, (numbers(3, 4), example), dtype)
    for n in SIZES:
        x, target = numbers(n, 4), np.resize(example, (n, *example.shape[1:]))
        same(run(path, x, target)[0], f(Tensor(x), target).data, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_whole_numbers_select_and_are_compared(dtype: Any, tmp_path: Path) -> None:
    table = Tensor(numbers(5, 3), "table")

    def f(words: Any, x: Any) -> Any:
        found = table[words].reshape((len(words), 6)) * (words[:, :1] != 4)
        return autograd.concatenate(
            [found, autograd.where(words.sum(axis=1) > 3, x.T, 0).T], axis=1
        )

    def g(words: Any, x: Any) -> Any:
        found = table[words].reshape((len(words), 6)) * (words[:, :1] != 4)
        return autograd.concatenate(
            [found, autograd.where(words[:, 1] > words[:, 0], x.T, 0).T], axis=1
        )

    path = tmp_path / "f.onnx"
    with pytest.raises(ValueError, match=r"'sum' has no form in ONNX.*test_exporting"):
        nn.to_onnx(f, path, (np.array([[1, 2], [3, 0]]), numbers(2, 2)))
    nn.to_onnx(g, path, (np.array([[1, 2], [3, 0]]), numbers(2, 2)), dtype)
    for n in SIZES:
        words = np.arange(2 * n).reshape(n, 2) % 5
        same(run(path, words, numbers(n, 2))[0], g(words, Tensor(numbers(n, 2))).data, dtype)


# --- names, modes, files ----------------------------------------------------------------------------


def test_weights_and_buffers_are_named_by_their_paths(tmp_path: Path) -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            self.net = nn.MLP(4, [3, 3, 2], norm="batch", rng=0)
            self.again = self.net.layers[0]

        def forward(self, x: Any) -> Any:
            return self.net(x) + autograd.sum(self.again.weight)

    model = Twice()
    nn.to_onnx(model, tmp_path / "m.onnx", numbers(3, 4))
    held = {
        x.name: onnx.numpy_helper.to_array(x)
        for x in onnx.load(tmp_path / "m.onnx").graph.initializer
    }
    state = model.state_dict()
    of_layers = {key: x for key, x in held.items() if "." in key}
    assert of_layers.keys() == {key for key in state if not key.endswith("num_batches_tracked")}
    assert sum(key.endswith("running_mean") for key in of_layers) == 2
    for key, x in of_layers.items():
        np.testing.assert_array_equal(x, state[key].astype(np.float32))


def test_what_a_function_calls_is_named_apart(tmp_path: Path) -> None:
    one, other = nn.BatchNorm1d(4).eval(), nn.BatchNorm1d(4).eval()
    nn.to_onnx(lambda x: one(x) * other(x), tmp_path / "f.onnx", numbers(3, 4))
    held = {x.name for x in onnx.load(tmp_path / "f.onnx").graph.initializer}
    assert {"running_mean", "running_mean_2", "weight", "weight_2"} <= held


def test_operations_are_named_by_the_modules_they_are_of(tmp_path: Path) -> None:
    nn.to_onnx(nn.MLP(4, [3, 2], rng=0), tmp_path / "m.onnx", numbers(3, 4))
    made = [(x.op_type, list(x.output)) for x in onnx.load(tmp_path / "m.onnx").graph.node]
    assert made == [
        ("Gemm", ["layers.0/Gemm"]),
        ("Relu", ["layers.1/Relu"]),
        ("Gemm", ["output"]),
    ]


def everything(model: nn.Module) -> Any:
    """What may not change: numbers, gradients, modes, generators."""
    drawn = [
        x.bit_generator.state
        for m in model.modules()
        for x in vars(m).values()
        if isinstance(x, np.random.Generator)
    ]
    grads = [None if p.grad is None else p.grad.tolist() for p in model.parameters()]
    numbers_ = {key: x.tolist() for key, x in model.state_dict().items()}
    return [m.training for m in model.modules()], grads, numbers_, drawn


@pytest.mark.parametrize("wrong", [False, True])
def test_a_network_is_left_as_it_was_also_by_an_error(wrong: bool, tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(4, 3, rng=0), nn.BatchNorm1d(3), nn.Dropout(0.5, rng=1))
    nn.mse(model(numbers(5, 4)), numbers(5, 3)).backward()
    model.layers[2].eval()
    before = everything(model)
    if wrong:
        with pytest.raises(ValueError, match="Linear expected"):
            nn.to_onnx(model, tmp_path / "m.onnx", numbers(2, 5))
    else:
        nn.to_onnx(model, tmp_path / "m.onnx", numbers(2, 4))
    assert everything(model) == before
    assert model.training
    assert [each.name for each in tmp_path.iterdir()] == ([] if wrong else ["m.onnx"])


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"before")
    with pytest.raises(TypeError, match="gave list"):
        nn.to_onnx(lambda x: [x], path, numbers(2, 3))
    assert path.read_bytes() == b"before"
    nn.to_onnx(lambda x: x * 2, path, numbers(2, 3))
    onnx.checker.check_model(onnx.load(path), full_check=True)


# --- what is refused --------------------------------------------------------------------------------

RNG = np.random.default_rng(0)
TRAINED = nn.BatchNorm1d(4)


def first_or_all(x: Any) -> Any:
    return x[:1] * x if len(x) > 60 else x


def by_sign(x: Any) -> Any:
    return x if x.sum() > 0 else -x


REFUSED: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "dropout": (
        nn.Dropout(0.5, rng=0).forward,
        ValueError,
        r"more than compute: random_like.*eval\(\)",
    ),
    "averages": (TRAINED.forward, ValueError, "more than compute: batch_norm|track_moments"),
    "a generator": (
        lambda x: x * RNG.random(4),
        ValueError,
        "more than compute: numbers from a gen",
    ),
    "a branch": (
        by_sign,
        ValueError,
        r"(?s)by_sign reads a number.*test_exporting.py.*where\(x > 0",
    ),
    "numbers": (lambda x: x * x.data.max(), ValueError, "reads a number"),
    "places": (lambda x: x[:, int(x.data[0, 0] > 0)], ValueError, "reads a number"),
    "a length": (lambda x: x * np.ones((3, 1)), ValueError, "takes 3 instances.* and not 53"),
    "a count": (
        lambda x: x * np.arange(len(x))[:, None],
        ValueError,
        r"\(53, 1\) has shape \(76, 1\)",
    ),
    "half": (
        lambda x: x[: len(x) // 2],
        ValueError,
        r"another one for 76.*\[26\], is \[38\] there",
    ),
    "a root": (lambda x: x * len(x) ** 0.5, ValueError, "another one for 76 instances than for 53"),
    "by size": (
        first_or_all,
        ValueError,
        "(?s)another one for 76.*Identity is Slice there.*test_exporting",
    ),
    "a list": (lambda x: [x], TypeError, "gave list"),
    "a number": (lambda x: 1.0, TypeError, "gave float"),
    "an array": (lambda x: x.argmax(axis=1), TypeError, "gave an array of int64"),
    "rolling the batch": (
        lambda x: autograd.roll(x, 1, axis=0),
        ValueError,
        r"\(53,\) has shape \(76,\)",
    ),
    "an option of NumPy's": (
        lambda x: autograd.where(np.any(x > 0, axis=0, where=x > 1), x, 0),
        ValueError,
        "'np.any' has no form in ONNX",
    ),
    "sorting": (lambda x: x * np.sort(x > 0, axis=0), ValueError, "'np.sort' has no form in ONNX"),
    "Values": (
        lambda x: autograd.Value(2.0) * x,
        TypeError,
        "computes with Values",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_form_is_named(name: str, tmp_path: Path) -> None:
    function, error, told = REFUSED[name]
    state, buffers = RNG.bit_generator.state, TRAINED.state_dict()
    with pytest.raises(error, match=told):
        nn.to_onnx(function, tmp_path / "f.onnx", numbers(3, 4))
    assert RNG.bit_generator.state == state
    assert all(np.array_equal(x, buffers[key]) for key, x in TRAINED.state_dict().items())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        (("f.pb", [[1.0]]), ValueError, r"'f.pb': the name ends in .onnx"),
        (("f.onnx", 1.0), ValueError, r"first axis, got shape \(\)"),
        (("f.onnx", np.zeros((0, 2))), ValueError, r"first axis, got shape \(0, 2\)"),
        (("f.onnx", ()), ValueError, r"a tuple of one or more, got \(\)"),
        (("f.onnx", [["a"]]), TypeError, "an array of numbers, got one of <U1"),
        (
            ("f.onnx", [[1.0]], np.float16),
            ValueError,
            "float32 or float64, got <class 'numpy.float16'",
        ),
        (("f.onnx", [[1.0]], "real"), ValueError, "float32 or float64, got 'real'"),
        (("f.onnx", [[1.0]], None), ValueError, "float32 or float64, got None"),
    ],
)
def test_what_is_given_wrong_is_named(
    arguments: Any, error: type[Exception], told: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=told):
        nn.to_onnx(nn.Tanh(), tmp_path / arguments[0], *arguments[1:])
    assert not list(tmp_path.iterdir())


def doubled_if_one(x: Tensor) -> Tensor:
    return x * 2 if len(x) == 1 else x


def doubled_if_many(x: Tensor) -> Tensor:
    return x.tanh() * 2 if len(x) > 5 else x.tanh()


def squeezed(x: Tensor) -> Tensor:
    return (x @ np.ones((4, 1))).squeeze()


@pytest.mark.parametrize(
    ("function", "match"),
    [
        (
            doubled_if_one,
            r"another one with a batch of 1 than of 53: it has there mul.*return x \* 2",
        ),
        (
            doubled_if_many,
            r"another one with a batch of 1 than of 53: it has there nothing, and for 53 mul",
        ),
        (squeezed, r"results of \[0\] axes for a batch of 1, and of \[1\] for 53"),
    ],
)
def test_a_function_that_is_another_one_for_few_instances_is_refused(
    function: Callable[[Tensor], Tensor], match: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=match):
        nn.to_onnx(function, tmp_path / "model.onnx", numbers(5, 4))
    assert not list(tmp_path.iterdir())


def test_a_function_that_takes_no_single_instance_is_exported(tmp_path: Path) -> None:
    def steps(x: Tensor) -> Tensor:
        return x[1:] - x[:-1] + x[1]

    nn.to_onnx(steps, tmp_path / "model.onnx", numbers(5, 4))
    x = numbers(3, 4)
    (found,) = run(tmp_path / "model.onnx", x)
    same(found, steps(Tensor(x)).data, np.float32)


def test_what_is_no_function_is_named() -> None:
    with pytest.raises(TypeError, match="a function or a network, got Tensor"):
        nn.to_onnx(Tensor([1.0]), "f.onnx", [[1.0]])  # type: ignore[arg-type]


def test_a_network_of_values_is_named(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"layers\.0\.weight of MLP is made of Values.*to_scalars"):
        nn.to_onnx(nn.MLP(4, [2], rng=0).to_scalars(), tmp_path / "m.onnx", numbers(2, 4))


def test_a_compiled_network_is_its_network(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(4, 3, rng=0), nn.BatchNorm1d(3), nn.Dropout(0.5, rng=0))
    for each, name in ((model, "m.onnx"), (autograd.compile(model), "c.onnx")):
        nn.to_onnx(each, tmp_path / name, numbers(2, 4))
    assert model.training
    assert (tmp_path / "m.onnx").read_bytes() == (tmp_path / "c.onnx").read_bytes()


def test_without_onnx_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"needs onnx: pip install .*\[onnx\]"):
        nn.to_onnx(nn.Tanh(), tmp_path / "f.onnx", [[1.0]])
    assert not list(tmp_path.iterdir())
