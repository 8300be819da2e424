"""Module: finding parameters, naming them, scopes, modes, and numbers in and out."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value
from nn import module


class Tree(nn.Module):
    """Parameters and modules in every kind of container."""

    def __init__(self) -> None:
        self.w = Tensor([1.0, 2.0])
        self.pair = (nn.Linear(2, 3, rng=0), Tensor(1.0))
        self.table = {"a": nn.Linear(3, 1, bias=False, rng=1), "b": [Tensor([[4.0]])]}
        self.array = autograd.values([[1.0, 2.0]], "v")
        self.constant = Tensor([5.0], requires_grad=False)
        self.again = self.w
        self.number, self.text, self.nothing = 3, "weight", None

    def forward(self, x: Any) -> Any:
        return self.table["a"](self.pair[0](self.w * x))


class Child(nn.Module):
    """A module that knows its parent: a cycle of attributes."""

    def __init__(self, parent: Any) -> None:
        self.parent = parent
        self.w = Tensor([1.0])


class Parent(nn.Module):
    def __init__(self) -> None:
        self.child = Child(self)


class Calls(nn.Module):
    """Runs what it holds, however it is held."""

    def __init__(self, *modules: nn.Module) -> None:
        self.parts = list(modules)

    def forward(self, x: Any) -> Any:
        for part in self.parts:
            x = part(x)
        return x


def scopes(node: Any) -> set[str]:
    """The paths of the scopes of the nodes that were computed."""
    return {
        each.scope.path
        for each in autograd.topological_order(node)
        if not each.is_leaf and each.scope is not None
    }


# --- parameters --------------------------------------------


def test_parameters_are_found_in_attributes_lists_tuples_dicts_and_arrays() -> None:
    assert [name for name, _ in Tree().named_parameters()] == [
        "w",
        "pair.0.weight",
        "pair.0.bias",
        "pair.1",
        "table.a.weight",
        "table.b.0",
        "array[0, 0]",
        "array[0, 1]",
    ]


def test_a_shared_parameter_is_yielded_once() -> None:
    layer = nn.Linear(2, 2, rng=0)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    assert [name for name, _ in model.named_parameters()] == ["layers.0.weight", "layers.0.bias"]
    shared = autograd.values([1.0, 2.0])
    model = Calls()
    model.parts = [shared, shared[::-1], shared[0]]  # type: ignore[assignment]
    assert [name for name, _ in model.named_parameters()] == ["parts.0[0]", "parts.0[1]"]


def test_results_and_constants_are_not_parameters() -> None:
    model = nn.Linear(1, 1, rng=0)
    model.last = model([2.0])  # type: ignore[attr-defined]
    model.fixed = Tensor([1.0], requires_grad=False)  # type: ignore[attr-defined]
    assert [name for name, _ in model.named_parameters()] == ["weight", "bias"]


def test_modules_are_found_once_and_named_by_path_the_outermost_by_nothing() -> None:
    assert [name for name, _ in Tree().named_modules()] == ["", "pair.0", "table.a"]
    assert [type(module).__name__ for module in Tree().modules()] == ["Tree", "Linear", "Linear"]


def test_a_child_that_knows_its_parent_does_not_send_the_walk_in_circles() -> None:
    parent = Parent()
    assert [name for name, _ in parent.named_parameters()] == ["child.w"]
    assert [name for name, _ in parent.child.named_parameters()] == ["w"]


def test_two_parameters_with_one_path_are_refused() -> None:
    model = Calls()
    model.parts = {1: Tensor(1.0), "1": Tensor(2.0)}  # type: ignore[assignment]
    with pytest.raises(ValueError, match=r"parts\.1"):
        model.state_dict()


def test_a_module_names_its_parameters_by_path_when_it_is_built() -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    assert [p.name for p in model.parameters()] == [name for name, _ in model.named_parameters()]
    outer = Calls(model)
    assert outer.parameters()[0].name == "parts.0.layers.0.weight"


def test_a_name_that_the_user_chose_stays() -> None:
    model = Calls()
    w = Tensor([1.0], "θ")
    model.parts = [w]  # type: ignore[list-item]
    assert model.name_parameters() is model
    assert w.name == "θ"
    mlp = nn.MLP(2, [3, 1], rng=0)
    assert mlp[2:].parameters()[0].name == "layers.2.weight"


def test_a_module_without_a_forward_says_so() -> None:
    with pytest.raises(TypeError, match="Parent defines no forward"):
        Parent()(1.0)


# --- scopes --------------------------------------------


def test_nodes_know_the_module_they_were_made_in() -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    y = model([1.0, 2.0])
    assert scopes(y) == {"layers.0", "layers.1", "layers.2"}
    assert (y.scope.kind, y.scope.parent.kind, y.scope.parent.path) == ("Linear", "MLP", "")
    assert (y + 1).scope is None


def test_nested_paths_count_from_the_outermost_module_that_is_called() -> None:
    inner = nn.Sequential(nn.Linear(2, 2, rng=0))
    outer = Calls(inner, nn.Sequential(inner, nn.Tanh()))
    assert scopes(outer([1.0, 2.0])) == {
        "parts.0.layers.0",
        # Called by the second, `inner` goes by its place there.
        "parts.1.layers.0.layers.0",
        "parts.1.layers.1",
    }
    assert scopes(inner([1.0, 2.0])) == {"layers.0"}


def test_paths_stay_right_when_modules_are_moved() -> None:
    a, b, c = nn.Tanh(), nn.Sigmoid(), nn.ReLU()
    model = Calls(a, b)
    x = Tensor([1.0])
    kinds = {}

    def places() -> dict[str, str]:
        found = {}
        for node in autograd.topological_order(model(x)):
            if node.scope is not None:
                found[node.scope.path] = node.scope.kind
        return found

    kinds = places()
    assert kinds == {"parts.0": "Tanh", "parts.1": "Sigmoid"}
    model.parts.reverse()
    assert places() == {"parts.0": "Sigmoid", "parts.1": "Tanh"}
    model.parts = [c, *model.parts]
    assert places() == {"parts.0": "ReLU", "parts.1": "Sigmoid", "parts.2": "Tanh"}
    model.parts.pop(0)
    assert places() == {"parts.0": "Sigmoid", "parts.1": "Tanh"}
    del model.parts[0]
    assert places() == {"parts.0": "Tanh"}


def test_a_grandchild_called_past_its_parent_has_its_full_path() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.body = nn.Sequential(nn.Tanh())

        def forward(self, x: Any) -> Any:
            return self.body.layers[0](x)

    assert scopes(Net()(Tensor([1.0]))) == {"body.layers.0"}


def test_a_module_that_no_attribute_holds_goes_by_its_class() -> None:
    stranger = nn.Tanh()

    class Net(nn.Module):
        def forward(self, x: Any) -> Any:
            return stranger(x)

    assert scopes(Net()(Tensor([1.0]))) == {"Tanh"}


def test_a_hand_made_scope_comes_before_the_path() -> None:
    model = nn.Sequential(nn.Tanh())
    with autograd.Scope("encoder", "Block"):
        y = model(Tensor([1.0]))
    assert y.scope.path == "encoder.layers.0"


def test_the_scope_ends_with_the_call_even_when_it_fails() -> None:
    model = nn.Sequential(nn.Linear(2, 2, rng=0))
    with pytest.raises(ValueError, match="Linear expected"):
        model([1.0])
    assert Tensor([1.0]).exp().scope is None


def test_a_model_and_its_graph_are_freed_without_the_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        model = nn.MLP(2, [3, 1], rng=0)
        y = model([1.0, 2.0])
        model.last = y  # type: ignore[attr-defined]
        y.backward()
        node, kept = weakref.ref(y), weakref.ref(model)
        del model, y
        assert node() is None
        assert kept() is None
    finally:
        gc.enable()


def test_a_graph_does_not_keep_its_model_alive() -> None:
    model = nn.Sequential(nn.Tanh())
    y = model(Tensor([1.0]))
    kept = weakref.ref(model)
    del model
    assert kept() is None
    assert y.scope.path == "layers.0"


def test_nodes_carry_the_line_that_called_the_layer() -> None:
    y = nn.Sequential(nn.Linear(1, 1, rng=0))([1.0])  # this line
    assert y.site.text.endswith("# this line")


# --- modes and gradients --------------------------------------------


def test_train_and_eval_reach_every_module_and_return_the_first() -> None:
    model = Tree()
    assert model.training
    assert model.eval() is model
    assert [module.training for module in model.modules()] == [False] * 3
    assert model.train() is model
    assert all(module.training for module in model.modules())
    assert not model.train(False).training


def test_zero_grad_clears_every_gradient() -> None:
    model = Tree()
    model([1.0, 2.0]).backward()
    assert model.w.grad is not None
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


# --- numbers in and out --------------------------------------------


def test_a_state_dict_goes_out_and_comes_back() -> None:
    model, other = nn.MLP(2, [3, 1], rng=0), nn.MLP(2, [3, 1], rng=1)
    state = model.state_dict()
    assert list(state) == ["layers.0.weight", "layers.0.bias", "layers.2.weight", "layers.2.bias"]
    assert all(type(array) is np.ndarray for array in state.values())
    other.load_state_dict(state)
    assert (other([1.0, 2.0]).data == model([1.0, 2.0]).data).all()


def test_a_state_dict_is_a_copy_both_ways() -> None:
    model = nn.Linear(2, 1, rng=0)
    state = model.state_dict()
    state["weight"][:] = 7.0
    assert not (model.weight.data == 7.0).any()
    model.load_state_dict(state)
    state["weight"][:] = 8.0
    assert (model.weight.data == 7.0).all()


def test_loading_makes_older_graphs_stale() -> None:
    model = nn.Linear(2, 1, rng=0)
    y = model([1.0, 2.0])
    y2 = y * y
    model.load_state_dict(model.state_dict())
    with pytest.raises(autograd.StaleGraphError, match="weight"):
        y2.backward()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"layers.0.bias": None}, ValueError, r"missing layers\.0\.bias; unexpected nothing"),
        ({"extra": np.zeros(1)}, ValueError, r"unexpected extra; expected layers\.0\.weight"),
        (
            {"layers.2.weight": np.zeros((2, 3))},
            ValueError,
            r"layers\.2\.weight has shape \(1, 3\), got \(2, 3\)",
        ),
        ({"layers.2.bias": np.zeros(1, complex)}, TypeError, "bias is float64, got complex128"),
        ({"layers.2.bias": np.array(["a"])}, TypeError, "bias is float64, got <U1"),
    ],
)
@pytest.mark.parametrize("scalars", [False, True])
def test_a_state_that_does_not_fit_changes_nothing(
    change: dict[str, Any], error: type[Exception], message: str, scalars: bool
) -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    model = model.to_scalars() if scalars else model
    before = model.state_dict()
    state = {name: array + 1 for name, array in before.items()} | change
    state = {name: array for name, array in state.items() if array is not None}
    with pytest.raises(error, match=message):
        model.load_state_dict(state)
    after = model.state_dict()
    assert all((after[name] == before[name]).all() for name in before)


def test_a_loss_of_precision_is_refused_and_a_gain_is_not() -> None:
    double, single = nn.Linear(2, 1, rng=0), nn.Linear(2, 1, rng=1, dtype=np.float32)
    with pytest.raises(TypeError, match="weight is float32, got float64"):
        single.load_state_dict(double.state_dict())
    double.load_state_dict(single.state_dict())
    assert double.weight.data.dtype == np.float64
    assert (double.weight.data == single.weight.data).all()
    with pytest.raises(TypeError, match="takes a dict"):
        double.load_state_dict([1.0])  # type: ignore[arg-type]


def test_copies_and_pickles_are_independent_and_keep_sharing() -> None:
    layer = nn.Linear(2, 2, rng=0)
    model = nn.Sequential(layer, nn.Tanh(), layer)
    y = model([1.0, 2.0])
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert (other([1.0, 2.0]).data == y.data).all()
        assert other.layers[0] is other.layers[2]
        assert [p.name for p in other.parameters()] == ["layers.0.weight", "layers.0.bias"]
        assert scopes(other([1.0, 2.0])) == {"layers.0", "layers.1"}
        other.layers[0].weight.data += 1.0
        assert (model([1.0, 2.0]).data == y.data).all()


# --- networks of Values --------------------------------------------


@pytest.mark.parametrize(
    "activation", ["relu", "tanh", "sigmoid", "softplus", "leaky_relu", "identity"]
)
def test_a_scalar_copy_has_the_same_outputs_and_gradients(activation: str) -> None:
    model = nn.MLP(3, [4, 4, 2], activation=activation, output_activation="softmax", rng=0)
    scalars = model.to_scalars()
    x = np.random.default_rng(1).normal(size=(5, 3))
    seed = np.random.default_rng(2).normal(size=(5, 2))
    y, v = model(x), scalars(x)
    (y * seed).sum().backward()
    (v * seed).sum().backward()
    assert abs(y.data - v.astype(float)).max() < 1e-12
    for name, p in model.named_parameters():
        module, attribute = name.rsplit(".", 1)
        array = getattr(dict(scalars.named_modules())[module], attribute)
        grads = np.array([each.grad for each in array.flat]).reshape(array.shape)
        assert abs(p.grad - grads).max() < 1e-12


def test_a_scalar_copy_names_each_value_and_is_independent() -> None:
    model = nn.MLP(2, [4, 1], rng=0)
    scalars = model.to_scalars()
    names = [name for name, _ in scalars.named_parameters()]
    assert "layers.0.weight[3, 1]" in names
    assert len(names) == 17
    assert all(p.name == name and isinstance(p, Value) for name, p in scalars.named_parameters())
    scalars.parameters()[0].data += 1.0
    assert model.state_dict()["layers.0.weight"][0, 0] != scalars.parameters()[0].data


def test_a_scalar_copy_has_the_tensor_networks_state_dict() -> None:
    model, other = nn.MLP(2, [4, 1], rng=0), nn.MLP(2, [4, 1], rng=1).to_scalars()
    other.load_state_dict(model.state_dict())
    for name, array in other.state_dict().items():
        assert array.dtype == np.float64
        assert (array == model.state_dict()[name]).all()


def test_a_scalar_copy_keeps_what_is_shared_shared() -> None:
    layer = nn.Linear(2, 2, rng=0)
    scalars = nn.Sequential(layer, layer).to_scalars()
    assert scalars.layers[0] is scalars.layers[1]
    assert len(scalars.parameters()) == 6


def test_a_scalar_network_takes_floats_values_lists_and_arrays() -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    scalars, y = model.to_scalars(), model([0.5, -1.0]).item()
    x = [Value(0.5), Value(-1.0)]
    for given in ([0.5, -1.0], np.array([0.5, -1.0]), x, np.array(x), [0.5, Value(-1.0)]):
        (v,) = scalars(given)
        assert abs(v.data - y) < 1e-12
    v.backward()
    with pytest.raises(TypeError, match="Values"):
        scalars(Tensor([0.5, -1.0]))


def test_a_scalar_copy_can_be_copied_and_pickled() -> None:
    scalars = nn.MLP(2, [3, 1], rng=0).to_scalars()
    y = scalars([0.5, -1.0])[0].data
    for other in (copy.deepcopy(scalars), pickle.loads(pickle.dumps(scalars))):
        assert other([0.5, -1.0])[0].data == y
        assert other.parameters()[0] is not scalars.parameters()[0]


# --- how it prints --------------------------------------------


def test_a_repr_shows_layers_shapes_and_counts() -> None:
    text = repr(Tree())
    assert text.splitlines()[0] == "Tree(): 18 parameters"
    assert "pair.0: Linear(2, 3)" in text
    assert "weight (3, 2), bias (3,)" in text
    assert "its own" in text
    assert repr(nn.ReLU()) == "ReLU()"
    assert repr(nn.Linear(64, 128, bias=False)) == (
        "Linear(64, 128, bias=False): weight (128, 64); 8,192 parameters"
    )
    assert "337 parameters" in repr(nn.MLP(2, [16, 16, 1]).to_scalars())


def test_the_walk_without_keys_finds_what_the_walk_with_keys_does() -> None:
    models: list[nn.Module] = [Tree(), Parent(), nn.MLP(3, [4, 2], rng=0), nn.BatchNorm1d(3)]
    models += [
        nn.Sequential(Tree(), [nn.Linear(2, 2, rng=0)][0]),
        nn.MLP(2, [2], rng=0).to_scalars(),
    ]
    models[0].last = models[2](np.ones(3))  # type: ignore[attr-defined]  # a result, no parameter
    models[1].shared = models[1].child  # type: ignore[attr-defined]
    for model in models:
        expected = [id(x) for _, x in module.walk(model)]
        assert [id(x) for x in module.below(model)] == expected
        assert len(expected) > 1


@pytest.mark.parametrize("number", [2.0, 3.0])
def test_parameters_are_those_that_lists_dicts_and_arrays_hold_now(number: float) -> None:
    class Held(nn.Module):
        def __init__(self) -> None:
            self.row = [Value(2.0), Value(2.0)]
            self.table = {"a": [Value(2.0)]}
            self.array = autograd.values([2.0, 2.0])

        def forward(self, x: Any) -> Any:
            return x

    for change in (
        lambda held, x: held.row.append(x),
        lambda held, x: held.row.__setitem__(0, x),  # which may be equal to the one before
        lambda held, x: held.table.__setitem__("b", x),
        lambda held, x: held.table["a"].__setitem__(0, x),
        lambda held, x: held.array.__setitem__(0, x),
        lambda held, x: setattr(held, "other", x),
        lambda held, x: held.row.append(Tree()),
    ):
        held, x = Held(), Value(number)
        assert len(held.parameters()) == 5
        change(held, x)
        assert [id(p) for p in held.parameters()] == [id(p) for _, p in held.named_parameters()]
        x.grad = 1.0
        held.zero_grad()
        assert x.grad is None or x not in {*held.parameters()}
        held.row.clear()
        assert [id(p) for p in held.parameters()] == [id(p) for _, p in held.named_parameters()]


def test_a_network_whose_parameters_were_asked_for_goes_with_its_last_name() -> None:
    model = nn.scalar.MLP(2, [3, 1], rng=0)
    model.parameters()
    model([1.0, 2.0]).backward()
    model.zero_grad()
    held = [weakref.ref(model), weakref.ref(model.layers[0].neurons[0].w[0])]
    gc.disable()
    try:
        del model
        assert [each() for each in held] == [None, None]
    finally:
        gc.enable()
