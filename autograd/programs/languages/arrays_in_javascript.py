"""JavaScript for graphs of Tensors: flat arrays of doubles, and loops of known bounds and steps.

An array is a ``Float64Array``, row after row. What only looks at one in another way (a transpose, a
slice, a broadcast) computes nothing: it is `Strided`, the same array read with other steps. Elementwise
rows are those of `in_javascript`, in a loop that neighbours of one shape share. What is left is a loop
of its own, or a call of one of `HELPERS`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd.engine.axes import explicit_subscripts, normalise_axes
from autograd.programs.languages import in_javascript
from autograd.programs.languages.in_javascript import ROWS, JavaScript
from autograd.programs.languages.strided import (
    LOOPS,
    Shape,
    Strided,
    array_at,
    index,
    nest,
    number_at,
    table_along,
)
from autograd.programs.languages.writing import LARGEST, SourceText
from autograd.programs.planning.plan import Instruction, Plan, row_of

REDUCTIONS: Mapping[str, tuple[str, str, str]] = {
    "sum": ("0", "{s} + {x}", "{s}"),
    "mean": ("0", "{s} + {x}", "{s} / {n}"),
    "prod": ("1", "{s} * {x}", "{s}"),
    "max": ("-Infinity", "maximum({s}, {x})", "{s}"),
    "min": ("Infinity", "minimum({s}, {x})", "{s}"),
    "sum_squares": ("0", "{s} + {x} * {x}", "{s}"),
}
"""Reduction: what it starts from, what an element makes of that, and what it is in the end."""

OF_LINES: Mapping[str, str] = {
    "logsumexp": "logsumexp(line)",
    "norm": "norm(line)",
    "centre": "centre(line)",
    "var": "variance(line, {ddof})",
    "std": "deviation(line, {ddof})",
}
"""Reduction: the call of a helper, of an array of the elements that become one."""

HELPERS: Mapping[str, str] = {
    "matmul": """// out = x @ y, rows × inner by inner × columns, with the starts and the steps of each.
// Four columns at a time, so that no sum waits for the one before it.
const matmul = (out, o, rows, inner, columns, x, a, ai, ak, y, b, bk, bj) => {
  for (let i = 0; i < rows; i++, o += columns, a += ai)
    for (let j = 0; j < columns; j += 4) {
      const left = columns - j;
      const b1 = left > 1 ? bj : 0, b2 = left > 2 ? 2 * bj : 0, b3 = left > 3 ? 3 * bj : 0;
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      for (let k = 0, p = a, q = b + bj * j; k < inner; k++, p += ak, q += bk) {
        const s = x[p];
        s0 += s * y[q];
        s1 += s * y[q + b1];
        s2 += s * y[q + b2];
        s3 += s * y[q + b3];
      }
      out[o + j] = s0;
      if (left > 1) out[o + j + 1] = s1;
      if (left > 2) out[o + j + 2] = s2;
      if (left > 3) out[o + j + 3] = s3;
    }
};""",
    "centre": """// the mean, and what it was rounded by
const centre = xs => {
  const n = xs.length;
  let mean = 0, rounded = 0;
  for (let i = 0; i < n; i++) mean += xs[i];
  mean /= n;
  if (!Number.isFinite(mean)) {
    mean = 0;
    for (let i = 0; i < n; i++) mean += xs[i] / n;
  }
  for (let i = 0; i < n; i++) rounded += xs[i] - mean;
  rounded /= n;
  return Number.isFinite(rounded) ? mean + rounded : mean;
};""",
    "variance": """const variance = (xs, ddof) => {
  const mean = centre(xs);
  let sum = 0;
  for (let i = 0; i < xs.length; i++) sum += (xs[i] - mean) * (xs[i] - mean);
  return sum / Math.max(xs.length - ddof, 0);
};""",
    "deviation": """// the root of the variance, whose squares neither overflow nor vanish
const deviation = (xs, ddof) => {
  let top = 0;
  for (let i = 0; i < xs.length; i++) top = maximum(top, Math.abs(xs[i]));
  const scale = top > 0 && top < Infinity ? top : 1;
  return Math.sqrt(variance(xs.map(x => x / scale), ddof)) * scale;
};""",
    "place_of": """// the place of an index, which counts from either end
const place_of = (i, n) => {
  if (!(i >= -n && i < n)) throw new RangeError(`expected an index below ${n}, got ${i}`);
  return i < 0 ? i + n : i;
};""",
    "class_of": """// the index of a class, which must be there
const class_of = (c, classes) => {
  if (!(c >= 0 && c < classes)) throw new RangeError(`expected a class below ${classes}, got ${c}`);
  return c;
};""",
    "class_targets": """// a row for each class index: certain of it or smoothed, and weighted
const class_targets = (out, cs, n, classes, weight, ignore, smoothing) => {
  for (let i = 0; i < n; i++) {
    const left_out = cs[i] === ignore, c = left_out ? 0 : class_of(cs[i], classes);
    for (let j = 0; j < classes; j++) {
      const share = (j === c ? 1 - smoothing : 0) + smoothing / classes;
      out[classes * i + j] = left_out ? 0 : weight ? share * weight[j] : share;
    }
  }
};""",
    "class_score": """// x at the class of each row, weighted; 0 where it is left out
const class_score = (out, x, cs, n, classes, weight, ignore) => {
  for (let i = 0; i < n; i++) {
    const left_out = cs[i] === ignore, c = left_out ? 0 : class_of(cs[i], classes);
    out[i] = left_out ? 0 : weight ? x[classes * i + c] * weight[c] : x[classes * i + c];
  }
};""",
    "class_count": """// how many rows count, or the sum of the weights of their classes
const class_count = (cs, n, classes, weight, ignore) => {
  let sum = 0;
  for (let i = 0; i < n; i++)
    if (cs[i] !== ignore) sum += weight ? weight[class_of(cs[i], classes)] : 1;
  if (!(sum > 0)) throw new RangeError("there is nothing to average: no instance counts");
  return sum;
};""",
}
"""Functions of arrays that a line calls."""

NEEDS: Mapping[str, tuple[str, ...]] = {
    "variance": ("centre",),
    "deviation": ("maximum", "centre", "variance"),
    "class_targets": ("class_of",),
    "class_score": ("class_of",),
    "class_count": ("class_of",),
}

WRITTEN = frozenset({
    *("matmul", "einsum_all", "reshape", "transpose", "broadcast_to", "getitem", "scatter"),
    *("getitem_at", "scatter_at", "concatenate_all", "pad", "roll", "cumsum", "astype"),
    *("class_targets", "class_score", "class_count"),
})  # fmt: skip
"""Rows that are neither elementwise nor reductions, and have a method of `ArraySource`."""


class JavaScriptOfArrays(JavaScript):
    """JavaScript, on flat arrays."""

    helpers = in_javascript.HELPERS | HELPERS  # type: ignore[operator]
    needs = in_javascript.NEEDS | NEEDS  # type: ignore[operator]
    words = JavaScript.words | frozenset(HELPERS) | frozenset([*LOOPS, "line", "place", "s"])

    def knows(self, step: Instruction) -> bool:
        name = step.name
        return name in ROWS or name in REDUCTIONS or name in OF_LINES or name in WRITTEN

    def array(self, x: np.ndarray[Any, Any]) -> str:
        kind = "Int32Array" if x.dtype.kind in "iu" else "Float64Array"
        numbers = ", ".join(self.number(float(each)) for each in x.ravel())
        return f"{kind}.of({numbers})"

    def source(self, planner: Any, inputs: Sequence[Any], gradients: bool) -> SourceText:
        return ArraySource(planner, self, inputs, gradients)

    def statement(self, text: str, comment: str) -> str:
        return f"  {text:<62}  // {comment}" if comment else f"  {text}"


class ArraySource(SourceText):
    """A plan of arrays on its way to text: registers have places.

    Attributes:
        places: where the elements of each register lie.
        made: the names of the arrays that lines fill, and how many elements they have.
        group: elementwise instructions that wait for others of their shape, to share a loop.
    """

    language: JavaScriptOfArrays
    hoists = False
    """Whether numbers are declared elsewhere than where they are computed."""

    def __init__(
        self, planner: Any, language: JavaScriptOfArrays, inputs: Sequence[Any], gradients: bool
    ) -> None:
        self.places: dict[int, Strided] = {}
        self.made: dict[str, int] = {}
        self.group: list[Instruction] = []
        self.returned: set[str] = set()
        super().__init__(planner, language, inputs, gradients)

    def prepared(self, plan: Plan) -> Plan:
        self.check_dtypes(plan)
        plan = super().prepared(plan)
        self.note_uses(plan)
        return plan

    def check_dtypes(self, plan: Plan) -> None:
        """Raise where numbers are floats of another kind than JavaScript's."""
        for register in plan.registers:
            if register.dtype.kind not in "biu" and register.dtype != np.float64:
                raise ValueError(
                    f"the graph has numbers of {register.dtype}, and those of {self.language.name} are "
                    "of float64: give it parameters and arrays of that"
                )

    def note_uses(self, plan: Plan) -> None:
        """Note which instructions need a register, and which registers are results."""
        self.uses: dict[int, list[Instruction]] = {}
        for step in (*plan.forward, *plan.backward):
            for r in step.arguments:
                self.uses.setdefault(r, []).append(step)
        self.kept = {plan.output, *(r for _, r in plan.gradients)}

    # --- where things lie -------------------------------------------------------------------------

    def place(self, r: int) -> Strided:
        """Where a register's elements lie."""
        if r not in self.places:
            word, register = self.named.get(r), self.plan.registers[r]
            if word is None:
                self.places[r] = self.constant(register.holds)
            else:
                shape = register.shape
                self.places[r] = array_at(word, shape) if shape else number_at(word)
        return self.places[r]

    def constant(self, x: Any) -> Strided:
        """The place of a constant; it is written out where its elements differ."""
        x = np.asarray(x)
        numbers = x.astype(float).ravel()
        if numbers.tobytes() == numbers[:1].tobytes() * numbers.size:
            return number_at(self.language.number(float(numbers[0]) if x.size else 0.0), x.shape)
        return array_at(self.table(x), x.shape)

    def table(self, x: np.ndarray[Any, Any]) -> str:
        """The name of an array that is written out."""
        if x.size > LARGEST:
            self.refuse_large(x)
        text = self.language.array(x)
        for name, other in self.constants.items():
            if other == text:
                return name
        name = self.free(f"c{len(self.constants) + 1}")
        self.constants[name] = text
        return name

    def word(self, r: int) -> str:
        """What is returned: a number, or an array that nothing else is."""
        self.flush()
        place = self.place(r)
        if not place.shape:
            return place.at([], [])
        if not place.whole or place.word not in self.made or place.word in self.returned:
            place = self.copied(place, "out")
        self.returned.add(place.word)
        return place.word

    def seed(self) -> None:
        self.one = self.language.number(1.0)
        register = self.plan.registers[self.plan.seed]
        self.places[self.plan.seed] = number_at(self.one, register.shape)

    def unchanged(self, step: Instruction) -> int | None:
        if step.name != "mul":
            return None
        x, y = step.arguments
        out = self.plan.registers[step.out]
        waiting = {each.out for each in self.group}
        for one, other in ((x, y), (y, x)):
            same = self.plan.registers[other]
            if one not in waiting and (same.shape, same.dtype) == (out.shape, out.dtype):
                place = self.place(one)
                if place.base is None and place.word == self.one:
                    return other
        return None

    # --- lines ------------------------------------------------------------------------------------

    def say(self, text: str, comment: str = "") -> None:
        """Add a line, and note the helpers that it calls."""
        self.language.note_helpers(text)
        self.into.append((text, comment))

    def array(self, name: str, shape: Shape) -> Strided:
        """An array that the lines that follow fill."""
        self.made[name] = math.prod(shape)
        self.say(
            f"const {name} = new Float64Array({self.made[name]});", " × ".join(map(str, shape))
        )
        return array_at(name, shape)

    def declared(self, name: str) -> str:
        """The beginning of a line that gives a number its name."""
        return f"const {name}"

    def loop(self, heads: Sequence[str], body: Sequence[str]) -> None:
        """Statements inside loops."""
        start = " ".join(heads)
        if len(body) == 1:
            self.say(f"{start} {body[0]}".lstrip())
            return
        self.say(f"{start} {{".lstrip())
        for text in body:
            self.say(f"  {text}")
        self.say("}")

    def fill(self, out: Strided, x: Strided) -> None:
        """Each element of one array from that of another, in the order of the axes."""
        heads, variables, (to, of) = nest(out.shape, [out.steps, x.broadcast(out.shape).steps])
        self.loop(heads, [f"{out.at(to, variables)} = {x.at(of, variables)};"])

    def copied(self, x: Strided, name: str = "in_order") -> Strided:
        """An array of its own with the elements of another."""
        word = name if x.base is None else f"{x.word}_{name}"
        out = self.array(self.free(word), x.shape)
        self.fill(out, x)
        return out

    def in_order(self, x: Strided) -> Strided:
        """A flat array with the elements row after row: this one, or a copy."""
        return x if x.whole else self.copied(x)

    def write(self, steps: Sequence[Instruction], kind: str) -> None:
        self.kind = kind
        for step in steps:
            same = self.unchanged(step)
            if same is not None:
                self.wait_for([same])
                self.places[step.out] = self.place(same)
            elif not self.language.knows(step):
                self.language.refuse(step)
            elif step.name in ROWS and step.name != "identity":
                self.elementwise(step)
            else:
                self.wait_for(step.arguments)
                self.places[step.out] = self.looked_at(step) or self.computed(step)
        self.flush()

    def wait_for(self, registers: Sequence[int]) -> None:
        """Write the loop that is waiting, where it computes one of these."""
        if any(step.out in registers for step in self.group):
            self.flush()

    # --- elementwise rows -------------------------------------------------------------------------

    def elementwise(self, step: Instruction) -> None:
        """An elementwise row: of numbers a line, of arrays a part of a loop."""
        shape = self.plan.registers[step.out].shape
        if not shape:
            self.wait_for(step.arguments)
            words = [self.place(r).at([], []) for r in operands(step)]
            name = self.name_of(step.out, self.kind)
            self.say(f"{self.declared(name)} = {self.language.call(step, words, self.plan)};")
            self.places[step.out] = number_at(name)
            return
        if self.group and self.plan.registers[self.group[0].out].shape != shape:
            self.flush()
        self.group.append(step)

    def flush(self) -> None:
        """The loop of the elementwise instructions that wait: what nothing else needs is no array."""
        group, self.group = self.group, []
        if not group:
            return
        shape = self.plan.registers[group[0].out].shape
        stored = {
            step.out
            for step in group
            if step.out in self.kept or any(x not in group for x in self.uses.get(step.out, ()))
        }
        for step in group:
            name = self.name_of(step.out, self.kind)
            made = step.out in stored
            self.places[step.out] = self.array(name, shape) if made else number_at(name, shape)
        reached = dict.fromkeys(r for step in group for r in (*operands(step), step.out))
        whole = array_at("", shape)
        steps = [self.place(r).broadcast(shape).steps for r in reached]
        heads, variables, found = nest(shape, [whole.steps, *steps])
        text = {
            r: self.place(r).at(own, variables) for r, own in zip(reached, found[1:], strict=True)
        }
        body = [
            f"{'' if step.out in stored else 'const '}{text[step.out]} = "
            f"{self.language.call(step, [text[r] for r in operands(step)], self.plan)};"
            for step in group
        ]
        self.loop(heads, body)

    # --- what looks at an array in another way ----------------------------------------------------

    def looked_at(self, step: Instruction) -> Strided | None:
        """Where the elements of a result lie already; None where they are to be computed."""
        x = self.place(step.arguments[0])
        shape = self.plan.registers[step.out].shape
        match step.name:
            case "identity" | "astype":
                return x
            case "reshape":
                return x.reshaped(shape) or self.copied(x).reshaped(shape)
            case "transpose":
                return x.seen(np.transpose(x.view, step.options.get("axes")))
            case "broadcast_to":
                return x.broadcast(shape)
            case "getitem":
                found = np.asarray(x.view[step.options["index"]])
                shared = not found.size or x.base is None or np.may_share_memory(found, x.view)
                return x.seen(found) if shared else None
        return None

    # --- what is computed -------------------------------------------------------------------------

    def computed(self, step: Instruction) -> Strided:
        """The place of a result that lines compute."""
        register = self.plan.registers[step.out]
        name = self.name_of(step.out, self.kind)
        operands = [self.place(r) for r in step.arguments]
        if step.name in REDUCTIONS or step.name in ("matmul", "einsum_all", "class_count"):
            out = self.array(name, register.shape) if register.shape else number_at(name)
        else:
            out = self.array(name, register.shape)
        if step.name in REDUCTIONS or step.name in OF_LINES:
            self.write_reduction(step, out, *operands)
        else:
            getattr(self, f"write_{step.name}")(step, out, *operands)
        return out

    def reducing(
        self, out: Strided, shape: Shape, kept: int, steps: Sequence[Sequence[int]]
    ) -> tuple[Any, Any]:
        """The loops through the first axes, those of a result, and those through the rest inside."""
        own = out.view.reshape(shape[:kept]).strides
        outer = nest(shape[:kept], [own, *(each[:kept] for each in steps)])
        inner = nest(shape[kept:], [each[kept:] for each in steps], len(outer[0]))
        return outer, inner

    def summed_up(
        self, out: Strided, outer: Any, inner: Any, start: str, update: str, end: str
    ) -> None:
        """A number that starts, is updated in the inner loops, and ends in an element of a result."""
        number = out.base is None
        s = out.word if number and not self.hoists else "s"
        update, end = update.replace("{s}", s), end.replace("{s}", s)
        lines = [f"let {s} = {start};", " ".join([*inner[0], f"{s} = {update};"])]
        if s == "s":
            to = self.declared(out.word) if number else out.at(outer[2][0], outer[1])
            self.loop(outer[0], [*lines, f"{to} = {end};"])
            return
        for text in (*lines, *([f"{s} = {end};"] if end != s else [])):
            self.say(text)

    def write_reduction(self, step: Instruction, out: Strided, x: Strided) -> None:
        axes = normalise_axes(step.options["axis"], len(x.shape))
        order = [i for i in range(len(x.shape)) if i not in axes] + list(axes)
        kept = len(order) - len(axes)
        x = x.seen(x.view.transpose(order))
        outer, inner = self.reducing(out, x.shape, kept, [x.steps])
        variables = [*outer[1], *inner[1]]
        element = x.at([*outer[2][1], *inner[2][0]], variables)
        n = math.prod(x.shape[kept:])
        if step.name in REDUCTIONS:
            start, update, end = (
                part.replace("{x}", element).replace("{n}", str(n))
                for part in REDUCTIONS[step.name]
            )
            self.summed_up(out, outer, inner, start, update, end)
            return
        call = OF_LINES[step.name].format(**{"ddof": 0} | step.options)
        line = self.array(self.free("line"), (n,)).word
        body = [
            "let place = 0;",
            " ".join([*inner[0], f"{line}[place++] = {element};"]),
            f"{out.at(outer[2][0], outer[1])} = {call.replace('line', line)};",
        ]
        self.loop(outer[0], body)

    def write_matmul(self, step: Instruction, out: Strided, x: Strided, y: Strided) -> None:
        if min(len(x.shape), len(y.shape)) < 2 or y.shape[-1] == 1:
            stack = "abcdefgh"[: max(len(x.shape), len(y.shape), 2) - 2]
            left = "k" if len(x.shape) == 1 else stack[len(stack) + 2 - len(x.shape) :] + "ik"
            right = "k" if len(y.shape) == 1 else stack[len(stack) + 2 - len(y.shape) :] + "kj"
            both = stack + "i" * (len(x.shape) > 1) + "j" * (len(y.shape) > 1)
            self.products(out, [x, y], [left, right], both)
            return
        x, y = (self.copied(each, "rows") if each.base is None else each for each in (x, y))
        stack_shape = out.shape[:-2]
        rows, inner = x.shape[-2:]
        columns = y.shape[-1]
        x = x.broadcast((*stack_shape, rows, inner))
        y = y.broadcast((*stack_shape, inner, columns))
        heads, variables, found = nest(stack_shape, [each.steps[:-2] for each in (out, x, y)])
        o, a, b = (
            index_of(each, own, variables) for each, own in zip((out, x, y), found, strict=True)
        )
        self.loop(
            heads,
            [
                f"matmul({out.word}, {o}, {rows}, {inner}, {columns}, "
                f"{x.word}, {a}, {x.steps[-2]}, {x.steps[-1]}, "
                f"{y.word}, {b}, {y.steps[-2]}, {y.steps[-1]});"
            ],
        )

    def write_einsum_all(self, step: Instruction, out: Strided, *xs: Strided) -> None:
        terms, output = explicit_subscripts(step.options["subscripts"], [len(x.shape) for x in xs])
        self.products(out, xs, terms, output)

    def products(
        self, out: Strided, xs: Sequence[Strided], terms: Sequence[str], output: str
    ) -> None:
        """The sum of products that subscripts name."""
        lengths: dict[str, int] = {}
        for x, term in zip(xs, terms, strict=True):
            for c, n in zip(term, x.shape, strict=True):
                lengths[c] = n if lengths.get(c, 1) == 1 else lengths[c]
        order = [*output, *(c for c in lengths if c not in output)]
        steps = []
        for x, term in zip(xs, terms, strict=True):
            along = list(zip(term, x.shape, x.steps, strict=True))
            steps.append([sum(s for c, n, s in along if c == each and n > 1) for each in order])
        shape = tuple(lengths[c] for c in order)
        outer, inner = self.reducing(out, shape, len(output), steps)
        variables = [*outer[1], *inner[1]]
        factors = [x.at([*outer[2][i + 1], *inner[2][i]], variables) for i, x in enumerate(xs)]
        product = " * ".join(text for text in factors if text != "1") or "1"
        self.summed_up(out, outer, inner, "0", f"{{s}} + {product}", "{s}")

    def write_cumsum(self, step: Instruction, out: Strided, x: Strided) -> None:
        axis = step.options["axis"]
        if axis is None:
            x = self.in_order(x).reshaped(out.shape) or x
            axis = 0
        axis %= len(x.shape)
        order = [*(i for i in range(len(x.shape)) if i != axis), axis]
        out, x = (each.seen(each.view.transpose(order)) for each in (out, x))
        heads, variables, found = nest(x.shape[:-1], [each.steps[:-1] for each in (out, x)])
        inner, last, ends = nest(x.shape[-1:], [each.steps[-1:] for each in (out, x)], len(heads))
        to, of = (
            each.at([*own, *end], [*variables, *last])
            for each, own, end in zip((out, x), found, ends, strict=True)
        )
        self.loop(heads, ["let s = 0;", " ".join([*inner, f"{to} = s += {of};"])])

    # --- what moves elements ----------------------------------------------------------------------

    def picked(self, out: Strided, x: Strided, places: np.ndarray[Any, Any]) -> None:
        """Elements of a flat array, each at its place."""
        self.write_getitem_at(None, out, x, array_at(self.table(places), places.shape))

    def along(
        self, x: Strided, axis: int, table: np.ndarray[Any, Any], other: Strided, how: str
    ) -> None:
        """What is done with x at places along an axis, and with another array of such a shape."""
        shape = other.shape
        before = nest(shape[:axis], [x.steps[:axis], other.steps[:axis]])
        variable = LOOPS[len(before[0])]
        after = nest(
            shape[axis + 1 :],
            [x.steps[axis + 1 :], other.steps[axis + 1 :]],
            len(before[0]) + 1,
        )
        head = f"for (let {variable} = 0; {variable} < {len(table)}; {variable}++)"
        picked = f"{self.table(table)}[{variable}]"
        elements = [
            each.at(
                [*before[2][i], each.steps[axis], *after[2][i]], [*before[1], middle, *after[1]]
            )
            for i, (each, middle) in enumerate(((x, picked), (other, variable)))
        ]
        self.loop([*before[0], head, *after[0]], [how.format(*elements)])

    def write_getitem(self, step: Instruction, out: Strided, x: Strided) -> None:
        found = table_along(step.options["index"], x.shape)
        if found is not None:
            slices, axis, table = found
            self.along(x.seen(x.view[slices]), axis, table, out, "{1} = {0};")
            return
        self.picked(out, x, places_of(x.shape)[step.options["index"]])

    def write_roll(self, step: Instruction, out: Strided, x: Strided) -> None:
        self.picked(out, x, row_of("roll").array(places_of(x.shape), **step.options))

    def write_getitem_at(self, step: Any, out: Strided, x: Strided, places: Strided) -> None:
        x = self.in_order(x)
        heads, element, place = self.picks(step, x.shape, out, places)
        self.loop(heads, [f"{element} = {x.word}[{place}];"])

    def picks(
        self, step: Any, shape: Sequence[int], moved: Strided, places: Strided
    ) -> tuple[list[str], str, str]:
        """The loops of what is taken from an array of a shape, an element of it, and its place there.

        The places of a step are its argument: they are looked at. Those of none are the writer's own.
        """
        axis = None if step is None else step.options["axis"]
        if axis is None:
            shape, axis = (math.prod(shape),), 0
            places = places.broadcast(moved.shape)
        own, before, after = [0] * len(places.shape), [0] * axis, [0] * (len(shape) - axis - 1)
        steps = [math.prod(shape[i + 1 :]) for i in range(len(shape))]
        others = [*steps[:axis], *own, *steps[axis + 1 :]]
        heads, variables, (of, at, rest) = nest(
            moved.shape, [moved.steps, [*before, *places.steps, *after], others]
        )
        place = places.at(at, variables)
        if step is not None:
            place = f"place_of({place}, {shape[axis]})"
        if steps[axis] != 1:
            place = f"{steps[axis]} * {place}"
        if any(rest):
            place = f"{index(0, rest, variables)} + {place}"
        return heads, moved.at(of, variables), place

    def write_scatter(self, step: Instruction, out: Strided, x: Strided) -> None:
        where = step.options["index"]
        part = np.asarray(out.view[where])
        if part.size and np.may_share_memory(part, out.view):
            self.fill(out.seen(part), x)
        elif part.size and (found := table_along(where, out.shape)) is not None:
            slices, axis, table = found
            self.say(f"{out.word}.fill(0);")
            self.along(out.seen(out.view[slices]), axis, table, x, "{0} += {1};")
        elif part.size:
            places = np.asarray(places_of(out.shape)[where])
            self.write_scatter_at(None, out, x, array_at(self.table(places), places.shape))

    def write_scatter_at(self, step: Any, out: Strided, x: Strided, places: Strided) -> None:
        self.say(f"{out.word}.fill(0);")
        heads, element, place = self.picks(step, out.shape, x, places)
        self.loop(heads, [f"{out.word}[{place}] += {element};"])

    def write_concatenate_all(self, step: Instruction, out: Strided, *xs: Strided) -> None:
        axis, start = step.options["axis"], 0
        for x in xs:
            if axis is None:
                end = start + x.view.size
                part = out.view[start:end].reshape(x.shape)
            else:
                end = start + x.shape[axis]
                lead = (slice(None),) * (axis % len(x.shape))
                part = out.view[(*lead, slice(start, end))]
            if part.size:
                self.fill(out.seen(part), x)
            start = end

    def write_pad(self, step: Instruction, out: Strided, x: Strided) -> None:
        if x.view.size:
            inside = np.argwhere(row_of("pad").array(np.ones(x.shape), **step.options))[0]
            part = tuple(slice(a, a + n) for a, n in zip(inside, x.shape, strict=True))
            self.fill(out.seen(out.view[part]), x)

    # --- classes ----------------------------------------------------------------------------------

    def of_classes(self, options: Mapping[str, Any]) -> str:
        """The weights of the classes, and the index that is left out."""
        weight, ignore = options["weight"], options["ignore"]
        table = "null" if weight is None else self.table(np.asarray(weight, float))
        return f"{table}, {'null' if ignore is None else self.language.number(float(ignore))}"

    def write_class_targets(self, step: Instruction, out: Strided, x: Strided, c: Strided) -> None:
        smoothing = self.language.number(float(step.options["smoothing"]))
        self.say(
            f"class_targets({out.word}, {self.in_order(c).word}, {c.view.size}, {x.shape[-1]}, "
            f"{self.of_classes(step.options)}, {smoothing});"
        )

    def write_class_score(self, step: Instruction, out: Strided, x: Strided, c: Strided) -> None:
        self.say(
            f"class_score({out.word}, {self.in_order(x).word}, {self.in_order(c).word}, "
            f"{c.view.size}, {x.shape[-1]}, {self.of_classes(step.options)});"
        )

    def write_class_count(self, step: Instruction, out: Strided, x: Strided, c: Strided) -> None:
        self.say(
            f"{self.declared(out.word)} = class_count({self.in_order(c).word}, {c.view.size}, "
            f"{step.options['classes']}, {self.of_classes(step.options)});"
        )


def operands(step: Instruction) -> list[int]:
    """The arguments that a spelling names: of an indicator, not what it is like."""
    return [r for i, r in enumerate(step.arguments) if f"{{{i}}}" in ROWS[step.name]]


def places_of(shape: Shape) -> np.ndarray[Any, Any]:
    """The place of each element of a flat array."""
    return np.arange(math.prod(shape)).reshape(shape)


def index_of(x: Strided, steps: Sequence[int], variables: Sequence[str]) -> str:
    """The place of an element, without the array."""
    return x.at(steps, variables)[len(x.word) + 1 : -1]
