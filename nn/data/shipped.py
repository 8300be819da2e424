"""The digits that come with the package."""

from __future__ import annotations

import gzip
from importlib import resources
from typing import Any

import numpy as np

__all__ = ["digits"]

Array = np.ndarray[Any, Any]


def digits() -> tuple[Array, Array]:
    """Handwritten digits: 1,797 images of 8×8 pixels, and what they show.

    Returns:
        (images, labels): float64 of shape (1797, 64), an image being a row, from 0 (paper) to 1
        (ink); and integers of shape (1797,), from 0 to 9.

    >>> images, labels = digits()
    >>> images.shape, images.min(), images.max(), labels[:10].tolist()
    ((1797, 64), np.float64(0.0), np.float64(1.0), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository, 1998, doi 10.24432/C50P49, licence CC BY 4.0 (`nn/datasets/digits.txt`).
    """
    packed = resources.files("nn").joinpath("datasets", "digits.csv.gz").read_bytes()
    text = gzip.decompress(packed).decode()
    table = np.array([line.split(",") for line in text.split()], dtype=np.int64)
    return table[:, :-1] / 16, table[:, -1]
