"""The LLVM text around an engine: it feeds blocks of instances in, and copies losses and totals out.

An engine defines ``@before(u, code)`` and ``@after(u, code)``, which work on the uniform numbers, and
``@body(in, file, acc, out, u, code, count)``, which takes one block of which `count` lanes are real.
"""

from __future__ import annotations

from autograd.programs.native.heads import HEAD
from autograd.programs.native.llvm import symbols

CHANGING = ("low", "high", "parameters", "gradients")
FIELDS = (
    *(
        "parameter_count",
        "uniform",
        "input_count",
        "inputs",
        "strides",
        "block",
        "out",
        "out_count",
    ),
    *("outs", "acc", "total_count", "sums", "gradient_count", "gradient_places", "file"),
    *("code_before", "code_sweep", "code_after"),
    *CHANGING,
)
"""The whole numbers and addresses that a call gets, eight bytes each; the last change with every call.

What `inputs` and `outs` list, `parameters` and `gradients` are the addresses of arrays' heads.
"""


def loop(name: str, count: str, body: str) -> str:
    """Text that runs `body` for ``%<name>`` from 0 below `count`; its names start with `name`."""
    return f"""  br label %{name}.top
{name}.top:
  br label %{name}.test
{name}.test:
  %{name} = phi i64 [ 0, %{name}.top ], [ %{name}.next, %{name}.last ]
  %{name}.more = icmp slt i64 %{name}, {count}
  br i1 %{name}.more, label %{name}.body, label %{name}.end
{name}.body:
{body}  br label %{name}.last
{name}.last:
  %{name}.next = add i64 %{name}, 1
  br label %{name}.test
{name}.end:
"""


def _fields(*names: str) -> str:
    lines = []
    for name in names:
        kind = "i64" if name in _NUMBERS else "ptr"
        lines.append(f"  %{name}.at = getelementptr i64, ptr %a, i64 {FIELDS.index(name)}\n")
        lines.append(f"  %{name} = load {kind}, ptr %{name}.at\n")
    return "".join(lines)


_NUMBERS = {
    *("low", "high", "parameter_count", "input_count", "out_count", "total_count"),
    "gradient_count",
}


def driver(lanes: int, block: int, total_lanes: int) -> str:
    """Functions ``first``, ``blocks``, ``last`` and ``run`` (all three), each of one argument, `FIELDS`.

    Args:
        lanes: Numbers in a vector.
        block: Instances in a block, a multiple of `lanes`.
        total_lanes: Partial sums that the engine keeps for each total; 0 for one.
    """
    parts = (_first(), _blocks(lanes, block, total_lanes or 1), _last(), _run())
    return "".join(parts) + _reduce(total_lanes)


def _first() -> str:
    copy = """  %p.from = getelementptr double, ptr %data, i64 %p
  %p.to = getelementptr double, ptr %uniform, i64 %p
  %p.x = load double, ptr %p.from
  store double %p.x, ptr %p.to
"""
    return f"""define void @first(ptr %a) {{
{_fields("parameters", "parameter_count", "uniform", "code_before")}
  %parameters.data = getelementptr i8, ptr %parameters, i64 {HEAD}
  %data = load ptr, ptr %parameters.data
{loop("p", "%parameter_count", copy)}
  call void @before(ptr %uniform, ptr %code_before)
  ret void
}}
"""


def _last() -> str:
    gather = """  %g.at = getelementptr i64, ptr %gradient_places, i64 %g
  %g.place = load i64, ptr %g.at
  %g.from = getelementptr double, ptr %uniform, i64 %g.place
  %g.to = getelementptr double, ptr %g.data, i64 %g
  %g.x = load double, ptr %g.from
  store double %g.x, ptr %g.to
"""
    return f"""define void @last(ptr %a) {{
{_fields("uniform", "gradients", "gradient_count", "gradient_places", "code_after")}
  call void @after(ptr %uniform, ptr %code_after)
  %gradients.data = getelementptr i8, ptr %gradients, i64 {HEAD}
  %g.data = load ptr, ptr %gradients.data
{loop("g", "%gradient_count", gather)}
  ret void
}}
"""


def _run() -> str:
    return """define void @run(ptr %a) {
  call void @first(ptr %a)
  call void @blocks(ptr %a)
  call void @last(ptr %a)
  ret void
}
"""


def _blocks(lanes: int, block: int, total_lanes: int) -> str:
    vector = f"<{lanes} x double>"
    clear = f"""  %z.offset = mul i64 %z, {lanes}
  %z.at = getelementptr double, ptr %acc, i64 %z.offset
  store {vector} zeroinitializer, ptr %z.at
"""
    fill = f"""  %k.place = getelementptr ptr, ptr %inputs, i64 %k
  %k.head = load ptr, ptr %k.place
  %k.place.data = getelementptr i8, ptr %k.head, i64 {HEAD}
  %k.data = load ptr, ptr %k.place.data
  %k.stride.at = getelementptr i64, ptr %strides, i64 %k
  %k.stride = load i64, ptr %k.stride.at
  %k.first = mul i64 %b.low, %k.stride
  %k.from = getelementptr i8, ptr %k.data, i64 %k.first
  %k.offset = mul i64 %k, {block}
  %k.to = getelementptr double, ptr %block, i64 %k.offset
  call void @fill(ptr %k.from, i64 %k.stride, ptr %k.to, i64 %count)
"""
    put = """  %i.from = getelementptr double, ptr %o.from, i64 %i
  %i.to = getelementptr double, ptr %o.to, i64 %i
  %i.x = load double, ptr %i.from
  store double %i.x, ptr %i.to
"""
    copy = f"""  %o.place = getelementptr ptr, ptr %outs, i64 %o
  %o.head = load ptr, ptr %o.place
  %o.place.data = getelementptr i8, ptr %o.head, i64 {HEAD}
  %o.data = load ptr, ptr %o.place.data
  %o.to = getelementptr double, ptr %o.data, i64 %b.low
  %o.offset = mul i64 %o, {block}
  %o.from = getelementptr double, ptr %out, i64 %o.offset
{loop("i", "%count", put)}"""
    each = f"""  %b.offset = mul i64 %b, {block}
  %b.low = add i64 %low, %b.offset
  %b.left = sub i64 %high, %b.low
  %b.whole = icmp sge i64 %b.left, {block}
  %count = select i1 %b.whole, i64 {block}, i64 %b.left
{loop("k", "%input_count", fill)}
  call void @body(ptr %block, ptr %file, ptr %acc, ptr %out, ptr %uniform, ptr %code_sweep, i64 %count)
{loop("o", "%out_count", copy)}"""
    names = (
        *(
            "low",
            "high",
            "uniform",
            "input_count",
            "inputs",
            "strides",
            "block",
            "out",
            "out_count",
        ),
        *("outs", "acc", "total_count", "sums", "file", "code_sweep"),
    )
    return f"""{_fill(lanes, block)}define void @blocks(ptr %a) {{
{_fields(*names)}
  %sums.all = mul i64 %total_count, {total_lanes}
  %sums.up = add i64 %sums.all, {lanes - 1}
  %places = sdiv i64 %sums.up, {lanes}
{loop("z", "%places", clear)}
  %span = sub i64 %high, %low
  %span.up = add i64 %span, {block - 1}
  %steps = sdiv i64 %span.up, {block}
{loop("b", "%steps", each)}
  call void @reduce(ptr %acc, ptr %sums, i64 %total_count)
  ret void
}}
"""


def _fill(lanes: int, block: int) -> str:
    """Text of ``fill``: one input's numbers of a block, `stride` bytes apart, into its register."""
    vector = f"<{lanes} x double>"
    copies = "".join(
        f"""  %from.{i} = getelementptr double, ptr %from, i64 {i}
  %to.{i} = getelementptr double, ptr %to, i64 {i}
  %x.{i} = load {vector}, ptr %from.{i}, align 8
  store {vector} %x.{i}, ptr %to.{i}, align {8 * lanes}
"""
        for i in range(0, block, lanes)
    )
    # Lanes beyond the last instance repeat it, so that they meet no number that it does not.
    lane = """  %j.past = icmp sge i64 %j, %count
  %j.lane = select i1 %j.past, i64 %edge, i64 %j
  %j.offset = mul i64 %j.lane, %stride
  %j.from = getelementptr i8, ptr %from, i64 %j.offset
  %j.to = getelementptr double, ptr %to, i64 %j
  %j.x = load double, ptr %j.from
  store double %j.x, ptr %j.to
"""
    return f"""define internal void @fill(ptr %from, i64 %stride, ptr %to, i64 %count) {{
  %whole = icmp eq i64 %count, {block}
  %dense = icmp eq i64 %stride, 8
  %simple = and i1 %whole, %dense
  br i1 %simple, label %fast, label %slow
fast:
{copies}  ret void
slow:
  %edge = sub i64 %count, 1
  %up = add i64 %count, {lanes - 1}
  %vectors = sdiv i64 %up, {lanes}
  %lanes = mul i64 %vectors, {lanes}
{loop("j", "%lanes", lane)}  ret void
}}
"""


def _reduce(lanes: int) -> str:
    if lanes:
        name, vector = f"llvm.vector.reduce.fadd.v{lanes}f64", f"<{lanes} x double>"
        body = f"""  %t.offset = mul i64 %t, {lanes}
  %t.from = getelementptr double, ptr %acc, i64 %t.offset
  %t.lanes = load {vector}, ptr %t.from
  %t.x = call reassoc double @{name}(double -0.0, {vector} %t.lanes)
"""
        declared = f"declare double @{name}(double, {vector})\n"
    else:
        body = """  %t.from = getelementptr double, ptr %acc, i64 %t
  %t.x = load double, ptr %t.from
"""
        declared = symbols(set())
    body += """  %t.to = getelementptr double, ptr %sums, i64 %t
  store double %t.x, ptr %t.to
"""
    return f"""{declared}define internal void @reduce(ptr %acc, ptr %sums, i64 %n) {{
{loop("t", "%n", body)}
  ret void
}}
"""
