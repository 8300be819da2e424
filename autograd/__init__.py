"""A reverse-mode automatic differentiation engine: scalars, arrays, one graph, and a look at it.

>>> from autograd import Value
>>> x, y = Value(2.0, "x"), Value(3.0, "y")
>>> z = x * y + x.sin()
>>> z.backward()
>>> round(x.grad, 4), y.grad
(2.5839, 2.0)

Read `engine` and `primitives` first: all else follows from them, and `context` holds what they know of
an operation beside its numbers. `transforms` and `checking` use the passes; `formulas` writes rules
down, which `views` show and `programs` compute; `expressions` is behind the command line, `config`
says what is installed, and `support` has no mathematics.
"""

from autograd.checking.exercises import check_answer as check_answer
from autograd.checking.gradcheck import (
    GradientError as GradientError,
    detect_anomaly as detect_anomaly,
    gradcheck as gradcheck,
)
from autograd.config import show_config as show_config
from autograd.context.grad_modes import (
    enable_grad as enable_grad,
    no_grad as no_grad,
    retain_grads as retain_grads,
)
from autograd.context.modes import is_grad_enabled as is_grad_enabled
from autograd.context.notes import BranchChanged as BranchChanged, Setting as Setting
from autograd.context.recording import recording as recording
from autograd.context.scopes import Scope as Scope, Scoped as Scoped
from autograd.context.sites import Site as Site
from autograd.context.tracebacks import hide as _hide_frames, register_library as register_library
from autograd.engine.arrays import check_array as check_array
from autograd.engine.declare import (
    elementwise as elementwise,
    fused as fused,
    linear_map as linear_map,
    multilinear as multilinear,
    reduction as reduction,
)
from autograd.engine.flat import Flat as Flat
from autograd.engine.followed import Followed as Followed
from autograd.engine.graph import (
    AnomalyError as AnomalyError,
    Node as Node,
    StaleGraphError as StaleGraphError,
    topological_order as topological_order,
)
from autograd.engine.local_derivative import LocalDerivative as LocalDerivative
from autograd.engine.primitive import (
    Primitive as Primitive,
    Unsaid as Unsaid,
    registry as registry,
)
from autograd.engine.tensor import Tensor as Tensor
from autograd.engine.value import Value as Value, values as values
from autograd.engine.vector import Vector as Vector
from autograd.primitives import methods as _methods  # noqa: F401  (gives the nodes their methods)
from autograd.primitives.composites import (
    argmax as argmax,
    argmin as argmin,
    clip as clip,
    diag as diag,
    flatten as flatten,
    hstack as hstack,
    repeat as repeat,
    split as split,
    stack as stack,
    take as take,
    take_along_axis as take_along_axis,
    tile as tile,
    trace as trace,
    tril as tril,
    triu as triu,
    vstack as vstack,
)
from autograd.primitives.effects import random_like as random_like, track_moments as track_moments
from autograd.primitives.elementwise import (
    abs as abs,
    add as add,
    arccos as arccos,
    arccosh as arccosh,
    arcsin as arcsin,
    arcsinh as arcsinh,
    arctan as arctan,
    arctan2 as arctan2,
    arctanh as arctanh,
    cbrt as cbrt,
    ceil as ceil,
    compare as compare,
    cos as cos,
    cosh as cosh,
    div as div,
    equal as equal,
    erf as erf,
    erfc as erfc,
    exp as exp,
    exp2 as exp2,
    expm1 as expm1,
    floor as floor,
    floor_divide as floor_divide,
    greater as greater,
    greater_equal as greater_equal,
    hinge as hinge,
    hypot as hypot,
    identity as identity,
    indicator as indicator,
    less as less,
    less_equal as less_equal,
    log as log,
    log1p as log1p,
    log2 as log2,
    log10 as log10,
    logaddexp as logaddexp,
    maximum as maximum,
    minimum as minimum,
    mul as mul,
    neg as neg,
    not_equal as not_equal,
    pow as pow,
    reciprocal as reciprocal,
    relu as relu,
    remainder as remainder,
    sigmoid as sigmoid,
    sign as sign,
    sin as sin,
    sinh as sinh,
    softplus as softplus,
    sqrt as sqrt,
    square as square,
    sub as sub,
    tan as tan,
    tanh as tanh,
    where as where,
)
from autograd.primitives.entropy import (
    mul_or_zero as mul_or_zero,
    xlog1py as xlog1py,
    xlogy as xlogy,
)
from autograd.primitives.fused import (
    linear as linear,
    log_softmax as log_softmax,
    softmax as softmax,
    softmax_cross_entropy as softmax_cross_entropy,
)
from autograd.primitives.linear import (
    astype as astype,
    broadcast_to as broadcast_to,
    concatenate as concatenate,
    cumsum as cumsum,
    expand_dims as expand_dims,
    flip as flip,
    getitem as getitem,
    getitem_at as getitem_at,
    moveaxis as moveaxis,
    pad as pad,
    ravel as ravel,
    reshape as reshape,
    roll as roll,
    scatter as scatter,
    scatter_at as scatter_at,
    squeeze as squeeze,
    swapaxes as swapaxes,
    transpose as transpose,
)
from autograd.primitives.losses import (
    binary_cross_entropy as binary_cross_entropy,
    class_count as class_count,
    class_cross_entropy as class_cross_entropy,
    class_mean as class_mean,
    class_score as class_score,
    class_targets as class_targets,
    kl_divergence as kl_divergence,
    logistic_cross_entropy as logistic_cross_entropy,
    multiclass_hinge as multiclass_hinge,
)
from autograd.primitives.normalisation import (
    batch_norm as batch_norm,
    layer_norm as layer_norm,
    rms_norm as rms_norm,
)
from autograd.primitives.products import (
    dot as dot,
    einsum as einsum,
    inner as inner,
    matmul as matmul,
    outer as outer,
    tensordot as tensordot,
)
from autograd.primitives.reductions import (
    centre as centre,
    logsumexp as logsumexp,
    max as max,
    mean as mean,
    min as min,
    norm as norm,
    prod as prod,
    std as std,
    sum as sum,
    sum_squares as sum_squares,
    var as var,
)
from autograd.primitives.units import Units as Units
from autograd.programs.batches import BatchFunctions as BatchFunctions
from autograd.programs.compile import compile as compile
from autograd.programs.exports import to_onnx as to_onnx
from autograd.programs.function import CompiledFunction as CompiledFunction
from autograd.programs.instances import (
    InstanceFunction as InstanceFunction,
    vectorize as vectorize,
)
from autograd.programs.program import Program as Program, ProgramStats as ProgramStats
from autograd.programs.sources import to_source as to_source
from autograd.programs.verifying import ProgramError as ProgramError
from autograd.support.installing import install_hint as install_hint
from autograd.support.neighbours import look_around as _look_around
from autograd.support.publishing import (
    Listed as Listed,
    option_advice as option_advice,
    publish as publish,
)
from autograd.support.saving import write_as as write_as, write_whole as write_whole
from autograd.transforms import (
    grad as grad,
    hessian as hessian,
    hvp as hvp,
    jacobian as jacobian,
    jvp as jvp,
    value_and_grad as value_and_grad,
    vjp as vjp,
)
from autograd.views.canvas.assets import asset as asset, inert as inert, script as script
from autograd.views.canvas.page import html_page as html_page
from autograd.views.canvas.sheet import ModelPicture as ModelPicture
from autograd.views.canvas.theme import DARK as DARK, LIGHT as LIGHT, ground as ground
from autograd.views.derivation.derivation import Derivation as Derivation, derivation as derivation
from autograd.views.drawing.drawing import Drawing as Drawing, draw as draw
from autograd.views.drawing.influence import (
    InfluenceDiagram as InfluenceDiagram,
    influence_diagram as influence_diagram,
)
from autograd.views.drawing.jacobians import (
    JacobianPicture as JacobianPicture,
    jacobian_picture as jacobian_picture,
)
from autograd.views.local_names import name as name
from autograd.views.stepping.stepper import Stepper as Stepper
from autograd.views.stepping.steps import (
    ForwardStep as ForwardStep,
    Step as Step,
    forward_steps as forward_steps,
    steps as steps,
)

# What Python has under the same name is no part of `import *`.
publish(__name__, "abs", "compile", "max", "min", "pow", "sum")
_hide_frames()
_look_around()
