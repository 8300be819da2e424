"""A program shared by threads, inputs that are written over, and processes that are forked meanwhile."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs.replays import EXECUTORS, near

import autograd
import nn
from autograd import StaleGraphError, Tensor, Value
from autograd.support.caching import cached_property


def in_turns(*steps: Callable[[], Any]) -> list[Any]:
    """Run steps one after the other, even ones in one thread and odd ones in another."""
    results: list[Any] = [None] * len(steps)
    turns = [threading.Event() for _ in range(len(steps) + 1)]

    def work(first: int) -> None:
        for i in range(first, len(steps), 2):
            turns[i].wait(30)
            try:
                results[i] = steps[i]()
            except BaseException as error:
                results[i] = error
            turns[i + 1].set()

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 1)]
    turns[0].set()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def network(executor: str, drops: bool) -> tuple[Any, Tensor]:
    w = Tensor(np.linspace(0.5, 1.5, 4), "w")
    drop = nn.Dropout(0.5, rng=3)

    @autograd.compile(executor=executor)
    def run(x: Any) -> Any:
        z = autograd.tanh(x * w)
        return (drop(z) * z).sum() if drops else (z * z).sum()

    return run, w


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("drops", [False, True])
@pytest.mark.parametrize("before", [0, 1, 3])
def test_each_thread_differentiates_its_own_run(executor: str, drops: bool, before: int) -> None:
    x, y = np.linspace(-1, 1, 12).reshape(3, 4), np.full((3, 4), 3.0)
    (run, w), (alone, v) = network(executor, drops), network(executor, drops)
    for each in (run, alone):
        for _ in range(before + 1):
            each(x)
            each.backward()
    w.grad = v.grad = None
    alone(x)
    alone.backward()
    first, v.grad = v.grad.copy(), None
    alone(y)
    alone.backward()
    second, v.grad = v.grad.copy(), None

    def gradient() -> Any:
        w.grad = None
        run.backward()
        return w.grad.copy()

    results = in_turns(lambda: run(x), lambda: run(y), gradient, gradient, gradient, gradient)
    for got, expected in zip(results[2:], (first, second, first, second), strict=True):
        near(got, expected)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_each_thread_differentiates_its_own_instances(executor: str) -> None:
    x, w = Value(1.0, "x"), Value(3.0, "w")
    program = autograd.compile((w * x) ** 2, inputs=[x], executor=executor)

    def gradient() -> Any:
        w.grad = None
        program.backward()
        return w.grad

    for _ in range(3):
        results = in_turns(
            lambda: program(np.array([1.0, 2.0])),
            lambda: program(np.full(5, 4.0)),
            gradient,
            gradient,
            gradient,
        )
        assert results[2:] == pytest.approx([6.0 * 2.5, 6.0 * 16.0, 6.0 * 2.5])


def test_a_thread_that_has_run_nothing_takes_the_only_run_there_is_and_no_other() -> None:
    x, w = Tensor(np.ones(2), "x"), Tensor(np.ones(2), "w")
    program = autograd.compile((x * w).sum(), inputs=[x])
    run = autograd.compile(lambda x: (x * w).sum())
    with pytest.raises(ValueError, match="needs a run first"):
        program.backward()
    for each in (program, run):
        w.grad = None
        (_, nothing) = in_turns(lambda each=each: each(np.array([1.0, 2.0])), each.backward)
        assert nothing is None
        each.backward()
        near(w.grad, [2.0, 4.0])
        in_turns(lambda each=each: each(np.array([3.0, 4.0])))
        with pytest.raises(ValueError, match=r"the last (run|call) of the same thread"):
            each.backward()


def test_many_threads_train_one_program_with_their_own_batches() -> None:
    w = Tensor(np.ones(50), "w")
    x = Tensor(np.ones(50), "x")
    program = autograd.compile(((x * w) ** 2).sum(), inputs=[x])
    errors: list[BaseException] = []

    def work(i: int) -> None:
        try:
            for _ in range(50):
                near(program(np.full(50, float(i))), 50.0 * i * i)
                program.backward()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    near(w.grad, np.full(50, 50 * 2.0 * (1 + 4 + 9 + 16)), 1e-10)


# --- inputs that are written over -----------------------------------------------------------------


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("size", [10, 200_000, 400_000])
def test_an_input_of_any_size_may_be_written_over_after_the_run(size: int, executor: str) -> None:
    x = Tensor(np.ones(size), "x")
    w = Tensor(2.0, "w")
    program = autograd.compile((x * x * w).mean(), inputs=[x], executor=executor)
    batch = np.empty(size)
    for step in range(6):
        for place in (0, size // 3 + step, size - 1):
            batch[:] = 1.0 + step
            program(batch)
            batch[place] = 1e6  # one number, which no sample need hold
            w.grad = None
            program.backward()
            near(w.grad, (1.0 + step) ** 2, 1e-10)


@pytest.mark.parametrize(
    "given",
    [
        lambda x: x,
        lambda x: x[::-1],
        lambda x: np.asfortranarray(x),
        lambda x: memoryview(x),
        lambda x: x.view(),
    ],
)
def test_no_view_of_an_input_is_kept(given: Callable[[Any], Any]) -> None:
    numbers = np.arange(200_000.0).reshape(400, 500)
    w = Tensor(1.0, "w")
    x = Tensor(np.ones((400, 500)), "x")
    program = autograd.compile((x * w).mean(), inputs=[x])
    program(given(numbers))
    numbers[:] = -1.0
    program.backward()
    near(w.grad, 99_999.5, 1e-10)


def test_a_pass_that_needs_a_large_input_that_was_not_kept_says_so_once() -> None:
    pytest.importorskip("llvmlite")
    x, w = Tensor(np.ones(200_000), "x"), Tensor(2.0, "w")
    program = autograd.compile((x * x * w).mean(), inputs=[x])
    batch = np.ones(200_000)
    for _ in range(3):
        program(batch)
        program.backward()
    with pytest.raises(StaleGraphError, match=r"input 'x' is large.*call the program again"):
        program.backward()
    w.grad = None
    program(batch)
    batch[:] = 7.0
    for _ in range(3):
        program.backward()
    near(w.grad, 3.0)


# --- forks ----------------------------------------------------------------------------------------

FORK = """
import faulthandler, os, sys, threading, time
import numpy as np
import autograd, nn
from autograd import Tensor, Value

executor = sys.argv[1]
w, v = Tensor(np.ones((300, 300)), "w"), Value(2.0, "v")
x = Tensor(np.ones((300, 300)), "x")
drop = nn.Dropout(0.5, rng=0)
program = autograd.compile((drop(autograd.tanh(x @ w)) ** 2).mean(), inputs=[x], executor=executor)
scalar = autograd.compile((v * Value(1.0)) ** 2 + (u := Value(0.0)) * v, inputs=[u], executor=executor)
batch = np.ones((300, 300))
stop = threading.Event()

def passes():
    while not stop.is_set():
        program(batch)
        program.backward()
        scalar(np.ones(1000))
        scalar.backward()
        y = (w * 2.0).sum()
        y.backward()
        (v * 3.0).backward()

def compiling():
    n = 3
    while not stop.is_set():
        n += 1
        a = Tensor(np.ones(n), "a")
        autograd.compile((a * a).sum(), inputs=[a], executor=executor)(np.ones(n))

threads = [threading.Thread(target=each, daemon=True) for each in (passes, passes, compiling)]
for each in threads:
    each.start()
time.sleep(0.2)
for _ in range(int(sys.argv[2])):
    child = os.fork()
    if child == 0:
        faulthandler.dump_traceback_later(50)
        np.testing.assert_allclose(scalar(np.ones(3)), 6.0)
        scalar.backward()
        program(batch)
        program.backward()
        b = Tensor(np.ones(7), "b")
        fresh = autograd.compile((b * b).sum(), inputs=[b], executor=executor)
        assert fresh(np.ones(7)) == 7.0
        (b * 2.0).sum().backward()
        assert b.grad.tolist() == [2.0] * 7
        os._exit(0)
    deadline = time.time() + 60
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert status == 0, status
            break
        if time.time() > deadline:
            os.kill(child, 9)
            sys.exit("a child hangs")
        time.sleep(0.01)
    time.sleep(0.01)
stop.set()
for each in threads:
    each.join()
print("done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process cannot be forked here")
@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_a_fork_during_the_passes_of_other_threads_leaves_a_child_that_works(
    executor: str, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(autograd.__file__).parent.parent),
        "CHALKGRAD_CACHE": str(tmp_path),
        "OPENBLAS_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(FORK), executor, "12"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.stdout == "done\n", done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process cannot be forked here")
def test_a_fork_while_another_thread_computes_a_cached_property_leaves_a_child_that_works() -> None:
    inside, leave = threading.Event(), threading.Event()

    class Holder:
        slow = True

        @cached_property
        def number(self) -> int:
            if self.slow:
                inside.set()
                leave.wait(60)
            return 7

    busy = threading.Thread(target=lambda: Holder().number)
    busy.start()
    inside.wait(60)
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        quick = Holder()
        quick.slow = False
        os.write(writes, str(quick.number).encode())
        os._exit(0)
    ready = select.select([reads], [], [], 60)[0]
    leave.set()
    busy.join()
    if not ready:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert ready, "the child waits for a lock that nobody lets go of"
    assert os.read(reads, 10) == b"7"
