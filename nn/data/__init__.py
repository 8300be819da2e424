"""Data: mini-batches, standardisation, sets to try networks on, and readers of downloaded files."""

import autograd
from nn.data.batching import Batches, batches, split
from nn.data.files import cifar10, idx, mnist
from nn.data.shipped import digits
from nn.data.standardising import Standardiser, standardise
from nn.data.toys import blobs, circles, spirals, two_moons, xor

__all__ = [
    "Batches",
    "Standardiser",
    "batches",
    "blobs",
    "cifar10",
    "circles",
    "digits",
    "idx",
    "mnist",
    "spirals",
    "split",
    "standardise",
    "two_moons",
    "xor",
]


autograd.publish(__name__)
