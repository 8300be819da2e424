"""Stacking: chains of boxes folded into columns, so that the whole fits a screen."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.views.canvas.layout import REACH, BoxSize, Edge, Layout, Link, lay_out

SCREEN = (1256.0, 470.0)
"""The room for the picture on the smallest screen of a classroom, 1280 by 720."""

BETWEEN = 28.0
"""The room for an edge between two boxes of a stack."""

WIDEST = 1.5
"""How much wider a picture may become to fill a screen that is wider still."""

FEW = 120
"""Graphs up to this size are tried in all ways; larger ones do not fit a screen in any."""


def fitted(boxes: Sequence[BoxSize], links: Sequence[Link]) -> Layout:
    """The layout that can be shown largest on a screen, chains being stacked as it helps.

    Where a box is the only one that takes another, and takes no other but leaves, it may stand below
    it instead of beside it.

    >>> chain = [BoxSize(100, 60, True)] + [BoxSize(100, 60)] * 9
    >>> layout = fitted(chain, [Link(i, i + 1, 40.0) for i in range(9)])
    >>> layout.width < 1256
    True
    """
    chains = _chains(boxes, links)
    ways = [(1, 1)]
    if any(len(chain) > 1 for chain in chains):
        few = len(boxes) <= FEW
        ways += [(a, b) for a in range(1, 5) for b in range(1, 6)] if few else [(4, 4)]
    best, largest = None, 0.0
    for way in ways:
        layout = _stacked(boxes, links, _cut(chains, *way), REACH)
        scale = min(SCREEN[0] / layout.width, SCREEN[1] / layout.height)
        if best is None or scale > largest * 1.02:
            best, largest, chosen = layout, scale, way
    if best is None:
        return lay_out(boxes, links)
    # Where the height is what limits the size, the width that is left gives the edges room.
    spare = min(SCREEN[0] / largest, WIDEST * best.width) - best.width
    columns = len({round(x) for x, _ in best.centres})
    if spare > columns and columns > 1:
        roomy = _stacked(boxes, links, _cut(chains, *chosen), REACH + 0.7 * spare / (columns - 1))
        if min(SCREEN[0] / roomy.width, SCREEN[1] / roomy.height) >= 0.99 * largest:
            return roomy
    return best


def _chains(boxes: Sequence[BoxSize], links: Sequence[Link]) -> list[list[int]]:
    """The boxes that are no leaves, as chains, in order."""
    taken = [0] * len(boxes)
    takes: list[list[int]] = [[] for _ in boxes]
    for link in links:
        taken[link.tail] += 1
        if not boxes[link.tail].leaf:
            takes[link.head].append(link.tail)
    chains: list[list[int]] = []
    chain_of: dict[int, list[int]] = {}
    for i, box in enumerate(boxes):
        if box.leaf:
            continue
        before = takes[i]
        if len(before) == 1 and taken[before[0]] == 1:
            chain_of[i] = chain_of[before[0]]
            chain_of[i].append(i)
        else:
            chain_of[i] = [i]
            chains.append(chain_of[i])
    return chains


def _cut(chains: Sequence[list[int]], deep: int, last: int) -> list[list[int]]:
    """Chains in pieces of at most `deep`, the one that ends at the output of at most `last`."""
    final = max((chain[-1] for chain in chains), default=-1)
    pieces = []
    for chain in chains:
        most = last if chain[-1] == final else deep
        count = -(-len(chain) // most)
        size, more = divmod(len(chain), count)  # pieces of about the same size
        at = 0
        for k in range(count):
            end = at + size + (k < more)
            pieces.append(chain[at:end])
            at = end
    return pieces


def _stacked(
    boxes: Sequence[BoxSize], links: Sequence[Link], stacks: list[list[int]], reach: float
) -> Layout:
    """Lay out stacks as boxes, and put the boxes back into them."""
    groups = [[i] for i, box in enumerate(boxes) if box.leaf] + sorted(stacks)
    home = {i: g for g, group in enumerate(groups) for i in group}
    below = [0.0] * len(boxes)  # how far each box stands below the middle of its stack
    outer = []
    for group in groups:
        height = sum(boxes[i].height for i in group) + BETWEEN * (len(group) - 1)
        at = -height / 2
        for i in group:
            below[i] = at + boxes[i].height / 2
            at += boxes[i].height + BETWEEN
        width = max(boxes[i].width for i in group)
        outer.append(BoxSize(width, height, boxes[group[0]].leaf))
    across = [e for e, link in enumerate(links) if home[link.tail] != home[link.head]]
    layout = lay_out(
        outer,
        [
            Link(
                home[link.tail],
                home[link.head],
                link.label,
                (below[link.tail], boxes[link.tail].width / 2),
                (below[link.head], boxes[link.head].width / 2),
                boxes[link.head].height,
                start=boxes[link.tail].height,
            )
            for link in (links[e] for e in across)
        ],
        reach,
    )
    centres = []
    for i in range(len(boxes)):
        x, y = layout.centres[home[i]]
        centres.append((x, y + below[i]))
    routed = dict(zip(across, layout.edges, strict=True))
    edges = [routed.get(e) for e in range(len(links))]
    right = layout.width
    placed = []
    for link, edge in zip(links, edges, strict=True):
        if edge is None:
            edge = _down(
                centres[link.tail], boxes[link.tail], centres[link.head], boxes[link.head], link
            )
            right = max(right, edge.label[0] + link.label / 2)
        placed.append(edge)
    return Layout(centres, placed, right, layout.height)


def _down(
    tail: tuple[float, float], above: BoxSize, head: tuple[float, float], under: BoxSize, link: Link
) -> Edge:
    """An edge straight down, its label on the right of it."""
    x, start, end = tail[0], tail[1] + above.height / 2, head[1] - under.height / 2
    label = (x + 5.0 + link.label / 2, (start + end) / 2)
    return Edge(f"M{x:.1f} {start:.1f}V{end - 7:.1f}", (x, end), label, down=True)
