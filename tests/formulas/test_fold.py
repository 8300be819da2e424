"""Folds over letters: every reading of a formula goes through one walk, which does not recurse."""

from autograd.engine.letters import Letter, fold, walk
from autograd.formulas.algebra import names, substituted, tidy
from autograd.formulas.of_nodes import settled

x, y = Letter("x", sample=0.5), Letter("y", sample=2.0)


def chain(length):
    """1 / (1 / (… (1 / x))), which no rule shortens."""
    tree = x
    for _ in range(length):
        tree = 1 / tree
    return tree


def test_each_part_comes_once_after_its_own_parts_and_from_left_to_right():
    shared = x * y
    tree = abs(shared) + shared
    assert [part.function for part in walk(tree)] == ["x", "y", "mul", "abs", "add"]


def test_a_formula_that_doubles_at_each_of_a_hundred_steps_is_folded_in_a_hundred_steps():
    tree = x
    for _ in range(100):
        tree = tree + tree
    assert fold(tree, lambda leaf: 1, lambda letter, counts: sum(counts)) == 2**100


def test_a_fold_can_look_at_other_parts_than_the_arguments():
    def first(tree):
        return tree.arguments[:1] if isinstance(tree, Letter) else ()

    found = fold(x / y - y, lambda leaf: leaf.function, lambda letter, parts: parts[0], first)
    assert found == "x"


def test_formulas_of_a_hundred_thousand_letters_are_read_without_recursion():
    tree = chain(100_000)
    assert names(tree) == {"x"}
    assert names(substituted(tree, "x", "y")) == {"y"}
    for read in (tidy, settled):
        assert fold(read(tree), lambda leaf: 0, lambda letter, depths: 1 + max(depths)) == 100_000
