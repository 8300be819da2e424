"""The rules of the optimisers, each a formula on a `Block`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from nn.arguments import fraction
from nn.optim.blocks import Block
from nn.optim.optimizer import Array, Optimizer, ParameterGroup, options_of


def decayed(block: Block, group: ParameterGroup) -> Array:
    """g + λp, the gradient with the weight decay that is coupled to it."""
    decay: float = group["weight_decay"]
    return block.g + decay * block.x if decay else block.g


def moving_average(average: Array, x: Array, keep: float) -> Array:
    """average ← keep · average + (1 − keep) x, in place. `x` is written over."""
    average *= keep
    x *= 1 - keep
    average += x
    return average


class SGD(Optimizer):
    """Stochastic gradient descent: p ← p − η v, where v ← μ v + (1 − τ) g remembers earlier gradients.

    Args:
        parameters: the leaves to change: ``model.parameters()``, or a list of groups.
        lr: the learning rate η.
        momentum: μ, from 0 (plain gradient descent, v = g) to below 1.
        dampening: τ. The first v is g, whatever τ is.
        weight_decay: λ.
        nesterov: p ← p − η (g + μ v): look ahead along v. Needs momentum, and no dampening.

    A parameter whose ``.grad`` is None is left alone. Graphs that were recorded before a step are
    stale after it: compute the loss anew.

    >>> import autograd
    >>> w = autograd.Tensor([1.0, -2.0])
    >>> optimizer = SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data.tolist()
    [0.8, -1.6]

    Source: Polyak's heavy ball (1964) and Nesterov (1983) in PyTorch's form, in which η scales v and
    not g; Sutskever et al. 2013.
    """

    STATES: ClassVar = ("momentum_buffer",)

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, **self._chosen(locals()))

    OPTIONS: ClassVar = options_of(__init__, fractions=("momentum",))

    @property
    def momentum(self) -> float:
        """μ: a number from 0 to below 1. The first group's; assigning sets all groups'."""
        momentum: float = self.param_groups[0]["momentum"]
        return momentum

    @momentum.setter
    def momentum(self, momentum: float) -> None:
        momentum = fraction(momentum, "momentum")
        for group in self.param_groups:
            group["momentum"] = momentum

    def check_group(self, group: ParameterGroup) -> None:
        if group["nesterov"] and (not group["momentum"] or group["dampening"]):
            raise ValueError(
                "nesterov needs momentum above 0 and dampening 0, got "
                f"momentum={group['momentum']} and dampening={group['dampening']}"
            )

    def change(self, block: Block, group: ParameterGroup) -> Array:
        g, momentum = decayed(block, group), group["momentum"]
        if momentum:
            first = "momentum_buffer" not in block.arrays
            v = block.state("momentum_buffer")
            v *= momentum
            v += g if first else np.multiply(g, 1 - group["dampening"], out=block.spare)
            g = g + momentum * v if group["nesterov"] else v
        block.scale = group["lr"]
        return g


class RMSprop(Optimizer):
    """p ← p − η g / (√s + ε): each entry's step is divided by its gradient's usual size.

    s ← α s + (1 − α) g². With ``centered``, √(s − m²) with the mean m ← α m + (1 − α) g: an estimate
    of the standard deviation. With ``momentum`` μ: v ← μ v + g / (√s + ε), p ← p − η v.

    Args:
        parameters: the leaves to change, or a list of groups.
        lr, alpha, eps, weight_decay, momentum: η, α, ε, λ, μ.
        centered: whether the mean is taken off.

    >>> import autograd
    >>> w = autograd.Tensor([1.0, -2.0])
    >>> optimizer = RMSprop([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data.round(6).tolist()
    [0.0, -1.0]

    Source: Tieleman and Hinton, Coursera lecture 6.5 (2012); centred: Graves 2013.
    """

    STATES: ClassVar = ("square_avg", "grad_avg", "momentum_buffer")

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(parameters, **self._chosen(locals()))

    OPTIONS: ClassVar = options_of(__init__, fractions=("alpha", "momentum"))

    def change(self, block: Block, group: ParameterGroup) -> Array:
        g, alpha, out = decayed(block, group), group["alpha"], block.spare
        s = moving_average(block.state("square_avg"), np.multiply(g, g, out=out), alpha)
        if group["centered"]:
            np.copyto(out, g)
            mean = moving_average(block.state("grad_avg"), out, alpha)
            # Rounding can take a variance below 0.
            s = np.maximum(s - mean * mean, 0)
        np.sqrt(s, out=out)
        out += group["eps"]
        np.divide(g, out, out=out)
        if group["momentum"]:
            v = block.state("momentum_buffer")
            v *= group["momentum"]
            v += out
            np.copyto(out, v)
        block.scale = group["lr"]
        return out


class Adagrad(Optimizer):
    """p ← p − η' g / (√s + ε) with s ← s + g², and η' = η / (1 + (t − 1) ``lr_decay``).

    Args:
        parameters: the leaves to change, or a list of groups.
        lr, lr_decay, weight_decay, eps: η, its decay, λ, ε.
        initial_accumulator_value: what s starts from.

    >>> import autograd
    >>> w = autograd.Tensor([1.0, -2.0])
    >>> optimizer = Adagrad([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data.round(6).tolist()
    [0.5, -1.5]

    Source: Duchi, Hazan and Singer 2011.
    """

    STATES: ClassVar = ("sum",)

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(parameters, **self._chosen(locals()))

    OPTIONS: ClassVar = options_of(__init__)

    def change(self, block: Block, group: ParameterGroup) -> Array:
        g, out = decayed(block, group), block.spare
        s = block.state("sum", group["initial_accumulator_value"])
        s += np.multiply(g, g, out=out)
        np.sqrt(s, out=out)
        out += group["eps"]
        np.divide(g, out, out=out)
        block.scale = group["lr"] / (1 + (block.step - 1) * group["lr_decay"])
        return out


class Adam(Optimizer):
    """p ← p − η m̂ / (√v̂ + ε): momentum, and steps of each entry's own size.

    m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 − β₂) g² start from 0, which m̂ = m / (1 − β₁ᵗ) and
    v̂ = v / (1 − β₂ᵗ) make up for. With ``amsgrad``, v̂ is made of the largest v so far.

    Args:
        parameters: the leaves to change, or a list of groups.
        lr, betas, eps, weight_decay: η, (β₁, β₂), ε, λ (added to the gradient; see `AdamW`).
        amsgrad: whether v̂ never falls.

    >>> import autograd
    >>> w = autograd.Tensor([1.0, -2.0])
    >>> optimizer = Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data.round(6).tolist()
    [0.9, -1.9]

    Source: Kingma and Ba 2015, algorithm 1; amsgrad: Reddi, Kale and Kumar 2018.
    """

    STATES: ClassVar = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(parameters, **self._chosen(locals()))

    OPTIONS: ClassVar = options_of(__init__)

    def change(self, block: Block, group: ParameterGroup) -> Array:
        return adaptive_moments(decayed(block, group), block, group)


class AdamW(Adam):
    """Adam with weight decay of its own: p ← p − η λ p − η m̂ / (√v̂ + ε), and g without λp.

    In `Adam` the decay goes through m and v, so that weights with large gradients shrink less; here
    all shrink by the same factor.

    Args:
        parameters: the leaves to change, or a list of groups.
        lr, betas, eps, weight_decay, amsgrad: as in `Adam`; λ is 0.01 here.

    >>> import autograd
    >>> w = autograd.Tensor([1.0, -2.0])
    >>> optimizer = AdamW([w], lr=0.1, weight_decay=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data.round(6).tolist()
    [0.85, -1.8]

    Source: Loshchilov and Hutter 2019.
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, amsgrad)

    def change(self, block: Block, group: ParameterGroup) -> Array:
        out = adaptive_moments(block.g, block, group)
        if group["weight_decay"]:
            out *= block.scale
            block.scale = 1.0
            out += group["lr"] * group["weight_decay"] * block.x
        return out


def adaptive_moments(g: Array, block: Block, group: ParameterGroup) -> Array:
    """η m̂ / (√v̂ + ε), the step of `Adam`, but for the block's scale."""
    (beta1, beta2), out = group["betas"], block.spare
    m = block.state("exp_avg")
    m *= beta1
    m += np.multiply(g, 1 - beta1, out=out)
    v = moving_average(block.state("exp_avg_sq"), np.multiply(g, g, out=out), beta2)
    if group["amsgrad"]:
        largest = block.state("max_exp_avg_sq")
        v = np.maximum(largest, v, out=largest)
    # m / (√v / c + ε) = c m / (√v + c ε), with a pass over memory less.
    c = (1 - beta2**block.step) ** 0.5
    np.sqrt(v, out=out)
    out += c * group["eps"]
    np.divide(m, out, out=out)
    block.scale = group["lr"] * c / (1 - beta1**block.step)
    return out


class Adadelta(Optimizer):
    """p ← p − η Δ with Δ = g √(u + ε) / √(s + ε): steps in the units of the parameters.

    s ← ρ s + (1 − ρ) g² and, afterwards, u ← ρ u + (1 − ρ) Δ².

    Args:
        parameters: the leaves to change, or a list of groups.
        lr, rho, eps, weight_decay: η (1 in the paper), ρ, ε, λ.

    >>> import autograd
    >>> w = autograd.Tensor([1.0, -2.0])
    >>> optimizer = Adadelta([w])
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.data.round(5).tolist()
    [0.99684, -1.99684]

    Source: Zeiler 2012.
    """

    STATES: ClassVar = ("square_avg", "acc_delta")

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, **self._chosen(locals()))

    OPTIONS: ClassVar = options_of(__init__, fractions=("rho",))

    def change(self, block: Block, group: ParameterGroup) -> Array:
        g, rho, eps, out = decayed(block, group), group["rho"], group["eps"], block.spare
        s = moving_average(block.state("square_avg"), np.multiply(g, g, out=out), rho)
        u = block.state("acc_delta")
        np.sqrt((u + eps) / (s + eps), out=out)
        out *= g
        moving_average(u, out * out, rho)
        block.scale = group["lr"]
        return out
