"""What comes with the package: handwritten digits, and given names."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

LENGTH = 264_712
"""Characters of the table, unpacked."""


def digits() -> tuple[Array, Array]:
    """Handwritten digits: 1,797 images of 8×8 pixels, and what they show.

    Returns:
        (images, labels): float64 of shape (1797, 64), an image being a row, from 0 (paper) to 1
        (ink); and integers of shape (1797,), from 0 to 9.

    >>> images, labels = digits()
    >>> images.shape, images.min(), images.max(), labels[:10].tolist()
    ((1797, 64), np.float64(0.0), np.float64(1.0), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository, 1998, doi 10.24432/C50P49, licence CC BY 4.0 (`nn/data/digits.txt`).
    """
    from importlib import resources

    packed = resources.files("nn.data").joinpath("digits.csv.gz").read_bytes()
    try:
        # The length is known, and so is the most that a damaged file may unpack to.
        text = zlib.decompressobj(wbits=31).decompress(packed, LENGTH + 1).decode("ascii")
        table = np.array([line.split(",") for line in text.split()], dtype=np.int64)
        if len(text) != LENGTH or table.shape != (1797, 65):
            raise ValueError(f"expected {LENGTH} characters and a table of 1797 × 65")
    except (zlib.error, ValueError) as error:
        raise ValueError(
            f"nn/data/digits.csv.gz is damaged ({error}): install the package again"
        ) from error
    return table[:, :-1] / 16, table[:, -1]


def names() -> list[str]:
    """Given names: 913 of them, of three to seven letters from a to z, in alphabetical order.

    >>> names()[:3], names()[-1]
    (['aaron', 'abby', 'abel'], 'zuzana')

    Source: written down for this package, from what its authors have heard people called; no list was
    copied. Accents are left out (`nn/data/names.txt`).
    """
    from importlib import resources

    return resources.files("nn.data").joinpath("names.txt").read_text(encoding="ascii").split()
