"""Program: a recorded graph that is replayed with other numbers."""

from __future__ import annotations

import importlib
import importlib.util
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from autograd import graph
from autograd.dispatch import registry
from autograd.graph import Node, StaleGraphError
from autograd.programs.anomalies import check_backward, check_forward
from autograd.programs.deriving import Derived
from autograd.programs.given import OWN, as_array, as_seed, fingerprint, kept
from autograd.programs.guards import BranchChanged, Guard, guards_of
from autograd.programs.leaving import Leaving
from autograd.programs.listing import listing
from autograd.programs.numpy_executor import NumpyExecutor
from autograd.programs.options import check_options
from autograd.programs.plan import Plan
from autograd.programs.planning import plan_of
from autograd.programs.verifying import Verifier
from autograd.recording import Notes, current_mode, recording
from autograd.tensor import Tensor
from autograd.vector import Vector

if TYPE_CHECKING:
    from autograd.programs.tensor_native import TensorExecutor

__all__ = ["Program", "ProgramStats"]


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


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a program, as it is kept to be differentiated later."""

    given: list[Any]
    instances: int | None
    drawn: dict[Node, Any]
    ran: Any  # by which the program tells whether it was the last


class Program:
    """A recorded graph, replayed with other numbers: what `compile` makes.

    ``program(*arrays)`` computes the output for new inputs, and ``program.backward()`` leaves the
    gradients on the leaves, as the eager pass would. Leaves that are not inputs are read at each run;
    constants are what they were when the graph was recorded.

    A graph of Values is replayed for many instances at once: each input is then an array with one number
    per instance (or one number for all), and so is what comes out. Of plain numbers alone a number comes
    out. With nodes in `also`, a call gives
    their numbers as well, behind the output's.
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
        reason = "another was asked for" if executor == "numpy" else obstacle(self.plan)
        if executor == "native" and reason:
            raise ValueError(f"no native executor for this program: {reason}")
        self.why_not_native = reason or ""
        self.native: Any = None
        self.numpy: NumpyExecutor | TensorExecutor | None = None
        if reason:
            self.numpy = NumpyExecutor(self.plan, self.extra)
        elif self.plan.scalar:
            native = importlib.import_module("autograd.programs.native")
            self.native = native.Native(self.plan, threads=threads, extra=self.extra)
        else:
            module = importlib.import_module("autograd.programs.tensor_native")
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
        self.ran: tuple[list[Any], int | None, int] | None = None
        self.prints: list[Any] = []
        self.rooms: list[Any] = [None] * len(self.inputs)  # copies of small inputs
        self.out: Any = None  # of the last run, until the first backward pass has been verified
        self.fresh = False
        # A native executor computes losses and gradients in one call. A program that is trained asks for
        # both at once, and keeps the gradients until they are asked for.
        self.trains = self.used = False
        self.ahead: Any = None
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

    def run(self, arrays: Sequence[Any], compute: Callable[..., Sequence[Any]]) -> Any:
        """One run: its inputs are checked, and what comes out is verified and guarded."""
        with self.lock:
            if self.flagged != graph.latest_flag:
                self.check_flags()
            given, instances = self.checked(arrays)
            self.trains, self.used = self.trains and self.used, False
            self.fresh, self.ran, self.ahead = False, None, None
            date = graph.latest_change
            for guard in self.early:
                guard.check({}, given, instances)
            try:
                out = compute(given, instances)
            except ValueError:
                for guard in self.lazy:
                    guard.check({}, given, instances)
                raise
            # The leaves, which an effect may have assigned, are those that the run began with or ended
            # with: both are known by now.
            if self.impure:
                date = graph.latest_change
            if self.verifier is not None and self.verifier.run is None:
                self.verifier.check_forward(given, instances, out, self.watched)
            numbers = {key: out[1 + i] for key, i in self.seen.items()}
            for guard in self.late:
                guard.check(numbers, given, instances)
            if current_mode().anomaly is not None:
                check_forward(self.plan, given, self.drawn(instances), self.arrays(), instances)
            self.ran = (given, instances, date)
            self.out = out if self.verifier is not None else None
            self.prints = [fingerprint(x) for x in given]
            self.fresh = self.ahead is None
            alone = self.alone
        place = () if not self.plan.scalar else 0 if alone else slice(None)
        if not self.also:
            return out[0][place]
        return tuple([x[place] for x in (out[0], *(numbers[id(node)] for node in self.also))])

    def recall(self, given: list[Any], instances: int | None) -> Sequence[Any]:
        """The output and the extra registers, with what was drawn when the graph was recorded."""
        if not self.impure:
            return self.forward(given, instances)
        assert self.numpy is not None  # the native executor has no effects
        self.put_drawn({s.node: s.node._data for s in self.impure if s.node is not None}, instances)
        return self.numpy.at(instances).refresh(given, self.arrays())

    def put_drawn(self, drawn: Mapping[Node, Any], instances: int | None) -> None:
        """Put numbers in the place of those that the last run has drawn."""
        for step in self.impure:
            if step.node is not None and step.node in drawn:
                places = self.numpy.at(instances).places  # type: ignore[union-attr]
                if step.out in places:
                    places[step.out][...] = drawn[step.node]

    def keep(self) -> Run:
        """What the last run was given and has drawn, to differentiate it after others."""
        assert self.ran is not None  # whoever calls this has just run
        given, instances, _ = self.ran
        self.rooms = [None] * len(self.inputs)  # the copies of its inputs are the run's now
        drawn = {}
        for step in self.impure:
            places = self.numpy.at(instances).places  # type: ignore[union-attr]
            if step.out in places and step.node is not None:
                drawn[step.node] = places[step.out].copy()
        return Run(given, instances, drawn, self.ran)

    def differentiate(self, run: Run, seed: Any) -> dict[Node, Any]:
        """The gradients of a run that was kept, by the leaf; the arrays are the caller's.

        The parameters must still be what they were.
        """
        with self.lock:
            weights = self.seeded(seed, run.instances)
            if self.ran is run.ran:
                gradients = self.gradients(run.given, run.instances, weights)
                self.look_for_anomalies(run.given, run.instances, weights)
                self.verify(weights, gradients)
            else:
                last = None if self.ran is None else self.keep()
                self.put_drawn(run.drawn, run.instances)
                self.fresh = False
                gradients = self.gradients(run.given, run.instances, weights)
                self.look_for_anomalies(run.given, run.instances, weights)
                if last is not None:
                    self.put_drawn(last.drawn, last.instances)
            self.fresh = False
            gives = self.numpy is not None and self.numpy.gives
            pairs = zip(self.plan.gradients, gradients, strict=True)
            return {leaf: g if gives else np.array(g) for (leaf, _), g in pairs}

    def forward(self, given: list[Any], instances: int | None) -> Sequence[Any]:
        """The output and the extra registers."""
        if self.native is not None:
            if self.trains and instances is not None:
                both = self.native.backward(given, self.numbers(), self.evenly(instances))
                losses, self.ahead = both
                return [losses]
            result = self.native.forward(given, self.numbers())
            return [result[0], *result[1]] if self.extra else [result]
        assert self.numpy is not None  # one of the two is there
        compiled: Any = self.numpy.at(instances)
        out: Sequence[Any]
        if self.trains and self.numpy.gives:
            out, self.ahead = compiled.both(given, self.arrays(), self.seeded(None, None))
        else:
            out = compiled.forward(given, self.arrays())
        return out

    def backward(self, seed: Any = None) -> None:
        """Leave the gradients on the leaves, added to what is there, as `Node.backward` does.

        Args:
            seed: the cotangent of the output. For a graph of Values one weight per instance: by
                default 1/M for M instances, so that the gradients are those of the mean; ones are
                those of the sum.

        Raises:
            ValueError: nothing has been run yet, or a seed of another shape.
            StaleGraphError: a leaf was assigned after the run.
        """
        with self.lock:
            if self.ran is None:
                raise ValueError("backward() needs a run first: call the program with its inputs")
            given, instances, date = self.ran
            if graph.latest_change > date:
                self.check_unchanged(date)
            for x, known, name in zip(given, self.prints, self.names, strict=True):
                if fingerprint(x) != known:
                    raise StaleGraphError(
                        f"backward() of a program: input {name} was written into after the run; call "
                        "the program again first"
                    )
            weights = self.seeded(seed, instances)
            if self.ahead is not None and seed is None:
                gradients = self.ahead
            else:
                gradients = self.gradients(given, instances, weights)
            self.look_for_anomalies(given, instances, weights)
            self.verify(weights, gradients)
            self.leaving.leave(gradients)
            self.used = True
            if not self.plan.scalar:
                self.ahead = None  # the leaves hold these arrays from now on
            self.trains = seed is None and (not self.extra or not self.plan.scalar)

    def drawn(self, instances: int | None) -> list[Any]:
        """What the effects of the last run drew."""
        if not self.impure:
            return []
        assert self.numpy is not None  # the native executor has no effects
        places = self.numpy.at(instances).places
        return [places[step.out].copy() for step in self.impure if not registry[step.name].passes]

    def look_for_anomalies(self, given: list[Any], instances: int | None, weights: Any) -> None:
        """Under `detect_anomaly`, name the first instruction of the backward pass that goes wrong."""
        if current_mode().anomaly is not None:
            drawn = self.drawn(instances)
            check_backward(self.plan, given, drawn, self.arrays(), instances, weights)

    def verify(self, weights: Any, gradients: Sequence[Any]) -> None:
        """Compare the first gradients, which are those of the last run, with an eager pass."""
        if self.verifier is not None and self.ran is not None:
            if self.verifier.run is not self.out:
                self.verifier.look_at(self.ran[0], self.ran[1], self.out, self.watched)
            self.verifier.check_backward(weights, gradients, self.again)
            self.verifier = self.out = None

    def gradients(self, given: list[Any], instances: int | None, weights: Any) -> Sequence[Any]:
        """The gradients of the last run."""
        if self.native is not None:
            gradients: Sequence[Any] = self.native.backward(given, self.numbers(), weights)[1]
            return gradients
        assert self.numpy is not None  # one of the two is there
        compiled = self.numpy.at(instances)
        if not self.fresh:  # the last backward pass has written over what it needed
            compiled.refresh(given, self.arrays())
        self.fresh = False
        return compiled.backward(given, self.arrays(), weights)

    def again(self, given: list[Any], weights: Any) -> Sequence[Any]:
        """The gradients for other instances, which the run that is under way does not notice."""
        self.fresh = False
        return [float(g) for g in self.gradients(given, len(weights), weights)]

    # --- what comes in ----------------------------------------------------------------------------

    def numbers(self) -> Any:
        """The parameters of a scalar plan as one array."""
        return np.empty(0) if self.vector is None else self.vector.data

    def arrays(self) -> list[Any]:
        """The parameters' own numbers and arrays."""
        return [leaf._data for leaf in self.leaves]

    def checked(self, arrays: Sequence[Any]) -> tuple[list[Any], int | None]:
        """The inputs of one run, and how many instances a scalar plan is run for."""
        if len(arrays) != len(self.inputs):
            raise TypeError(
                f"the program takes {len(self.inputs)} inputs ({', '.join(self.names)}), "
                f"got {len(arrays)}"
            )
        if self.plan.scalar:
            return self.checked_numbers(arrays)
        given: list[Any] = []
        small = []
        for x, r, name in zip(arrays, self.plan.inputs, self.names, strict=True):
            register = self.plan.registers[r]
            if (
                x.__class__ is np.ndarray
                and x.dtype is register.dtype
                and x.shape == register.shape
            ):
                if x.nbytes <= OWN:
                    small.append(len(given))
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
                array = array.astype(register.dtype)
            given.append(kept(array, x))
        for i in small:  # now that all fit: what is here belongs to the last run
            if self.rooms[i] is None:
                self.rooms[i] = np.empty_like(given[i], order="C", subok=False)
            np.copyto(self.rooms[i], given[i])
            given[i] = self.rooms[i]
        return given, None

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
        full = [
            np.full(m, x, float) if x.ndim == 0 else np.ascontiguousarray(x, float) for x in given
        ]
        return [kept(x, y) for x, y in zip(full, arrays, strict=True)], m

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


def obstacle(plan: Plan) -> str | None:
    """Why a plan cannot be run by the native executor, or None."""
    if importlib.util.find_spec("llvmlite") is None:
        return 'llvmlite is not installed: pip install "chalkgrad[fast]"'
    module = "autograd.programs.native" if plan.scalar else "autograd.programs.tensor_native"
    reason: str | None = importlib.import_module(module).supports(plan)
    return reason


def _name(x: Any, i: int) -> str:
    name = getattr(x, "name", None)
    return repr(name) if name else str(i)
