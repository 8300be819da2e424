"""What `nn.fit` says when a loss or a gradient is not finite."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd
import nn

X, Y = nn.data.two_moons(60, rng=0)


def small(rng: int = 0, **options: Any) -> nn.MLP:
    return nn.MLP(2, [8, 2], rng=rng, **options)


def line_fit() -> tuple[nn.Linear, Any, Any]:
    """A least-squares problem whose trajectory is easily computed by hand."""
    x = np.array([[0.0], [1.0], [2.0], [3.0]])
    return nn.Linear(1, 1, rng=0), x, 2 * x + 1


def test_a_nan_loss_names_the_step_the_batch_and_the_first_bad_primitive() -> None:
    model = small()
    x = X.copy()
    optimizer = nn.optim.SGD(model.parameters(), 0.1)

    def loss(prediction: Any, y: Any) -> Any:
        # The square root of what is negative from the third batch on.
        shift = 1e3 if len(optimizers) == 2 else -1e3
        optimizers.append(0)
        return autograd.mean(autograd.sqrt(autograd.square(prediction) - shift) * 2.0)

    optimizers: list[int] = []
    states: list[Any] = []
    with pytest.raises(nn.DivergenceError) as caught:
        nn.fit(
            model,
            loss,
            nn.data.batches(x, Y, batch_size=20, shuffle=False),
            optimizer=optimizer,
            epochs=1,
            callbacks=[lambda event: states.append(model.state_dict())],
        )
    error = caught.value
    assert (error.step, error.epoch, error.primitive) == (3, 1, "sqrt")
    assert (error.batch[0] == x[40:]).all()
    message = str(error)
    assert message.startswith("the loss is nan at step 3 (epoch 1, batch 3, 20 instances): sqrt")
    assert "the first to give nan (40 of 40 not finite)" in message
    assert __file__ in message
    assert len(error.history.steps["loss"]) == 2
    after = model.state_dict()
    assert all((after[name] == states[-1][name]).all() for name in after)


def test_an_infinity_that_is_masked_away_is_not_to_blame() -> None:
    x = autograd.Tensor([0.0, -1.0], "x")
    with np.errstate(all="ignore"):
        masked = autograd.where(np.array([True, True]), 1.0, autograd.log(x))
        loss = autograd.sum(masked) + autograd.sqrt(autograd.sum(x))
    _, primitive = nn.training.nonfinite.first_bad(loss)
    assert primitive == "sqrt"


def test_a_gradient_that_is_not_finite_names_the_backward_pass_to_blame() -> None:
    w = autograd.Tensor([0.0, 1.0], "w")
    with pytest.raises(nn.DivergenceError) as caught:
        nn.fit(
            lambda x: autograd.sqrt(w) * x,
            nn.mse,
            (np.ones((1, 2)), np.ones((1, 2))),
            optimizer=nn.optim.SGD([w], 0.1),
            epochs=3,
        )
    assert (caught.value.primitive, caught.value.step) == ("sqrt", 1)
    assert "the backward pass of sqrt gave" in str(caught.value)
    assert w.data.tolist() == [0.0, 1.0]


def test_a_rate_that_is_too_large_ends_with_the_primitive_that_overflowed() -> None:
    model, x, y = line_fit()
    with pytest.raises(nn.DivergenceError, match=r"is inf .*: square was the first to give inf"):
        nn.fit(model, nn.mse, (x, y), optimizer=nn.optim.SGD(model.parameters(), 1e60), epochs=50)
