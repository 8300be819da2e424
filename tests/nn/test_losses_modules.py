"""Losses as modules: the functions with their options, under PyTorch's names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor

rng = np.random.default_rng(0)
LOGITS = rng.normal(size=(5, 4))
CLASSES = np.array([0, 3, 1, 1, 2])
Y = rng.dirichlet(np.ones(4), size=5)
D = rng.dirichlet(np.ones(4), size=5)
SIGNS = np.where(rng.random((5, 4)) < 0.5, -1, 1)

MODULES: dict[type[nn.losses.Loss], tuple[Any, Any, Any]] = {
    nn.L2Divergence: (nn.l2_divergence, LOGITS, D),
    nn.MSELoss: (nn.mse, LOGITS, D),
    nn.L1Loss: (nn.l1, LOGITS, D),
    nn.HuberLoss: (nn.huber, LOGITS, D),
    nn.CrossEntropyLoss: (nn.cross_entropy, LOGITS, CLASSES),
    nn.KLDivergence: (nn.kl_divergence, Y, D),
    nn.KLDivergenceWithLogits: (nn.kl_divergence_with_logits, LOGITS, D),
    nn.BCELoss: (nn.binary_cross_entropy, Y, D),
    nn.BCEWithLogitsLoss: (nn.binary_cross_entropy_with_logits, LOGITS, D),
    nn.BinaryKLDivergence: (nn.binary_kl_divergence, Y, D),
    nn.BinaryKLDivergenceWithLogits: (nn.binary_kl_divergence_with_logits, LOGITS, D),
    nn.HingeLoss: (nn.hinge, LOGITS, SIGNS),
    nn.PerceptronLoss: (nn.perceptron_loss, LOGITS, SIGNS),
}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_its_function(module: Any, reduction: str) -> None:
    function, prediction, target = MODULES[module]
    loss = module(reduction=reduction)
    assert np.array_equal(loss(prediction, target), function(prediction, target, reduction))
    assert f"reduction={reduction!r}" in repr(loss)
    assert loss.parameters() == []
    with pytest.raises(ValueError, match="reduction is 'mean', 'sum' or 'none', got 'average'"):
        module(reduction="average")


def test_every_loss_of_pytorchs_name_has_pytorchs_default() -> None:
    torch = pytest.importorskip("torch")
    for module, (_, prediction, target) in MODULES.items():
        theirs = getattr(torch.nn, module.__name__, None)
        if theirs is not None:
            expected = theirs()(torch.tensor(prediction), torch.tensor(target)).item()
            assert math.isclose(module()(Tensor(prediction), target).item(), expected)


def test_options_reach_the_function() -> None:
    assert nn.HuberLoss(delta=0.3)(LOGITS, D) == nn.huber(LOGITS, D, delta=0.3)
    assert "delta=0.3" in repr(nn.HuberLoss(delta=0.3))
    options: dict[str, Any] = {"weight": [1, 2, 3, 4], "ignore_index": 1, "label_smoothing": 0.1}
    assert nn.CrossEntropyLoss(**options)(LOGITS, CLASSES) == nn.cross_entropy(
        LOGITS, CLASSES, **options
    )
    assert repr(nn.CrossEntropyLoss(**options)) == (
        "CrossEntropyLoss(reduction='mean', weight of 4 classes, ignore_index=1, label_smoothing=0.1)"
    )
    s = Tensor([0.0])
    nn.PerceptronLoss(at_zero=1.0)(s, [1]).backward()
    assert s.grad.tolist() == [-1.0]
    assert repr(nn.PerceptronLoss(at_zero=1)) == "PerceptronLoss(reduction='mean', at_zero=1.0)"
    assert repr(nn.MultiMarginLoss(2)) == "MultiMarginLoss(reduction='mean', p=2, margin=1.0)"


def test_a_wrong_option_is_an_error_where_the_loss_is_made() -> None:
    makes: list[tuple[Any, type[Exception], str]] = [
        (
            lambda: nn.CrossEntropyLoss("sum"),
            TypeError,
            "weight of CrossEntropyLoss is made of real",
        ),
        (lambda: nn.CrossEntropyLoss([1.0, -1.0]), ValueError, r"0 or more, got -1 at \[1\]"),
        (lambda: nn.BCELoss("sum"), TypeError, "weight of BCELoss is made of real numbers"),
        (
            lambda: nn.BCEWithLogitsLoss(pos_weight=-1),
            ValueError,
            "pos_weight of BCEWithLogitsLoss",
        ),
        (lambda: nn.MultiMarginLoss(p=3), ValueError, "1 or 2, got 3"),
        (lambda: nn.MultiMarginLoss(margin="wide"), TypeError, "margin of MultiMarginLoss"),  # type: ignore[arg-type]
        (lambda: nn.PerceptronLoss(at_zero=2), ValueError, "from 0 to 1, got 2"),
        (lambda: nn.PerceptronLoss(at_zero="never"), ValueError, "'mistake', got 'never'"),
    ]
    for make, error, message in makes:
        with pytest.raises(error, match=message):
            make()


def test_a_list_of_tensors_is_refused_with_what_joins_them() -> None:
    with pytest.raises(TypeError, match=r"prediction of mse: .*autograd\.stack joins Tensors"):
        nn.mse([Tensor(1.0), Tensor(2.0)], [1.0, 2.0])


@pytest.mark.filterwarnings("ignore:reduction. 'mean'")  # PyTorch advises batchmean
@pytest.mark.parametrize("reduction", ["mean", "sum", "none", "batchmean"])
@pytest.mark.parametrize("log_target", [False, True])
def test_kl_div_loss_equals_pytorchs(log_target: bool, reduction: str) -> None:
    torch = pytest.importorskip("torch")
    d = np.log(D) if log_target else D
    x, theirs = Tensor(np.log(Y)), torch.tensor(np.log(Y), requires_grad=True)
    out = nn.KLDivLoss(reduction, log_target)(x, d)
    expected = torch.nn.KLDivLoss(reduction=reduction, log_target=log_target)(
        theirs, torch.tensor(d)
    )
    assert np.allclose(out.numpy(), expected.detach().numpy(), atol=1e-15)
    autograd.sum(out).backward()
    expected.sum().backward()
    assert np.allclose(x.grad, theirs.grad.numpy(), atol=1e-15)


def test_kl_div_loss_differs_from_the_divergence_as_its_docstring_says() -> None:
    assert math.isclose(nn.KLDivLoss("batchmean")(np.log(Y), D), nn.kl_divergence(Y, D))
    assert math.isclose(4 * nn.KLDivLoss()(np.log(Y), D), nn.kl_divergence(Y, D))


def test_an_impossible_class_contributes_nothing_to_kl_div_loss() -> None:
    for target, log_target in ([0.0, 1.0], False), ([-math.inf, 0.0], True):
        x = Tensor([-math.inf, 0.0])
        out = nn.KLDivLoss("sum", log_target)(x, target)
        out.backward()
        assert out.item() == 0
        assert (x.grad == [0.0, -1.0]).all()


def test_kl_div_loss_names_a_target_below_0() -> None:
    with pytest.raises(ValueError, match=r"got -0.7 at \[1\] \(logarithms need log_target=True\)"):
        nn.KLDivLoss()(np.log([0.5, 0.5]), [0.5, -0.7])
    with pytest.raises(ValueError, match="batchmean expected a batch"):
        nn.KLDivLoss("batchmean")(-1.0, 0.5)


def test_a_loss_sits_in_a_module_without_changing_its_parameters() -> None:
    class Task(nn.Module):
        def __init__(self) -> None:
            self.model = nn.Linear(4, 4, rng=0)
            self.loss = nn.CrossEntropyLoss(weight=np.ones(4))

        def forward(self, x: Any, c: Any) -> Any:
            return self.loss(self.model(x), c)

    task = Task()
    assert [name for name, _ in task.named_parameters()] == ["model.weight", "model.bias"]
    out = task.to_scalars()(LOGITS, CLASSES)
    assert abs(out.data - task(LOGITS, CLASSES).item()) < 1e-12
