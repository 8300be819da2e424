"""What a failed or unusual call must not do: half a change, a wider dtype, a wrong name."""

from __future__ import annotations

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value


def test_a_state_made_of_the_models_own_parameters_is_loaded_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(3, 3, rng=0), nn.Linear(3, 3, rng=1))
    first, second = (layer.weight.data.copy() for layer in model.layers)
    state = dict(model.named_parameters())
    names = ("layers.0.weight", "layers.1.weight")
    state[names[0]], state[names[1]] = state[names[1]], state[names[0]]
    model.load_state_dict(state)
    np.testing.assert_array_equal(model.layers[0].weight.data, second)
    np.testing.assert_array_equal(model.layers[1].weight.data, first)


def test_a_gradient_of_the_wrong_shape_stops_a_step_before_it_begins() -> None:
    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 4.0], "b")
    optimizer = nn.optim.SGD([a, b], 0.1, momentum=0.9)
    a.grad, b.grad = np.ones(2), np.ones(2)
    b.grad.resize(3)  # which nobody can be kept from
    with pytest.raises((TypeError, ValueError), match=r"the gradient of 'b'"):
        optimizer.step()
    assert a.data.tolist() == [1.0, 2.0]
    assert b.data.tolist() == [3.0, 4.0]


def test_float32_models_stay_float32_with_targets_of_lists_and_whole_numbers() -> None:
    model = nn.MLP(3, [4, 3], rng=0, dtype=np.float32)
    y = model(np.ones((4, 3), np.float32))
    rows = [[0.25, 0.25, 0.5]] * 4
    assert nn.mse(y, rows).dtype == np.float32
    assert nn.l2_divergence(y, rows).dtype == np.float32
    assert nn.cross_entropy(y, rows).dtype == np.float32
    assert nn.cross_entropy(y, np.eye(3, dtype=int)[[0, 1, 2, 1]]).dtype == np.float32
    assert nn.cross_entropy(y, [0, 1, 2, 1]).dtype == np.float32
    assert nn.kl_divergence(nn.softmax(y), rows).dtype == np.float32


def test_class_indices_among_many_classes_cost_no_table_of_all_of_them() -> None:
    z = Tensor(np.zeros((2, 50_000)))
    assert nn.cross_entropy(z, [1, 2]).item() == pytest.approx(np.log(50_000))


def test_frozen_arrays_are_not_penalised() -> None:
    class Masked(nn.Module):
        def __init__(self) -> None:
            self.weight = Tensor(np.ones((2, 3)))
            self.mask = Tensor(np.eye(2), requires_grad=False)

    assert nn.regularisers.l2(Masked(), 1.0).item() == 6.0


def test_a_child_that_knows_its_parent_does_not_rename_the_parents_parameters() -> None:
    class Child(nn.Module):
        def __init__(self, parent: nn.Module) -> None:
            self.parent = parent
            self.v = Tensor([3.0])

    class Parent(nn.Module):
        def __init__(self) -> None:
            self.w = Tensor([1.0])
            self.children = [Child(self)]

    model = Parent()
    assert [p.name for p in model.parameters()] == [n for n, _ in model.named_parameters()]
    assert model.w.name == "w"


def test_micrograds_positional_constructor_gets_advice() -> None:
    with pytest.raises(TypeError, match="name, a string"):
        Value(2.0, (), "+")


def test_a_folder_that_cannot_be_written_is_one_line_before_training(
    tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    from nn.__main__ import main

    folder = tmp_path / "out" / "weights.npz"  # type: ignore[operator]
    folder.mkdir(parents=True)
    with pytest.raises(SystemExit) as stopped:
        main(["digits", "--out", str(folder.parent), "--epochs", "1"])
    assert stopped.value.code == 2
    assert "cannot write into" in capsys.readouterr().err
    assert autograd.is_grad_enabled()
