"""Names: the nodes in local variables learn what they are called."""

import numpy as np

import autograd
import nn
from autograd import Tensor, Value


def test_nodes_are_named_after_the_words_they_are_given_with():
    h, loss = Value(1.0) * 2.0, Tensor([1.0]).sum()
    assert autograd.name(h=h, loss=loss) is None
    assert (h.name, loss.name) == ("h", "loss")


def test_the_local_variables_of_a_function_name_its_nodes_and_nothing_else():
    def f(x):
        k, text, table = 3, "t", {"x": x}
        h = x * k
        autograd.name(**locals())
        return h, text, table

    x = Value(2.0)
    h, text, table = f(x)
    assert (x.name, h.name) == ("x", "h")
    assert (text, list(table)) == ("t", ["x"])


def test_a_node_keeps_the_name_it_has():
    model = nn.Linear(2, 1, rng=0)
    w, x = model.weight, Value(1.0, "input")
    autograd.name(w=w, x=x)
    assert (w.name, x.name) == ("weight", "input")


def test_lists_tuples_and_arrays_of_nodes_are_named_by_index():
    h = [Value(1.0), (Value(2.0), Tensor([3.0]))]
    a = np.array([[Value(1.0), 2.0], [Value(3.0), None]], dtype=object)
    autograd.name(h=h, a=a)
    assert [h[0].name, h[1][0].name, h[1][1].name] == ["h[0]", "h[1][0]", "h[1][1]"]
    assert [a[0, 0].name, a[1, 0].name] == ["a[0, 0]", "a[1, 0]"]


def test_a_variable_of_its_own_counts_before_a_place_in_a_list():
    x = Value(1.0)
    autograd.name(xs=[x], first=x, again=x)
    assert x.name == "first"


def test_a_list_that_holds_itself_and_one_that_is_very_deep_are_walked():
    loop = [Value(1.0)]
    loop.append(loop)
    deep = end = []
    for _ in range(5000):
        end.append([])
        end = end[0]
    end.append(Value(1.0))
    autograd.name(loop=loop, deep=deep)
    assert loop[0].name == "loop[0]"
    assert end[0].name == "deep" + "[0]" * 5001


def test_what_is_no_node_and_what_a_notebook_keeps_is_passed_over():
    x = Value(1.0)
    numbers = np.ones(3)
    autograd.name(_=x, _12=[x], numbers=numbers, f=len, none=None, Out={1: x})
    assert x.name is None
    autograd.name()
