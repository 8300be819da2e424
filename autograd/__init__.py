"""A reverse-mode automatic differentiation engine: scalars, arrays, one graph, and a look at it.

>>> from autograd import Value
>>> x, y = Value(2.0, "x"), Value(3.0, "y")
>>> z = x * y + x.sin()
>>> z.backward()
>>> round(x.grad, 4), y.grad
(2.5839, 2.0)
"""

from autograd.checking import GradientError, detect_anomaly, gradcheck
from autograd.functions import (
    argmax,
    argmin,
    clip,
    diag,
    flatten,
    hstack,
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
from autograd.graph import (
    AnomalyError,
    Node,
    Scope,
    Site,
    StaleGraphError,
    enable_grad,
    is_grad_enabled,
    no_grad,
    register_library,
    retain_grads,
    topological_order,
)
from autograd.primitive import (
    LocalDerivative,
    Primitive,
    elementwise,
    fused,
    linear_map,
    multilinear,
    reduction,
    registry,
)
from autograd.primitives.elementwise import (
    abs,
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
    cos,
    cosh,
    div,
    erf,
    exp,
    exp2,
    expm1,
    floor,
    floor_divide,
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
    pow,
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
from autograd.primitives.fused import linear, log_softmax, softmax, softmax_cross_entropy
from autograd.primitives.linear import (
    astype,
    broadcast_to,
    concatenate,
    cumsum,
    expand_dims,
    flip,
    getitem,
    moveaxis,
    pad,
    ravel,
    reshape,
    roll,
    scatter,
    squeeze,
    swapaxes,
    transpose,
)
from autograd.primitives.products import dot, einsum, inner, matmul, outer, tensordot
from autograd.primitives.reductions import logsumexp, max, mean, min, norm, prod, std, sum, var
from autograd.tensor import Tensor
from autograd.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd.value import Value, values

__all__ = [name for name in dir() if not name.startswith("_")]
