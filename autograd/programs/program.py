"""Program: a recorded graph that is replayed with other numbers."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from autograd.context.modes import current_mode
from autograd.context.notes import Notes
from autograd.context.recording import recording
from autograd.engine import graph
from autograd.engine.graph import Node
from autograd.programs.anomalies import check_backward, check_forward
from autograd.programs.draws import Draws
from autograd.programs.effects import Effects
from autograd.programs.executor import executor_of
from autograd.programs.guards import Guards
from autograd.programs.inputs import Inputs, Seeds
from autograd.programs.leaves import Leaves
from autograd.programs.listing import listing
from autograd.programs.options import check_options
from autograd.programs.planning.derived import Derived
from autograd.programs.planning.gradients import Leaving
from autograd.programs.planning.plan import Plan
from autograd.programs.planning.planner import plan_of
from autograd.programs.runs import Kept, Run, Runs
from autograd.programs.verifying import Verifier
from autograd.support.collecting import uncollected


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

    @uncollected()
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
        derived = Derived(inputs, notes.made)
        self.guards = guards = Guards(notes, inputs, derived)
        extra = [x for x in (*also, *guards.nodes, *guards.inputs) if isinstance(x, Node)]
        planner = plan_of(
            output,
            inputs,
            extra=list(dict.fromkeys(extra)),
            input_gradients=input_gradients,
            derived=derived,
            unused=unused,
            arrays=[*guards.arrays, *(x for x in guards.inputs if not isinstance(x, Node))],
        )
        self.plan: Plan = planner.plan
        planner.emitter.made.clear()  # nothing is emitted any more
        given = {x for x in inputs if isinstance(x, Node)}
        # In the order in which they were made, which is that of a model's parameters.
        self.plan.gradients.sort(key=lambda pair: (pair[0] in given, pair[0]._serial))
        self.verifier = Verifier(planner) if verify else None
        # Behind the output a run gives these nodes, and then the arrays that guards look at.
        drawn = planner.impure() if verify else []
        shown = list(dict.fromkeys([*also, *guards.nodes, *drawn]))
        self.watched = {node: i for i, node in enumerate(shown)}
        self.seen = {id(x): i for i, x in enumerate((*shown, *guards.arrays))}
        registers = [planner.places[node] for node in shown]
        registers += [planner.emitter.arrays[id(x)] for x in guards.arrays]

        self.effects = Effects(self.plan)
        self.executor, self.why_not_native = executor_of(
            self.plan, registers, executor, threads, in_order=self.effects.at_once
        )
        self.draws = Draws(self.effects.steps, self.executor)
        self.impure = bool(self.effects.steps)
        self.inputs = tuple(inputs)
        self.given = Inputs(self.plan, inputs)
        self.seeds = Seeds(self.plan)
        self.leaves = Leaves(self.plan)
        self.leaving = Leaving(self.plan, given, self.executor.gives)
        self.also = tuple(also)
        self.runs = Runs(len(inputs))
        # The run whose intermediate results lie in the executor's memory, until a pass has used them.
        self.resident: Run | None = None
        self.lock = threading.RLock()
        self.rows: dict[int, Any] = {}  # of a compiled function: what makes a node of each output
        self.asked = executor
        self.noted = recorded is not None
        self.recorded = sum(not node.is_leaf for node in planner.order)
        programs.add(self)

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
        return self.run(arrays)

    def resume(self, *arrays: Any) -> Any:
        """The output for the inputs that the graph was recorded with, whose effects have been had."""
        return self.run(arrays, resumed=True)

    @property
    def trains(self) -> bool:
        """Whether this thread asks for gradients after each run, so that both are computed at once."""
        return self.runs.mine.trains

    @property
    def ahead(self) -> Any:
        """The gradients of this thread's last run, if they were computed with the output; or None."""
        return self.runs.mine.ahead

    def run(self, arrays: Sequence[Any], *, resumed: bool = False) -> Any:
        """One run: its inputs are checked, and what comes out is verified and guarded."""
        with self.lock:
            if self.leaves.flagged != graph.latest_flag:
                self.leaves.check_flags()
            run = self.runs.mine
            both = run.trains and run.used and self.executor.at_once
            self.given.take(run, arrays, borrow=both and not run.keeps)
            run.trains, run.used = both, False
            run.number += 1
            run.ahead = self.resident = None
            before = self.effects.begin() if self.impure else None
            if before is not None:
                self.draws.begin(run)
            try:
                out = self.computed(run, both, resumed)
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
            run.done, self.runs.latest = True, run
            if not run.counted:
                self.runs.count(run)
            if run.ahead is None:
                self.resident = run
            alone = run.alone
        place = () if not self.plan.scalar else 0 if alone else slice(None)
        if not self.also:
            return out[0][place]
        also = [out[1 + self.watched[node]] for node in self.also]
        return tuple([x[place] for x in (out[0], *also)])

    def computed(self, run: Run, both: bool, resumed: bool) -> Sequence[Any]:
        """The output and the extra registers of a run, verified and guarded."""
        given, instances = run.given, run.instances
        run.date = graph.latest_change
        if self.guards.early:
            self.guards.before(given, instances)
        wrong: ValueError | None = None
        try:
            out = self.forward(run, both, resumed)
        except ValueError as error:
            wrong = error
        if wrong is not None:  # out here, so that one error is shown and not two
            self.guards.explain(given, instances)
            raise wrong
        if self.verifier is not None:
            if self.verifier.run is None:
                self.verifier.check_forward(given, instances, out, self.watched)
            run.out = out
        if self.guards.late:
            numbers = {key: out[1 + i] for key, i in self.seen.items()}
            self.guards.after(numbers, given, instances)
        if current_mode().anomaly is not None:
            check_forward(self.plan, given, self.draws.copies(run), instances)
        return out

    def forward(self, run: Run, both: bool, resumed: bool) -> Sequence[Any]:
        """The output and the extra registers; the gradients as well, if both are wanted."""
        code, leaves = self.executor.at(run.instances), self.executor.leaves()
        if resumed and self.impure:
            self.draws.put(self.draws.recorded(), run)
            return code.refresh(run.given, leaves)
        if not both:
            return code.forward(run.given, leaves)
        out, run.ahead = code.both(run.given, leaves, self.seeds.of(None, run.instances))
        return out

    # --- differentiating --------------------------------------------------------------------------

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
            run = self.runs.to_differentiate()
            if graph.latest_change > run.date:
                self.leaves.check_unchanged(run.date)
            weights = self.seeds.of(seed, run.instances)
            gradients = run.ahead
            if gradients is None or seed is not None:
                run.check_kept()
                gradients = self.gradients(run, weights)
            self.look_for_anomalies(run, weights)
            self.verify(run, weights, gradients)
            self.leaving.leave(gradients)
            run.ahead = None  # the leaves may hold these arrays from now on
            run.used, run.trains = True, seed is None

    def gradients(self, run: Run, weights: Any) -> Sequence[Any]:
        """The gradients of a run, whether it was the last or not."""
        code, leaves = self.executor.at(run.instances), self.executor.leaves()
        if self.resident is not run:  # another run, or its own backward pass, has written over it
            if run.drawn is not None:
                self.draws.restore(run)
            code.refresh(run.given, leaves)
        self.resident = None
        return code.backward(run.given, leaves, weights)

    def look_for_anomalies(self, run: Run, weights: Any) -> None:
        """Under `detect_anomaly`, name the first instruction of the backward pass that goes wrong."""
        if current_mode().anomaly is not None:
            run.check_kept()
            check_backward(self.plan, run.given, self.draws.copies(run), run.instances, weights)

    def verify(self, run: Run, weights: Any, gradients: Sequence[Any]) -> None:
        """Compare the first gradients with an eager pass."""
        if self.verifier is not None:
            if self.verifier.run is not run.out:
                self.verifier.look_at(run.given, run.instances, run.out, self.watched)
            self.verifier.check_backward(weights, gradients, self.again)
            self.verifier = run.out = None

    def again(self, given: list[Any], weights: Any) -> Sequence[Any]:
        """The gradients for other instances, which the run that is under way does not notice."""
        run = self.runs.new()
        run.given, run.instances = given, len(weights)
        return [float(g) for g in self.gradients(run, weights)]

    def keep(self) -> Kept:
        """What the last run of this thread was given and has drawn, to differentiate it after others."""
        run = self.runs.mine
        if run.borrowed:
            run.given, run.borrowed = [np.array(x) for x in run.given], []
        run.keeps = True
        kept = Kept(run, self.draws.by_node(run))
        run.kept = weakref.ref(kept)
        return kept

    def differentiate(self, kept: Kept, seed: Any) -> dict[Node, Any]:
        """The gradients of a run that was kept, by the leaf; the arrays are the caller's.

        The parameters must still be what they were.
        """
        with self.lock:
            weights = self.seeds.of(seed, kept.instances)
            run = kept.run
            if run is self.runs.mine and run.done and run.number == kept.number:
                gradients = self.gradients(run, weights)
                self.look_for_anomalies(run, weights)
                self.verify(run, weights, gradients)
            else:
                run = self.runs.new()
                run.given, run.instances = kept.given, kept.instances
                if self.impure:
                    self.draws.save()
                    self.draws.put(kept.drawn, run)
                    self.draws.run = None
                gradients = self.gradients(run, weights)
                self.look_for_anomalies(run, weights)
            pairs = zip(self.plan.gradients, gradients, strict=True)
            return {leaf: g if self.executor.gives else np.array(g) for (leaf, _), g in pairs}

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
            branches = f"{self.guards.count} noted while recording, checked in every replay"
        return ProgramStats(
            executor=self.executor.name,
            why_not_native=self.why_not_native,
            forward=len(self.plan.forward),
            backward=len(self.plan.backward),
            recorded=self.recorded,
            folded=self.plan.folded,
            shared=self.plan.shared,
            dropped=self.plan.dropped,
            buffer_bytes=self.executor.buffer_bytes,
            guards=self.guards.count,
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
            f"<Program of {', '.join(self.given.names)}: {stats.forward} instructions forward, "
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
        program.executor.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forked)
