"""Modes belong to a thread and context, and each change of one is taken back, however it is entered."""

import asyncio
import concurrent.futures
import contextvars
import functools
import inspect
import threading

import pytest

import autograd
import nn
from autograd import Scope, Tensor, Value
from autograd.context.modes import Mode, current_mode

CHANGES = [
    autograd.no_grad,
    autograd.enable_grad,
    autograd.retain_grads,
    autograd.detect_anomaly,
    autograd.recording,
]


def fields(mode):
    return {name: getattr(mode, name) for name in Mode.__slots__}


def run(coroutine):
    """Run it in a thread of its own: browsers leave an event loop running in that of the tests."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, coroutine).result()


def changed(change):
    """The fields that a change has inside itself."""
    with change:
        return fields(current_mode())


@pytest.fixture(autouse=True)
def _nothing_is_left_behind():
    before, under_way = current_mode(), list(autograd.recording.under_way)
    yield
    assert current_mode() is before
    assert autograd.recording.under_way == under_way


each_change = pytest.mark.parametrize("kind", CHANGES)


# --- one object, entered more than once -----------------------------------------------------------


@each_change
def test_a_mode_may_be_entered_again_inside_itself(kind):
    change = kind()
    expected, outside = changed(change), fields(current_mode())
    with change:
        with change, change:
            assert fields(current_mode()) == expected
        assert fields(current_mode()) == expected
    assert fields(current_mode()) == outside


@each_change
def test_one_object_in_many_threads_changes_the_mode_of_each_alone(kind):
    change, errors = kind(), []
    expected, outside = changed(change), fields(current_mode())
    turns = threading.Barrier(4, timeout=60)

    def work(i):
        try:
            for round_ in range(20):
                turns.wait()
                if (i + round_) % 2:
                    assert fields(current_mode()) == outside
                    turns.wait()
                    assert fields(current_mode()) == outside
                    turns.wait()
                else:
                    with change:
                        assert fields(current_mode()) == expected
                        turns.wait()  # all of them are inside
                        assert fields(current_mode()) == expected
                        if i % 3:
                            turns.wait()
                    if not i % 3:
                        turns.wait()
                    assert fields(current_mode()) == outside
        except BaseException as error:
            errors.append(error)
            turns.abort()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@each_change
def test_one_object_in_many_tasks_changes_the_mode_of_each_alone(kind):
    change = kind()
    expected, outside = changed(change), fields(current_mode())

    async def inside(n):
        with change:
            for _ in range(n):
                await asyncio.sleep(0)
                assert fields(current_mode()) == expected
        assert fields(current_mode()) == outside

    async def beside():
        for _ in range(10):
            assert fields(current_mode()) == outside
            await asyncio.sleep(0)

    async def main():
        await asyncio.gather(inside(3), inside(7), beside(), inside(1))

    run(main())


@each_change
def test_the_mode_is_taken_back_after_an_exception(kind):
    change = kind()
    with pytest.raises(ZeroDivisionError), change, change:
        raise ZeroDivisionError


def test_what_ends_before_what_was_entered_later_leaves_that_as_it_is():
    outer, inner = autograd.no_grad(), autograd.no_grad()
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    assert not autograd.is_grad_enabled()
    inner.__exit__(None, None, None)
    assert autograd.is_grad_enabled()

    retained, silent = autograd.retain_grads(), autograd.no_grad()
    retained.__enter__()
    silent.__enter__()
    retained.__exit__(None, None, None)
    assert (current_mode().retain, current_mode().recording) == (False, False)
    silent.__exit__(None, None, None)


def test_a_mode_that_begins_in_a_module_and_ends_after_its_call_leaves_nothing_behind():
    def paused():
        with autograd.no_grad():
            yield

    class Net(nn.Module):
        def forward(self, x):
            self.waiting = paused()
            next(self.waiting)
            y = x * 2.0
            with autograd.enable_grad():
                self.waiting.close()
                return y, x * 3.0

    silent, loud = Net()(Tensor([1.0]))
    assert (silent.requires_grad, loud.requires_grad) == (False, True)
    assert loud.scope.kind == "Net"


@each_change
def test_a_mode_that_is_left_elsewhere_than_it_was_entered_is_refused(kind):
    change = kind()
    context = contextvars.copy_context()
    context.run(change.__enter__)
    try:
        with pytest.raises(RuntimeError, match=f"{kind.__name__} is left in a thread or context"):
            autograd.recording.__mro__[1].__exit__(change, None, None, None)
    finally:
        context.run(change.__exit__, None, None, None)


# --- decorated ------------------------------------------------------------------------------------


@each_change
def test_brackets_may_be_left_out(kind):
    @kind
    def bare(x, scale=1.0):
        """It scales."""
        return x * scale, fields(current_mode())

    @kind()
    def called(x):
        return fields(current_mode())

    out, inside = bare(Value(3.0), scale=2.0)
    assert out.data == 6.0
    assert (bare.__name__, bare.__doc__) == ("bare", "It scales.")
    for name in ("recording", "retain"):
        assert inside[name] == called(1.0)[name] == changed(kind())[name]
    assert (inside["anomaly"] is None) == (changed(kind())["anomaly"] is None)
    assert (inside["notes"] is None) == (changed(kind())["notes"] is None)


@each_change
def test_a_decorated_function_may_call_itself_and_be_called_by_threads(kind):
    change = kind()
    expected, errors = changed(change), []

    @change
    def down(n):
        if n:
            down(n - 1)
        if fields(current_mode()) != expected:
            errors.append(n)

    threads = [threading.Thread(target=down, args=(50,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@each_change
def test_a_generators_body_runs_in_the_mode_and_its_caller_does_not(kind):
    change = kind()
    expected, outside = changed(change), fields(current_mode())
    seen = []

    @change
    def body(n):
        for i in range(n):
            seen.append(fields(current_mode()))
            sent = yield i
            assert sent in (None, "sent")
        return "done"

    generator = body(3)
    assert inspect.isgeneratorfunction(body)
    assert next(generator) == 0
    assert fields(current_mode()) == outside
    assert generator.send("sent") == 1
    assert fields(current_mode()) == outside
    assert next(generator) == 2
    with pytest.raises(StopIteration) as stopped:
        next(generator)
    assert stopped.value.value == "done"
    assert seen == [expected] * 3


def test_a_generator_is_closed_and_told_of_errors_in_its_mode():
    seen = []

    @autograd.no_grad()
    def body():
        try:
            yield 1
        except ValueError:
            seen.append(autograd.is_grad_enabled())
            try:
                yield 2
            finally:
                seen.append(autograd.is_grad_enabled())

    generator = body()
    next(generator)
    assert generator.throw(ValueError("told")) == 2
    generator.close()
    assert seen == [False, False]

    generator = body()
    next(generator)
    with pytest.raises(KeyError):
        generator.throw(KeyError("not for it"))
    assert autograd.is_grad_enabled()


def test_what_a_generator_has_entered_itself_holds_when_it_goes_on():
    @autograd.no_grad()
    def body():
        yield autograd.is_grad_enabled(), current_mode().retain
        with autograd.enable_grad(), autograd.retain_grads():
            yield autograd.is_grad_enabled(), current_mode().retain
            yield autograd.is_grad_enabled(), current_mode().retain
        yield autograd.is_grad_enabled(), current_mode().retain

    seen = []
    for each in body():
        seen.append(each)
        assert (autograd.is_grad_enabled(), current_mode().retain) == (True, False)
    assert seen == [(False, False), (True, True), (True, True), (False, False)]


def test_generators_of_one_function_are_apart():
    @autograd.no_grad()
    def body():
        while True:
            yield autograd.is_grad_enabled()

    first, second = body(), body()
    with autograd.retain_grads():
        assert next(first) is next(second) is next(first) is False
    assert next(second) is False
    assert autograd.is_grad_enabled()


@each_change
def test_coroutines_and_asynchronous_generators_run_in_the_mode(kind):
    change = kind()
    expected, outside = changed(change), fields(current_mode())

    @change
    async def coroutine(n):
        for _ in range(n):
            assert fields(current_mode()) == expected
            await asyncio.sleep(0)
        assert fields(current_mode()) == expected
        return n

    @change
    async def generator(n):
        for i in range(n):
            await asyncio.sleep(0)
            assert fields(current_mode()) == expected
            try:
                sent = yield i
            except ValueError:
                assert fields(current_mode()) == expected
                sent = None
            assert sent in (None, "sent")

    async def main():
        assert await asyncio.gather(coroutine(1), coroutine(4), coroutine(2)) == [1, 4, 2]
        assert fields(current_mode()) == outside
        async for _ in generator(3):
            assert fields(current_mode()) == outside
            await asyncio.sleep(0)
        by_hand = generator(4)
        assert await by_hand.asend(None) == 0
        assert await by_hand.asend("sent") == 1
        assert await by_hand.athrow(ValueError("told")) == 2
        await by_hand.aclose()
        assert fields(current_mode()) == outside

    assert inspect.iscoroutinefunction(coroutine)
    assert inspect.isasyncgenfunction(generator)
    run(main())
    driven = coroutine(1)  # by hand, in the caller's own context
    driven.send(None)
    assert fields(current_mode()) == outside
    with pytest.raises(StopIteration):
        driven.send(None)


def test_methods_of_every_kind_partial_functions_and_callable_objects_are_decorated():
    def enabled(*arguments):
        return autograd.is_grad_enabled()

    class Thing:
        @autograd.no_grad()
        def method(self):
            return autograd.is_grad_enabled()

        @autograd.no_grad
        @staticmethod
        def alone():
            return autograd.is_grad_enabled()

        @autograd.no_grad()
        @classmethod
        def of_class(cls):
            return cls is Thing and not autograd.is_grad_enabled()

        @autograd.no_grad()
        def many(self):
            yield autograd.is_grad_enabled()

        def __call__(self):
            yield autograd.is_grad_enabled()

    thing = Thing()
    assert not thing.method()
    assert not Thing.alone()
    assert not thing.alone()
    assert thing.of_class()
    assert list(thing.many()) == [False]
    assert list(autograd.no_grad()(thing)()) == [False]
    assert autograd.no_grad(functools.partial(enabled, 1))() is False
    assert list(autograd.no_grad(functools.partial(Thing.many, thing))()) == [False]
    assert autograd.no_grad(autograd.enable_grad(enabled))() is True


@each_change
@pytest.mark.parametrize("wrong", [5, None, "name", [len], Value(1.0)])
def test_what_is_no_function_is_not_decorated(kind, wrong):
    with pytest.raises(TypeError, match=f"{kind.__name__} .*function"):
        kind(wrong)
    with pytest.raises(TypeError, match=f"@{kind.__name__} decorates a function"):
        kind()(wrong)


@each_change
def test_a_class_is_not_decorated(kind):
    for decorate in (kind, kind()):
        with pytest.raises(TypeError, match="not the class Linear: decorate its methods"):
            decorate(nn.Linear)


# --- scopes ---------------------------------------------------------------------------------------


def chain(scope):
    found = []
    while scope is not None:
        assert len(found) < 20, "a scope lies in itself"
        found.append(scope.path)
        scope = scope.parent
    return found


def test_a_scope_may_be_entered_again_inside_itself():
    a, b = Scope("a", "A"), Scope("b", "B")
    x = Value(2.0)
    with a:
        with a:
            once = x * x
        again = x * x
    assert (x * x).scope is None
    assert once.scope is again.scope is a
    with a, b, a, a:
        deep = x * x
    assert chain(deep.scope) == ["a", "b", "a"]
    assert chain(a) == ["a"]
    model = nn.Sequential(nn.Tanh())
    with a, a:
        inside = model(Tensor([1.0]))
    assert inside.scope.path == "a.layers.0"
    assert model(Tensor([1.0])).scope.path == "layers.0"


def test_a_scope_lies_where_it_is_entered_and_nowhere_else():
    outer, inner = Scope("outer", "O"), Scope("inner", "I")
    x = Value(2.0)
    with outer, inner:
        first = x * x
    with inner:
        second = x * x
    with Scope("other", "O"), inner:
        third = x * x
    assert [chain(y.scope) for y in (first, second, third)] == [
        ["inner", "outer"],
        ["inner"],
        ["inner", "other"],
    ]
    with Scope("other", "O"), Scope("fixed", "F", outer):
        assert chain((x * x).scope) == ["fixed", "outer"]


def test_one_scope_in_many_threads_leads_each_back_to_where_it_was():
    scope, errors, found = Scope("shared", "S"), [], []
    turns = threading.Barrier(4, timeout=60)

    def work(i):
        try:
            for _ in range(20):
                with Scope(f"thread{i}", "T"):
                    turns.wait()
                    with scope:
                        turns.wait()
                        found.append(chain((Value(1.0) * 2.0).scope) == ["shared", f"thread{i}"])
                        turns.wait()
                    assert chain((Value(1.0) * 2.0).scope) == [f"thread{i}"]
                assert (Value(1.0) * 2.0).scope is None
        except BaseException as error:
            errors.append(error)
            turns.abort()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert all(found)
    assert len(found) == 80


def test_a_scope_is_left_after_an_exception():
    with pytest.raises(ZeroDivisionError), Scope("a", "A"):
        raise ZeroDivisionError
    assert (Value(1.0) * 2.0).scope is None
