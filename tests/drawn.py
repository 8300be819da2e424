"""An SVG of a graph, read back by its structure."""

from xml.etree import ElementTree

from autograd import Value

SVG = "{http://www.w3.org/2000/svg}"


class Picture:
    """An SVG, read back: the texts of each box, the label and the ends of each edge, the frames."""

    def __init__(self, drawing):
        root = ElementTree.fromstring(drawing.svg)
        self.boxes, self.edges, self.frames, self.ids, self.kinds = {}, [], {}, [], {}
        places = {}
        self.root = root
        self.caption = ""
        for group in root.iter(f"{SVG}g"):
            title = group.findtext(f"{SVG}title")
            texts = [text.text.strip() for text in group.findall(f"{SVG}text")]
            self.ids.append(group.get("id"))
            kind, *more = group.get("class").split()
            if kind == "label":  # drawn after the boxes, so that no line runs over it
                edge = places[group.get("id").removesuffix("-label")]
                self.edges[edge] = (*self.edges[edge][:2], " ".join(texts))
            if kind == "graph":
                self.caption = " ".join(texts)
            if kind == "node":
                self.boxes[title] = texts
                self.kinds[title] = more[0]
            elif kind == "edge":
                tail, head = title.split("->")
                places[group.get("id")] = len(self.edges)
                self.edges.append((tail, head, " ".join(texts)))
            elif kind == "heading":
                self.frames[title] = texts

    def box(self, *first):
        """The id and texts of the one box that begins with these texts."""
        found = [item for item in self.boxes.items() if tuple(item[1][: len(first)]) == first]
        assert len(found) == 1, (first, self.boxes)
        return found[0]

    def edge(self, tail, head):
        """The labels of the edges between two boxes, given by their first texts."""
        ends = self.box(tail)[0], self.box(head)[0]
        return [label for *pair, label in self.edges if tuple(pair) == ends]


def as_shown(x, digits):
    """A number as pictures write it: with a minus, which is no hyphen."""
    return f"{x:.{digits}g}".replace("-", "−")


def read(text):
    """A number of a picture."""
    return float(text.replace("−", "-"))


def neuron():
    x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(6.5, "b")
    product = x * w
    total = product + b
    out = total.tanh()
    out.name = "out"
    return out
