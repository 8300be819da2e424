"""`nn.inspect`: what is read off the layers of a network, and the pictures of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd
import nn

RNG = np.random.default_rng(0)
X, Y = nn.data.two_moons(50, rng=0)


def by_hand(model: Any, x: Any, y: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Activations and gradients of Linear, ReLU, Linear under cross-entropy, in NumPy."""
    first, last = model.layers[0], model.layers[2]
    z = x @ first.weight.data.T + first.bias.data
    h = np.maximum(z, 0)
    s = h @ last.weight.data.T + last.bias.data
    p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    ds = (p - np.eye(2)[y]) / len(x)
    dh = ds @ last.weight.data
    activations = {"layers.0": z, "layers.1": h, "layers.2": s}
    return activations, {"layers.0": dh * (z > 0), "layers.1": dh, "layers.2": ds}


@pytest.mark.parametrize("scalars", [False, True], ids=["tensors", "values"])
def test_every_layers_activations_and_gradients_are_those_of_the_formulas(scalars: bool) -> None:
    model = nn.MLP(2, [8, 2], rng=0)
    activations, gradients = by_hand(model, X, Y)
    seen = nn.inspect.observe(model.to_scalars() if scalars else model, X, Y, nn.cross_entropy)
    assert list(seen.activations) == ["layers.0", "layers.1", "layers.2"]
    assert list(seen.kinds.values()) == ["Linear", "ReLU", "Linear"]
    for name, a in activations.items():
        assert np.allclose(seen.activations[name], a, atol=1e-12)
        assert np.allclose(seen.gradients[name], gradients[name], atol=1e-12)


def test_parameter_gradients_are_those_of_a_backward_pass() -> None:
    model = nn.MLP(2, [8, 2], rng=0)
    seen = nn.inspect.observe(model, X, Y, nn.cross_entropy)
    assert all(p.grad is None for p in model.parameters())
    nn.cross_entropy(model(X), Y).backward()
    for name, p in model.named_parameters():
        assert np.allclose(seen.parameter_gradients[name], p.grad, atol=1e-12)


def test_a_look_changes_neither_gradients_nor_buffers_nor_random_generators() -> None:
    class Noisy(nn.Module):
        """Random noise, a running mean, and a counter: what layers keep besides parameters."""

        def __init__(self) -> None:
            self.inner = nn.Linear(2, 2, rng=0)
            self.rng = np.random.default_rng(0)
            self.mean = autograd.Tensor([0.0, 0.0], requires_grad=False)
            self.calls = 0

        def forward(self, x: Any) -> Any:
            self.calls += 1
            self.mean.data = self.mean.data + 1
            return self.inner(x) * self.rng.normal(size=2)

    model, other = Noisy(), Noisy()
    nn.cross_entropy(model(X), Y).backward()
    nn.cross_entropy(other(X), Y).backward()
    held = [p.grad for p in model.parameters()]
    penalised = nn.Linear(2, 2, rng=0)
    nn.inspect.observe(
        model, X, Y, lambda p, y: nn.cross_entropy(p, y) + nn.regularisers.l2(penalised, 1.0)
    )
    assert all(p.grad is g for p, g in zip(model.parameters(), held, strict=True))
    assert (model.calls, model.mean.data.tolist()) == (1, [1.0, 1.0])
    assert penalised.weight.grad is None
    assert (model(X).data == other(X).data).all()


def test_any_nesting_works_and_a_shared_layer_counts_at_every_call() -> None:
    shared = nn.Linear(3, 3, rng=0)
    model = nn.Sequential(
        nn.Sequential(nn.Linear(2, 3, rng=1), nn.Tanh()), shared, nn.ReLU(), shared
    )
    seen = nn.inspect.observe(model, X)
    assert list(seen.activations) == [
        "layers.0.layers.0",
        "layers.0.layers.1",
        "layers.1",
        "layers.2",
        "layers.1 (call 2)",
    ]
    assert (seen.activations["layers.1 (call 2)"] == model(X).data).all()
    assert seen.gradients == {}


def test_a_residual_block_has_its_own_output_beside_its_layers() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            self.inner = nn.Linear(2, 2, rng=0)

        def forward(self, x: Any) -> Any:
            return x + autograd.relu(self.inner(x))

    model = nn.Sequential(Block(), nn.Linear(2, 1, rng=1))
    seen = nn.inspect.observe(model, X)
    assert list(seen.activations) == ["layers.0.inner", "layers.0", "layers.1"]
    inner = X @ model.layers[0].inner.weight.data.T
    assert np.allclose(seen.activations["layers.0"], X + np.maximum(inner, 0), atol=1e-12)


def test_normalisation_and_frozen_weights_are_no_obstacle() -> None:
    model = nn.MLP(2, [8, 2], norm="batch", rng=0)
    for layer in (model.layers[0], model.layers[3]):
        layer.weight.requires_grad = False
        layer.bias = None
    seen = nn.inspect.observe(model, X)
    assert list(seen.kinds.values()) == ["Linear", "BatchNorm1d", "ReLU", "Linear"]
    assert np.allclose(seen.activations["layers.1"].mean(axis=0), 0, atol=1e-12)


def test_float32_stays_float32() -> None:
    seen = nn.inspect.observe(nn.MLP(2, [4, 2], dtype=np.float32, rng=0), X)
    assert {a.dtype for a in seen.activations.values()} == {np.dtype(np.float32)}


def test_dead_units_and_zeros_are_counted() -> None:
    model = nn.MLP(2, [10, 2], rng=0)
    model.layers[0].bias.data[:3] = -1e6  # three units that never fire
    model.layers[0].bias.data[3:] = 1e6
    row = nn.inspect.observe(model, X).summary()["layers.1"]
    assert (row["dead"], row["zeros"]) == (0.3, 0.3)
    assert nn.inspect.dead_units([[[0.0, 1.0]], [[0.0, 0.0]]]) == 0.5
    with pytest.raises(ValueError, match=r"got \(2,\)"):
        nn.inspect.dead_units([0.0, 1.0])


@pytest.mark.parametrize(
    ("activation", "slope"),
    [
        ("tanh", lambda z: 1 - np.tanh(z) ** 2),
        ("sigmoid", lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
        ("relu", lambda z: (z > 0) * 1.0),
        ("leaky_relu", lambda z: np.where(z > 0, 1, 0.01)),
        ("softplus", lambda z: 1 / (1 + np.exp(-z))),
    ],
)
@pytest.mark.parametrize("scalars", [False, True], ids=["tensors", "values"])
def test_saturation_is_the_fraction_of_slopes_that_are_small(
    activation: str, slope: Any, scalars: bool
) -> None:
    model = nn.MLP(2, [8, 2], activation=activation, rng=0)
    model.layers[0].weight.data *= 5
    z = X @ model.layers[0].weight.data.T
    seen = nn.inspect.observe(model.to_scalars() if scalars else model, X)
    assert list(seen.slopes) == ["layers.1"]
    assert np.allclose(seen.slopes["layers.1"], slope(z), atol=1e-12)
    row = seen.summary()["layers.1"]
    assert row["saturated"] == (slope(z) < 0.01).mean()


def test_the_update_ratio_is_the_length_of_the_step_by_that_of_the_weights() -> None:
    model = nn.Linear(2, 2, rng=0)
    before = model.state_dict()
    nn.cross_entropy(model(X), Y).backward()
    nn.optim.SGD(model.parameters(), 0.1).step()
    ratios = nn.inspect.update_ratios(before, model.state_dict())
    size = np.linalg.norm(before["weight"])
    assert np.isclose(ratios["weight"], 0.1 * np.linalg.norm(model.weight.grad) / size)
    assert ratios["bias"] == np.inf
    with pytest.raises(ValueError, match="expected the same names"):
        nn.inspect.update_ratios(before, {})


def test_a_histogram_counts_as_numpy_does_with_zeros_apart() -> None:
    x = np.maximum(RNG.normal(size=1000), 0)
    counts, edges, zeros = nn.inspect.histogram(x, 20)
    expected, places = np.histogram(x[x > 0], 20)
    assert (counts == expected).all()
    assert np.allclose(edges, places)
    assert zeros == (x == 0).sum()
    counts, _, zeros = nn.inspect.histogram(x, 20, separate_zeros=False)
    assert (counts.sum(), zeros) == (1000, 0)
    with pytest.raises(ValueError, match=r"got nan \(1 not finite\)"):
        nn.inspect.histogram([np.nan, 1.0])
    for constant in ([0.0], [1e30, 1e30], [3.0]):
        assert nn.inspect.histogram(constant)[0].sum() == np.count_nonzero(constant)


def test_the_picture_of_histograms_has_a_panel_per_layer_and_says_how_many_zeros() -> None:
    pytest.importorskip("matplotlib")
    model = nn.MLP(2, [8, 8, 2], rng=0)
    seen = nn.inspect.observe(model, X, Y, nn.cross_entropy)
    figure = nn.inspect.histograms(seen)
    assert len(figure.axes) == 8
    title = figure.axes[1].get_title()
    assert title.startswith("layers.1 ReLU")
    assert f"{(seen.activations['layers.1'] == 0).mean():.1%} zeros, not drawn" in title
    assert "zeros" not in nn.inspect.histograms(seen, separate_zeros=False).axes[1].get_title()
    assert len(nn.inspect.histograms(seen, "gradients", layers=["layers.0"]).axes) == 1
    assert (
        nn.inspect.histograms(seen, "parameter_gradients")
        .axes[0]
        .get_title()
        .startswith("layers.0.weight")
    )
    with pytest.raises(ValueError, match="no layer"):
        nn.inspect.histograms(seen, layers=["layers.9"])
    with pytest.raises(ValueError, match="give observe a target and a loss"):
        nn.inspect.histograms(nn.inspect.observe(model, X), "gradients")


def test_pictures_can_be_panels_of_a_larger_figure() -> None:
    Figure = pytest.importorskip("matplotlib.figure").Figure
    model = nn.MLP(2, [8, 8, 2], rng=0)
    seen = nn.inspect.observe(model, X, Y, nn.cross_entropy)
    figure = Figure()
    grid = figure.subplots(2, 2)
    called = {"layers.1": "first", "layers.3": "second"}
    drawn = nn.inspect.histograms(seen, layers=called, axes=grid[0], one_scale=False, log=True)
    assert drawn is figure
    assert len(figure.axes) == 4
    assert [a.get_title().splitlines()[0] for a in grid[0]] == ["first", "second"]
    assert [a.get_yscale() for a in grid[0]] == ["log", "log"]
    assert grid[0][0].get_xlim() != grid[0][1].get_xlim()
    nn.inspect.histograms(seen, layers=called, axes=grid[0])
    assert grid[0][0].get_xlim() == grid[0][1].get_xlim()
    nn.inspect.histograms(seen, layers=called, axes=grid[0], span=(0, 9))
    assert [a.get_xlim() for a in grid[0]] == [(0, 9), (0, 9)]
    with pytest.raises(ValueError, match="2 layers expected 2 axes, got 1"):
        nn.inspect.histograms(seen, layers=called, axes=grid[0][:1])
    assert nn.inspect.decision_boundary(model, X, Y, resolution=8, axes=grid[1][0]) is figure
    assert "right" in grid[1][0].get_title()


@pytest.mark.parametrize("scalars", [False, True], ids=["tensors", "values"])
def test_the_decision_boundary_shows_what_the_model_says(scalars: bool) -> None:
    pytest.importorskip("matplotlib")
    model = nn.MLP(2, [4, 2], rng=0)
    used = model.to_scalars() if scalars else model
    figure = nn.inspect.decision_boundary(used, X, Y, resolution=12)
    (axes,) = figure.axes
    regions = np.asarray(axes.images[0].get_array())
    left, right, low, high = axes.images[0].get_extent()
    across, up = np.meshgrid(np.linspace(left, right, 12), np.linspace(low, high, 12))
    grid = np.stack([across.ravel(), up.ravel()], axis=1)
    assert (regions.ravel() == model(grid).data.argmax(axis=1)).all()
    right_ones = int((model(X).data.argmax(axis=1) == Y).sum())
    assert axes.get_title() == f"{right_ones} of 50 right ({right_ones / 50:.1%})"
    assert used.training


def test_a_boundary_takes_distributions_and_is_as_high_as_its_points() -> None:
    pytest.importorskip("matplotlib")
    model = nn.MLP(2, [4, 2], rng=0)
    figure = nn.inspect.decision_boundary(model, X, np.eye(2)[Y])
    plain = nn.inspect.decision_boundary(model, X, Y)
    assert figure.axes[0].get_title() == plain.axes[0].get_title()
    wide, high = (nn.inspect.decision_boundary(model, X * scale, Y) for scale in ([9, 1], [1, 9]))
    assert wide.get_size_inches()[0] > 2 * wide.get_size_inches()[1]
    assert high.get_size_inches()[1] > 1.2 * high.get_size_inches()[0]


def lines_of(axes: Any) -> list[Any]:
    ContourSet = pytest.importorskip("matplotlib.contour").ContourSet
    return [each for each in axes.collections if isinstance(each, ContourSet)]


@pytest.mark.parametrize(
    ("scores", "threshold"),
    [
        (lambda p: p[:, 0] ** 2 + p[:, 1] ** 2 - 0.5, 0.0),
        (lambda p: 1 / (1 + np.exp(0.5 - p[:, :1] ** 2 - p[:, 1:] ** 2)), 0.5),
        (lambda p: np.stack([0.5 - (p**2).sum(1), (p**2).sum(1) - 0.5], axis=1), 0.0),
        (lambda p: np.stack([0 * p[:, 0] - 9, 0.5 - (p**2).sum(1), 0 * p[:, 0]], axis=1), 0.0),
    ],
    ids=["logits", "probabilities", "two scores", "three scores, one never on top"],
)
def test_the_line_between_regions_is_where_the_scores_meet_not_where_the_grid_has_its_points(
    scores: Any, threshold: float
) -> None:
    pytest.importorskip("matplotlib")
    x = np.array([[-1.0, -1.0], [1.0, 1.0], [0.0, 0.1]])
    figure = nn.inspect.decision_boundary(scores, x, [0, 1, 1], threshold=threshold, resolution=60)
    (line,) = lines_of(figure.axes[0])
    vertices = np.concatenate([path.vertices for path in line.get_paths()])
    radii = np.hypot(*vertices.T)
    step = 2.6 / 59
    assert len(vertices) > 60
    assert np.abs(radii - np.sqrt(0.5)).max() < 0.1 * step  # a staircase is half a step off


@pytest.mark.parametrize(
    "scores",
    [
        lambda p: np.sign(p[:, 0]),
        lambda p: np.where(p[:, 0] > 0, 1, -1),
        lambda p: (p[:, 0] > 0).astype(float),
        lambda p: (p[:, 0] > 0).astype(int),
        lambda p: np.eye(2)[(p[:, 0] > 0).astype(int)],
        lambda p: np.stack([np.maximum(-p[:, 0], 0), np.maximum(p[:, 0], 0)], axis=1),
        lambda p: np.stack([np.where(p[:, 0] > 0, -np.inf, 0), np.zeros(len(p))], axis=1),
    ],
    ids=["sign", "whole signs", "steps", "classes", "one-hot", "rectified", "infinite"],
)
def test_a_boundary_at_a_step_lies_halfway(scores: Any) -> None:
    pytest.importorskip("matplotlib")
    x = np.array([[-1.0, -1.0], [1.0, 1.0]])
    figure = nn.inspect.decision_boundary(scores, x, [0, 1], resolution=40)
    (line,) = lines_of(figure.axes[0])
    vertices = np.concatenate([path.vertices for path in line.get_paths()])
    assert np.abs(vertices[:, 0]).max() < 0.51 * 2.6 / 39
    assert np.ptp(vertices[:, 1]) > 2.5


def test_a_line_between_classes_without_scores_is_no_staircase() -> None:
    pytest.importorskip("matplotlib")
    x = np.array([[-1.0, -1.0], [1.0, 1.0]])
    slope = np.array([1.0, -2.3])
    figure = nn.inspect.decision_boundary(lambda p: np.sign(p @ slope), x, [0, 1])
    (line,) = lines_of(figure.axes[0])
    vertices = np.concatenate([path.vertices for path in line.get_paths()])
    middle = vertices[np.abs(vertices).max(axis=1) < 1.2]
    far = np.abs(middle @ slope) / np.linalg.norm(slope)
    assert far.max() < 0.25 * 2.6 / 199  # a staircase is up to half a step off


def test_three_regions_are_parted_by_lines_and_one_region_by_none() -> None:
    pytest.importorskip("matplotlib")
    x = np.array([[-1.0, -1.0], [1.0, 1.0], [1.0, -1.0]])
    three = nn.inspect.decision_boundary(lambda p: p @ x.T, x, [0, 1, 2])
    assert len(lines_of(three.axes[0])) == 2  # the third is around what the two leave
    one = nn.inspect.decision_boundary(lambda p: np.zeros((len(p), 3)) + [0, 1, 0], x, [1] * 3)
    assert lines_of(one.axes[0]) == []


def test_a_boundary_names_its_axes_and_says_what_black_edges_are() -> None:
    pytest.importorskip("matplotlib")
    x, y = np.array([[-1.0, 0.0], [1.0, 0.0], [2.0, 0.0]]), [0, 1, 1]
    for shift, words in (
        (0.0, ["class 0", "class 1"]),
        (1.5, ["class 0", "class 1", "black edge"]),
    ):
        (axes,) = nn.inspect.decision_boundary(lambda p: p[:, 0] - shift, x, y).axes  # noqa: B023
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("x₁", "x₂")
        told = [text.get_text() for text in axes.get_legend().get_texts()]
        assert [each.split(":")[0] for each in told] == words


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        ([0.467, 0.474, 0.059], "0.467 < 0.474"),
        ([0.1, 0.85, 0.05], "0.10 < 0.85"),
        ([0.3999999, 0.4, 0.2000001], "0.3999999 < 0.4000000"),
        ([0.4, 0.4 + 1e-16, 0.2], "0.4000000000000000 < 0.4000000000000001"),
    ],
)
def test_a_mistake_shows_as_many_digits_as_make_its_two_numbers_differ(
    pair: list[float], told: str
) -> None:
    pytest.importorskip("matplotlib")
    figure = nn.inspect.mistakes([pair], [0], np.zeros((1, 4, 4)))
    titles = [axes.get_title() for axes in figure.axes]
    assert f"0, taken for 1\n{told}" in titles


def test_histograms_that_have_an_axis_in_common_share_its_numbers() -> None:
    pytest.importorskip("matplotlib")
    seen = nn.inspect.observe(nn.MLP(2, [8, 8, 2], rng=0), X, Y, nn.cross_entropy)

    def numbers(**options: Any) -> tuple[list[bool], list[bool]]:
        axes = nn.inspect.histograms(seen, **options).axes[:5]
        left = [each.yaxis.get_tick_params()["labelleft"] for each in axes]
        return left, [each.xaxis.get_tick_params()["labelbottom"] for each in axes]

    # Four beside each other and one below: three have none below them.
    assert numbers() == ([True, False, False, False, True], [False, True, True, True, True])
    assert numbers(one_scale=False) == ([True, False, False, False, True], [True] * 5)
    axes = nn.inspect.histograms(seen).axes[:5]
    assert len({each.get_ylim() for each in axes}) == len({each.get_xlim() for each in axes}) == 1
    # A layer with a bar that is far higher than all others keeps a scale of its own.
    seen.activations["layers.0"] = np.full(100, 0.5)
    axes = nn.inspect.histograms(seen).axes[:5]
    assert len({each.get_ylim() for each in axes}) > 1
    assert all(each.yaxis.get_tick_params()["labelleft"] for each in axes)


def test_numbers_of_one_layer_are_asked_for_where_a_model_is_given() -> None:
    model = nn.MLP(2, [4, 2], rng=0)
    seen = nn.inspect.observe(model, X)
    for function in (nn.inspect.zeros, nn.inspect.dead_units, nn.inspect.saturation):
        for wrong in (seen, model):
            with pytest.raises(TypeError, match=r"takes the numbers of one layer.*summary"):
                function(wrong)
    with pytest.raises(TypeError, match=r"histograms\(observe\(model, x\)\), got MLP"):
        nn.inspect.histograms(model)  # type: ignore[arg-type]


def test_one_output_and_signs_are_two_classes_and_mistakes_are_named() -> None:
    pytest.importorskip("matplotlib")
    figure = nn.inspect.decision_boundary(lambda p: p[:, :1], X, np.where(Y == 0, -1, 1))
    right = int(((X[:, 0] > 0) == (Y == 1)).sum())
    assert figure.axes[0].get_title().startswith(f"{right} of 50 right")
    with pytest.raises(ValueError, match=r"points of shape \(n, 2\), got \(50, 3\)"):
        nn.inspect.decision_boundary(lambda p: p, np.zeros((50, 3)), Y)
    with pytest.raises(ValueError, match="expected 50 class indices"):
        nn.inspect.decision_boundary(lambda p: p, X, Y[1:])


def test_mistakes_in_observe_are_named() -> None:
    with pytest.raises(TypeError, match="observe takes a Module"):
        nn.inspect.observe(lambda x: x, X)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a target and a loss together"):
        nn.inspect.observe(nn.Linear(2, 1), X, Y)


def test_a_notebook_shows_a_figure_that_pyplot_does_not_know():
    figure = nn.inspect.learning_curve({"training": [1.0, 0.5]}, {"training": [0.5, 0.9]})
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert figure.get_suptitle() == "Loss and accuracy after each epoch"
    assert nn.inspect.new_figure(2.0, 1.0)._repr_png_() is None


def test_a_layer_that_passes_nothing_on_is_drawn_without_a_complaint() -> None:
    pytest.importorskip("matplotlib")
    model = nn.MLP(2, [8, 2], rng=0)
    model.layers[0].bias.data = np.full(8, -100.0)  # dead
    seen = nn.inspect.observe(model, X, Y, nn.cross_entropy)
    assert not seen.parameter_gradients["layers.0.weight"].any()
    figure = nn.inspect.histograms(
        seen, "parameter_gradients", layers=["layers.0.weight"], log=True
    )
    assert figure._repr_png_()  # warnings are errors here
    assert "100.0% zeros" in figure.axes[0].get_title()
