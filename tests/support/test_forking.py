"""Locks at forks: whoever forks holds them all, and never waits for one with another in hand."""

import os
import subprocess
import sys
import textwrap
import threading

import pytest

from autograd.support import forking

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a process cannot be forked here")


def run(text: str) -> str:
    """What a process prints, which has a minute; a child that hangs must not keep its pipes open."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(text)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_threads_that_take_two_locks_in_either_order_do_not_stop_a_fork() -> None:
    # The lock that was registered last would be taken first; the other thread holds the first one and
    # waits for the last, as a thread does that writes gradients while the collector frees machine code.
    printed = run(
        """
        import os, threading, time
        from autograd.support.forking import held_at_forks

        first, last = held_at_forks(threading.RLock()), held_at_forks(threading.RLock())
        inside = threading.Event()

        def both():
            with first:
                inside.set()
                time.sleep(0.5)
                with last:
                    pass

        other = threading.Thread(target=both, daemon=True)
        other.start()
        inside.wait(30)
        child = os.fork()
        if child == 0:
            with first, last:
                os._exit(0)
        print(os.waitpid(child, 0)[1])
        other.join()
        """
    )
    assert printed == "0\n"


def test_a_fork_waits_for_a_late_import_that_asks_for_a_logger() -> None:
    # The hook of `logging` takes the lock of all loggers, which that thread needs to end its import.
    printed = run(
        """
        import importlib.abc, importlib.util, os, sys, threading, time
        from autograd.support.late import import_late

        begun = threading.Event()

        class Library(importlib.abc.MetaPathFinder, importlib.abc.Loader):
            def find_spec(self, name, path, target=None):
                return importlib.util.spec_from_loader(name, self) if name == "library" else None
            def exec_module(self, module):
                begun.set()
                time.sleep(0.5)
                import logging
                module.log = logging.getLogger("library")

        sys.meta_path.insert(0, Library())
        other = threading.Thread(target=import_late, args=("library",), daemon=True)
        other.start()
        begun.wait(30)
        child = os.fork()
        if child == 0:
            assert import_late("library").log.name == "library"
            os._exit(0)
        print(os.waitpid(child, 0)[1])
        other.join()
        """
    )
    assert printed == "0\n"


def test_all_locks_are_free_again_after_a_fork_and_held_during_it() -> None:
    lock = threading.RLock()
    forking.held_at_forks(lock)
    try:
        child = os.fork()
        if child == 0:
            os._exit(int(not lock.acquire(blocking=False)))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        free = []
        other = threading.Thread(target=lambda: free.append(lock.acquire(blocking=False)))
        other.start()
        other.join()
        assert free == [True]
    finally:
        forking._locks.remove(lock)
