"""The README: its examples run, and its tables are true."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import autograd
import nn
from autograd import StaleGraphError, Tensor, Value

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_every_python_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    assert len(blocks) == 10
    scope: dict[str, object] = {}
    for block in blocks[:9]:
        exec(compile(block, "README.md", "exec"), scope)
    printed = capsys.readouterr().out
    assert "-0.0040" in printed
    assert "0.0026" in printed
    assert "(-3.0, 2.0)" in printed
    assert "full" in printed
    assert (tmp_path / "c.svg").read_text(encoding="utf-8").lstrip().startswith("<")
    assert np.allclose(scope["hessian"], [[6.0, 0.0], [0.0, 12.0]])
    assert scope["loss"].item() < math.log(10)
    assert scope["history"] is not None
    assert "∂L/∂x₁" in printed
    assert "def f(x, w, b):" in printed
    assert "checked in every replay" in printed or "not noted" in printed
    for page in ("step.html", "live.html", "playground.html"):
        assert "</html>" in (tmp_path / page).read_text(encoding="utf-8")


INSTALL = README.split("## Install")[1].split("\n## ")[0]


def blocks_of(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", INSTALL, flags=re.S)


def test_set_up_is_two_commands_that_make_their_environment_here_and_on_windows() -> None:
    clone, *commands = (block.strip() for block in blocks_of("sh"))
    assert clone.startswith("git clone ")
    assert clone.endswith(" chalkgrad && cd chalkgrad")
    assert len(commands) == len(blocks_of("bat")) == 2
    for command, windows in zip(commands, blocks_of("bat"), strict=True):
        # A system's Python has no `python`, and refuses pip: both are those of the environment.
        made, entered, installed, done = command.split(" && ")
        assert (made, entered) == ("python3 -m venv .venv", ". .venv/bin/activate")
        assert re.fullmatch(r'pip install (-e )?"\.\[[a-z,]+\]"', installed)
        assert done in ("python -m nn digits", "python -m pytest")
        own = r".venv\Scripts\python"
        steps = ["py -m venv .venv", f"{own} -m {installed}", done.replace("python", own, 1)]
        assert windows.split("\n")[:-1] == steps
    script = (Path(__file__).parent.parent / ".ci/run").read_text(encoding="utf-8")
    assert 'pip install --quiet -e ".[test,' in script
    assert "\npython -m pytest -m quick -n 2\n" in script
    assert "\npython -m pytest " in script


def test_the_line_that_clones_does(tmp_path: Path) -> None:
    root = Path(__file__).parent.parent
    if shutil.which("git") is None or not (root / ".git").exists():
        pytest.skip("there is no git here, or this is no clone")
    if os.name != "posix":
        pytest.skip("the line is one of a POSIX shell")
    line = blocks_of("sh")[0].replace("ADDRESS", f"file://{root}")
    subprocess.run(
        ["sh", "-c", f"{line.strip()} && test -f pyproject.toml"], cwd=tmp_path, check=True
    )


def test_the_row_that_is_shown_is_the_row_of_the_library():
    row = autograd.registry["tanh"]
    assert row.scalar is math.tanh
    assert row.array is np.tanh
    assert row.derivatives[0](0.5, None) == 1 - 0.5 * 0.5


def test_every_file_that_is_named_exists():
    root = Path(__file__).parent.parent
    for line in README.split("## Where things are")[1].splitlines():
        if line.startswith("| `"):
            folder = ""
            for name in re.findall(r"`([^`]+)`", line.split("|")[1]):
                path = root / (name if "/" in name else f"{folder}/{name}")
                assert path.exists(), name
                folder = Path(name).parts[0] if "/" in name else folder


# --- the differences from PyTorch ---------------------------------------------------------------


def test_tracking_and_dtype_differ_from_pytorch_as_said():
    torch = pytest.importorskip("torch")
    assert Tensor([1.0]).requires_grad
    assert not torch.tensor([1.0]).requires_grad
    assert Tensor([1.0]).dtype == np.float64
    assert torch.tensor([1.0]).dtype == torch.float32
    assert Tensor([1]).dtype == np.float64
    assert not torch.tensor([1]).dtype.is_floating_point
    assert nn.Linear(2, 2).weight.dtype == np.float64
    assert torch.nn.Linear(2, 2).weight.dtype == torch.float32


def test_the_seed_and_the_graph_after_a_pass_differ_as_said():
    torch = pytest.importorskip("torch")
    x = Tensor([1.0, 2.0])
    y = x * x
    y.backward(seed=[1.0, 1.0])
    y.backward(seed=[1.0, 1.0])
    assert x.grad.tolist() == [4.0, 8.0]
    u = torch.tensor([1.0, 2.0], requires_grad=True)
    v = u * u
    v.backward(gradient=torch.ones(2))
    with pytest.raises(RuntimeError, match="second time"):
        v.backward(gradient=torch.ones(2))
    with pytest.raises(TypeError, match="seed"):
        y.backward(gradient=[1.0, 1.0])


def test_ties_differ_as_said():
    torch = pytest.importorskip("torch")
    ours, first = Tensor([2.0, 2.0]), Tensor([2.0, 2.0])
    autograd.max(ours, axis=0).backward()
    autograd.max(first, axis=0, ties="first").backward()
    amax = torch.tensor([2.0, 2.0], requires_grad=True)
    amax.amax(0).backward()
    by_index = torch.tensor([2.0, 2.0], requires_grad=True)
    by_index.max(0).values.backward()
    assert ours.grad.tolist() == amax.grad.tolist() == [0.5, 0.5]
    assert first.grad.tolist() == [1.0, 0.0]
    assert sorted(by_index.grad.tolist()) == [0.0, 1.0]
    a, b = torch.tensor(1.0, requires_grad=True), torch.tensor(1.0, requires_grad=True)
    torch.maximum(a, b).backward()
    x, y = Value(1.0), Value(1.0)
    autograd.maximum(x, y).backward()
    assert (a.grad.item(), b.grad.item()) == (x.grad, y.grad) == (0.5, 0.5)


def test_default_initialisation_differs_as_said():
    torch = pytest.importorskip("torch")
    relu, tanh = (nn.MLP(400, [400, 1], activation=name, rng=0) for name in ("relu", "tanh"))
    assert np.std(relu.layers[0].weight.data) == pytest.approx(math.sqrt(2 / 400), rel=0.02)
    assert np.std(tanh.layers[0].weight.data) == pytest.approx(math.sqrt(2 / 800), rel=0.02)
    assert not relu.layers[0].bias.data.any()
    like_torch = nn.MLP(400, [400, 1], init="pytorch", rng=0).layers[0]
    theirs = torch.nn.Linear(400, 400)
    for ours, other in ((like_torch.weight, theirs.weight), (like_torch.bias, theirs.bias)):
        numbers = other.detach().numpy()
        assert np.abs(ours.data).max() == pytest.approx(1 / 20, rel=0.02)
        assert np.abs(numbers).max() == pytest.approx(1 / 20, rel=0.02)


def test_no_gradient_one_element_and_changed_data_are_as_said():
    torch = pytest.importorskip("torch")
    assert Tensor([1.0]).grad is None
    assert torch.tensor([1.0]).grad is None
    t, u = Tensor([[3.0]]), torch.tensor([[3.0]], requires_grad=True)
    (t * t).backward()
    (u * u).backward()
    assert t.grad.tolist() == u.grad.tolist() == [[6.0]]
    w = Tensor([1.0])
    y = w * w
    w.data = [10.0]
    with pytest.raises(StaleGraphError):
        y.backward()
    v = torch.tensor([1.0], requires_grad=True)
    z = v * v
    v.data[:] = 10.0
    z.backward()
    assert v.grad.item() == 20.0  # the derivative at 10, where z was computed at 1


def test_what_is_refused_where_pytorch_goes_on_or_refuses_too() -> None:
    p = Tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=r"p\.data -= x"):
        p -= 0.5
    total = start = Tensor([0.0, 0.0])
    total += p * 2.0
    assert total is not start
    with pytest.raises(TypeError, match="given by name"):
        p.sum(0, True)
    with pytest.raises(TypeError, match="MaskedArray"):
        Tensor(np.ma.array([1.0, 2.0], mask=[True, False]))
    v = Value(1.0)
    with pytest.raises(TypeError, match=r"v\.data \+= x|p\.data \+= x"):
        v += 1
