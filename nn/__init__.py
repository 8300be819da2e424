"""Neural networks on `autograd`: modules, layers, losses, optimisers, and data to try them on.

>>> import nn
>>> images, labels = nn.data.digits()
>>> model = nn.MLP(64, [32, 10], rng=0)
>>> optimizer = nn.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
>>> for x, y in nn.data.batches(images, labels, batch_size=64, rng=0):
...     optimizer.zero_grad()
...     nn.cross_entropy(model(x), y).backward()
...     optimizer.step()
>>> bool((model(images).numpy().argmax(axis=1) == labels).mean() > 0.8)
True

To read it: `module` and `layers`, `functional` and `losses`, then `optim`, `schedules` and
`training`. `init`, `regularisers`, `metrics`, `data`, `inspect` stand beside them, `scalar`,
`networks_of_values` and `historic` for themselves, as do `exporting` and `live`; `experiments` are
behind the command line.
`arguments`, `settings`, `trial`, `randomness`, `function_module` and `neighbours` are what these
share.
"""

from nn.neighbours import autograd  # asked who it is before the rest is imported

# isort: split
from nn import (
    data as data,
    functional as functional,
    historic as historic,
    init as init,
    inspect as inspect,
    live as live,
    losses as losses,
    metrics as metrics,
    optim as optim,
    regularisers as regularisers,
    scalar as scalar,
    schedules as schedules,
    training as training,
)
from nn.exporting import to_onnx as to_onnx
from nn.functional import (
    binary_step as binary_step,
    elu as elu,
    gelu as gelu,
    hardtanh as hardtanh,
    identity as identity,
    leaky_relu as leaky_relu,
    log_softmax as log_softmax,
    maxout as maxout,
    mish as mish,
    prelu as prelu,
    relu as relu,
    rrelu as rrelu,
    selu as selu,
    sigmoid as sigmoid,
    silu as silu,
    smht as smht,
    softmax as softmax,
    softplus as softplus,
    swish as swish,
    tanh as tanh,
)
from nn.layers.activations import (
    ELU as ELU,
    GELU as GELU,
    SELU as SELU,
    SMHT as SMHT,
    Activation as Activation,
    BinaryStep as BinaryStep,
    Hardtanh as Hardtanh,
    Identity as Identity,
    LeakyReLU as LeakyReLU,
    LogSoftmax as LogSoftmax,
    Maxout as Maxout,
    Mish as Mish,
    PReLU as PReLU,
    ReLU as ReLU,
    RReLU as RReLU,
    Sigmoid as Sigmoid,
    SiLU as SiLU,
    Softmax as Softmax,
    Softplus as Softplus,
    Swish as Swish,
    Tanh as Tanh,
)
from nn.layers.container import MLP as MLP, Sequential as Sequential
from nn.layers.dropout import Dropout as Dropout
from nn.layers.embedding import Embedding as Embedding
from nn.layers.gated import GEGLU as GEGLU, GLU as GLU, ReGLU as ReGLU, SwiGLU as SwiGLU
from nn.layers.linear import Linear as Linear
from nn.layers.multiplicative import PairProduct as PairProduct, Power as Power
from nn.layers.normalisation import (
    BatchNorm1d as BatchNorm1d,
    LayerNorm as LayerNorm,
    RMSNorm as RMSNorm,
)
from nn.live.playground import playground as playground
from nn.losses.binary import *
from nn.losses.distances import *
from nn.losses.entropy import *
from nn.losses.margins import *
from nn.losses.modules import *
from nn.module import Module as Module
from nn.optim.clipping import (
    clip_grad_norm as clip_grad_norm,
    clip_grad_norm_ as clip_grad_norm_,
    clip_grad_value as clip_grad_value,
    clip_grad_value_ as clip_grad_value_,
)
from nn.training import DivergenceError as DivergenceError, History as History, fit as fit

# Nodes then carry the user's line that called a layer, not the layer's own.
autograd.register_library(__file__)


autograd.publish(__name__, below=True)
