"""Program: a recorded graph that is replayed with other numbers."""

from __future__ import annotations

import importlib.util
import os
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from autograd.engine import graph
from autograd.engine.graph import Node, StaleGraphError
from autograd.engine.modes import current_mode
from autograd.engine.notes import BranchChanged, Notes
from autograd.engine.primitive import registry
from autograd.engine.recording import recording
from autograd.engine.tensor import Tensor
from autograd.engine.vector import Vector
from autograd.programs.anomalies import check_backward, check_forward
from autograd.programs.by_numpy.executor import NumpyExecutor
from autograd.programs.effects import Effects
from autograd.programs.guards import Guard, guards_of
from autograd.programs.inputs import OWN, as_array, as_seed, copied
from autograd.programs.listing import listing
from autograd.programs.options import check_options
from autograd.programs.planning.derived import Derived
from autograd.programs.planning.gradients import Leaving
from autograd.programs.planning.plan import Plan
from autograd.programs.planning.planner import plan_of
from autograd.programs.verifying import Verifier
from autograd.support.installing import install_hint
from autograd.support.late import import_late

if TYPE_CHECKING:
    from autograd.programs.native.tensors.executor import TensorExecutor


@dataclass(frozen=True)
class ProgramStats:
    """What a program consists of.

    Attributes:
        executor: ``"numpy"`` or ``"native"``.
        why_not_native: what stands in the way of the native executor, or an empty text.
        forward, backward: instructions of each pass.
        recorded: nodes of the graph with a primitive.
        folded: instructions on constants alone, computed when the program was made.
        shared: instructions that another had computed already.
        dropped: instructions whose result nothing needed.
        buffer_bytes: memory for intermediate results, so far.
        guards: numbers that left the graph while it was recorded, which every replay checks.
        branches: what holds of branches in Python, in words.
    """

    executor: str
    why_not_native: str
    forward: int
    backward: int
    recorded: int
    folded: int
    shared: int
    dropped: int
    buffer_bytes: int
    guards: int
    branches: str


class Run:
    """The last run of one thread: what it was given, and what came out, as its backward pass needs it.

    A native executor computes losses and gradients in one call. A thread that trains asks for both at
    once, and keeps the gradients until they are asked for.

    Attributes:
        begun, done: whether there is a run, and whether it has succeeded.
        counted: whether the thread is one of those that have run the program.
        given, instances: the inputs, and how many instances a graph of Values was run for.
        date: of the leaves that it read.
        out: what was computed, until the first backward pass has been verified.
        ahead: the gradients for the default seed, where they were computed with the output.
        drawn: copies of what rows drew, once another run has drawn into the same memory.
        borrowed: the names of inputs that were not copied.
        rooms: the memory of the copies of inputs, which the next run uses again.
        number: counts the runs; and `kept`, a weak reference to the one of that number, if it was kept.
        trains, used: whether the thread differentiates with the default seed, and has done so.
        keeps: whether large inputs are copied in any case: a backward pass has missed them.
    """

    __slots__ = (
        *("ahead", "begun", "borrowed", "counted", "date", "done", "drawn", "given", "instances"),
        *("keeps", "kept", "number", "out", "rooms", "trains", "used"),
    )

    def __init__(self, inputs: int) -> None:
        self.begun = self.done = self.counted = False
        self.trains = self.used = self.keeps = False
        self.given: list[Any] = []
        self.instances: int | None = None
        self.date = 0
        self.out: Any = None
        self.ahead: Any = None
        self.drawn: dict[int, Any] | None = None
        self.borrowed: list[str] = []
        self.number = 0
        self.kept: Any = None
        self.rooms: list[Any] = [None] * inputs


class Kept:
    """One run of a program, as it is kept to be differentiated later, by this program or another.

    Attributes:
        given, instances: the inputs, which are nobody else's.
        drawn: what rows drew, by the node.
        run, number: by which the program tells whether it is still the last one of its thread.
    """

    __slots__ = ("__weakref__", "drawn", "given", "instances", "number", "run")

    def __init__(self, run: Run, given: list[Any], drawn: dict[Node, Any]) -> None:
        self.given = given
        self.instances = run.instances
        self.drawn = drawn
        self.run = run
        self.number = run.number


class Program:
    """A recorded graph, replayed with other numbers: what `compile` makes.

    ``program(*arrays)`` computes the output for new inputs, and ``program.backward()`` leaves the
    gradients on the leaves, as the eager pass would. Leaves that are not inputs are read at each run;
    constants are what they were when the graph was recorded.

    A graph of Values is replayed for many instances at once: each input is then an array with one number
    per instance (or one number for all), and so is what comes out. Of plain numbers alone a number comes
    out. With nodes in `also`, a call gives
    their numbers as well, behind the output's.

    Several threads may share a program: `backward` differentiates the last run of the thread that calls
    it. A call that fails leaves running averages and generators of random numbers what they were; and
    there is nothing to differentiate then, unless the inputs did not fit, and nothing was computed.
    """

    def __init__(
        self,
        output: Node,
        inputs: Sequence[Any],
        *,
        recorded: recording | None = None,
        executor: str = "auto",
        threads: int | None = None,
        verify: bool = True,
        input_gradients: bool = True,
        also: Sequence[Node] = (),
        unused: bool = False,
    ) -> None:
        check_options(executor, threads, verify, recorded)
        check_nodes(output, inputs, also)
        notes = Notes() if recorded is None else recorded.notes
        self.noted = recorded is not None
        derived = Derived(inputs, notes.made)
        self.guards: list[Guard] = guards_of(notes, inputs, derived)
        self.lazy = [guard for guard in self.guards if guard.lazy]
        self.early = [guard for guard in self.guards if guard.early and not guard.lazy]
        self.late = [guard for guard in self.guards if not guard.early]
        watched = [node for guard in self.guards for node in guard.nodes]
        decided = [x for guard in self.guards for x in guard.inputs]
        found = {id(x): x for guard in self.guards for x in guard.arrays}
        extra = [x for x in (*also, *watched, *decided) if isinstance(x, Node)]
        planner = plan_of(
            output,
            inputs,
            extra=list(dict.fromkeys(extra)),
            input_gradients=input_gradients,
            derived=derived,
            unused=unused,
            arrays=[*found.values(), *(x for x in decided if not isinstance(x, Node))],
        )
        self.plan: Plan = planner.plan
        self.executor = executor
        self.rows: dict[int, Any] = {}  # of a compiled function: what makes a node of each output
        self.inputs = tuple(inputs)
        self.names = [_name(x, i) for i, x in enumerate(inputs)]
        self.leaves = [self.plan.registers[r].holds for r in self.plan.parameters]
        self.recorded = sum(not node.is_leaf for node in planner.order)
        self.flagged = graph.latest_flag
        self.flags = [leaf._requires_grad for leaf in self.leaves]
        self.verifier = Verifier(planner) if verify else None
        drawn = planner.impure() if verify else []
        shown = list(dict.fromkeys([*also, *watched, *drawn]))
        self.extra = [planner.places[node] for node in shown]
        self.extra += [planner.arrays[key] for key in found]
        self.watched = {node: i for i, node in enumerate(shown)}
        self.seen = {id(x): i for i, x in enumerate((*shown, *found.values()))}
        self.also = tuple(also)
        self.effects = Effects(self.plan)
        reason = "another was asked for" if executor == "numpy" else obstacle(self.plan)
        if self.effects.at_once:
            reason = reason or "it reads what its own effects assign, and so depends on their order"
        if executor == "native" and reason:
            raise ValueError(f"no native executor for this program: {reason}")
        self.why_not_native = reason or ""
        self.native: Any = None
        self.numpy: NumpyExecutor | TensorExecutor | None = None
        if reason:
            self.numpy = NumpyExecutor(self.plan, self.extra)
        elif self.plan.scalar:
            native = import_late("autograd.programs.native.scalars.executor")
            self.native = native.Native(self.plan, threads=threads, extra=self.extra)
        else:
            module = import_late("autograd.programs.native.tensors.executor")
            self.numpy = module.TensorExecutor(self.plan, self.extra)
        # The parameters of a scalar plan as one vector, and those that get a gradient, which come first.
        self.vector = Vector(list(self.leaves)) if self.plan.scalar and self.leaves else None
        given_nodes = {x for x in self.inputs if isinstance(x, Node)}
        # In the order in which they were made, which is that of a model's parameters.
        self.plan.gradients.sort(key=lambda pair: (pair[0] in given_nodes, pair[0]._serial))
        gives = self.numpy is not None and self.numpy.gives
        self.leaving = Leaving(self.plan, given_nodes, gives)
        self.impure = self.plan.impure
        self.lock = threading.RLock()
        self.alone = False  # whether the last inputs of a graph of Values were plain numbers
        self.local = threading.local()  # the last run of each thread
        self.threads = 0  # that have run it
        self.latest: Run | None = None
        # The run whose intermediate results lie in the executor's memory, until a pass has used them;
        # and the one whose random numbers do, until another draws.
        self.resident: Run | None = None
        self.drew: Run | None = None
        programs.add(self)
        self.even = np.empty(0)  # the default seed of a graph of Values, and that of one of tensors
        self.one: Any = None

    # --- running ----------------------------------------------------------------------------------

    def __call__(self, *arrays: Any) -> Any:
        """The output for these inputs: the output's array, or, of a graph of Values, its number.

        Of a graph of Values given arrays it is an array with one number per instance.

        Raises:
            TypeError, ValueError: too many or too few inputs, or one of another shape or dtype: the
                message names it.
            BranchChanged: with these numbers Python would have taken another branch, or a leaf has been
                frozen or set free.
        """
        return self.run(arrays, self.forward)

    def resume(self, *arrays: Any) -> Any:
        """The output for the inputs that the graph was recorded with, whose effects have been had."""
        return self.run(arrays, self.recall)

    @property
    def mine(self) -> Run:
        """The last run of this thread."""
        try:
            return self.local.run  # type: ignore[no-any-return]
        except AttributeError:
            self.local.run = run = Run(len(self.inputs))
            return run

    @property
    def trains(self) -> bool:
        """Whether this thread asks for gradients after each run, so that both are computed at once."""
        return self.mine.trains

    @property
    def ahead(self) -> Any:
        """The gradients of this thread's last run, if they were computed with the output; or None."""
        return self.mine.ahead

    def run(self, arrays: Sequence[Any], compute: Callable[..., Sequence[Any]]) -> Any:
        """One run: its inputs are checked, and what comes out is verified and guarded."""
        with self.lock:
            if self.flagged != graph.latest_flag:
                self.check_flags()
            run = self.mine
            both = run.trains and run.used and (self.numpy is None or self.numpy.gives)
            self.take(run, arrays, borrow=both and not run.keeps)
            run.trains, run.used = both, False
            run.number += 1
            run.ahead = self.resident = None
            before = self.effects.begin() if self.impure else None
            if before is not None and self.drew is not None and self.drew is not run:
                self.save_drawn(self.drew)
            run.drawn, self.drew = None, run
            try:
                out = self.computed(run, compute, both)
                if before is not None:
                    self.effects.succeed()
                    # The leaves, which an effect may have assigned, are those that the run began with
                    # or ended with: both are known by now.
                    run.date = graph.latest_change
            except BaseException:
                if before is not None:
                    self.effects.fail(before)
                if self.verifier is not None:
                    self.verifier.run = None  # the next run is the first
                raise
            run.done, self.latest = True, run
            if not run.counted:
                run.counted = True
                self.threads += 1
            if run.ahead is None:
                self.resident = run
            alone = self.alone
        place = () if not self.plan.scalar else 0 if alone else slice(None)
        if not self.also:
            return out[0][place]
        also = [out[1 + self.watched[node]] for node in self.also]
        return tuple([x[place] for x in (out[0], *also)])

    def computed(
        self, run: Run, compute: Callable[..., Sequence[Any]], both: bool
    ) -> Sequence[Any]:
        """The output and the extra registers of a run, verified and guarded."""
        given, instances = run.given, run.instances
        run.date = graph.latest_change
        for guard in self.early:
            guard.check({}, given, instances)
        wrong: ValueError | None = None
        try:
            out = compute(run, both)
        except ValueError as error:
            wrong = error
        if wrong is not None:  # out here, so that one error is shown and not two
            for guard in self.lazy:
                guard.check({}, given, instances)
            raise wrong
        if self.verifier is not None:
            if self.verifier.run is None:
                self.verifier.check_forward(given, instances, out, self.watched)
            run.out = out
        if self.late:
            numbers = {key: out[1 + i] for key, i in self.seen.items()}
            for guard in self.late:
                guard.check(numbers, given, instances)
        if current_mode().anomaly is not None:
            check_forward(self.plan, given, self.random(run), self.arrays(), instances)
        return out

    def drawn(self, run: Run) -> dict[int, Any]:
        """Where the executor keeps what rows drew in a run of this size."""
        places = {} if self.numpy is None else self.numpy.at(run.instances).places
        return {step.out: places[step.out] for step in self.impure if step.out in places}

    def random(self, run: Run) -> list[Any]:
        """Copies of what rows drew in a run, in the order of the plan."""
        drawn = self.drawn(run) if run.drawn is None else run.drawn
        steps = [step for step in self.impure if not registry[step.name].passes]
        return [drawn[step.out].copy() for step in steps]

    def save_drawn(self, run: Run) -> None:
        """Copy what a run has drawn: another is about to draw into the same memory."""
        if run.done:
            run.drawn = {r: x.copy() for r, x in self.drawn(run).items()}

    def recall(self, run: Run, both: bool) -> Sequence[Any]:
        """The output and the extra registers, with what was drawn when the graph was recorded."""
        if not self.impure:
            return self.forward(run, both)
        assert self.numpy is not None  # the native executor has no effects
        self.put_drawn({s.node: s.node._raw for s in self.impure if s.node is not None}, run)
        return self.numpy.at(run.instances).refresh(run.given, self.arrays())

    def put_drawn(self, drawn: Mapping[Node, Any], run: Run) -> None:
        """Put numbers in the place of those that were drawn last in a run of this size."""
        places = self.drawn(run)
        for step in self.impure:
            if step.out in places and step.node is not None and step.node in drawn:
                places[step.out][...] = drawn[step.node]

    def keep(self) -> Kept:
        """What the last run of this thread was given and has drawn, to differentiate it after others."""
        run = self.mine
        given = run.given
        if run.borrowed:
            given = run.given = [np.array(x) for x in given]
            run.borrowed = []
        run.keeps = True
        drawn = {}
        if self.impure:
            places = self.drawn(run)
            for step in self.impure:
                if step.out in places and step.node is not None:
                    drawn[step.node] = places[step.out].copy()
        kept = Kept(run, given, drawn)
        run.kept = weakref.ref(kept)
        return kept

    def differentiate(self, kept: Kept, seed: Any) -> dict[Node, Any]:
        """The gradients of a run that was kept, by the leaf; the arrays are the caller's.

        The parameters must still be what they were.
        """
        with self.lock:
            weights = self.seeded(seed, kept.instances)
            run = kept.run
            mine = getattr(self.local, "run", None)
            if run is mine and run.done and run.number == kept.number:
                gradients = self.gradients(run, weights)
                self.look_for_anomalies(run, weights)
                self.verify(run, weights, gradients)
            else:
                run = Run(len(self.inputs))
                run.given, run.instances = kept.given, kept.instances
                if self.impure:
                    if self.drew is not None:
                        self.save_drawn(self.drew)
                    self.put_drawn(kept.drawn, run)
                    self.drew = None
                gradients = self.gradients(run, weights)
                self.look_for_anomalies(run, weights)
            gives = self.numpy is not None and self.numpy.gives
            pairs = zip(self.plan.gradients, gradients, strict=True)
            return {leaf: g if gives else np.array(g) for (leaf, _), g in pairs}

    def forward(self, run: Run, both: bool) -> Sequence[Any]:
        """The output and the extra registers; the gradients as well, if both are wanted."""
        if self.native is not None:
            if both:
                weights = self.evenly(run.instances or 1)
                losses, run.ahead = self.native.backward(run.given, self.numbers(), weights)
                return [losses]
            result = self.native.forward(run.given, self.numbers())
            return [result[0], *result[1]] if self.extra else [result]
        assert self.numpy is not None  # one of the two is there
        compiled: Any = self.numpy.at(run.instances)
        out: Sequence[Any]
        if both:
            out, run.ahead = compiled.both(run.given, self.arrays(), self.seeded(None, None))
        else:
            out = compiled.forward(run.given, self.arrays())
        return out

    def backward(self, seed: Any = None) -> None:
        """Leave the gradients on the leaves, added to what is there, as `Node.backward` does.

        What is differentiated is the last run of this thread, or, if it has run nothing, of the only
        thread that has.

        Args:
            seed: the cotangent of the output. For a graph of Values one weight per instance: by
                default 1/M for M instances, so that the gradients are those of the mean; ones are
                those of the sum.

        Raises:
            ValueError: nothing has been run yet, or a seed of another shape; or several other threads
                have run the program, and this one has not.
            StaleGraphError: a leaf was assigned after the run.
        """
        with self.lock:
            run = self.to_differentiate()
            if graph.latest_change > run.date:
                self.check_unchanged(run.date)
            weights = self.seeded(seed, run.instances)
            if run.ahead is not None and seed is None:
                gradients = run.ahead
            else:
                self.check_kept(run)
                gradients = self.gradients(run, weights)
            self.look_for_anomalies(run, weights)
            self.verify(run, weights, gradients)
            self.leaving.leave(gradients)
            run.used = True
            if not self.plan.scalar:
                run.ahead = None  # the leaves hold these arrays from now on
            run.trains = seed is None and (not self.extra or not self.plan.scalar)

    @staticmethod
    def check_kept(run: Run) -> None:
        """Raise where an input of a run is asked for that was not copied."""
        if run.borrowed:
            run.keeps = True
            raise StaleGraphError(
                f"backward() of a program: input {run.borrowed[0]} is large, and was not kept as its "
                "gradients were computed with the output, for no seed and one pass: call the program "
                "again first, which will keep it from now on"
            )

    def look_for_anomalies(self, run: Run, weights: Any) -> None:
        """Under `detect_anomaly`, name the first instruction of the backward pass that goes wrong."""
        if current_mode().anomaly is not None:
            self.check_kept(run)
            given, drawn = run.given, self.random(run)
            check_backward(self.plan, given, drawn, self.arrays(), run.instances, weights)

    def verify(self, run: Run, weights: Any, gradients: Sequence[Any]) -> None:
        """Compare the first gradients with an eager pass."""
        if self.verifier is not None:
            if self.verifier.run is not run.out:
                self.verifier.look_at(run.given, run.instances, run.out, self.watched)
            self.verifier.check_backward(weights, gradients, self.again)
            self.verifier = run.out = None

    def to_differentiate(self) -> Run:
        """The run that a backward pass of this thread differentiates."""
        run = self.mine
        if not run.begun and self.latest is not None:
            if self.threads > 1:
                raise ValueError(
                    "backward() of a program differentiates the last run of the same thread: this one "
                    f"has run nothing, and {self.threads} others have. Call the program here first"
                )
            run = self.latest
        if not run.done:
            failed = "; its last call failed" if run.begun else ""
            raise ValueError(
                f"backward() needs a run first: call the program with its inputs{failed}"
            )
        return run

    def gradients(self, run: Run, weights: Any) -> Sequence[Any]:
        """The gradients of a run, whether it was the last or not."""
        if self.native is not None:
            gradients: Sequence[Any] = self.native.backward(run.given, self.numbers(), weights)[1]
            return gradients
        assert self.numpy is not None  # one of the two is there
        compiled = self.numpy.at(run.instances)
        if self.resident is not run:  # another run, or its own backward pass, has written over it
            if run.drawn is not None:
                self.draw_again(run)
            compiled.refresh(run.given, self.arrays())
        self.resident = None
        return compiled.backward(run.given, self.arrays(), weights)

    def draw_again(self, run: Run) -> None:
        """Put what a run has drawn back to where another has drawn since."""
        if self.drew is not None:
            self.save_drawn(self.drew)
        for r, x in self.drawn(run).items():
            np.copyto(x, run.drawn[r])  # type: ignore[index]
        run.drawn, self.drew = None, run

    def again(self, given: list[Any], weights: Any) -> Sequence[Any]:
        """The gradients for other instances, which the run that is under way does not notice."""
        run = Run(len(self.inputs))
        run.given, run.instances = given, len(weights)
        return [float(g) for g in self.gradients(run, weights)]

    # --- what comes in ----------------------------------------------------------------------------

    def numbers(self) -> Any:
        """The parameters of a scalar plan as one array."""
        return np.empty(0) if self.vector is None else self.vector.data

    def arrays(self) -> list[Any]:
        """The parameters' own numbers and arrays."""
        return [leaf._raw for leaf in self.leaves]

    def take(self, run: Run, arrays: Sequence[Any], borrow: bool) -> None:
        """Give a run its inputs: copies, but (with `borrow`) of large ones."""
        if len(arrays) != len(self.inputs):
            raise TypeError(
                f"the program takes {len(self.inputs)} inputs ({', '.join(self.names)}), "
                f"got {len(arrays)}"
            )
        if self.plan.scalar:
            numbers, instances = self.checked_numbers(arrays)
            run.begun, run.done = True, False
            run.given, run.instances = numbers, instances
            return
        given: list[Any] = []
        same = []
        for x, r, name in zip(arrays, self.plan.inputs, self.names, strict=True):
            register = self.plan.registers[r]
            if (
                x.__class__ is np.ndarray
                and x.dtype is register.dtype
                and x.shape == register.shape
            ):
                same.append(len(given))
                given.append(x)
                continue
            array = as_array(x, name)
            if array.shape != register.shape:
                raise ValueError(
                    f"input {name} has shape {register.shape} in this program, got {array.shape}"
                )
            if array.dtype != register.dtype:
                whole = array.dtype.kind in "biu" and register.dtype.kind == "f"
                if not whole and not np.can_cast(array.dtype, register.dtype):
                    raise TypeError(
                        f"input {name} has dtype {register.dtype} in this program, got {array.dtype}"
                    )
                given.append(array.astype(register.dtype))
            else:
                given.append(copied(array, x))
        run.begun, run.done, run.borrowed = True, False, []
        if run.kept is not None:
            if run.kept() is not None:  # whose inputs are in these rooms
                run.rooms = [None] * len(given)
            run.kept = None
        rooms = run.rooms
        for i in same:  # now that all fit: what is here belongs to the last run
            x = given[i]
            if borrow and x.nbytes > OWN:
                run.borrowed.append(self.names[i])
                continue
            room = rooms[i]
            if room is None:
                room = rooms[i] = np.empty_like(x, order="C", subok=False)
            np.copyto(room, x)
            given[i] = room
        run.given = given

    def checked_numbers(self, arrays: Sequence[Any]) -> tuple[list[Any], int]:
        """The inputs of a graph of Values, each with one number per instance, and how many those are."""
        given = []
        instances = None
        for x, name in zip(arrays, self.names, strict=True):
            array = as_array(x, name)
            if array.dtype.kind not in "biuf" or array.ndim > 1:
                raise TypeError(
                    f"input {name} is a number, or a vector with one for each instance, got "
                    f"{array.dtype} of shape {array.shape}"
                )
            if array.ndim:
                if instances not in (None, len(array)):
                    raise ValueError(
                        f"input {name} has {len(array)} instances, the inputs before it {instances}"
                    )
                instances = len(array)
            given.append(array)
        self.alone = instances is None
        m = 1 if instances is None else instances
        if m == 0:
            raise ValueError("the inputs of a program hold at least one instance, got none")
        return [
            np.full(m, x, float)
            if x.ndim == 0
            else copied(x, y)
            if x.dtype == np.float64 and x.flags.c_contiguous
            else x.astype(float)
            for x, y in zip(given, arrays, strict=True)
        ], m

    def seeded(self, seed: Any, instances: int | None) -> Any:
        """The seed as an array of the output's shape, or with a weight for each instance."""
        register = self.plan.registers[self.plan.seed] if self.plan.seed >= 0 else None
        if register is None or not self.plan.gradients:
            raise ValueError("there is nothing to differentiate: the output needs no gradient")
        if instances is not None:
            if seed is None:
                return self.evenly(instances)
            weights = as_seed(seed, np.dtype(float))
            if weights.shape not in ((), (instances,)):
                raise ValueError(
                    f"the seed is one weight for each of {instances} instances, got {weights.shape}"
                )
            return np.ascontiguousarray(np.broadcast_to(weights, instances))
        if seed is None:
            if register.shape != () and int(np.prod(register.shape)) != 1:
                raise ValueError(
                    f"backward() from an output of shape {register.shape} needs a seed of that shape"
                )
            if self.one is None:
                self.one = np.ones(register.shape, register.dtype)
            return self.one
        array = as_seed(seed, register.dtype)
        if array.shape != register.shape:
            raise ValueError(f"a seed of shape {register.shape} was expected, got {array.shape}")
        return array

    def evenly(self, instances: int) -> Any:
        """The default seed of a scalar plan: the gradients are those of the mean."""
        if len(self.even) != instances:
            self.even = np.full(instances, 1 / instances)
        return self.even

    def refrozen(self) -> Node | None:
        """A leaf that was frozen, or set free, since the graph was compiled; None if there is none."""
        for leaf, flag in zip(self.leaves, self.flags, strict=True):
            if leaf._requires_grad is not flag:
                return leaf  # type: ignore[no-any-return]
        return None

    def check_flags(self) -> None:
        """Raise where a leaf's ``requires_grad`` has changed: other gradients are asked for now."""
        date, leaf = graph.latest_flag, self.refrozen()
        if leaf is not None:
            raise BranchChanged(
                f"requires_grad of {leaf.name or 'a leaf'} is {leaf.requires_grad} and was "
                f"{not leaf.requires_grad} when the program was made. Record and compile again"
            )
        self.flagged = date

    def check_unchanged(self, date: int) -> None:
        """Raise if a leaf has been assigned after the run that is differentiated."""
        for leaf in self.leaves:
            changed = leaf._serial
            if isinstance(leaf, Tensor):
                changed = 0 if leaf._buffer is None else leaf._buffer.changed
            if changed > date:
                raise StaleGraphError(
                    f"backward() of a program: the data of {leaf.name or 'a leaf'} was assigned after "
                    "the run; call the program again first"
                )

    # --- looking at it ----------------------------------------------------------------------------

    @property
    def source(self) -> str:
        """The plan, one instruction a line: the register, the row, its arguments, and for which node."""
        return listing(self.plan)

    @property
    def stats(self) -> ProgramStats:
        """Counts of what the program does, and what it does not check."""
        if not self.noted:
            branches = (
                "not noted: the branches that Python took while recording are replayed, whatever the "
                "numbers; record inside autograd.recording(), or with @autograd.compile, to check them"
            )
        else:
            branches = f"{len(self.guards)} noted while recording, checked in every replay"
        return ProgramStats(
            executor="native" if self.numpy is None else self.numpy.name,
            why_not_native=self.why_not_native,
            forward=len(self.plan.forward),
            backward=len(self.plan.backward),
            recorded=self.recorded,
            folded=self.plan.folded,
            shared=self.plan.shared,
            dropped=self.plan.dropped,
            buffer_bytes=(self.native if self.numpy is None else self.numpy).buffer_bytes,
            guards=len(self.guards),
            branches=branches,
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Program is neither copied nor pickled: it belongs to its leaves, whose numbers it reads "
            "and whose gradients it writes. Copy the model, and compile what it computes"
        )

    def __repr__(self) -> str:
        stats = self.stats
        return (
            f"<Program of {', '.join(self.names)}: {stats.forward} instructions forward, "
            f"{stats.backward} backward, {stats.executor}>"
        )


def check_nodes(output: Any, inputs: Any, also: Any) -> None:
    """Raise unless a program is made of nodes."""
    if not isinstance(output, Node):
        raise TypeError(f"a program is of a node, got {type(output).__name__} ({output!r:.60})")
    if not isinstance(inputs, Sequence) or isinstance(inputs, str | bytes):
        raise TypeError(f"inputs= of a program is a list of nodes, got {inputs!r:.60}")
    if not isinstance(also, Sequence) or not all(isinstance(x, Node) for x in also):
        raise TypeError(f"also= of a program is a list of nodes, got {also!r:.60}")


programs: weakref.WeakSet[Program] = weakref.WeakSet()


def forked() -> None:
    """A child process has none of its parent's threads, nor what they were about."""
    for program in programs:
        program.lock = threading.RLock()
        program.resident = None
        for generator in program.effects.generators:
            # NumPy's lock of it, which one of them may hold: it has nothing for this but what Python's
            # own libraries use.
            generator.lock._at_fork_reinit()
        if program.numpy is not None:
            program.numpy.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forked)


def obstacle(plan: Plan) -> str | None:
    """Why a plan cannot be run by the native executor, or None."""
    if importlib.util.find_spec("llvmlite") is None:
        return f"llvmlite is not installed: {install_hint('fast')}"
    kind = "scalars" if plan.scalar else "tensors"
    module = f"autograd.programs.native.{kind}.executor"
    reason: str | None = import_late(module).supports(plan)
    return reason


def _name(x: Any, i: int) -> str:
    name = getattr(x, "name", None)
    return repr(name) if name else str(i)
