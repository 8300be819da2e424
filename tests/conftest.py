"""What is collected, and what a test leaves behind."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest
import quick

import autograd

# Helpers that need an extra are looked through for doctests only where it is there.
collect_ignore = (
    []
    if importlib.util.find_spec("torch")
    else ["counterparts.py", "programs/arbitrary/pytorch.py"]
)


def pytest_configure(config: pytest.Config) -> None:
    """`-m quick` looks into no other file than those of the quick tests."""
    quick.choose(config)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`-m quick` chooses among what is marked here."""
    quick.mark(items)


@pytest.fixture(autouse=True)
def rows_of_the_library() -> Iterator[None]:
    """A row that a test declares goes with it: other tests walk over all that there are."""
    before = len(autograd.registry)
    yield
    for name in list(autograd.registry)[before:]:  # in the order in which they were declared
        del autograd.registry[name]
