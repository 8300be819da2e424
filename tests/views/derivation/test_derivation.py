"""Derivations on Tensors: every line computes, and in every layout the gradients are backward()'s."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, derivation

LAYOUTS = ("rows", "dd2424", "columns", "cmu")

rng = np.random.default_rng(0)
X = rng.normal(size=(5, 3))
Y = np.eye(2)[[0, 1, 0, 1, 1]]
LABELS = np.array([0, 1, 0, 1, 1])
A = rng.normal(size=(2, 3))
B = rng.normal(size=2)


def two_layers(n: int | None = 5, activation: str = "relu") -> Any:
    """DD2424's network: two layers, softmax, cross-entropy, and the L2 penalty."""
    model = nn.MLP(3, [4, 2], activation=activation, rng=0)
    x, y = (X[0], Y[0]) if n is None else (X[:n], Y[:n])
    return nn.cross_entropy(model(x), y) + nn.regularisers.l2(model, 0.1)


def model() -> nn.MLP:
    return nn.MLP(3, [4, 2], activation="tanh", rng=1)


def affine() -> Any:
    return autograd.linear(X, Tensor(A, "W"), Tensor(B, "b"))


def residual() -> Any:
    h = affine()
    return nn.l2_divergence(h + autograd.tanh(h), Y)


def shared_weight() -> Any:
    W = Tensor(A, "W")
    first = autograd.linear(X, W)
    return autograd.sum(autograd.square(first)) + nn.cross_entropy(first, Y) * 2.0


def vectors() -> Any:
    """One instance and one layer, as a lecture writes it: ReLU(W x + b), and half the squared error."""
    W, b = Tensor(A, "W"), Tensor(np.abs(B), "b")
    x, y = Tensor(X[0], "x", requires_grad=False), Tensor(Y[0], "y", requires_grad=False)
    return autograd.sum(autograd.square(autograd.relu(W @ x + b) - y)) / 2


def training() -> Any:
    """A network in training: batch normalisation tracks its moments, dropout draws its mask."""
    first, norm, drop = nn.Linear(3, 4, rng=0), nn.BatchNorm1d(4), nn.Dropout(0.5, rng=0)
    return nn.cross_entropy(nn.Linear(4, 2, rng=1)(drop(norm(first(X)).relu())), LABELS)


def by_hand() -> Any:
    """Batch normalisation as DD2424 draws it, of operations one by one."""
    s = Tensor(X, "s")
    mu = s.mean(axis=0)
    mu.name = "μ"
    centred = s - mu
    v = (centred**2).mean(axis=0)
    v.name = "v"
    normal = centred / autograd.sqrt(v + 1e-3)
    normal.name = "ŝ"
    return (normal * Tensor(np.arange(15.0).reshape(5, 3), "w", requires_grad=False)).sum()


def two_norms() -> Any:
    model = nn.MLP(3, [4, 3, 2], norm="batch", activation="tanh", rng=0)
    for name, x in model.named_parameters():
        x.data = x.data + 0.1 * np.arange(x.size).reshape(x.shape) + 0.01 * len(name)
    return nn.cross_entropy(model(X), LABELS)


MATRICES: dict[str, Callable[[], Tensor]] = {
    "vectors": vectors,
    "two layers": two_layers,
    "a batch of one": lambda: two_layers(1),
    "one instance": lambda: two_layers(None),
    "a sum of losses": lambda: (
        nn.cross_entropy(model()(X), Y, reduction="sum") + nn.regularisers.l2(model(), 0.1)
    ),
    "three layers": lambda: nn.cross_entropy(nn.MLP(3, [4, 4, 2], rng=0)(X), Y),
    "half the squared error": lambda: nn.l2_divergence(model()(X), Y),
    "mean squared error": lambda: nn.mse(model()(X), Y),
    "class indices": lambda: nn.cross_entropy(model()(X), np.array([0, 1, 0, 1, 1])),
    "binary cross-entropy": lambda: nn.binary_cross_entropy(autograd.sigmoid(model()(X)), Y),
    "binary cross-entropy of logits": lambda: nn.binary_cross_entropy_with_logits(model()(X), Y),
    "weighted classes": lambda: nn.cross_entropy(
        model()(X), LABELS, weight=[1.0, 2.5], ignore_index=0, label_smoothing=0.1
    ),
    "a power of the losses of classes": lambda: autograd.mean(
        autograd.square(nn.cross_entropy(model()(X), LABELS, reduction="none"))
    ),
    "a power of binary cross-entropies": lambda: autograd.mean(
        autograd.square(nn.binary_cross_entropy(autograd.sigmoid(affine()), Y, reduction="none"))
    ),
    "a multiclass hinge": lambda: nn.multiclass_hinge(model()(X), LABELS, p=2),
    "KL divergence": lambda: nn.kl_divergence(autograd.softmax(affine()), Y),
    "KL divergence of logits": lambda: nn.kl_divergence_with_logits(affine(), Y * 0.8 + 0.1),
    "binary KL divergence of logits": lambda: nn.binary_kl_divergence_with_logits(affine(), Y),
    "an elastic net": lambda: (
        lambda m: nn.cross_entropy(m(X), Y) + nn.regularisers.elastic_net(m, 0.1, 0.2)
    )(model()),
    "a sum": lambda: affine().tanh().sum(),
    "a product and a bias": lambda: (
        (Tensor(X, "X", requires_grad=False) @ Tensor(A, "W").T + Tensor(B, "b")).exp().mean()
    ),
    "the data's gradient": lambda: autograd.mean(
        autograd.square(autograd.linear(Tensor(X, "X"), Tensor(A, "W")))
    ),
    "a residual": residual,
    "a shared weight": shared_weight,
    "batch norm": lambda: nn.cross_entropy(nn.MLP(3, [4, 2], norm="batch", rng=0)(X), Y),
    "batch norm of two": lambda: nn.cross_entropy(
        nn.MLP(3, [4, 2], norm="batch", rng=0)(X[:2]), Y[:2], reduction="sum"
    ),
    "two batch norms": two_norms,
    "batch norm of an output": lambda: nn.l2_divergence(autograd.batch_norm(affine()), Y),
    "a sum of batch norm": lambda: autograd.batch_norm(affine()).sum(),
    "batch norm by hand": by_hand,
    "in training": training,
    "logsumexp": lambda: autograd.logsumexp(affine(), axis=1).mean(),
    "an axis": lambda: (lambda W: (W.sum(axis=0) * W.mean(axis=1, keepdims=True)).sum())(
        Tensor(A, "W")
    ),
    **{
        f"activation {name}": lambda name=name: two_layers(5, name)  # type: ignore[misc]
        for name in ("sigmoid", "tanh", "gelu", "silu", "elu", "leaky_relu", "softplus", "selu")
    },
}

ROWS_ONLY: dict[str, Callable[[], Tensor]] = {
    "three axes": lambda: autograd.square(
        autograd.linear(rng.normal(size=(2, 5, 3)), Tensor(A, "W"), Tensor(B, "b"))
    ).sum(),
    "indices": lambda: (lambda W: (W[0] * W[1]).sum())(Tensor(A, "W")),
    "einsum": lambda: autograd.einsum("ij,kj->ik", X, Tensor(A, "W")).sum(),
    "joined": lambda: (lambda W: autograd.square(autograd.concatenate([W, W * 2], axis=0)).sum())(
        Tensor(A, "W")
    ),
    "layer norm": lambda: nn.cross_entropy(nn.MLP(3, [4, 2], norm="layer", rng=0)(X), Y),
}


def check(root: Tensor, layout: str) -> autograd.Derivation:
    """The lines, evaluated here one after another, give the gradients that backward() leaves."""
    d = derivation(root, layout=layout)
    root.backward()
    scope: dict[str, Any] = {"np": np, "autograd": autograd, **d.names}
    for line in d.lines:
        scope[line.name], before = eval(line.python, scope), scope.get(line.name)
        if line.also is not None:
            again = scope[line.name]
            scope[line.name] = before  # g = g diag(...) reads the g from before
            np.testing.assert_allclose(eval(line.also.python, scope), again, rtol=1e-12, atol=1e-15)
            scope[line.name] = again
        shape = np.shape(scope[line.name])
        assert shape[len(shape) - len(line.shape) :] == line.shape, line
    leaves = [x for x in autograd.topological_order(root) if x.is_leaf]
    turned = d.gradients()
    assert len(leaves) == len(d.results)
    for (name, result), leaf in zip(d.results.items(), leaves, strict=True):
        printed = np.asarray(scope[result])
        if name in d.transposed:
            printed = printed.T
        np.testing.assert_allclose(
            printed.reshape(leaf.shape), leaf.grad, rtol=1e-12, atol=1e-14, err_msg=name
        )
        np.testing.assert_allclose(turned[name], leaf.grad, rtol=1e-12, atol=1e-14)
        assert turned[name].shape == leaf.shape
        leaf.grad = None
    return d


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("graph", MATRICES)
def test_the_lines_give_the_gradients_in_every_layout(graph: str, layout: str) -> None:
    check(MATRICES[graph](), layout)


@pytest.mark.parametrize("graph", ROWS_ONLY)
def test_rows_write_every_operation(graph: str) -> None:
    check(ROWS_ONLY[graph](), "rows")


@pytest.mark.parametrize("layout", LAYOUTS[1:])
@pytest.mark.parametrize("graph", ["three axes", "indices", "einsum", "layer norm"])
def test_a_layout_says_what_it_cannot_write(graph: str, layout: str) -> None:
    with pytest.raises(ValueError, match=f"layout '{layout}' cannot write .* layout=\"rows\""):
        derivation(ROWS_ONLY[graph](), layout=layout)


def test_a_rule_that_is_no_formula_is_called() -> None:
    def rule(out: Any, x: Any) -> Any:
        return np.cos(np.asarray(x.data if isinstance(x, Tensor) else x, dtype=float))

    odd_sine = autograd.elementwise("odd_sine", np.sin, np.sin, rule)
    try:
        check(odd_sine(affine()).sum(), "rows")
    finally:
        del autograd.registry["odd_sine"]


# --- the lectures' lines ----------------------------------------------------------------------------


def lines_of(layout: str) -> list[str]:
    """The text of each line without its shape."""
    return [
        re.sub(r"    \(.*\)$", "", line.text)
        for line in derivation(two_layers(), layout=layout).lines
    ]


def test_rows_are_written_as_the_library_computes() -> None:
    lines = lines_of("rows")
    assert "S⁽¹⁾ = X W⁽¹⁾ᵀ + b⁽¹⁾" in lines
    assert "∂L/∂S⁽²⁾ = G_S⁽²⁾ = (1/n) (P − Y)" in lines
    assert "∂L/∂W⁽²⁾ = G_S⁽²⁾ᵀ H + 2 λ W⁽²⁾" in lines
    assert "∂L/∂b⁽²⁾ = G_S⁽²⁾ᵀ 𝟏" in lines
    assert any("G_H ⊙ Ind(S⁽¹⁾ > 0)" in line and "diag(" in line for line in lines)


def test_dd2424_has_one_instance_and_a_row_gradient() -> None:
    lines = lines_of("dd2424")
    expected = [
        "g = −(y − p)ᵀ",
        "∂J/∂W₂ = gᵀ hᵀ + 2 λ W₂",
        "∂J/∂b₂ = g",
        "g = g W₂",
        "g = g ⊙ Ind(s₁ > 0)ᵀ = g diag(Ind(s₁ > 0))",
        "∂J/∂W₁ = gᵀ xᵀ + 2 λ W₁",
        "∂J/∂b₁ = g",
    ]
    assert lines[4 : 4 + len(expected)] == expected
    assert "∂J/∂W₂ = (1/n) Σᵢ (∂J/∂W₂)ᵢ" in lines


def test_columns_are_the_batch_form_of_the_lecture() -> None:
    lines = lines_of("columns")
    for line in (
        "S₁ = W₁ X + b₁ 𝟏ᵀ",
        "G = −(Y − P)",
        "∂J/∂W₂ = (1/n) G Hᵀ + 2 λ W₂",
        "∂J/∂b₂ = (1/n) G 𝟏",
        "G = W₂ᵀ G",
    ):
        assert line in lines
    assert any(line.startswith("G = G ⊙ Ind(S₁ > 0)") and "diag(" in line for line in lines)


def test_cmu_has_gradients_in_by_out_and_says_so() -> None:
    d = derivation(two_layers(), layout="cmu")
    assert d.transposed == {"W1", "W2"}
    shapes = {line.name: line.shape for line in d.lines}
    assert [shapes[d.results[x]] for x in ("W1", "b1")] == [(3, 4), (1, 4)]
    assert "∇_W₂ = y₁ ∇_z₂ + 2 λ W₂ᵀ" in lines_of("cmu")
    assert "Transposed" in str(d)


def classifier(y: Any, n: int | None) -> Any:
    """A sigmoid layer and softmax, with cross-entropy."""
    x = X[0] if n is None else X[:n]
    return nn.cross_entropy(nn.MLP(3, [4, 2], activation="sigmoid", rng=0)(x), y)


def test_cmu_has_the_letters_and_the_steps_of_its_lecture() -> None:
    lines = [
        re.sub(r"    \(.*\)$", "", line.text)
        for line in derivation(classifier(Y[0], None), layout="cmu").lines
    ]
    assert lines == [
        "z₁ = W₁ x + b₁",
        "y₁ = σ(z₁)",
        "z₂ = W₂ y₁ + b₂",
        "Y = softmax(z₂)",
        "∇_Y = −(d / Y)ᵀ",
        "J_Y(z₂) = diag(Y) − Y Yᵀ",
        "∇_z₂ = ∇_Y J_Y(z₂) = (Y − d)ᵀ",
        "∇_W₂ = y₁ ∇_z₂",
        "∇_b₂ = ∇_z₂",
        "∇_y₁ = ∇_z₂ W₂",
        "J_y₁(z₁) = diag(y₁ ⊙ (1 − y₁))",
        "∇_z₁ = ∇_y₁ J_y₁(z₁)",
        "∇_W₁ = x ∇_z₁",
        "∇_b₁ = ∇_z₁",
    ]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "softplus", "softmax"])
def test_the_jacobian_of_a_line_is_that_of_differences(activation: str) -> None:
    z = autograd.linear(X, Tensor(A, "W"), Tensor(B, "b"))
    function = getattr(autograd, activation)
    d = derivation(autograd.sum(autograd.square(function(z))), layout="cmu")
    (line,) = [line for line in d.lines if line.name.startswith("J_")]
    matrices = eval(line.python, {"np": np, "autograd": autograd, **d.names})
    for row, matrix in zip(z.data, matrices, strict=True):
        steps = 1e-6 * np.eye(2)
        differences = [(function(row + h) - function(row - h)) / 2e-6 for h in steps]
        np.testing.assert_allclose(matrix, np.transpose(differences), atol=1e-8)


@pytest.mark.parametrize(
    ("y", "n"), [(Y[0], None), (Y[:1], 1), (0, None), (LABELS[:1], 1), (LABELS, 5), (Y, 5)]
)
def test_a_target_has_its_letter_in_every_form(y: Any, n: int | None) -> None:
    expected = {
        "dd2424": "g = −(y − p)ᵀ",
        "cmu": "∇_z₂ = ∇_Y J_Y(z₂) = (Y − d)ᵀ",
        "columns": "G = −(Y − P)" if n else "G = −(y − p)",
        "rows": "P − Y" if n else "p − y",
    }
    for layout, line in expected.items():
        assert line in str(check(classifier(y, n), layout))


@pytest.mark.parametrize(
    ("loss", "error"),
    [
        (nn.kl_divergence, "−(d / Y)ᵀ"),
        (nn.binary_kl_divergence, "((1 − d) / (1 − Y) − d / Y)ᵀ"),
        (nn.l2_divergence, "(Y − d)ᵀ"),
    ],
)
def test_a_divergence_has_the_slope_of_the_lecture(loss: Any, error: str) -> None:
    assert re.search(
        rf"∇_Y = (\(1/2\) )?{re.escape(error)} ", str(derivation(output(loss), layout="cmu"))
    )
    assert " if " not in str(derivation(output(loss)))


def output(loss: Callable[..., Tensor]) -> Tensor:
    return loss(autograd.softmax(affine()), Y)


def test_a_case_stays_where_it_occurs() -> None:
    z = Tensor([[800.0, 0.0], [1.0, 0.0]], "z")
    d = check(nn.kl_divergence(autograd.softmax(z), [[1.0, 0.0], [1.0, 0.0]]), "rows")
    assert "(1 if d = 0 else P)" in str(d).replace("Y", "d")


@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_a_loss_of_logits_stays_whole_where_its_parts_have_no_numbers(scale: float) -> None:
    for loss in (nn.cross_entropy, nn.binary_cross_entropy_with_logits):
        d = check(loss(autograd.linear(X, Tensor(A * scale, "W")), Y), "cmu")
        assert ("∇_Y" in str(d)) == (scale == 1.0)


def test_without_gradients_around_it_a_loss_is_taken_apart_all_the_same() -> None:
    root = classifier(Y, 5)
    with autograd.no_grad():
        assert "J_Y(z₂)" in str(derivation(root, layout="cmu"))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("graph", MATRICES)
def test_no_two_tensors_have_the_same_letter(graph: str, layout: str) -> None:
    lines = derivation(MATRICES[graph](), layout=layout).lines
    named = [line.text.split(" = ")[0] for line in lines if line.section == "Forward"]
    assert len(set(named)) == len(named)
    pythons = [line.name for line in lines if line.section == "Forward"]
    assert len(set(pythons)) == len(pythons)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_letters_of_a_layout_give_way_to_those_of_the_user(layout: str) -> None:
    z = autograd.linear(Tensor(X, "y1", requires_grad=False), Tensor(A, "Y"), Tensor(B, "p"))
    z.name = "d"
    h = autograd.tanh(z)
    out = autograd.linear(h, Tensor(np.eye(2), "g"), Tensor(B, "z"))
    out.name = "S"
    loss = nn.cross_entropy(out, Tensor(Y, "h", requires_grad=False))
    text = str(check(loss, layout))
    assert set(derivation(loss, layout=layout).results) == {"Y", "p", "g_", "z"}
    lefts = re.findall(r"^  (\S+) = ", text.split("Backward")[0], flags=re.MULTILINE)
    assert {"d", "S"} <= set(lefts)
    assert not set(lefts) & {"y₁", "Y", "p", "g", "z", "h"}
    assert len(set(lefts)) == len(lefts)
    assert not re.search(r"^  [gG] = ", text, flags=re.MULTILINE) or layout == "columns"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "graph",
    [
        *("two layers", "KL divergence", "binary cross-entropy", "vectors", "class indices"),
        *("two batch norms", "batch norm by hand"),
    ],
)
def test_a_line_with_the_other_sign_gives_other_gradients(graph: str, layout: str) -> None:
    d = derivation(MATRICES[graph](), layout=layout)
    right = d.gradients()
    idle = {d.results[name] for name, x in right.items() if np.allclose(x, 0, atol=1e-12)}
    for i, line in enumerate(d.lines):
        if line.name in idle:  # a bias before a normalisation
            continue
        wrong = replace(line, python=f"-({line.python})")
        lines = [*d.lines[:i], wrong, *d.lines[i + 1 :]]
        gradients = replace(d, lines=lines).gradients()
        assert not all(np.allclose(gradients[name], x) for name, x in right.items()), line


def test_batch_normalisation_has_the_three_lines_of_dd2424() -> None:
    d = derivation(by_hand(), layout="dd2424")
    lines = [re.sub(r"    \(.*\)$", "", line.text) for line in d.lines]
    assert lines == [
        "μ = (1/n) Σᵢ sᵢ",
        "v = (1/n) Σᵢ (sᵢ − μ)²",
        "V_b = diag(v + ε)",
        "g = wᵀ",
        "∂J/∂v = −(1/2) Σᵢ gᵢ V_b^(−3/2) diag(sᵢ − μ)",
        "∂J/∂μ = −Σᵢ gᵢ V_b^(−1/2)",
        "∂J/∂s = g V_b^(−1/2) + (2/n) ∂J/∂v diag(s − μ) + (1/n) ∂J/∂μ",
    ]
    assert "ε = 0.001" in str(d)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_moments_cotangents_are_those_of_the_lecture(layout: str) -> None:
    """By v and by μ as variables of ŝ = (s − μ) / √(v + ε), from differences."""
    eps, w = 1e-3, np.arange(15.0).reshape(5, 3)
    d = derivation(by_hand(), layout=layout)
    scope: dict[str, Any] = {"np": np, "autograd": autograd, **d.names}
    for line in d.lines:
        scope[line.name] = eval(line.python, scope)
    mu, v = X.mean(axis=0), X.var(axis=0)

    def cost(mu: Any, v: Any) -> Any:  # of each feature by itself
        return ((X - mu) / np.sqrt(v + eps) * w).sum(axis=0)

    h = 1e-6
    by_mu = (cost(mu + h, v) - cost(mu - h, v)) / (2 * h)
    by_v = (cost(mu, v + h) - cost(mu, v - h)) / (2 * h)
    np.testing.assert_allclose(np.ravel(scope["G_μ"]), by_mu, rtol=1e-6)
    np.testing.assert_allclose(np.ravel(scope["G_v"]), by_v, rtol=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layers_around_a_normalisation_are_numbered_as_if_it_were_none(layout: str) -> None:
    results = derivation(two_norms(), layout=layout).results
    assert set(results) == {
        *("W1", "b1", "W2", "b2", "W3", "b3", "gamma1", "beta1", "gamma2", "beta2")
    }


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("graph", MATRICES)
def test_mathematics_is_not_numpy(graph: str, layout: str) -> None:
    for line in derivation(MATRICES[graph](), layout=layout).lines:
        assert not re.search("reshape|broadcast|batch_norm", line.text + line.latex), line


def test_something_between_the_moments_and_the_output_is_no_normalisation() -> None:
    s = Tensor(X, "s")
    mu = s.mean(axis=0)
    v = autograd.square(s - mu).mean(axis=0)
    normal = (s - mu) / autograd.sqrt(v + 1e-3)
    for extra in (mu, v, s):
        text = str(check((normal * Y[:, :1]).sum() + extra.sum(), "rows"))
        assert ("V_b" in text) == (extra is s)
    assert "V_b" not in str(derivation(normal.sum(), wrt=[v, s]))


def test_only_cmu_transposes_a_weight() -> None:
    assert all(derivation(two_layers(), layout=x).transposed == set() for x in LAYOUTS[:3])


@pytest.mark.parametrize(
    ("loss", "error"),
    [
        (lambda z, y: nn.binary_cross_entropy(autograd.sigmoid(z), y), "H − Y"),
        (nn.binary_cross_entropy_with_logits, "σ(S) − Y"),
    ],
)
@pytest.mark.parametrize("targets", [Y, Y * 0.8 + 0.1, np.ones((5, 2))])
def test_sigmoid_and_binary_cross_entropy_collapse_to_the_error(
    loss: Callable[..., Tensor], error: str, targets: np.ndarray
) -> None:
    z = affine()
    root = loss(z, targets)
    text = str(derivation(root))
    assert f"∂L/∂S = G_S = (1/(2n)) ({error})" in text
    assert "G_V" not in text
    for layout in LAYOUTS:
        check(root, layout)


@pytest.mark.parametrize(
    ("layout", "line"),
    [
        ("rows", "∂L/∂S = G_S = (1/n) (P − Y)"),
        ("dd2424", "g = −(y − p)ᵀ"),
        ("columns", "G = −(Y − P)"),
        ("cmu", "∇_z = ∇_Y J_Y(z) = (Y − d)ᵀ"),
    ],
)
def test_class_indices_are_written_as_the_distributions_they_stand_for(
    layout: str, line: str
) -> None:
    d = derivation(nn.cross_entropy(affine(), LABELS), layout=layout)
    assert line in str(d)
    named = d.names[{"dd2424": "y", "cmu": "d"}.get(layout, "Y")]
    one_hot = named.T if layout == "columns" else np.reshape(named, Y.shape)
    np.testing.assert_array_equal(one_hot, Y)


def test_no_function_is_printed_or_called_again() -> None:
    root = training()
    d = derivation(root)
    assert "Ŝ = (S₁ − μ_b) V_b^(−1/2)    (5 × 4)" in str(d)
    assert "H₂ = H₁ ⊙ M" in str(d)
    for text in (str(d), d.latex, d.python, autograd.draw(root).svg):
        assert not re.search("functools|<function|bound method|track", text)
    assert "random" not in d.python
    for step in autograd.forward_steps(root):
        assert "<" not in step.text()


def test_a_course_of_one_instance_has_no_power_of_a_sum_over_instances() -> None:
    with pytest.raises(ValueError, match="cannot write a sum over instances, of which it sees one"):
        derivation(autograd.square(affine().sum()), layout="dd2424")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("graph", MATRICES)
def test_no_line_only_repeats_a_cotangent(graph: str, layout: str) -> None:
    lines = derivation(MATRICES[graph](), layout=layout).lines
    assert [line.text for line in lines if re.match(r"(\S+) = \1 {4}", line.text)] == []


def test_of_one_instance_the_gradient_of_a_weight_is_an_outer_product() -> None:
    expected = {
        "rows": "∂J/∂W = G_s xᵀ",
        "dd2424": "∂J/∂W = gᵀ xᵀ",
        "columns": "∂J/∂W = G xᵀ",
        "cmu": "∇_W = x ∇_z",
    }
    loss = vectors()
    loss.name = "J"
    for layout, line in expected.items():
        text = str(derivation(loss, layout=layout))
        assert line in text
        assert "reshape" not in text


def test_the_users_names_are_used() -> None:
    root = autograd.linear(Tensor(X, "data"), Tensor(A, "theta"), Tensor(B, "offset")).sum()
    d = derivation(root)
    assert list(d.results) == ["data", "theta", "offset"]
    assert r"\theta" in d.latex


def test_wrt_leaves_the_rest_out() -> None:
    root = two_layers()
    (first, *_) = [x for x in autograd.topological_order(root) if x.is_leaf]
    d = derivation(root, wrt=first)
    assert list(d.results) == ["W1"]
    assert "∂L/∂b⁽¹⁾" not in str(d)
    root.backward()
    np.testing.assert_allclose(d.gradients()["W1"], first.grad)


def test_nothing_is_written_into_the_graph() -> None:
    root = two_layers()
    before = [(x.name, x.grad) for x in autograd.topological_order(root)]
    for layout in LAYOUTS:
        str(derivation(root, layout=layout))
    assert [(x.name, x.grad) for x in autograd.topological_order(root)] == before


def test_the_program_runs_by_itself() -> None:
    d = derivation(two_layers(), layout="columns")
    scope: dict[str, Any] = {"np": np, "autograd": autograd, **d.names}
    exec(d.python, scope)
    for name, result in d.results.items():
        np.testing.assert_array_equal(scope[result], d.evaluate()[name])


# --- LaTeX ------------------------------------------------------------------------------------------

COMMANDS = (
    "aligned begin end frac partial text textbf top odot cdot operatorname left right mathbf underset "
    "lambda nabla sum quad lt le gt ge ne ln tanh sigma exp sqrt times mathbb land lor infty theta "
    "cosh sinh cos sin max min dots cases pi Phi leftarrow eta hat tilde mu epsilon gamma beta"
)
KNOWN = set(re.findall("[A-Za-z]+", COMMANDS))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("graph", MATRICES)
def test_the_latex_is_balanced_and_of_commands_that_katex_knows(graph: str, layout: str) -> None:
    latex = derivation(MATRICES[graph](), layout=layout).latex
    depth = 0
    for c in re.sub(r"\\.", "", latex):
        depth += (c == "{") - (c == "}")
        assert depth >= 0
    assert depth == 0
    sides = [len(re.findall(rf"\\{side}(?![a-z])", latex)) for side in ("left", "right")]
    assert sides[0] == sides[1]
    commands = set(re.findall(r"\\([A-Za-z]+)", latex))
    assert commands <= KNOWN, commands - KNOWN
    assert r"\begin{aligned}" in latex


def test_a_notebook_gets_latex_and_a_terminal_gets_text() -> None:
    d = derivation(two_layers())
    bundle = d._repr_mimebundle_()
    assert bundle["text/latex"].startswith("\\begin{align*}")
    assert "<math" in bundle["text/html"]
    assert bundle["text/plain"] == str(d) == repr(d)
    assert d._repr_latex_() == bundle["text/latex"]
    assert r"\underset{2 \times 4}" in d.latex
