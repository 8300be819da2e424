"""The benchmark is right before it is fast: results are checked, and what is missing is told."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from benchmarks import goals, harness, instructions, scaling, tables, worker
from benchmarks.__main__ import main
from benchmarks.before import Comparison, Pair, Task, tasks
from benchmarks.contestants import CONTESTANTS
from benchmarks.harness import GoneError, Harness, Process, Result
from benchmarks.workloads import WORKLOADS, expression, find, operations

SMALL = {
    "S1": "S1@500",
    "S2": "S2@5",
    "GPT": "GPT@1",
    "T1": "T1@7",
    "T2": "T2@6",
    "T2-Adam": "T2-Adam@6",
    "T3": "T3@5",
    "T4": "T4@9",
    "T5": "T5@3",
}
OWN = {key for key, c in CONTESTANTS.items() if c.own}
PEERS = ("torch", "jax", "mygrad", "tinygrad", "casadi", "micrograd")


@pytest.fixture(autouse=True)
def settings_stay() -> Iterator[None]:
    """The pictures set matplotlib up for themselves: the other tests keep its defaults."""
    if importlib.util.find_spec("matplotlib") is None:
        yield
        return
    import matplotlib

    with matplotlib.rc_context():
        yield


def prepared(process: Process, workload: str) -> dict[str, Any]:
    """What a worker answers to a small workload, or a skip where it cannot take part on this machine."""
    answer = process.ask(prepare=SMALL[workload], seconds=1e-4)
    if "missing" in answer:
        pytest.skip(f"{answer['missing']} is not installed")
    if "FileNotFoundError" in answer.get("error", ""):  # no clang for tinygrad, no gcc for CasADi
        pytest.skip(answer["error"])
    return answer


@pytest.fixture(scope="module")
def right() -> dict[str, list[float]]:
    """The results that all others must have: PyTorch's, or by hand where there is none."""
    found = {}
    keys = ["torch", "torch-0d"] if importlib.util.find_spec("torch") else ["hand", "eager"]
    for key in keys:
        with closing(Process(key, sys.executable, 120)) as process:
            for workload in CONTESTANTS[key].workloads:
                if workload not in found:
                    found[workload] = prepared(process, workload)["check"]
    return found


@pytest.mark.parametrize(
    "key", [key for key, c in CONTESTANTS.items() if key not in OWN and not c.optional]
)
def test_a_contestant_computes_what_pytorch_computes(
    key: str, right: dict[str, list[float]]
) -> None:
    with closing(Process(key, sys.executable, 120)) as process:
        for workload in CONTESTANTS[key].workloads:
            answer = prepared(process, workload)
            assert "error" not in answer, (workload, answer)
            check = answer["check"]
            if key == "limit" and workload != "S1":
                assert check is None
                continue
            wanted = right[workload][: len(check)] if key == "limit" else right[workload]
            assert check == pytest.approx(
                wanted, rel=answer["tolerance"], abs=answer["tolerance"]
            ), workload
            if workload.startswith("T"):
                single = process.ask(prepare=f"{SMALL[workload]}:float32", seconds=1e-4)
                assert "error" not in single, (workload, single)
                assert (
                    single["check"] == check
                )  # in float64; losses in float32 are compared with it
            timed = process.ask(round=True)
            assert timed["seconds"] > 0
            assert answer["steps"] >= 1


def test_a_check_tells_a_wrong_gradient_from_a_right_one() -> None:
    """One wrong parameter out of all shows, even where the loss is right."""
    from benchmarks.contestants.by_hand import plainly

    for workload in SMALL.values():
        w = find(workload)
        if not w.sizes:
            continue
        contest = plainly(w)
        assert contest.check is not None
        first = contest.check()
        slower = dataclasses.replace(w, lr=w.lr * (1 + 1e-6))
        other = plainly(slower).check
        assert other is not None
        assert not np.allclose(first[3], other()[3], rtol=1e-8, atol=0), workload


def test_a_wrong_result_is_told_and_not_timed() -> None:
    results = {
        "torch": Result("torch", "PyTorch, eager", check=[1.0, 2.0]),
        "hand": Result("hand", "by hand", check=[1.0, 2.0 + 1e-12]),
        "eager": Result("eager", "chalkgrad, eager", check=[1.0, 2.001]),
        "limit": Result("limit", "limit", check=[1.0]),
        "compiled": Result("compiled", "chalkgrad, compiled", check=[float("nan"), 2.0]),
    }
    harness.judge(results)
    troubles = {key: r.trouble.partition(":")[0] for key, r in results.items()}
    assert troubles == {"torch": "", "hand": "", "eager": "WRONG", "limit": "", "compiled": "WRONG"}
    assert "2.001" in results["eager"].trouble


def test_a_missing_peer_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = dataclasses.replace(CONTESTANTS["jax"], needs=("numpy", "no_such_peer.at_all"))
    monkeypatch.setitem(CONTESTANTS, "jax", absent)
    assert worker.missing("jax") == "no_such_peer.at_all"
    assert worker.missing("hand") == ""
    assert worker.Worker("jax").prepare("T1@3", 1e-4) == {"missing": "no_such_peer.at_all"}
    assert "not installed" in harness.lacking("jax", "no_such_peer")
    assert "--python hips=" in harness.lacking("hips", "autograd.numpy")


def test_hips_autograd_is_not_mistaken_for_this_library() -> None:
    """In our own interpreter its import name finds us, and we have no autograd.numpy."""
    results = Harness(1, 1e-4, {"hips": sys.executable}).run("T1@3", ["hips"])
    assert "needs an interpreter of its own" in results[0].trouble or results[0].times


def test_no_contestant_is_told_to_use_more_than_avx2() -> None:
    assert instructions.variables("native") == {}
    variables = instructions.variables("avx2")
    code = "import json, numpy; print(json.dumps(numpy._core._multiarray_umath.__cpu_features__))"
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    features = json.loads(process.stdout)
    assert not any(features[name] for name in instructions.numpy_features())
    with closing(Process("compiled", sys.executable, 120, environment=variables)) as worker:
        assert "check" in worker.ask(prepare="S2@5", seconds=1e-4)


def test_a_peer_that_fails_or_takes_too_long_is_a_line() -> None:
    with closing(Process("hand", sys.executable, 120)) as process:
        assert "KeyError" in process.ask(prepare="T9", seconds=1)["error"]
        assert "check" in process.ask(prepare="T1@3", seconds=1e-4)
    with (
        closing(Process("hand", sys.executable, 0.05)) as process,
        pytest.raises(GoneError, match="took longer than"),
    ):
        process.ask(prepare="T5", seconds=30)


def test_the_expression_has_as_many_operations_as_it_says() -> None:
    class Counted(float):
        made = 0

        def op(self, _: object = None) -> Counted:
            Counted.made += 1
            return Counted()

        __add__ = __sub__ = __mul__ = __truediv__ = __pow__ = op  # type: ignore[assignment]
        relu = op

    for nodes in (100, 500, 10_000):
        Counted.made = 0
        expression(Counted, nodes)
        assert Counted.made == operations(nodes)
        assert 0.7 * nodes <= operations(nodes) <= 1.1 * nodes


def test_the_texts_are_names_of_seven_letters_one_after_another() -> None:
    longest = [name for name in nn.data.names() if len(name) == 7]
    assert find("GPT").names() == longest[:8]
    assert find(f"GPT@{len(longest) + 2}").names() == [*longest, *longest[:2]]


def test_goals_are_met_or_not_by_the_medians() -> None:
    everyone = {
        name: [
            Result(
                key, c.label, [1.0, 1.0, 5.0] if key in ("compiled", "eager") else [0.1, 4.0, 9.0]
            )
            for key, c in CONTESTANTS.items()
            if name in c.workloads
        ]
        for name in WORKLOADS
    }
    lines = list(goals.lines(everyone))
    # S1: 6; S2: 9; GPT: 1; T1 and T2: 4; T2 with Adam, T3 and T4: 3; T5: 2
    assert len(lines) == 35
    met = {(work, ours, peer): last for work, ours, peer, *_, last in lines}
    assert met["T1", "chalkgrad, compiled", "PyTorch, eager"] == "not met: 50% of it"
    assert met["T2", "chalkgrad, compiled", "PyTorch, eager"] == "met"
    assert met["T4", "chalkgrad, eager", "PyTorch, eager"] == "met"
    everyone["T1"] = [r for r in everyone["T1"] if r.key != "torch"]
    last = {
        (work, peer): line[-1] for line in goals.lines(everyone) for work, _, peer in [line[:3]]
    }
    assert last["T1", "PyTorch, eager"] == "not measured"


def test_times_and_ratios_are_written_as_people_read_them() -> None:
    texts = [tables.time_text(s) for s in (2e-9, 3.14159e-6, 0.0123, 4.5, 1234.0)]
    assert texts == ["2 ns", "3.14 µs", "12.3 ms", "4.5 s", "1234 s"]
    assert [goals.ratio_text(r) for r in (0.5, 12.34, 12345.6)] == ["0.5×", "12.3×", "12,346×"]


def test_a_run_with_nothing_but_the_core_prints_tables_and_draws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--only", "T1", "--quick", "--rounds", "1", "--output", str(tmp_path)]
    assert main([*options, "--without", ",".join(PEERS)]) == 0
    printed = capsys.readouterr().out
    assert "### T1: the same net on tensors" in printed
    assert "| **chalkgrad, compiled** |" in printed
    assert "- HIPS autograd: needs an interpreter of its own" in printed
    assert "| T1 | chalkgrad, compiled | PyTorch, eager | 8× |  | not measured |" in printed
    if importlib.util.find_spec("matplotlib"):
        picture = (tmp_path / "benchmarks.svg").read_text(encoding="utf-8")
        assert picture.lstrip().startswith("<?xml")
        assert len(picture) < 500_000


def test_a_checkout_is_held_against_an_older_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Here against itself, where nothing is wrong, whatever is slower by chance."""
    options = ["--before", harness.ROOT, "--quick", "--rounds", "1", "--only", "T1,import"]
    main(options)
    printed = capsys.readouterr().out
    names = [line.split("|")[1].strip() for line in printed.splitlines() if " … " in line]
    assert names == [
        "T1, compiled",
        "T1, compiled (NumPy)",
        "T1, eager",
        "import autograd",
        "import nn",
    ]
    assert "WRONG" not in printed


def test_the_older_checkout_is_what_is_measured(tmp_path: Path) -> None:
    (tmp_path / "autograd").mkdir()
    (tmp_path / "autograd" / "__init__.py").write_text("raise ImportError('the older one')")
    for task in tasks(["T1", "import", "first"], "float64", 1e-4):
        assert "the older one" in Comparison(str(tmp_path), rounds=1).measured(task).trouble
        if task.name.startswith("T1"):
            break


def test_what_is_slower_is_told_by_its_rounds() -> None:
    task = Task("T1", "eager", {})
    assert Pair(task, [1.0] * 5, [1.02] * 5).verdict == ""
    assert Pair(task, [1.0] * 5, [1.00, 1.00, 1.04, 1.09, 1.10]).verdict == "perhaps slower"
    assert Pair(task, [2.0] * 5, [2.00, 2.10, 2.10, 2.10, 2.20]).verdict == "slower"
    assert Pair(task, [1.0, 2.0, 3.0], [0.5, 1.0, 1.5]).quartiles == (0.5, 0.5, 0.5)


def test_scaling_measures_each_size_and_leaves_out_what_fails(tmp_path: Path) -> None:
    said: list[str] = []
    points = scaling.measured(
        Harness(1, 1e-3),
        lambda key: key in ("limit", "eager", "compiled"),
        said.append,
        nodes=(100, 1000),
        batches=(1, 10),
    )
    sizes = {curve.label: [size for size, _ in each] for curve, each in points.items()}
    assert sizes == {
        "chalkgrad, eager Values": [100, 1000],
        "plain floats, no derivative": [100, 1000],
        "chalkgrad, S2 compiled (scalars)": [1, 10],
        "chalkgrad, T1 compiled (tensors)": [1, 10],
    }
    assert not said
    assert "| 100 |" in "\n".join(tables.scaling_table(points))
    if importlib.util.find_spec("matplotlib"):
        from benchmarks import pictures

        pictures.draw_scaling(points, "a caption", tmp_path / "scaling.svg")
        assert (tmp_path / "scaling.svg").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "T9"], "no workload 'T9': there are S1"),
        (["--without", "tensorflow"], "no contestant 'tensorflow': there are compiled"),
        (["--rounds", "0"], "--rounds is 1 or more, got 0"),
        (["--python", "hips=/no/such/python"], "no interpreter there"),
        (["--before", "/no/such/checkout"], "no checkout there"),
        (["--core", "0"], "--core goes with --before"),
        (["--only", "first"], "no workload 'first': there are S1"),
    ],
)
def test_an_option_that_does_not_fit_is_said(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert message in " ".join(capsys.readouterr().err.split())
