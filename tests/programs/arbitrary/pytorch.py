"""A random program in PyTorch, where it has all of it; and where the two differ on purpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from counterparts import COUNTERPARTS, MORE
from programs.arbitrary import operations
from programs.arbitrary.program import Constant, Program

operations.COUNTERPARTS.update(COUNTERPARTS | MORE)


def any_nan(*operands: Any) -> bool:
    """Whether an operand is not a number."""
    return any(bool(np.isnan(x).any()) for x in operands)


def extreme(*operands: Any) -> bool:
    """Whether the square of an operand overflows or underflows."""
    return any(
        bool(np.any(np.isfinite(x) & (x != 0) & ((np.abs(x) > 1e150) | (np.abs(x) < 1e-150))))
        for x in operands
    )


def beside_1(x: Any) -> bool:
    """Whether 1 − x² cancels, which is (1 − x)(1 + x) here."""
    return bool(np.any((np.abs(x) != 1) & (np.abs(np.abs(x) - 1) < 1e-3)))


DOCUMENTED: dict[str, Callable[..., bool]] = {
    # README: "`relu'`, `abs'`, `maximum'` at nan", and sign, which is NumPy's there; clip likewise.
    "relu": any_nan,
    "abs": any_nan,
    "sign": any_nan,
    "hinge": lambda x, y: (
        not (np.isfinite(x).all() and np.isfinite(y).all())
    ),  # no row of PyTorch's
    "maximum": any_nan,
    "minimum": any_nan,
    "max": any_nan,
    "min": any_nan,
    # README: "`clip` with equal bounds": beyond them the bound that was hit gets the derivative.
    "clip_between": lambda x, low, high: any_nan(x, low, high) or bool(np.any(low >= high)),
    # README: "`norm` at 1e200", "`hypot` at (0, 0)".
    "norm": extreme,
    "hypot": lambda x, y: extreme(x, y) or bool(np.any((x == 0) & (y == 0))),
    # test_rows_torch: "arctan2 near the origin does not underflow".
    "arctan2": extreme,
    # What overflows while it is normalised is nan, and not 0.
    "batch_norm": extreme,
    "layer_norm": extreme,
    # Beside an infinite number the others are x / ∞ = 0: PyTorch's are nan.
    "rms_norm": lambda x, *rest: extreme(x, *rest) or bool(np.isinf(x).any()),
    "var": extreme,
    # Of equal numbers: a steep function after it meets PyTorch's 0 and gives 0; norm's is nan in both.
    "std": lambda x: extreme(x) or (x.size > 0 and bool(np.ptp(x) == 0)),
    # NumPy's `x ** 0.5` is its square root, nan of −inf; C's pow gives inf.
    "pow": lambda x, y: bool(np.any((x == -np.inf) & (y == 0.5))),
    # In which order three factors are multiplied is free: 0 · inf is met in one and not in another.
    "einsum_all": lambda *xs: len(xs) > 2 and not all(np.isfinite(x).all() for x in xs),
    # README: "`xlogy(0, 0)` by y"; of a negative y PyTorch's derivative of a cotangent of 0 is 0.
    "xlogy": lambda x, y: bool(np.any((x == 0) | (y <= 0))),
    "xlog1py": lambda x, y: bool(np.any((x == 0) | (y <= -1))),
    "kl_divergence": lambda x, target: bool(np.any(target == 0)),
    # README: "`prod` where a product overflows or underflows": PyTorch divides it by each factor.
    "prod": lambda x: extreme(x) or not np.isfinite(x).all(),
    # No convention: PyTorch's derivatives lose digits.
    "arccosh": lambda x: beside_1(x) or extreme(x),
    "arcsinh": extreme,
    "arcsin": beside_1,
    "arccos": beside_1,
    "arctanh": beside_1,
    "expm1": lambda x: bool(np.any(x < -1)),
    # README: "`softplus` beyond 20".
    "softplus": lambda x: bool(np.any(x > 20)),
    # README: "cross-entropy of a −inf logit with target 0".
    "softmax_cross_entropy": lambda x, target: not np.isfinite(x).all(),
}
"""Row: whether a difference of the README's table is about a call with these operands."""


def obstacle(program: Program, pool: Sequence[Any]) -> str | None:
    """Why a program is not compared, if it is not: PyTorch lacks a call, or is known to differ."""
    if not program.double:
        return "other promotions of dtypes"
    for place in program.needed():
        step = program.steps[place - len(program.leaves)]
        if step.theirs is None:
            return "no counterpart"
        known = DOCUMENTED.get(step.row)
        if "np.clip" in step.text and len(step.operands) == 3:
            known = DOCUMENTED["clip_between"]
        if (
            "'ii->" in step.text
        ):  # what lies beside a diagonal PyTorch multiplies by 0, also infinity
            return "a documented difference"
        if "np.linalg.norm" in step.text:
            known = DOCUMENTED["norm"]
        if known is not None and known(*(np.asarray(x, float) for x in step.arguments(pool))):
            return "a documented difference"
    return None


def operand(x: Any, masks: bool) -> Any:
    """A constant as a float64 tensor; a mask of `where` as it is."""
    array = np.asarray(x)
    if masks and array.dtype == bool:
        return torch.tensor(array)
    return torch.tensor(array.astype(np.float64))


def evaluated(program: Program, seed: Any) -> tuple[Any, list[Any]]:
    """The output, and the gradient by each leaf."""
    leaves = [torch.tensor(leaf.numbers, requires_grad=True) for leaf in program.leaves]
    pool: dict[int, Any] = dict(enumerate(leaves))
    for place in program.needed():
        step = program.steps[place - len(leaves)]
        masks = step.row in ("where", "indicator")
        arguments = [
            operand(x.value, masks and i == 0) if isinstance(x, Constant) else pool[x]
            for i, x in enumerate(step.operands)
        ]
        assert step.theirs is not None
        pool[place] = step.theirs(*arguments)
    output = pool[len(leaves) + len(program.steps) - 1]
    gradients = torch.autograd.grad(output, leaves, torch.tensor(seed), allow_unused=True)
    return output.numpy(force=True), [
        np.zeros(tuple(x.shape)) if g is None else g.numpy(force=True)
        for x, g in zip(leaves, gradients, strict=True)
    ]
