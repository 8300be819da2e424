"""Functions of a batch as JavaScript: one text for any number of instances."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from javascript import engine_of, packed, unpacked

import autograd
from autograd import BatchFunctions, Tensor
from autograd.programs.languages.free_axis import SIZES, formula_of, with_free_axis

RNG = np.random.default_rng(0)
W = Tensor(RNG.normal(size=(3, 4)), "w")
WEIGHT = RNG.normal(size=(4,))

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "a mean": lambda x: (x @ W).mean(),
    "variances": lambda x: autograd.var(x @ W, axis=0, ddof=1).sum() + autograd.std(x),
    "columns": lambda x: autograd.tanh(W.T @ x.T).T,
    "every pair": lambda x: autograd.tanh((x @ W) @ (x @ W).T) @ x,
    "the largest, shared": lambda x: autograd.max(x @ W, axis=0) * WEIGHT,
    "elements": lambda x: (x[:, ::-1] @ W)[:, 1:3] + WEIGHT[:2],
    "some columns": lambda x: (x[:, [2, 0, 2, -1]] @ W[[0, 1, 1, 2]])[::-1, 1:],
    "columns by a mask": lambda x: autograd.tanh(x @ W)[..., np.array([True, False, True, True])],
    "padded, joined": lambda x: autograd.concatenate(
        [autograd.pad(x, pad_width=((0, 0), (1, 0))), x @ W], axis=1
    ),
    "twice as many": lambda x: autograd.concatenate([x, -x]) @ W,
    "all in one row": lambda x: autograd.reshape(x @ W, shape=(1, -1)),
    "running sums": lambda x: autograd.cumsum(x @ W, axis=0),
    "a softmax over instances": lambda x: autograd.softmax(x @ W, axis=0),
    "centred": lambda x: autograd.batch_norm(x @ W),
    "an einsum": lambda x: autograd.einsum("ni,ij,nj->n", x, W, x @ W),
}


@pytest.fixture(params=["node", "browser"])
def run(request: Any, tmp_path: Path) -> Callable[[list[Any]], Any]:
    """What functions give for batches: outputs and gradients."""
    engine = engine_of(request.param)
    program = """
    const told = x => Array.from(typeof x === "number" ? [x] : x, bits);
    const out = cases.map(([text, w, batches]) => {
      const p1 = Float64Array.from(w, number);
      const make = new Function("p1", helpers.join("\\n") + "\\nreturn " + text)(p1);
      return batches.map(([x, m]) => {
        const {outputs, gradients} = make(m)(Float64Array.from(x, number));
        return [told(outputs[0]), told(gradients[0])];
      });
    });
    """

    def call(cases: list[Any], helpers: list[str]) -> Any:
        given = f"const cases = {json.dumps(cases)}, helpers = {json.dumps(helpers)};\n"
        found = json.loads(engine((given + program).replace("</", "<\\/"), tmp_path))
        return [[[np.array([*map(unpacked, x)]) for x in both] for both in each] for each in found]

    return call


def texts(x: Any) -> list[str]:
    return [packed(float(each)) for each in np.ravel(x)]


def test_a_function_is_right_for_any_number_of_instances(run: Callable[..., Any]) -> None:
    page = BatchFunctions({W: "p1"})
    batches = [RNG.normal(size=(m, 3)) for m in (2, 1, 7, 40, 2)]
    given = [[texts(x), len(x)] for x in batches]
    cases = []
    for function in FUNCTIONS.values():
        text = page.function(function, [batches[0]], gradients=[W])
        cases.append([text, texts(W.data), given])
    for found, (name, function) in zip(run(cases, page.helpers), FUNCTIONS.items(), strict=True):
        for x, (value, gradient) in zip(batches, found, strict=True):
            if name == "variances" and len(x) == 1:
                continue  # NumPy warns
            out = function(Tensor(x, requires_grad=False))
            W.grad = None
            out.backward(seed=np.ones(out.shape))
            for each, right in ((value, out.data), (gradient, W.grad)):
                np.testing.assert_allclose(
                    each, np.ravel(right), rtol=1e-10, atol=1e-12, err_msg=f"{name}, {len(x)}"
                )


@pytest.mark.parametrize(
    "formula",
    [
        lambda m: m,
        lambda m: 8 * m + 3,
        lambda m: m - 1,
        lambda m: m * m,
        lambda m: 3 * m * m - 2 * m + 1,
        lambda m: 1 / m,
        lambda m: 2 / (5 * m - 1),
        lambda m: 0.1 * (m / (m - 1)),
        lambda m: 0.3 * m / (m - 2),
    ],
)
def test_a_number_is_the_formula_of_m_that_it_comes_from(formula: Callable[[int], float]) -> None:
    text = formula_of(SIZES, [float(formula(m)) for m in SIZES], "m")
    assert text is not None
    for m in (3, 4, 10, 12345):
        assert eval(text, {"m": m}) == pytest.approx(formula(m), rel=1e-12)


@pytest.mark.parametrize("formula", [lambda m: m**0.5, lambda m: 2.0 ** -m.bit_length()])
def test_another_function_of_m_is_refused(formula: Callable[[int], float]) -> None:
    with pytest.raises(ValueError, match=r"no simple formula of it .*: x \* "):
        with_free_axis({m: f"y = 1;\nx * {formula(m)!r};" for m in SIZES})


def test_a_text_of_another_form_is_refused_with_its_line() -> None:
    with pytest.raises(ValueError, match=r"line on: b = \d"):
        with_free_axis({m: "a = 1;\nb = 2" + " + 1" * (m % 3) for m in SIZES})
    with pytest.raises(ValueError, match="more than its lengths"):
        BatchFunctions({W: "p1"}).function(
            lambda x: x @ W if x.shape[0] < 2000 else autograd.tanh(x @ W), [np.ones((2, 3))]
        )


def test_an_array_of_all_instances_is_no_constant() -> None:
    def weighted(x: Any) -> Any:
        return (x @ W) * np.arange(x.shape[0])[:, None]

    with pytest.raises(ValueError, match="constant array of shape"):
        BatchFunctions({W: "p1"}).function(weighted, [np.ones((2, 3))])
