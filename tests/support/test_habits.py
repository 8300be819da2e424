"""Names of other libraries: each ends in an error that says what to write here, and that works."""

from __future__ import annotations

import copy
import inspect
import pickle
import pydoc
import re
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value
from autograd.support.habits import ATTRIBUTES, HABITS, Habit, markdown
from autograd.support.publishing import NOT_CALLED_BY_USERS

MODULES: dict[str, ModuleType] = {
    "autograd": autograd,
    "autograd.engine": autograd.engine,
    **{
        f"nn.{name}": getattr(nn, name)
        for name in (
            *("optim", "schedules", "metrics", "data", "init", "losses", "functional", "inspect"),
            *("regularisers", "scalar", "training", "historic"),
        )
    },
    "nn": nn,
}
# What packages use, and students do not.
TOOLS = (
    "asset",
    "ground",
    "html_page",
    "inert",
    "install_hint",
    "option_advice",
    "publish",
    "register_library",
    "script",
    "topological_order",
    "write_as",
    "write_whole",
)
ROWS = [
    pytest.param(habit, place, id=f"{place}-{habit.names[0]}")
    for habit in HABITS
    for place in habit.places.split()
]


def scene() -> dict[str, Any]:
    """What the advice is about."""
    t = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "t")
    x, y = nn.data.two_moons(20, rng=0)
    model = nn.MLP(2, [2], rng=0)
    (t * t).sum().backward()
    nn.cross_entropy(model(x), y).backward()
    optimizer = nn.optim.SGD(model.parameters(), 0.1)
    history = nn.fit(
        *(nn.MLP(2, [2], rng=0), nn.cross_entropy, (x, y)),
        optimizer="sgd",
        epochs=1,
        progress=False,
    )
    return {
        "history": history,
        "autograd": autograd,
        "autograd.engine": autograd.engine,
        "nn": nn,
        "np": np,
        "Tensor": Tensor,
        "Value": Value,
        "v": Value(2.0, "v"),
        "t": t,
        "u": Tensor(np.ones((2, 3)), "u"),
        "loss": (t * t).sum(),
        "model": model,
        "optimizer": optimizer,
        "x": x,
        "y": y,
        "z": model(x),
    }


def objects() -> dict[str, Any]:
    """One of each kind that answers."""
    found = scene()
    schedule = nn.schedules.StepLR(found["optimizer"], 10)
    return {
        "Value": found["v"],
        "Tensor": found["t"],
        "Module": found["model"],
        "Optimizer": found["optimizer"],
        "LRScheduler": schedule,
        "History": found["history"],
        "Drawing": autograd.draw(found["loss"]),
    }


def public_callables() -> dict[str, Callable[..., Any]]:
    """Every function, class and method that is offered and written in Python."""
    found: dict[str, Callable[..., Any]] = {}
    for place, module in MODULES.items():
        for name in dir(module):
            x = getattr(module, name)
            ours = place != "autograd" or (isinstance(x, FunctionType) and name not in TOOLS)
            if isinstance(x, FunctionType | type) and ours:
                found[f"{place}.{name}"] = x
            if isinstance(x, type) and ours:
                for key, method in inspect.getmembers(x, inspect.isfunction):
                    static = isinstance(inspect.getattr_static(x, key), staticmethod)
                    if not (static or key.startswith("_") or key in NOT_CALLED_BY_USERS):
                        found[f"{place}.{name}.{key}"] = method
    return found


CALLABLES = public_callables()


# --- the table ------------------------------------------------------------------------------------


def test_the_table_is_one_and_long_and_says_nothing_twice() -> None:
    names = [
        (place, name) for habit in HABITS for place in habit.places.split() for name in habit.names
    ]
    assert len(names) > 400
    alone = [each for each in names if each[0] != "option"]
    assert len(set(alone)) == len(alone)
    known = {*ATTRIBUTES, *MODULES, "option", "call"}
    assert {place for place, _ in names} <= known


@pytest.mark.parametrize(("habit", "place"), ROWS)
def test_what_is_advised_works(
    habit: Habit, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert habit.here or habit.note
    if place == "option":
        option = habit.here.removesuffix("=")
        taken = {name for f in CALLABLES.values() for name in parameters_of(f)}
        assert not option or option in taken | {"keepdims", "axis"}
        return
    scope = scene()
    np.savez("w.npz", **scope["model"].state_dict())
    exec(habit.code(place), scope)


def parameters_of(function: Callable[..., Any]) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # a class that is written in C
        return []


@pytest.mark.parametrize(("habit", "place"), ROWS)
def test_a_name_from_elsewhere_is_answered_where_it_is_written(habit: Habit, place: str) -> None:
    if place in ("option", "call"):
        return
    target = MODULES[place] if place in MODULES else objects()[place]
    for name in habit.names:
        with pytest.raises(AttributeError, match=re.escape(habit.code(place) or habit.note)):
            getattr(target, name)
        assert not hasattr(target, name)
        assert getattr(target, name, 7) == 7
        assert name not in dir(target)
        if place in MODULES:
            with pytest.raises(ImportError, match=re.escape(habit.code(place) or habit.note)):
                exec(f"from {place} import {name}", {})
        else:
            assert name not in dir(type(target))
            assert not hasattr(type(target), name)


def test_the_readme_prints_the_table() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert markdown() in readme


# --- attributes -----------------------------------------------------------------------------------


def test_objects_that_answer_are_copied_pickled_and_helped_with_as_before() -> None:
    for kind, x in objects().items():
        if kind != "LRScheduler":
            assert type(copy.copy(x)) is type(copy.deepcopy(x)) is type(x)
            assert type(pickle.loads(pickle.dumps(x))) is type(x)
        with pytest.raises(AttributeError, match="no_such_name"):
            x.no_such_name  # noqa: B018
        for probe in (
            "_repr_html_",
            "_ipython_canary_method_should_not_exist_",
            "__array_struct__",
        ):
            getattr(x, probe, None)
        helped = pydoc.render_doc(type(x), renderer=pydoc.plaintext)
        for habit in HABITS:
            if kind in habit.places.split():
                assert not any(re.search(rf"^ \|  {name}\b", helped, re.M) for name in habit.names)


def test_what_nobody_reads_cannot_be_assigned() -> None:
    found = objects()
    for kind, name in (
        ("Value", "_backward"),
        ("Tensor", "device"),
        ("Optimizer", "learning_rate"),
    ):
        with pytest.raises(AttributeError, match=rf"`{name}`"):
            setattr(found[kind], name, 0.1)


def test_a_module_may_use_the_names_for_its_own_attributes() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.to = nn.Linear(2, 3, rng=0)
            self.device = "cpu"

        def predict(self, x: Any) -> Any:
            return self.to(x)

    net = Net()
    assert net.predict([1.0, 2.0]).shape == (3,)
    assert net.device == "cpu"
    assert "to" in dir(net)
    assert "predict" in dir(net)
    assert [name for name, _ in net.named_parameters()] == ["to.weight", "to.bias"]


def test_what_is_given_in_another_place_than_ours_is_named() -> None:
    found = scene()
    with pytest.raises(TypeError, match=r"got 'v\.png': a picture is saved by draw\(node\)\.save"):
        autograd.draw(found["loss"], "v.png")
    with pytest.raises(TypeError, match=r"takes a model first, .* got ndarray"):
        nn.inspect.decision_boundary(found["x"], found["y"], found["model"])
    with pytest.raises(TypeError, match=r"as nn\.metrics\.accuracy, got 'accuracy'"):
        nn.fit(
            *(found["model"], nn.cross_entropy, (found["x"], found["y"])),
            optimizer="sgd",
            epochs=1,
            metrics=["accuracy"],
        )
    with pytest.raises(TypeError, match=r"Keras's `lr=` is `optimizer=` here"):
        nn.fit(
            *(found["model"], nn.cross_entropy, (found["x"], found["y"])),
            optimizer="sgd",
            epochs=1,
            lr=0.1,  # type: ignore[call-arg]
        )


def test_label_is_micrograds_word_for_name() -> None:
    a = Value(2.0, label="a")
    assert a.name == a.label == "a"
    e = a * 3
    e.label = "e"
    assert e.name == "e"
    assert repr(a) == "Value(2.0, name='a')"
    with pytest.raises(TypeError, match="both were given"):
        Value(2.0, "a", label="a")
    with pytest.raises(TypeError, match="a string"):
        Value(2.0, label=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a string"):
        e.label = 3  # type: ignore[assignment]


# --- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(CALLABLES))
def test_an_option_that_is_unknown_is_answered_and_nothing_runs(name: str) -> None:
    function = CALLABLES[name]
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # what is written in C takes no options
        return
    if any(each.kind is each.VAR_KEYWORD for each in parameters) or issubclass_of_error(function):
        return
    known = [each.name for each in parameters if each.name != "self"]
    with pytest.raises(TypeError, match=r"no_such_option|takes no arguments") as raised:
        function(no_such_option=1)
    assert not known or any(each in str(raised.value) for each in known)
    ours: dict[str, list[str]] = {}  # by a neighbour's word the options that it may mean here
    for habit in HABITS:
        if habit.places == "option" and habit.here.removesuffix("=") in known:
            for theirs in habit.names:
                if theirs not in known:
                    ours.setdefault(theirs, []).append(f"`{habit.here}`")
    for theirs, options in ours.items():
        with pytest.raises(TypeError, match="|".join(options)):
            function(**{theirs: 1})


def issubclass_of_error(x: Any) -> bool:
    return isinstance(x, type) and issubclass(x, BaseException)


def test_rows_and_methods_of_tensors_answer_too() -> None:
    t = Tensor([[1.0, 2.0]])
    calls: list[Callable[[], Any]] = [
        lambda: t.sum(dim=0),
        lambda: autograd.sum(t, dim=0),
        lambda: t.softmax(dim=0),
        lambda: nn.softmax(t, dim=0),
        lambda: autograd.concatenate([t, t], dim=0),
        lambda: t.argmax(dim=0),
        lambda: autograd.logsumexp(t, dim=0),
    ]
    for call in calls:
        with pytest.raises(TypeError, match=r"`dim=` is `axis=`"):
            call()
    with pytest.raises(TypeError, match=r"`keepdim=` is `keepdims=`"):
        t.mean(0, keepdim=True)
    with pytest.raises(TypeError, match=r"`gradient=` is `seed=`"):
        t.backward(gradient=1.0)
    with pytest.raises(TypeError, match="graphs are always kept"):
        t.backward(retain_graph=True)
    with pytest.raises(TypeError, match=r"`label=` is `name=`"):
        Tensor([1.0], label="a")
    with pytest.raises(TypeError, match="no devices"):
        Tensor([1.0], device="cpu")
    with pytest.raises(ValueError, match=r"`learning_rate=` is `lr=`"):
        nn.optim.SGD([{"params": [t], "learning_rate": 0.1}])


def test_fit_with_instances_and_targets_apart_says_that_they_are_a_pair() -> None:
    x, y = nn.data.two_moons(20, rng=0)
    model = nn.MLP(2, [2], rng=0)
    fit: Any = nn.fit
    with pytest.raises(TypeError, match=r"nn\.fit\(model, nn\.cross_entropy, \(x, y\)"):
        fit(model, nn.cross_entropy, x, y, optimizer="adam", epochs=1)


def test_an_error_inside_a_call_is_left_as_it_is() -> None:
    def broken(x: Any) -> Any:
        return len(x, unknown=1)  # type: ignore[call-arg]

    with pytest.raises(TypeError) as raised:
        autograd.grad(broken)(1.0)
    assert "takes" in str(raised.value)
    assert raised.value.__traceback__ is not None
    with pytest.raises(TypeError, match=r"broken\(\) missing"):
        nn.Activation(lambda x: broken())([1.0])  # type: ignore[call-arg]


def test_an_unknown_option_of_a_call_of_a_model_is_answered() -> None:
    model = nn.MLP(2, [2], rng=0)
    with pytest.raises(TypeError, match=r"MLP\(\) got .* 'training'.*model\.eval"):
        model([1.0, 2.0], training=True)

    class Net(nn.Module):
        def forward(self, x: Any, *, axis: int = 0) -> Any:
            return len(x, axis=axis)  # type: ignore[call-arg]

    with pytest.raises(TypeError, match=r"Net\(\) got .* 'dim'.*`axis=`"):
        Net()([1.0], dim=0)
    with pytest.raises(TypeError, match=r"len\(\) takes no keyword arguments"):
        Net()([1.0], axis=1)


def test_two_names_of_one_function_stay_so_and_functions_are_pickled_by_name() -> None:
    assert nn.clip_grad_norm_ is nn.clip_grad_norm
    assert nn.init.xavier_normal is nn.init.glorot_normal
    assert nn.functional.relu is nn.relu
    assert nn.losses.mse is nn.mse
    for function in (nn.relu, nn.cross_entropy, nn.fit, nn.init.xavier_normal, autograd.grad):
        assert pickle.loads(pickle.dumps(function)) is function
        assert "return function(" not in inspect.getsource(function)


def test_a_function_or_class_is_one_object_wherever_it_is_public_and_is_pickled_by_name() -> None:
    met: dict[str, Any] = {}
    for module in MODULES.values():
        for name in module.__all__:
            x = getattr(module, name)
            if isinstance(x, FunctionType | type):
                assert pickle.loads(pickle.dumps(x)) is x
                assert met.setdefault(f"{x.__module__}.{x.__qualname__}", x) is x


class Saved:
    """A mixin, which stands after the library's class, as mixins often do."""

    device = "cpu"

    def to(self, where: str) -> str:
        return f"moved to {where}"

    def fit(self) -> str:
        return type(self).__name__

    @property
    def predict(self) -> str:
        return "by property"

    @classmethod
    def minimize(cls) -> str:
        return cls.__name__


def test_a_name_that_another_base_has_is_that_bases() -> None:
    class Net(nn.Module, Saved):
        def to(self, where: str) -> str:
            return super().to(where).upper()

    class Descent(nn.optim.SGD, Saved):
        pass

    net, optimizer = Net(), Descent([autograd.Value(1.0)], lr=0.1)
    assert (net.to("disk"), net.fit(), net.predict, net.device) == (
        "MOVED TO DISK",
        "Net",
        "by property",
        "cpu",
    )
    assert optimizer.minimize() == Descent.minimize() == "Descent"
    assert {"to", "fit", "predict", "device"} <= set(dir(net))
    assert "summary" not in dir(net)
    with pytest.raises(AttributeError, match="summary"):
        net.summary()


@pytest.mark.parametrize("method", ["is_impure", "vjp", "jvp", "differentiable", "evaluate"])
def test_what_a_pass_calls_for_every_node_is_not_wrapped_for_advice(method: str) -> None:
    """That a subclass of it is published, say, must not cost every node of every graph a call more."""
    code = getattr(autograd.Primitive, method).__code__
    assert Path(code.co_filename).name == "primitive.py"


def test_what_a_transform_enters_is_not_wrapped_because_a_subclass_is_published() -> None:
    """`detect_anomaly` has an ``__init__`` of its own: nobody who calls it calls that of its base."""
    code = autograd.no_grad.__mro__[2].__init__.__code__
    assert Path(code.co_filename).name == "grad_modes.py"


def test_an_activation_calls_its_function_without_what_advises_a_user() -> None:
    wrapped, plain = nn.ELU.function, nn.ELU._plain
    assert wrapped is nn.elu
    assert inspect.unwrap(wrapped) is plain is not wrapped
    assert nn.ELU(0.5)(-1.0) == nn.elu(-1.0, 0.5)
