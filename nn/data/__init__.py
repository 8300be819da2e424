"""Data: mini-batches, standardisation, sets to try networks on, and readers of downloaded files.

Read `batching` and `standardising`; then `toys` (points in the plane), `shipped` (the digits and
names that come with the package) and `files` (MNIST and CIFAR-10), each on its own.
"""

import autograd
from nn.data.batching import Batches as Batches, batches as batches, split as split
from nn.data.files import cifar10 as cifar10, idx as idx, mnist as mnist
from nn.data.shipped import digits as digits, names as names
from nn.data.standardising import Standardiser as Standardiser, standardise as standardise
from nn.data.toys import (
    blobs as blobs,
    circles as circles,
    spirals as spirals,
    two_moons as two_moons,
    xor as xor,
)

autograd.publish(__name__, below=True)
