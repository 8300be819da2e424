"""The collector of cycles waits, and is what it was afterwards."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

from autograd.support.collecting import uncollected


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    yield
    gc.enable()


def test_the_collector_waits_and_goes_on_after_an_error_too() -> None:
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), uncollected():
        _ = 1 / 0
    assert gc.isenabled()


def test_a_collector_that_somebody_has_stopped_stays_stopped() -> None:
    gc.disable()
    with uncollected():
        assert not gc.isenabled()
    assert not gc.isenabled()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process cannot be forked here")
@pytest.mark.parametrize("wanted", [True, False])
def test_a_forked_process_collects_again_if_its_parent_did(wanted: bool) -> None:
    text = f"""
        import gc, os
        from autograd.support.collecting import uncollected

        {"gc.enable()" if wanted else "gc.disable()"}
        with uncollected():
            child = os.fork()
            if child == 0:
                os._exit(gc.isenabled())
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text)], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{int(wanted)}\n"
