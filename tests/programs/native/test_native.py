"""The native executor: every size of a block, both engines, threads, and the cache."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from plans import Native, Writer, arguments, by_numpy, network, same

import autograd
from autograd.programs.native import cache, heads
from autograd.programs.native.machine import NotNativeError
from autograd.programs.native.scalars import executor as native
from autograd.programs.native.scalars.lowering import lower, shorten
from autograd.programs.planning.plan import TOTAL, Plan

pytest.importorskip("llvmlite", reason="the native executor needs llvmlite: .[fast]")


@pytest.fixture(scope="module", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of these tests' own, so that what they compile is what they run."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHALKGRAD_CACHE", str(folder))
        yield folder


@pytest.fixture(params=["straight line", "bytecode"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the two engines, whatever the size of the plan."""
    limit = 0 if request.param == "bytecode" else 10**9
    monkeypatch.setattr(native, "STRAIGHT_LIMIT", limit)
    return str(request.param)


# --- networks -------------------------------------------------------------------------------------


def check(plan: Plan, executor: Native, instances: int) -> None:
    inputs, parameters, seed = arguments(plan, instances)
    held = by_numpy(plan, inputs, parameters, seed)
    losses, gradients = executor.backward(inputs, parameters, seed)
    same(losses, held[plan.output])
    np.testing.assert_allclose(
        gradients, [held[g] for _, g in plan.gradients], rtol=1e-11, atol=1e-12
    )
    same(executor.forward(inputs, parameters), held[plan.output])


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_blocks_of_every_size_give_the_same_numbers(engine: str, activation: str) -> None:
    plan = network((3, 5, 2), activation)
    executor = Native(plan)
    for instances in [*range(1, 41), 63, 64, 65, 127, 129, 300]:
        check(plan, executor, instances)


def test_derivatives_equal_finite_differences(engine: str) -> None:
    plan = network((2, 4, 1))
    inputs, parameters, seed = arguments(plan, 21)
    executor = Native(plan)
    _, gradients = executor.backward(inputs, parameters, seed)
    for i in range(len(parameters)):
        step = np.zeros(len(parameters))
        step[i] = 1e-6
        above = executor.forward(inputs, parameters + step) @ seed
        below = executor.forward(inputs, parameters - step) @ seed
        assert gradients[i] == pytest.approx((above - below) / 2e-6, rel=1e-6, abs=1e-6)


def test_code_of_several_functions_gives_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = network((4, 9, 6, 2))
    for chunk in (1, 7, 60, 400):
        monkeypatch.setattr("autograd.programs.native.scalars.straight_line.CHUNK", chunk)
        for instances in (1, 40, 100):
            check(plan, Native(plan), instances)


# --- what a call may give -------------------------------------------------------------------------


def test_what_lies_in_lanes_beyond_the_last_instance_reaches_no_total(engine: str) -> None:
    writer = Writer()
    x, put = writer.input(), writer.put
    writer.plan.output = put("log", x)
    seed = writer.seed()
    writer.gradient(put(TOTAL, put("mul", seed, put("reciprocal", x))))
    writer.gradient(put(TOTAL, put("reciprocal", x)))
    executor = Native(writer.plan)
    for instances in range(1, 20):
        points = np.arange(instances, dtype=float)[::-1].copy()  # the last is 0
        losses, gradients = executor.backward([points], np.zeros(0), np.ones(instances))
        assert losses[-1] == -math.inf
        assert gradients.tolist() == [math.inf, math.inf]
        finite = executor.backward([points + 1], np.zeros(0), np.ones(instances))[1]
        np.testing.assert_allclose(finite, np.sum(1 / (points + 1)), rtol=1e-13)


def test_inputs_may_be_strided_shared_or_lists(engine: str) -> None:
    plan = network((2, 3, 1))
    _, parameters, _ = arguments(plan, 1)
    rows = np.random.default_rng(0).normal(size=(37, 6))
    executor = Native(plan)
    plain = [np.ascontiguousarray(rows[:, i]) for i in range(3)]
    expected = executor.backward(plain, parameters, np.full(37, 0.5))
    for inputs in (
        [rows[:, 0], rows[:, 1], rows[:, 2]],
        [rows[::-1, 0][::-1], plain[1].tolist(), plain[2]],
    ):
        for seed in (np.full(37, 0.5), np.array(0.5), 0.5):
            for got, right in zip(
                executor.backward(inputs, parameters, seed), expected, strict=True
            ):
                np.testing.assert_array_equal(got, right)
    shared = executor.forward([plain[0], np.array(0.25), -1.0], parameters)
    full = executor.forward([plain[0], np.full(37, 0.25), np.full(37, -1.0)], parameters)
    np.testing.assert_array_equal(shared, full)
    strided = np.repeat(parameters, 2)[::2]
    np.testing.assert_array_equal(executor.forward(plain, strided), expected[0])


def test_results_are_fresh_arrays(engine: str) -> None:
    plan = network((2, 3, 1))
    executor = Native(plan)
    inputs, parameters, seed = arguments(plan, 20)
    losses, gradients = executor.backward(inputs, parameters, seed)
    kept = losses.copy(), gradients.copy()
    executor.backward([2 * x for x in inputs], parameters, seed)
    np.testing.assert_array_equal(losses, kept[0])
    np.testing.assert_array_equal(gradients, kept[1])


def test_a_wrong_number_of_numbers_is_an_error() -> None:
    plan = network((2, 3, 1))
    inputs, parameters, seed = arguments(plan, 20)
    executor = Native(plan)
    with pytest.raises(ValueError, match="expected 3 inputs, got 2"):
        executor.forward(inputs[:2], parameters)
    with pytest.raises(ValueError, match="one number for each instance"):
        executor.forward([inputs[0][:5], *inputs[1:]], parameters)
    with pytest.raises(ValueError, match="one number for each instance"):
        executor.forward([np.zeros((20, 2)), *inputs[1:]], parameters)
    with pytest.raises(ValueError, match="one number for each instance"):
        executor.backward(inputs, parameters, seed[:-1])
    with pytest.raises(ValueError, match="expected parameters"):
        executor.forward(inputs, parameters[:-1])


def test_no_instances_give_no_losses_and_gradients_of_nothing(engine: str) -> None:
    plan = network((2, 3, 1))
    losses, gradients = Native(plan).backward([np.zeros(0)] * 3, np.ones(13), np.zeros(0))
    assert losses.shape == (0,)
    np.testing.assert_array_equal(gradients, np.zeros(13))


def test_a_plan_without_a_backward_pass_has_no_gradients(engine: str) -> None:
    writer = Writer()
    writer.plan.output = writer.put("floor", writer.input())
    Native(writer.plan)
    losses, gradients = Native(writer.plan).backward([np.array([1.5])], np.zeros(0), np.ones(1))
    assert losses.tolist() == [1.0]
    assert gradients.shape == (0,)


def test_extra_registers_are_given_whether_they_vary_or_not(engine: str) -> None:
    plan = network((2, 3, 1))
    varying = [each.out for each in plan.forward if plan.registers[each.out].varies][::3]
    uniform = [each.out for each in plan.forward if not plan.registers[each.out].varies]
    extra = [*varying, *uniform, plan.parameters[0], plan.inputs[1]]
    for instances in (1, 7, 33, 100):
        inputs, parameters, _ = arguments(plan, instances)
        held = by_numpy(plan, inputs, parameters)
        losses, rest = Native(plan, extra=extra).forward(inputs, parameters)
        same(losses, held[plan.output])
        assert rest.shape == (len(extra), instances)
        for register, got in zip(extra, rest, strict=True):
            same(got, held[register])


def test_a_plan_without_instances_is_run_once(engine: str) -> None:
    writer = Writer()
    p, put = writer.parameter(), writer.put
    writer.plan.output = put("tanh", p)
    seed = writer.seed(varies=False)
    slope = put("sub", writer.constant(1.0), put("square", writer.plan.output))
    writer.gradient(put("mul", seed, slope))
    losses, gradients = Native(writer.plan).backward([], np.array([0.3]), np.array([2.0]))
    same(losses, [math.tanh(0.3)])
    same(gradients, [2 * (1 - math.tanh(0.3) ** 2)])


def test_a_gradient_may_be_any_uniform_register(engine: str) -> None:
    writer = Writer()
    p, x, put = writer.parameter(), writer.input(), writer.put
    doubled = put("mul", p, writer.constant(2.0))
    writer.plan.output = put("mul", doubled, x)
    seed = writer.seed()
    total = put(TOTAL, doubled)  # of a number that all instances share: counted for each
    for register in (p, writer.constant(7.0), doubled, total, put(TOTAL, put("mul", x, seed))):
        writer.gradient(register)
    inputs, seeds = [np.arange(5.0)], np.full(5, 0.5)
    _, gradients = Native(writer.plan).backward(inputs, np.array([1.5]), seeds)
    same(gradients, [1.5, 7.0, 3.0, 15.0, 5.0])


def test_a_sum_of_products_and_of_others_is_the_same_sum(engine: str) -> None:
    writer = Writer()
    x, p, put = [writer.input() for _ in range(4)], writer.parameter(), writer.put
    products = [put("mul", x[0], x[1]), put("mul", x[2], p), put("mul", p, p), put("mul", p, x[3])]
    twice = put("mul", x[1], x[1])
    writer.plan.output = put("sum", *products, x[0], twice, twice, p)
    inputs, parameters, _ = arguments(writer.plan, 23)
    expected = by_numpy(writer.plan, inputs, parameters)[writer.plan.output]
    same(Native(writer.plan).forward(inputs, parameters), expected)


@pytest.mark.parametrize("name", ["sum", "sum_squares", "logsumexp", "mean"])
def test_a_long_sum_is_taken_apart(name: str, engine: str) -> None:
    writer = Writer()
    operands = [writer.parameter() if i < 300 else writer.input() for i in range(1100)]
    writer.plan.output = writer.put(
        "mul", writer.put(name, *operands), writer.put(name, *operands[:250])
    )
    inputs, parameters, _ = arguments(writer.plan, 9)
    expected = by_numpy(writer.plan, inputs, parameters)[writer.plan.output]
    same(Native(writer.plan).forward(inputs, parameters), expected, 1e-11)
    # LLVM takes long for long functions: each operation has a few terms, a product of two lists twice as
    # many arguments.
    lowered = lower(writer.plan, (), backward=False)
    shorten(lowered, native.TERMS)
    parts = (lowered.before, lowered.sweep, lowered.after)
    assert max(len(each.arguments) for part in parts for each in part) <= 2 * native.TERMS


# --- large plans ----------------------------------------------------------------------------------


def graph(nodes: int) -> Plan:
    """A graph of many small operations, in which results are read again much later."""
    writer = Writer()
    pool = [writer.input(), writer.input(), writer.parameter(), writer.parameter()]
    rng = np.random.default_rng(3)
    names = ["add", "mul", "sub", "maximum", "hypot", "minimum", "where"]
    for number in range(nodes):
        name = names[number % len(names)]
        near = rng.integers(max(0, len(pool) - 30), len(pool), 3)
        operands = [pool[i] for i in near[: 3 if name == "where" else 2]]
        pool.append(writer.put("tanh", writer.put(name, *operands)))
    writer.plan.output = writer.put("sum", *pool[-9:])
    seed = writer.seed()
    for register in pool[:: max(1, len(pool) // 20)]:
        writer.gradient(writer.put(TOTAL, writer.put("mul", register, seed)))
    return writer.plan


def test_both_engines_give_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = graph(400)
    inputs, parameters, seed = arguments(plan, 77)
    held = by_numpy(plan, inputs, parameters, seed)
    for limit in (10**9, 0):
        monkeypatch.setattr(native, "STRAIGHT_LIMIT", limit)
        executor = Native(plan)
        losses, gradients = executor.backward(inputs, parameters, seed)
        assert executor.describe()["backward"]["engine"] == (
            "straight line" if limit else "bytecode"
        )
        same(losses, held[plan.output])
        expected = [np.sum(held[g]) for _, g in plan.gradients]
        np.testing.assert_allclose(gradients, expected, rtol=1e-11, atol=1e-12)


def test_a_graph_of_a_hundred_thousand_nodes_is_bytecode_and_needs_little_memory() -> None:
    plan = graph(50_000)
    executor = Native(plan)
    inputs, parameters, seed = arguments(plan, 5)
    losses, _ = executor.backward(inputs, parameters, seed)
    facts = executor.describe()["backward"]
    assert facts["engine"] == "bytecode"
    assert executor.buffer_bytes < 200 * len(plan.forward)
    same(losses, by_numpy(plan, inputs, parameters)[plan.output])


def test_two_threads_give_the_numbers_of_one(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "ENOUGH", 0)
    plan = network((4, 9, 6, 2))
    alone = Native(plan)
    for threads in (2, 3):
        executor = Native(plan, threads=threads)
        for instances in (1, 65, 100, 129, 1000):
            inputs, parameters, seed = arguments(plan, instances)
            losses, gradients = executor.backward(inputs, parameters, seed)
            expected = alone.backward(inputs, parameters, seed)
            np.testing.assert_array_equal(losses, expected[0])
            np.testing.assert_allclose(gradients, expected[1], rtol=1e-12, atol=1e-13)
            again = executor.backward(inputs, parameters, seed)[1]
            np.testing.assert_array_equal(gradients, again)  # the sums are added in one order


@pytest.mark.parametrize(("cores", "expected"), [(1, 1), (2, 2), (64, 2)])
def test_two_threads_take_part_where_there_are_two_cores_and_enough_work(
    cores: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "cores", lambda: cores)
    plan = network((4, 9, 6, 2))
    executor, alone = Native(plan), Native(plan, threads=1)
    same(executor.forward(*arguments(plan, 1000)[:2]), alone.forward(*arguments(plan, 1000)[:2]))
    assert len(executor.executor._forward._states) == 1  # little work
    monkeypatch.setattr(native, "ENOUGH", 0)
    same(executor.forward(*arguments(plan, 1000)[:2]), alone.forward(*arguments(plan, 1000)[:2]))
    assert len(executor.executor._forward._states) == expected


def test_one_executor_may_be_called_from_several_threads(engine: str) -> None:
    plan = network((4, 9, 6, 2))
    executor = Native(plan)
    calls = [arguments(plan, instances) for instances in (3, 40, 77, 200)] * 8
    expected = [executor.backward(*each) for each in calls]
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda each: executor.backward(*each), calls))
    for (losses, gradients), right in zip(got, expected, strict=True):
        np.testing.assert_array_equal(losses, right[0])
        np.testing.assert_array_equal(gradients, right[1])


def test_arrays_whose_heads_cannot_be_read_are_asked_for_their_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert heads.READABLE or sys.implementation.name != "cpython"
    monkeypatch.setattr(heads, "READABLE", False)
    plan = network((2, 3, 1))
    executor = Native(plan, extra=plan.inputs)
    inputs, parameters, seed = arguments(plan, 20)
    held = by_numpy(plan, inputs, parameters, seed)
    losses, extra = executor.forward(inputs, parameters)
    same(losses, held[plan.output])
    same(extra, np.array(inputs))
    gradients = executor.backward(inputs, parameters, seed)[1]
    np.testing.assert_allclose(gradients, [held[g] for _, g in plan.gradients], rtol=1e-11)


# --- what it takes --------------------------------------------------------------------------------


def test_what_has_no_native_form_is_named() -> None:
    by_way_of_text = np.vectorize(lambda x: float(str(x)))  # no formula of letters
    autograd.elementwise("my_row", by_way_of_text, by_way_of_text, lambda out, x: 1)
    Native(network((2, 2, 1)))
    with pytest.raises(NotNativeError, match="the plan holds arrays"):
        Native(Plan(scalar=False))
    writer = Writer()
    writer.plan.output = writer.put("my_row", writer.input())
    with pytest.raises(NotNativeError, match="'my_row' has no native function"):
        Native(writer.plan)


def test_a_number_of_each_instance_cannot_depend_on_a_total() -> None:
    writer = Writer()
    x = writer.input()
    centred = writer.put("sub", x, writer.put(TOTAL, x))
    writer.plan.output = centred
    writer.seed()
    with pytest.raises(NotNativeError, match="depends on a total"):
        Native(writer.plan)


# --- the cache ------------------------------------------------------------------------------------


def cached(plan: Plan) -> bool:
    """Whether a new executor of a plan finds its code on disk; it must be right in any case."""
    executor = Native(plan)
    check(plan, executor, 11)
    return bool(executor.describe()["backward"]["cached"])


def test_compiled_code_is_found_again_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHALKGRAD_CACHE", str(tmp_path / "cache"))
    assert not cached(network((2, 3, 1)))
    assert cached(network((2, 3, 1)))
    assert not cached(network((2, 4, 1)))
    assert not list((tmp_path / "cache").glob("*.part"))


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "foreign"])
def test_a_damaged_file_is_compiled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setenv("CHALKGRAD_CACHE", str(tmp_path))
    assert not cached(network((2, 3, 1)))
    for path in tmp_path.iterdir():
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(
            {
                "cut": path.read_bytes()[:-7],
                "changed": bytes(data),
                "empty": b"",
                "foreign": b"\x7fELF" + bytes(4000),
            }[damage]
        )
    assert not cached(network((2, 3, 1)))
    assert cached(network((2, 3, 1)))


def test_a_folder_that_cannot_be_written_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    for place in (str(blocked / "cache"), ""):
        monkeypatch.setenv("CHALKGRAD_CACHE", place)
        assert not cached(network((2, 3, 1)))
        assert not cached(network((2, 3, 1)))


def test_the_cache_drops_what_was_not_used_for_longest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHALKGRAD_CACHE", str(tmp_path))
    monkeypatch.setattr(cache, "MOST", 8)
    for number in range(8):
        cache.save(str(number), b"code")
        os.utime(tmp_path / f"{number}.o", (number, number))
    assert cache.load("0") == b"code"
    cache.save("8", b"code")
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["0", "3", "4", "5", "6", "7", "8"]


def test_a_second_process_finds_the_code_of_the_first(cache_folder: Path) -> None:
    program = textwrap.dedent(
        """
        import numpy as np, sys
        sys.path.insert(0, sys.argv[1])
        from plans import Native, arguments, network
        plan = network((2, 5, 3, 1))
        executor = Native(plan)
        executor.backward(*arguments(plan, 11))
        print(executor.describe()["backward"]["cached"])
        """
    )
    command = [sys.executable, "-c", program, str(Path(__file__).parents[2])]
    environment = {**os.environ, "CHALKGRAD_CACHE": str(cache_folder / "second")}
    root = str(Path(autograd.__file__).parent.parent)
    environment["PYTHONPATH"] = os.pathsep.join([root, environment.get("PYTHONPATH", "")])
    for expected in ("False", "True"):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.stdout.strip() == expected, done.stderr
