"""A reverse-mode automatic differentiation engine: scalars, arrays, one graph, and a look at it.

>>> from autograd import Value
>>> x, y = Value(2.0, "x"), Value(3.0, "y")
>>> z = x * y + x.sin()
>>> z.backward()
>>> round(x.grad, 4), y.grad
(2.5839, 2.0)
"""

from autograd import operators as _operators  # noqa: F401  (gives the nodes their methods)
from autograd.arrays import check_array
from autograd.checking import GradientError, detect_anomaly, gradcheck
from autograd.declare import elementwise, fused, linear_map, multilinear, reduction
from autograd.dispatch import registry
from autograd.exercises import check_answer
from autograd.flat import Flat
from autograd.followed import Followed
from autograd.functions import (
    argmax,
    argmin,
    clip,
    diag,
    equal,
    flatten,
    greater,
    greater_equal,
    hstack,
    less,
    less_equal,
    not_equal,
    repeat,
    split,
    stack,
    take_along_axis,
    tile,
    trace,
    tril,
    triu,
    vstack,
)
from autograd.graph import AnomalyError, Node, StaleGraphError, topological_order
from autograd.habits import Listed, option_advice, publish
from autograd.installing import install_hint
from autograd.local_derivative import LocalDerivative
from autograd.neighbours import look_around as _look_around
from autograd.primitive import Primitive
from autograd.primitives.effects import random_like, track_moments
from autograd.primitives.elementwise import (
    abs as abs,
)
from autograd.primitives.elementwise import (
    add,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    cbrt,
    ceil,
    compare,
    cos,
    cosh,
    div,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    floor,
    floor_divide,
    hinge,
    hypot,
    identity,
    indicator,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    maximum,
    minimum,
    mul,
    neg,
    reciprocal,
    relu,
    remainder,
    sigmoid,
    sign,
    sin,
    sinh,
    softplus,
    sqrt,
    square,
    sub,
    tan,
    tanh,
    where,
)
from autograd.primitives.elementwise import (
    pow as pow,
)
from autograd.primitives.entropy import mul_or_zero, xlog1py, xlogy
from autograd.primitives.fused import linear, log_softmax, softmax, softmax_cross_entropy
from autograd.primitives.linear import (
    astype,
    broadcast_to,
    concatenate,
    cumsum,
    expand_dims,
    flip,
    getitem,
    getitem_at,
    moveaxis,
    pad,
    ravel,
    reshape,
    roll,
    scatter,
    scatter_at,
    squeeze,
    swapaxes,
    transpose,
)
from autograd.primitives.losses import (
    binary_cross_entropy,
    class_count,
    class_cross_entropy,
    class_mean,
    class_score,
    class_targets,
    kl_divergence,
    logistic_cross_entropy,
    multiclass_hinge,
)
from autograd.primitives.normalisation import batch_norm, layer_norm, rms_norm
from autograd.primitives.products import dot, einsum, inner, matmul, outer, tensordot
from autograd.primitives.reductions import (
    centre,
    logsumexp,
    mean,
    norm,
    prod,
    std,
    sum_squares,
    var,
)
from autograd.primitives.reductions import (
    max as max,
)
from autograd.primitives.reductions import (
    min as min,
)
from autograd.primitives.reductions import (
    sum as sum,
)
from autograd.programs import (
    BranchChanged,
    CompiledFunction,
    InstanceFunction,
    Program,
    ProgramError,
    ProgramStats,
    vectorize,
)
from autograd.programs import (
    compile as compile,
)
from autograd.recording import (
    Scope,
    Scoped,
    Setting,
    Site,
    enable_grad,
    is_grad_enabled,
    no_grad,
    recording,
    retain_grads,
)
from autograd.saving import write_whole
from autograd.tensor import Tensor
from autograd.tracebacks import hide as _hide_frames
from autograd.tracebacks import register_library
from autograd.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd.units import Units
from autograd.value import Value, values
from autograd.vector import Vector
from autograd.views.derivation import Derivation, derivation
from autograd.views.drawing import Drawing, draw
from autograd.views.jacobians import JacobianPicture, jacobian_picture
from autograd.views.names import name
from autograd.views.sheet import ModelPicture
from autograd.views.stepper import Stepper
from autograd.views.steps import ForwardStep, Step, forward_steps, steps

__all__ = [
    "AnomalyError",
    "BranchChanged",
    "CompiledFunction",
    "Derivation",
    "Drawing",
    "Flat",
    "Followed",
    "ForwardStep",
    "GradientError",
    "InstanceFunction",
    "JacobianPicture",
    "Listed",
    "LocalDerivative",
    "ModelPicture",
    "Node",
    "Primitive",
    "Program",
    "ProgramError",
    "ProgramStats",
    "Scope",
    "Scoped",
    "Setting",
    "Site",
    "StaleGraphError",
    "Step",
    "Stepper",
    "Tensor",
    "Units",
    "Value",
    "Vector",
    "add",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "argmax",
    "argmin",
    "astype",
    "batch_norm",
    "binary_cross_entropy",
    "broadcast_to",
    "cbrt",
    "ceil",
    "centre",
    "check_answer",
    "check_array",
    "class_count",
    "class_cross_entropy",
    "class_mean",
    "class_score",
    "class_targets",
    "clip",
    "compare",
    "concatenate",
    "cos",
    "cosh",
    "cumsum",
    "derivation",
    "detect_anomaly",
    "diag",
    "div",
    "dot",
    "draw",
    "einsum",
    "elementwise",
    "enable_grad",
    "equal",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expand_dims",
    "expm1",
    "flatten",
    "flip",
    "floor",
    "floor_divide",
    "forward_steps",
    "fused",
    "getitem",
    "getitem_at",
    "grad",
    "gradcheck",
    "greater",
    "greater_equal",
    "hessian",
    "hinge",
    "hstack",
    "hvp",
    "hypot",
    "identity",
    "indicator",
    "inner",
    "install_hint",
    "is_grad_enabled",
    "jacobian",
    "jacobian_picture",
    "jvp",
    "kl_divergence",
    "layer_norm",
    "less",
    "less_equal",
    "linear",
    "linear_map",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_softmax",
    "logaddexp",
    "logistic_cross_entropy",
    "logsumexp",
    "matmul",
    "maximum",
    "mean",
    "minimum",
    "moveaxis",
    "mul",
    "mul_or_zero",
    "multiclass_hinge",
    "multilinear",
    "name",
    "neg",
    "no_grad",
    "norm",
    "not_equal",
    "option_advice",
    "outer",
    "pad",
    "prod",
    "publish",
    "random_like",
    "ravel",
    "reciprocal",
    "recording",
    "reduction",
    "register_library",
    "registry",
    "relu",
    "remainder",
    "repeat",
    "reshape",
    "retain_grads",
    "rms_norm",
    "roll",
    "scatter",
    "scatter_at",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "steps",
    "sub",
    "sum_squares",
    "swapaxes",
    "take_along_axis",
    "tan",
    "tanh",
    "tensordot",
    "tile",
    "topological_order",
    "trace",
    "track_moments",
    "transpose",
    "tril",
    "triu",
    "value_and_grad",
    "values",
    "var",
    "vectorize",
    "vjp",
    "vstack",
    "where",
    "write_whole",
    "xlog1py",
    "xlogy",
]

# What Python has under the same name is no part of `import *`.
publish(__name__, "abs", "compile", "max", "min", "pow", "sum")
_hide_frames()
_look_around()
