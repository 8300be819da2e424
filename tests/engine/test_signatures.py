"""What an editor, a notebook and ``help`` show: real parameters, and public names alone."""

from __future__ import annotations

import builtins
import dataclasses
import inspect
import pydoc
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from tests.support.test_habits import MODULES as ROOMS

MODULES = {name: room for name, room in ROOMS.items() if name != "autograd.engine"}

CLASSES = {
    f"{place}.{name}": getattr(module, name)
    for place, module in MODULES.items()
    for name in dir(module)
    if isinstance(getattr(module, name), type)
    and not issubclass(getattr(module, name), BaseException)
}
OWN = {name: cls for name, cls in CLASSES.items() if cls.__init__ is not object.__init__}


@pytest.mark.parametrize("name", OWN)
def test_the_signature_of_a_class_is_that_of_its_init(name: str) -> None:
    cls = OWN[name]
    if cls in (autograd.Value, autograd.Tensor, autograd.Listed):
        return
    _, *parameters = inspect.signature(cls.__init__).parameters.values()
    assert list(inspect.signature(cls).parameters.values()) == parameters


@pytest.mark.parametrize("name", [name for name in CLASSES if name.startswith("nn.")])
def test_a_signature_names_its_parameters(name: str) -> None:
    kinds = {each.kind for each in inspect.signature(CLASSES[name]).parameters.values()}
    assert inspect.Parameter.VAR_KEYWORD not in kinds or CLASSES[name] is nn.optim.Optimizer
    assert inspect.Parameter.VAR_POSITIONAL not in kinds or CLASSES[name] is nn.Sequential


def test_the_signatures_that_people_look_at_first() -> None:
    assert list(inspect.signature(nn.MLP).parameters)[:3] == ["nin", "nouts", "activation"]
    assert list(inspect.signature(nn.optim.SGD).parameters)[:3] == ["parameters", "lr", "momentum"]
    assert list(inspect.signature(nn.Linear).parameters)[:2] == ["n_in", "n_out"]
    shown = str(inspect.signature(autograd.Value)).replace("'", "")
    assert shown == (
        "(data: float, name: str | None = None, *, requires_grad: bool = True, "
        "label: str | None = None) -> None"
    )
    assert list(inspect.signature(autograd.Tensor).parameters) == [
        *("data", "name", "requires_grad", "dtype"),
    ]
    assert list(inspect.signature(nn.ReLU).parameters) == ["at_zero"]
    assert not inspect.signature(nn.Tanh).parameters


def test_a_module_of_the_user_shows_its_own_parameters() -> None:
    class Net(nn.Module):
        """A net."""

        def __init__(self, hidden: int, *, depth: int = 2) -> None:
            self.layers = [nn.Linear(hidden, hidden, rng=0) for _ in range(depth)]

    class Deep(Net):
        pass

    @dataclasses.dataclass(eq=False)
    class Data(nn.Module):
        width: int
        scale: Any = None

        def __post_init__(self) -> None:
            self.weight = autograd.Tensor(np.ones(self.width))

    for cls in (Net, Deep):
        assert list(inspect.signature(cls).parameters) == ["hidden", "depth"]
        assert cls(3).layers[0].weight.name == "layers.0.weight"
    assert list(inspect.signature(Data).parameters) == ["width", "scale"]
    assert Data(3).weight.name == "weight"


def test_jedi_shows_them() -> None:
    jedi = pytest.importorskip("jedi")
    shown = {
        "nn.MLP(": "MLP(nin",
        "nn.Linear(": "Linear(n_in",
        "nn.optim.Adam(": "Adam(parameters",
        "nn.fit(": "fit(model",
        "nn.mse(": "mse(prediction",
        "Value(": "Value(data: 'float', name: 'str | None'=None, *, requires_grad",
        "Tensor(": "Tensor(data: 'Any', name: 'str | None'=None, *, requires_grad",
        "autograd.grad(": "grad(f",
    }
    names = {"nn": nn, "autograd": autograd, "Value": autograd.Value, "Tensor": autograd.Tensor}
    for code, start in shown.items():
        (signature,) = jedi.Interpreter(code, [names]).get_signatures()
        text = signature.to_string()
        assert text.startswith(start), text
        assert "unknown" not in text


def test_ipython_shows_them() -> None:
    shell = pytest.importorskip("IPython.core.interactiveshell")
    inspector = shell.InteractiveShell().inspector
    for cls, start in ((nn.MLP, "nin"), (autograd.Value, "data"), (autograd.Tensor, "data")):
        info = inspector.info(cls, cls.__name__)
        assert f"{cls.__name__}(" in info["init_definition"]
        assert start in info["init_definition"]
        assert "options" not in info["init_definition"]


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", MODULES)
def test_dir_lists_what_is_public_and_nothing_else(place: str) -> None:
    module = MODULES[place]
    extra = {"abs", "compile", "max", "min", "pow", "sum"} if module is autograd else set()
    assert set(dir(module)) == set(module.__all__) | extra
    for name in dir(module):
        x = getattr(module, name)
        assert not isinstance(x, ModuleType) or place == "nn"
        assert not name.startswith("_")
        if isinstance(x, FunctionType | type):
            assert x.__module__.partition(".")[0] in ("autograd", "nn"), name


def test_import_star_leaves_what_python_has() -> None:
    for place in MODULES:
        scope: dict[str, Any] = {}
        exec(f"from {place} import *", scope)
        taken = {name for name in vars(builtins) if name in scope and not name.startswith("__")}
        assert taken == set(), place
    for name in ("abs", "compile", "max", "min", "pow", "sum"):
        assert getattr(autograd, name) is not getattr(builtins, name)
    for name in vars(builtins):
        if not name.startswith("_"):
            assert name not in autograd.__all__
            assert name not in nn.__all__


def test_help_shows_what_is_public() -> None:
    for module, names in (
        (nn, ("class MLP", "fit(model: 'Any', loss", "class Linear")),
        (nn.optim, ("class Adam", "lr: 'float'")),
        (autograd, ("class Value", "grad(f: 'Function'", "derivation(")),
    ):
        text = pydoc.render_doc(module, renderer=pydoc.plaintext)
        for name in names:
            assert name in text, name
    text = pydoc.render_doc(nn.MLP, renderer=pydoc.plaintext)
    assert "MLP(nin: 'int', nouts" in text
    assert "*arguments" not in text.partition("Methods")[0]


@pytest.mark.parametrize("place", MODULES)
def test_names_that_are_asked_for_by_tools_are_there(place: str) -> None:
    module = MODULES[place]
    assert module.__name__ == place
    assert module.__doc__
    assert module.__spec__ is not None
    for name in ("__path__of_nothing__", "_ipython_display_", "__wrapped__"):
        assert not hasattr(module, name)
    assert inspect.getmembers(module)


def test_a_row_shows_its_inputs_and_options() -> None:
    assert str(inspect.signature(autograd.tanh)) == "(x, /)"
    assert str(inspect.signature(autograd.sum)) == "(x, /, *, axis=None, keepdims=False)"
    assert str(inspect.signature(nn.softmax)) == "(x, /, *, axis=-1)"
    assert list(inspect.signature(autograd.Primitive).parameters)[:2] == ["name", "array"]
