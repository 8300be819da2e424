"""The GPT on scalars: its numbers are those of the network on arrays, whatever class it is given."""

from __future__ import annotations

import importlib.util
import math
import os
import random
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Value

ROOT = Path(__file__).parents[2]
FILE = ROOT / "notebooks" / "gpt.py"
TEXTS = ("zoe", "abigail", "otto")


def loaded() -> Any:
    """The script, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("gpt", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


gpt = loaded()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script with a narrower network on five letters."""
    for name, value in {"WIDTH": 4, "HEADS": 2, "CONTEXT": 5, "ALPHABET": ".abtoz"}.items():
        monkeypatch.setattr(gpt, name, value)
    return gpt


def arrays(model: Any, field: str = "data") -> dict[str, Any]:
    """The numbers of a model's matrices, or their gradients: 0 where nothing has come."""
    return {
        name: np.array([[getattr(p, field) or 0.0 for p in row] for row in matrix], dtype=float)
        for name, matrix in vars(model).items()
    }


def differentiated(model: Any, name: str) -> tuple[float, dict[str, Any]]:
    """The loss of one name, and all gradients."""
    loss = model.loss(gpt.tokens_of(name))
    loss.backward()
    return loss.data, arrays(model, "grad")


def assert_equal(found: tuple[float, dict[str, Any]], wanted: tuple[float, dict[str, Any]]) -> None:
    assert found[0] == pytest.approx(wanted[0], rel=1e-12)
    for name, gradient in wanted[1].items():
        np.testing.assert_allclose(found[1][name], gradient, rtol=1e-11, atol=1e-14, err_msg=name)


# --- derived by hand, on arrays -------------------------------------------------------------------


def by_hand(w: dict[str, Any], text: list[int], heads: int) -> tuple[float, dict[str, Any]]:
    """The loss and its gradients by matrices whose rows are positions: forward, then back."""

    def normed(x: Any) -> tuple[Any, Any]:
        r = ((x * x).mean(axis=1, keepdims=True) + 1e-5) ** -0.5
        return x * r, r

    def through_norm(g: Any, y: Any, r: Any) -> Any:
        return r * (g - y * (g * y).mean(axis=1, keepdims=True))

    def softmax(z: Any) -> Any:
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    tokens, after = text[:-1], text[1:]
    n = len(tokens)
    parts = np.split(np.arange(len(w["mix"])), heads)
    scale = math.sqrt(len(parts[0]))
    future = np.triu(np.full((n, n), -np.inf), 1)

    x0 = w["token"].T[tokens] + w["position"].T[:n]
    y0, r0 = normed(x0)
    q, k, v = (y0 @ w[name].T for name in ("query", "key", "value"))
    attention = [softmax(q[:, h] @ k[:, h].T / scale + future) for h in parts]
    read = np.hstack([a @ v[:, h] for a, h in zip(attention, parts, strict=True)])
    x1 = x0 + read @ w["mix"].T
    y1, r1 = normed(x1)
    s = y1 @ w["widen"].T
    hidden = np.maximum(s, 0)
    x2 = x1 + hidden @ w["narrow"].T
    y2, r2 = normed(x2)
    p = softmax(y2 @ w["score"].T)
    loss = -np.log(p[range(n), after]).mean()

    g = {name: np.zeros_like(matrix) for name, matrix in w.items()}
    gz = (p - np.eye(p.shape[1])[after]) / n
    g["score"] = gz.T @ y2
    gx2 = through_norm(gz @ w["score"], y2, r2)
    g["narrow"] = gx2.T @ hidden
    gs = (gx2 @ w["narrow"]) * (s > 0)
    g["widen"] = gs.T @ y1
    gx1 = gx2 + through_norm(gs @ w["widen"], y1, r1)
    g["mix"] = gx1.T @ read
    gread = gx1 @ w["mix"]
    gq, gk, gv = (np.zeros_like(each) for each in (q, k, v))
    for a, h in zip(attention, parts, strict=True):
        gv[:, h] = a.T @ gread[:, h]
        ga = gread[:, h] @ v[:, h].T
        gscores = a * (ga - (ga * a).sum(axis=1, keepdims=True)) / scale
        gq[:, h] = gscores @ k[:, h]
        gk[:, h] = gscores.T @ q[:, h]
    for name, each in (("query", gq), ("key", gk), ("value", gv)):
        g[name] = each.T @ y0
    gy0 = sum(each @ w[name] for name, each in (("query", gq), ("key", gk), ("value", gv)))
    gx0 = gx1 + through_norm(gy0, y0, r0)
    np.add.at(g["token"].T, tokens, gx0)
    g["position"].T[:n] = gx0
    return float(loss), g


@pytest.mark.parametrize("name", TEXTS)
def test_loss_and_gradients_are_those_derived_by_hand_on_arrays(name: str) -> None:
    model = gpt.GPT(Value)
    assert len(model.parameters()) == 4064
    wanted = by_hand(arrays(model), gpt.tokens_of(name), gpt.HEADS)
    assert_equal(differentiated(model, name), wanted)


def test_the_derivation_by_hand_is_that_of_its_loss(small: Any) -> None:
    """Against differences, so that two who agree are not both wrong."""
    w, text = arrays(small.GPT(Value)), small.tokens_of("zoa")
    _, gradients = by_hand(w, text, small.HEADS)
    for name, matrix in w.items():
        for at in np.ndindex(matrix.shape):
            losses = []
            for step in (1e-5, -2e-5):
                matrix[at] += step
                losses.append(by_hand(w, text, small.HEADS)[0])
            matrix[at] += 1e-5
            slope = (losses[0] - losses[1]) / 2e-5
            assert gradients[name][at] == pytest.approx(slope, rel=1e-5, abs=1e-9), (name, at)


@pytest.mark.parametrize("name", TEXTS)
def test_loss_and_gradients_are_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    model = gpt.GPT(Value, seed=3)
    w = {key: torch.tensor(matrix, requires_grad=True) for key, matrix in arrays(model).items()}
    *tokens, _ = text = gpt.tokens_of(name)
    n = len(tokens)

    def norm(x: Any) -> Any:
        return F.rms_norm(x, (gpt.WIDTH,), eps=1e-5)

    def in_heads(matrix: Any, x: Any) -> Any:
        return F.linear(x, matrix).view(n, gpt.HEADS, -1).transpose(0, 1)

    x = F.embedding(torch.tensor(tokens), w["token"].T) + w["position"].T[:n]
    q, k, v = (in_heads(w[key], norm(x)) for key in ("query", "key", "value"))
    read = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(0, 1)
    x = x + F.linear(read.reshape(n, -1), w["mix"])
    x = x + F.linear(F.relu(F.linear(norm(x), w["widen"])), w["narrow"])
    loss = F.cross_entropy(F.linear(norm(x), w["score"]), torch.tensor(text[1:]))
    loss.backward()
    wanted = loss.item(), {key: matrix.grad.numpy() for key, matrix in w.items()}
    assert_equal(differentiated(model, name), wanted)


# --- other classes, and other ways to run ---------------------------------------------------------


class Scalar:
    """The kind of class that a first lecture writes: it has what the script says that it needs."""

    def __init__(self, data: float, parents: tuple[Any, ...] = (), slopes: tuple[float, ...] = ()):
        self.data, self.grad, self.parents, self.slopes = data, 0.0, parents, slopes

    def __add__(self, other: Any) -> Scalar:
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> Scalar:
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, power: float) -> Scalar:
        return Scalar(self.data**power, (self,), (power * self.data ** (power - 1),))

    def __neg__(self) -> Scalar:
        return self * -1

    def __truediv__(self, other: Any) -> Scalar:
        return self * other**-1

    def __radd__(self, other: Any) -> Scalar:
        return self + other

    def exp(self) -> Scalar:
        return Scalar(math.exp(self.data), (self,), (math.exp(self.data),))

    def log(self) -> Scalar:
        return Scalar(math.log(self.data), (self,), (1 / self.data,))

    def relu(self) -> Scalar:
        return Scalar(max(0.0, self.data), (self,), (float(self.data > 0),))

    def backward(self) -> None:
        order: list[Scalar] = []
        seen: set[Scalar] = set()
        stack = [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack += [(parent, False) for parent in node.parents]
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.grad += slope * node.grad


def test_it_runs_unchanged_on_another_class_and_trains_to_the_same_weights(small: Any) -> None:
    trained = []
    for kind in (Scalar, Value):
        model = small.GPT(kind)
        optimiser = small.Adam(model.parameters())
        losses = []
        for name in ("zoa", "abba", "otto") * 3:
            loss = model.loss(small.tokens_of(name))
            loss.backward()
            losses.append(loss.data)
            optimiser.step()
        trained.append((losses, arrays(model), model.sample(random.Random(1))))
    (losses, weights, name), (others, other_weights, other_name) = trained
    np.testing.assert_allclose(losses, others, rtol=1e-9)
    assert losses[-1] < losses[0]
    for key, matrix in weights.items():
        np.testing.assert_allclose(matrix, other_weights[key], rtol=1e-7, atol=1e-9, err_msg=key)
    assert name == other_name


@pytest.mark.parametrize("executor", ["numpy", "native"])
def test_one_program_replays_texts_of_all_lengths(small: Any, executor: str) -> None:
    if executor == "native":
        pytest.importorskip("llvmlite")
    names = ["a", "zoa", "abba", "otto"]
    model = small.GPT(Value)
    text, weights = small.placeholders(Value)
    inputs = [each for token in text[1:] for each in token] + weights
    program = autograd.compile(model.loss(text, weights), inputs=inputs, executor=executor)
    losses = program(*small.columns(names))
    program.backward()
    replayed = arrays(model, "grad")
    nn.optim.SGD(model.parameters(), lr=1.0).zero_grad()
    eager = []
    for name in names:
        loss = model.loss(small.tokens_of(name))
        loss.backward(1 / len(names))
        eager.append(loss.data)
    np.testing.assert_allclose(losses, eager, rtol=1e-12)
    for key, gradient in arrays(model, "grad").items():
        np.testing.assert_allclose(replayed[key], gradient, rtol=1e-11, atol=1e-15, err_msg=key)


def test_its_adam_takes_the_steps_of_nn_optim(small: Any) -> None:
    models = [small.GPT(Value), small.GPT(Value)]
    theirs = nn.optim.Adam(models[0].parameters(), lr=0.01, betas=(0.9, 0.99))
    mine = small.Adam(models[1].parameters(), lr=0.01)
    draw = random.Random(0)
    for _ in range(4):
        for pair in zip(*(model.parameters() for model in models), strict=True):
            pair[0].grad = pair[1].grad = draw.gauss(0, 1)
        theirs.step()
        mine.step()
    assert {p.grad for p in models[1].parameters()} == {0.0}
    for key, matrix in arrays(models[0]).items():
        np.testing.assert_allclose(arrays(models[1])[key], matrix, rtol=1e-12, err_msg=key)


def test_its_adam_leaves_alone_what_nothing_has_touched(small: Any) -> None:
    model = small.GPT(Value)
    before = arrays(model)["token"]
    model.loss(small.tokens_of("zoa")).backward()
    small.Adam(model.parameters()).step()
    moved = (arrays(model)["token"] != before).all(axis=0)
    assert moved.tolist() == [letter in ".zoa" for letter in small.ALPHABET]


# --- letters --------------------------------------------------------------------------------------


def test_a_later_letter_changes_nothing_before_it() -> None:
    model = gpt.GPT(Value)
    found = []
    for text in ("anna", "anton"):
        past: list[Any] = []
        found.append([[z.data for z in model.logits(t, past)] for t in gpt.tokens_of(text)[:5]])
    assert found[0][:3] == found[1][:3]  # the dot, a, n
    assert found[0][3] != found[1][3]


def test_tokens_are_letters_between_two_dots() -> None:
    assert gpt.tokens_of("abz") == [0, 1, 2, 26, 0]
    assert gpt.ALPHABET[1:] == string.ascii_lowercase
    for wrong in ("", "Anna", "a.b", "gabriela", "zoë"):
        with pytest.raises(ValueError, match=r"expected 1 to 7 of the letters a to z, got"):
            gpt.tokens_of(wrong)
    assert all(gpt.tokens_of(name) for name in nn.data.names())


def test_what_is_drawn_is_what_is_likely_when_it_is_cold(small: Any) -> None:
    model = small.GPT(Value)
    for row, p in enumerate(model.score):
        for each in p:
            each.data = 0.0
        if row == 2:
            p[0].data = 50.0
    first = model.position[0]
    for place in first:
        place.data = 5.0  # so that the first number is positive everywhere
    drawn = {model.sample(random.Random(seed), temperature=0.01) for seed in range(5)}
    assert drawn == {"b" * small.CONTEXT}


def test_the_script_trains_and_makes_up_names(tmp_path: Path) -> None:
    """Its command, cut to a few steps."""
    code = FILE.read_text(encoding="utf-8").replace("range(1, 1001)", "range(1, 4)")
    code = code.replace("% 100 == 0", "% 3 == 0").replace("range(20)", "range(2)")
    script = tmp_path / "gpt.py"
    script.write_text(code, encoding="utf-8")
    here = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(script)], env=here, capture_output=True, text=True, check=True
    )
    first, second = done.stdout.splitlines()
    assert first.startswith("step 3: loss 3.")
    assert len(second.split()) <= 2
