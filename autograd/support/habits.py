"""Names that other libraries have, and what they are called here.

`HABITS` is the one table. It answers where such a name is written: as an attribute of a node, a module
or an optimiser, as a name in `autograd`, `nn` and what is in them, and as an option of a call. The
README prints it. Nothing is looked up before a name was not found: what is there costs no more for it.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple


class Habit(NamedTuple):
    """A row of the table: what people write who come from elsewhere, and what to write here."""

    library: str
    places: str  # where they write it: `ATTRIBUTES`, a module's name, "option" or "call"
    theirs: str  # one name, or several that mean the same
    here: str  # code, or an option and its "="; where there is nothing to write, nothing
    note: str = ""

    @property
    def names(self) -> list[str]:
        return self.theirs.split()

    def code(self, place: str) -> str:
        """What to write at a place: on a Value the Tensor t is a Value v."""
        return re.sub(r"\bt\b", "v", self.here) if place == "Value" else self.here

    def advice(self, place: str, name: str) -> str:
        """The row as a part of a sentence."""
        if place == "call":
            return f"`{self.here}`" + (f" ({self.note})" if self.note else "")
        theirs = f"{self.library}'s `{name}{'=' if place == 'option' else ''}`"
        if not self.here:
            return f"{theirs}: {self.note}"
        return f"{theirs} is `{self.code(place)}` here" + (f" ({self.note})" if self.note else "")


ATTRIBUTES = ("Value", "Tensor", "Module", "Optimizer", "LRScheduler", "History", "Drawing")
NODE = "Value Tensor"
LOSSES = "nn nn.functional nn.losses"
DATA = "nn nn.data"

# What is in `here` runs in the test, with v a Value, t and u Tensors, loss a Tensor of one number, a
# model, its optimizer, x and y instances and their classes, z what the model says of them.
# fmt: off
HABITS: tuple[Habit, ...] = (
    # --- micrograd --------------------------------------------------------------------------------
    Habit("micrograd", NODE, "_prev _children", "v.parents", "in order, repeats kept"),
    Habit("micrograd", NODE, "_op", "v.primitive", "it has a .name; None on a leaf"),
    Habit("micrograd", NODE, "_backward", "v.local_derivatives", "the rule itself is in the row"),
    Habit("micrograd", "Tensor", "label", "t.name"),
    Habit("micrograd", "autograd", "draw_dot", "autograd.draw(v)"),
    Habit("micrograd", "autograd", "build_topo", "autograd.topological_order(v)"),
    Habit("micrograd", "autograd.engine", "Value", "from autograd import Value"),
    Habit("Graphviz", "Drawing", "render view pipe", "autograd.draw(v).save('graph.svg')"),
    Habit("micrograd", "nn", "Neuron", "nn.scalar.Neuron(2)"),
    Habit("micrograd", "nn", "Layer", "nn.scalar.Layer(2, 3)", "or nn.Linear, of tensors"),
    Habit("micrograd", "nn", "Value", "autograd.Value(1.0)"),
    # --- PyTorch: tensors -------------------------------------------------------------------------
    Habit("PyTorch", "Tensor", "view view_as reshape_as", "t.reshape(-1)"),
    Habit("PyTorch", "Tensor", "unsqueeze", "t.expand_dims(0)", "or t[None], t[:, None]"),
    Habit("PyTorch", "Tensor", "mm bmm mv addmm", "t @ u.T"),
    Habit("PyTorch", "Tensor", "permute", "t.transpose(1, 0)", "it takes all axes, as NumPy's"),
    Habit("PyTorch", "Tensor", "t", "t.T"),
    Habit("PyTorch", "Tensor", "mT adjoint", "t.swapaxes(-1, -2)"),
    Habit("PyTorch", "Tensor", "expand expand_as", "t.broadcast_to((4, 2, 3))"),
    Habit("PyTorch", "Tensor", "chunk", "t.split(2)"),
    Habit("PyTorch", "Tensor", "unbind", "list(t)"),
    Habit("PyTorch", "Tensor", "gather", "t.take_along_axis([[0], [1]], axis=1)"),
    Habit("PyTorch", "Tensor", "index_select", "t.take([0, 1], axis=0)"),
    Habit("PyTorch", "Tensor", "masked_fill masked_select", "autograd.where(t > 0, 0.0, t)"),
    Habit("PyTorch", NODE, "clamp", "t.clip(0, 1)"),
    Habit("PyTorch", NODE, "clamp_min", "t.maximum(0)"),
    Habit("PyTorch", NODE, "clamp_max", "t.minimum(1)"),
    Habit("PyTorch", NODE, "rsqrt", "1 / t.sqrt()"),
    Habit("PyTorch", NODE, "eq ne lt le gt ge", "t > u", "==, !=, <, <=, >, >=: plain booleans"),
    Habit("PyTorch", "Tensor", "sort argsort topk", "np.argsort(t.numpy())", "and t[indices]"),
    Habit("PyTorch", "Tensor", "nonzero", "np.nonzero(t.numpy())"),
    Habit("PyTorch", "Tensor", "unique", "np.unique(t.numpy())"),
    Habit("PyTorch", "Tensor", "tril", "t * np.tri(*t.shape)"),
    Habit("PyTorch", "Tensor", "repeat_interleave", "t.repeat(2, axis=0)"),
    Habit("PyTorch", NODE, "isnan isinf isfinite", "np.isfinite(t.numpy())"),
    Habit("PyTorch", "Tensor", "dim", "t.ndim"),
    Habit("PyTorch", "Tensor", "numel nelement", "t.size"),
    Habit("PyTorch", NODE, "grad_fn", "t.primitive", "and t.arguments"),
    Habit("PyTorch", "Value", "retain_grad", "v.grad", "every Value keeps its gradient"),
    Habit("PyTorch", NODE, "register_hook", "t.grad", "interior tensors: t.retain_grad() first"),
    Habit("PyTorch", NODE, "requires_grad_", "t.requires_grad = True"),
    Habit("PyTorch", NODE, "clone", "autograd.identity(t)", "copy.copy(t) for a leaf of its own"),
    Habit("PyTorch", NODE, "detach_", "t = t.detach()"),
    Habit("PyTorch", NODE, "zero_grad", "t.grad = None"),
    Habit("PyTorch", NODE, "add_ sub_ mul_ div_", "t.data -= 0.1", "or t -= 0.1 under no_grad()"),
    Habit("PyTorch", NODE, "zero_ fill_ copy_", "t.data = np.zeros(t.shape)"),
    Habit("PyTorch", "Tensor", "masked_fill_ index_fill_ scatter_", "t.data[t.data < 0] = 0.0"),
    Habit("PyTorch", NODE, "clamp_", "t.data = np.clip(t.data, 0, 1)"),
    Habit("PyTorch", "Tensor", "uniform_", "nn.init.uniform_(t)"),
    Habit("PyTorch", "Tensor", "normal_", "nn.init.normal_(t)"),
    Habit("PyTorch", "Tensor", "to type type_as", "t.astype(np.float32)", "there are no devices"),
    Habit("PyTorch", "Tensor", "float half", "t.astype(np.float32)"),
    Habit("PyTorch", "Tensor", "double", "t.astype(np.float64)"),
    Habit("PyTorch", "Tensor", "int long bool", "t.numpy().astype(int)"),
    Habit("PyTorch", NODE, "cuda cpu contiguous", "t", "as it is: it is an array in memory"),
    Habit("PyTorch", NODE + " Module", "device is_cuda", "",
        "there are no devices, and nothing to write"),
    Habit("NumPy", "Tensor", "copy", "t.numpy().copy()", "copy.copy(t) for a leaf of its own"),
    Habit("NumPy", "Tensor", "fill put", "t.data[:] = 0.0"),
    Habit("NumPy", "Tensor", "all any", "(t > 0).all()"),
    Habit("NumPy", "Tensor", "cumprod", "autograd.exp(autograd.log(t).cumsum(0))", "of t > 0"),
    Habit("NumPy", "Tensor", "ptp", "t.max() - t.min()"),
    # --- PyTorch: functions -----------------------------------------------------------------------
    Habit("PyTorch", "autograd", "tensor as_tensor from_numpy FloatTensor DoubleTensor Variable",
        "autograd.Tensor([1.0, 2.0])", "it tracks gradients unless requires_grad=False"),
    Habit("PyTorch", "autograd", "zeros zeros_like empty", "autograd.Tensor(np.zeros((2, 3)))"),
    Habit("PyTorch", "autograd", "ones ones_like full", "autograd.Tensor(np.ones((2, 3)))"),
    Habit("PyTorch", "autograd", "arange linspace", "autograd.Tensor(np.arange(3.0))"),
    Habit("PyTorch", "autograd", "eye", "autograd.Tensor(np.eye(3))"),
    Habit("PyTorch", "autograd", "randn randn_like rand rand_like randint randperm normal",
        "autograd.Tensor(np.random.default_rng(0).normal(size=(2, 3)))"),
    Habit("PyTorch", "autograd nn", "manual_seed seed", "nn.MLP(2, [3], rng=0)", "`rng=` seeds it"),
    Habit("PyTorch", "autograd", "cat concat", "autograd.concatenate([t, u], axis=0)"),
    Habit("PyTorch", "autograd", "mm bmm mv", "autograd.matmul(t, u.T)"),
    Habit("PyTorch", "autograd", "ger", "autograd.outer([1.0, 2.0], [3.0, 4.0])"),
    Habit("PyTorch", "autograd", "unsqueeze", "autograd.expand_dims(t, 0)"),
    Habit("PyTorch", "autograd", "permute", "autograd.transpose(t, axes=(1, 0))"),
    Habit("PyTorch", "autograd", "chunk", "autograd.split(t, 2)"),
    Habit("PyTorch", "autograd", "unbind", "list(t)"),
    Habit("PyTorch", "autograd", "gather", "autograd.take_along_axis(t, [[0], [1]], axis=1)"),
    Habit("PyTorch", "autograd", "clamp", "autograd.clip(t, 0, 1)"),
    Habit("PyTorch", "autograd", "masked_fill", "autograd.where(t > 0, 0.0, t)"),
    Habit("PyTorch", "autograd", "rsqrt", "1 / autograd.sqrt(t)"),
    Habit("PyTorch", "autograd", "asin", "autograd.arcsin(0.5)"),
    Habit("PyTorch", "autograd", "acos", "autograd.arccos(0.5)"),
    Habit("PyTorch", "autograd", "atan", "autograd.arctan(0.5)"),
    Habit("PyTorch", "autograd", "atan2", "autograd.arctan2(1.0, 2.0)"),
    Habit("PyTorch", "autograd", "asinh", "autograd.arcsinh(0.5)"),
    Habit("PyTorch", "autograd", "acosh", "autograd.arccosh(1.5)"),
    Habit("PyTorch", "autograd", "atanh", "autograd.arctanh(0.5)"),
    Habit("PyTorch", "autograd", "inference_mode set_grad_enabled", "autograd.no_grad()"),
    Habit("PyTorch", "autograd", "set_detect_anomaly", "autograd.detect_anomaly()"),
    Habit("PyTorch", "autograd", "float32 float64 float double", "np.float32", "NumPy's dtypes"),
    Habit("PyTorch", "autograd", "is_tensor", "isinstance(t, autograd.Tensor)"),
    Habit("PyTorch", "autograd", "isnan isinf isfinite", "np.isfinite(t.numpy())"),
    Habit("PyTorch", "autograd", "backward", "loss.backward()"),
    Habit("PyTorch", "autograd", "functional", "autograd.jacobian(np.sin)(0.5)", "and hessian, vjp"),
    Habit("PyTorch", "autograd", "Function", "help(autograd.elementwise)", "one row, its derivative"),
    Habit("PyTorch", "autograd", "device cuda", "", "there are no devices, and nothing to write"),
    Habit("PyTorch", "autograd", "optim", "nn.optim", "after `import nn`"),
    # --- NumPy and TensorFlow: functions ----------------------------------------------------------
    Habit("NumPy", "autograd", "multiply", "autograd.mul(t, u)", "or t * u"),
    Habit("NumPy", "autograd", "divide true_divide", "autograd.div(t, u)", "or t / u"),
    Habit("NumPy", "autograd", "subtract", "autograd.sub(t, u)", "or t - u"),
    Habit("NumPy", "autograd", "negative", "autograd.neg(t)", "or -t"),
    Habit("NumPy", "autograd", "power", "autograd.pow(t, 2)", "or t ** 2"),
    Habit("NumPy", "autograd", "absolute fabs", "autograd.abs(t)"),
    Habit("NumPy", "autograd", "amax", "autograd.max(t, axis=0)"),
    Habit("NumPy", "autograd", "amin", "autograd.min(t, axis=0)"),
    Habit("NumPy", "autograd", "mod", "autograd.remainder(t, 2.0)", "or t % 2"),
    Habit("NumPy", "autograd", "array asarray", "autograd.Tensor([1.0, 2.0])"),
    Habit("TensorFlow", "autograd", "constant", "autograd.Tensor([1.0], requires_grad=False)"),
    Habit("TensorFlow", "autograd", "convert_to_tensor", "autograd.Tensor([1.0, 2.0])"),
    Habit("TensorFlow", "autograd", "GradientTape", "loss.backward()", "operators record always"),
    Habit("TensorFlow", "autograd", "reduce_sum", "autograd.sum(t, axis=0)"),
    Habit("TensorFlow", "autograd", "reduce_mean", "autograd.mean(t, axis=0)"),
    Habit("TensorFlow", "autograd", "reduce_max", "autograd.max(t, axis=0)"),
    Habit("TensorFlow", "autograd", "cast", "autograd.astype(t, dtype=np.float32)"),
    Habit("TensorFlow", "autograd", "stop_gradient", "t.detach()"),
    Habit("TensorFlow", "autograd", "function", "autograd.compile(np.sin)"),
    # --- HIPS autograd and JAX --------------------------------------------------------------------
    Habit("HIPS autograd", "autograd", "numpy", "import numpy as np",
        "NumPy's own functions record on Tensors and Values"),
    Habit("HIPS autograd", "autograd", "scipy", "autograd.erf(t)", "logsumexp, … are in autograd"),
    Habit("HIPS autograd", "autograd", "elementwise_grad egrad",
        "autograd.grad(lambda x: np.sum(np.sin(x)))([0.5, 1.0])"),
    Habit("HIPS autograd", "autograd", "deriv", "autograd.grad(np.sin)(0.5)"),
    Habit("HIPS autograd", "autograd", "make_vjp", "autograd.vjp(np.sin, 0.5)", "out, and its vjp"),
    Habit("HIPS autograd", "autograd", "make_jvp", "autograd.jvp(np.sin, (0.5,), (1.0,))"),
    Habit("HIPS autograd", "autograd", "make_hvp hessian_vector_product hessian_tensor_product",
        "autograd.hvp(np.sin, (0.5,), (1.0,))"),
    Habit("HIPS autograd", "autograd", "grad_and_aux",
        "autograd.grad(lambda x: (x * x, x), has_aux=True)(3.0)"),
    Habit("HIPS autograd", "autograd", "multigrad_dict grad_named", "autograd.grad(np.hypot, (0, 1))"),
    Habit("HIPS autograd", "autograd", "vector_jacobian_product tensor_jacobian_product",
        "autograd.vjp(np.sin, 0.5)"),
    Habit("HIPS autograd", "autograd", "differential_operators", "autograd.grad(np.sin)(0.5)",
        "jacobian, hessian, vjp, jvp and hvp are in autograd"),
    Habit("HIPS autograd", "autograd", "make_ggnvp", "", "there is none: jvp and vjp make one"),
    Habit("HIPS autograd", "autograd", "holomorphic_grad", "", "there are no complex numbers"),
    Habit("HIPS autograd", "autograd", "checkpoint", "", "graphs keep what they need: leave it out"),
    Habit("HIPS autograd", "autograd", "misc", "nn.optim.Adam([t], lr=0.1)", "after `import nn`"),
    Habit("HIPS autograd", "autograd", "builtins dict list tuple isinstance type",
        "autograd.grad(lambda p: p['w'] ** 2)(dict(w=3.0))", "Python's own will do"),
    Habit("HIPS autograd", "autograd", "core tracer util wrap_util", "v.parents", "and v.primitive"),
    Habit("HIPS autograd", "autograd", "extend defvjp defjvp custom_vjp custom_jvp custom_gradient",
        "help(autograd.elementwise)", "a row declares a primitive with its derivative"),
    Habit("HIPS autograd", "autograd", "check_grads test_util", "autograd.gradcheck(np.sin, 0.5)"),
    Habit("JAX", "autograd", "jit pmap", "autograd.compile(np.sin)"),
    Habit("JAX", "autograd", "vmap", "model(x)", "functions here take whole arrays of instances"),
    Habit("JAX", "autograd", "jacrev jacfwd", "autograd.jacobian(np.sin)(0.5)"),
    Habit("JAX", "autograd", "linearize", "autograd.jvp(np.sin, (0.5,), (1.0,))"),
    Habit("JAX", "autograd", "jnp np", "import numpy as np", "NumPy's functions record on nodes"),
    Habit("JAX", "autograd", "lax", "t.detach()", "its stop_gradient; loops are Python's own"),
    Habit("JAX", "autograd", "random", "np.random.default_rng(0)"),
    Habit("JAX", "autograd", "device_put", "autograd.Tensor([1.0, 2.0])"),
    Habit("JAX", "autograd", "nn", "import nn"),
    # --- PyTorch and Keras: modules ---------------------------------------------------------------
    Habit("PyTorch", "Module", "to cuda cpu", "nn.MLP(2, [3], dtype=np.float32)", "no devices"),
    Habit("PyTorch", "Module", "float half double", "nn.MLP(2, [3], dtype=np.float32)"),
    Habit("PyTorch", "Module", "register_buffer", "model.mean = np.zeros(2)", "an attribute will do"),
    Habit("PyTorch", "Module", "register_parameter add_module register_module add",
        "model.scale = autograd.Tensor([1.0])", "attributes, lists and dicts of them are found"),
    Habit("PyTorch", "Module", "children named_children", "model.named_modules()"),
    Habit("PyTorch", "Module", "buffers named_buffers", "model.state_dict()"),
    Habit("PyTorch", "nn Module", "onnx export", "nn.to_onnx(model, 'model.onnx', x)"),
    Habit("PyTorch", "Module", "apply", "for module in model.modules(): print(module)"),
    Habit("PyTorch", "Module", "requires_grad_ freeze trainable",
        "for p in model.parameters(): p.requires_grad = False"),
    Habit("PyTorch", "Module", "register_forward_hook register_full_backward_hook",
        "nn.inspect.observe(model, x, y, nn.cross_entropy)"),
    Habit("scikit-learn", "Module", "predict", "model(x)", "classes: nn.metrics.classes_of(model(x))"),
    Habit("scikit-learn", "Module", "predict_proba", "nn.softmax(model(x))"),
    Habit("scikit-learn", "Module", "score evaluate", "nn.metrics.accuracy(model(x), y)"),
    Habit("Keras", "Module", "compile fit train_on_batch partial_fit",
        "nn.fit(model, nn.cross_entropy, (x, y), optimizer=nn.optim.Adam, epochs=1)"),
    Habit("Keras", "Module", "summary", "print(model)", "what happens in it: nn.inspect.observe"),
    Habit("Keras", "Module", "get_weights", "model.state_dict()"),
    Habit("Keras", "Module", "set_weights", "model.load_state_dict(model.state_dict())"),
    Habit("Keras", "Module", "save save_weights", "np.savez('w.npz', **model.state_dict())"),
    Habit("Keras", "Module", "load load_weights", "model.load_state_dict(dict(np.load('w.npz')))"),
    Habit("Keras", "Module", "weights trainable_variables trainable_weights", "model.parameters()"),
    Habit("PyTorch", "nn autograd", "Parameter", "autograd.Tensor([1.0])", "as an attribute"),
    Habit("PyTorch", "nn", "Tensor tensor", "autograd.Tensor([1.0])"),
    Habit("PyTorch", "nn", "no_grad", "autograd.no_grad()"),
    Habit("PyTorch", "nn", "ModuleList ParameterList", "model.extra = [nn.Linear(2, 3)]"),
    Habit("PyTorch", "nn", "ModuleDict ParameterDict", "model.extra = {'first': nn.Linear(2, 3)}"),
    Habit("PyTorch", "nn", "Flatten Unflatten", "x.reshape(len(x), -1)"),
    Habit(
        "PyTorch",
        "nn",
        "Conv1d Conv2d Conv3d MaxPool2d AvgPool2d RNN LSTM GRU MultiheadAttention Transformer",
        "",
        "no layer of nn, whose networks are those of a first course; as an nn.Module of one's own it is "
        "a forward made of autograd's functions",
    ),
    Habit("PyTorch", "nn", "NLLLoss", "nn.CrossEntropyLoss()", "it takes logits"),
    Habit("PyTorch", "nn", "SmoothL1Loss", "nn.HuberLoss()"),
    Habit("PyTorch", "nn", "MultiLabelMarginLoss HingeEmbeddingLoss", "nn.HingeLoss()"),
    Habit("PyTorch", "nn", "BatchNorm2d BatchNorm", "nn.BatchNorm1d(3)"),
    Habit("Keras", "History", "history", "history.epochs", "and history.steps"),
    Habit("scikit-learn", "History", "losses loss loss_curve_", "history.steps['loss']"),
    Habit("Keras", "History", "epoch", "len(history.epochs['loss'])"),
    Habit("PyTorch", "nn", "modules", "nn.Linear(2, 3)", "nn has all layers itself"),
    Habit("PyTorch", "nn", "utils", "nn.clip_grad_norm_(model, 1.0)", "nn has it itself"),
    Habit("PyTorch", "nn", "F", "nn.functional"),
    Habit("PyTorch", "nn nn.optim", "lr_scheduler schedulers", "nn.schedules"),
    Habit("PyTorch", "nn", "SGD", "nn.optim.SGD(model.parameters(), lr=0.1)"),
    Habit("PyTorch", "nn", "Adam AdamW RMSprop Adagrad", "nn.optim.Adam(model.parameters())"),
    Habit("Keras", "nn", "Dense", "nn.Linear(2, 3)", "how many come in has to be said"),
    Habit("Keras", "nn", "BatchNormalization", "nn.BatchNorm1d(3)"),
    Habit("Keras", "nn", "LayerNormalization", "nn.LayerNorm(3)"),
    Habit("Keras", "nn", "Model", "nn.Module"),
    Habit("Keras", "nn", "Input InputLayer", "nn.Linear(2, 3)", "no layer for inputs"),
    Habit("Keras", "nn", "LeakyRelu", "nn.LeakyReLU()"),
    Habit("Keras", "nn", "optimizers", "nn.optim"),
    Habit("Keras", "nn", "initializers", "nn.init"),
    Habit("Keras", "nn", "regularizers", "nn.regularisers"),
    Habit("Keras", "nn", "callbacks", "nn.training.Event", "functions of it: nn.fit(callbacks=f)"),
    Habit("scikit-learn", "nn", "MLPClassifier MLPRegressor", "nn.MLP(2, [16, 2])", "and nn.fit"),
    Habit("scikit-learn", "nn", "Perceptron", "nn.historic.Perceptron(2)"),
    # --- losses -----------------------------------------------------------------------------------
    Habit("PyTorch", LOSSES, "mse_loss mean_squared_error MeanSquaredError", "nn.mse(t, u)"),
    Habit("PyTorch", LOSSES, "l1_loss mean_absolute_error mae", "nn.l1(t, u)"),
    Habit("PyTorch", LOSSES, "smooth_l1_loss huber_loss", "nn.huber(t, u)"),
    Habit("PyTorch", LOSSES, "nll_loss", "nn.cross_entropy(z, y)", "it takes logits"),
    Habit("PyTorch", LOSSES, "kl_div", "nn.kl_divergence(nn.softmax(t), nn.softmax(u))"),
    Habit("PyTorch", LOSSES, "multi_margin_loss", "nn.multiclass_hinge(z, y)"),
    Habit("PyTorch", LOSSES, "dropout", "nn.Dropout(0.5)(t)"),
    Habit("PyTorch", LOSSES, "one_hot to_categorical", "np.eye(2)[y]", "losses take classes as well"),
    Habit(
        "Keras",
        LOSSES,
        "categorical_crossentropy sparse_categorical_crossentropy CategoricalCrossentropy "
        "SparseCategoricalCrossentropy crossentropy softmax_cross_entropy log_loss",
        "nn.cross_entropy(z, y)",
        "it takes logits, and classes or distributions",
    ),
    Habit("Keras", LOSSES, "binary_crossentropy BinaryCrossentropy",
        "nn.binary_cross_entropy_with_logits(np.array([0.5]), np.array([1.0]))"),
    Habit("scikit-learn", LOSSES, "hinge_loss", "nn.hinge([0.5], [1])"),
    # --- optimisers and schedules -----------------------------------------------------------------
    Habit("Keras", "Optimizer", "learning_rate", "optimizer.lr"),
    Habit("Keras", "Optimizer", "minimize apply_gradients update", "optimizer.step()",
        "after loss.backward()"),
    Habit("PyTorch", "Optimizer", "params", "optimizer.parameters"),
    Habit("PyTorch", "Optimizer", "zero_gradients clear_grad", "optimizer.zero_grad()"),
    Habit("PyTorch", "LRScheduler Optimizer", "get_lr", "optimizer.lr"),
    Habit("PyTorch", "nn.optim", "LBFGS NAdam RAdam Adamax Rprop ASGD", "",
        "not among the optimisers, which are SGD, RMSprop, Adagrad, Adam, AdamW and Adadelta"),
    Habit("Keras", "nn.optim", "sgd GradientDescent", "nn.optim.SGD(model.parameters(), lr=0.1)"),
    Habit("Keras", "nn.optim", "Momentum", "nn.optim.SGD(model.parameters(), 0.1, momentum=0.9)"),
    Habit("Keras", "nn.optim", "adam", "nn.optim.Adam(model.parameters())"),
    Habit("Keras", "nn.optim", "adamw", "nn.optim.AdamW(model.parameters())"),
    Habit("Keras", "nn.optim", "rmsprop RMSProp", "nn.optim.RMSprop(model.parameters())"),
    Habit("Keras", "nn.optim", "adagrad AdaGrad", "nn.optim.Adagrad(model.parameters())"),
    Habit("Keras", "nn.optim", "adadelta AdaDelta", "nn.optim.Adadelta(model.parameters())"),
    Habit("PyTorch", "nn.optim nn", "StepLR", "nn.schedules.StepLR(optimizer, 10)"),
    Habit("PyTorch", "nn.optim nn", "CosineAnnealingLR CosineDecay",
        "nn.schedules.CosineAnnealingLR(optimizer, 10)"),
    Habit("Keras", "nn.schedules", "ExponentialDecay", "nn.schedules.ExponentialLR(optimizer, 0.9)"),
    Habit("Keras", "nn.schedules", "CosineDecay", "nn.schedules.CosineAnnealingLR(optimizer, 10)"),
    Habit("Keras", "nn.schedules", "PiecewiseConstantDecay",
        "nn.schedules.MultiStepLR(optimizer, [10, 20])"),
    # --- data and metrics -------------------------------------------------------------------------
    Habit("scikit-learn", DATA, "make_moons moons", "nn.data.two_moons(200, noise=0.1, rng=0)"),
    Habit("scikit-learn", DATA, "make_circles", "nn.data.circles(200, rng=0)"),
    Habit("scikit-learn", DATA, "make_blobs", "nn.data.blobs(200, rng=0)"),
    Habit("scikit-learn", DATA, "make_spirals", "nn.data.spirals(300, rng=0)"),
    Habit("scikit-learn", DATA, "load_digits", "nn.data.digits()"),
    Habit("scikit-learn", DATA, "load_mnist MNIST", "help(nn.data.mnist)", "from files you have"),
    Habit("scikit-learn", DATA, "train_test_split random_split", "nn.data.split(x, y, 0.2, rng=0)"),
    Habit("scikit-learn", DATA, "StandardScaler", "nn.data.Standardiser(x)"),
    Habit("PyTorch", DATA, "DataLoader", "nn.data.batches(x, y, batch_size=64, rng=0)"),
    Habit("PyTorch", DATA, "TensorDataset Dataset", "(x, y)", "a pair of arrays"),
    Habit("scikit-learn", "nn nn.metrics", "accuracy_score", "nn.metrics.accuracy(z, y)"),
    Habit("scikit-learn", "nn.metrics",
        "precision_score recall_score f1_score precision_recall_fscore_support",
        "nn.metrics.precision_and_recall(nn.metrics.classes_of(z), y)"),
    Habit("scikit-learn", "nn", "confusion_matrix", "nn.metrics.confusion_matrix(z, y)"),
    # --- initialisers -----------------------------------------------------------------------------
    Habit("Keras", "nn.init", "HeNormal", "nn.init.he_normal((3, 2), rng=0)"),
    Habit("Keras", "nn.init", "GlorotUniform", "nn.init.glorot_uniform((3, 2), rng=0)"),
    Habit("NumPy", "nn.init", "randn", "nn.init.normal((3, 2), rng=0, std=1.0)"),
    # --- options ----------------------------------------------------------------------------------
    Habit("PyTorch", "option", "dim dims", "axis="),
    Habit("NumPy", "option", "axes", "axis="),
    Habit("PyTorch", "option", "keepdim", "keepdims="),
    Habit("TensorFlow", "option", "keep_dims", "keepdims="),
    Habit("micrograd", "option", "label", "name="),
    Habit("micrograd", "option", "_op _children", "", "the operators record it"),
    Habit("micrograd", "option", "nonlin", "activation="),
    Habit("Keras", "option", "learning_rate learning_rate_init eta step_size", "lr="),
    Habit("PyTorch", "option", "params", "parameters="),
    Habit("Keras", "option", "lr learning_rate", "optimizer=",
        "it has the lr: nn.optim.SGD(model.parameters(), lr=0.1)"),
    Habit("Keras", "option", "beta_1 beta_2 beta1 beta2", "betas=", "a pair, (0.9, 0.999)"),
    Habit("Keras", "option", "epsilon", "eps="),
    Habit("Keras", "option", "decay l2 wd", "weight_decay="),
    Habit("PyTorch", "option", "in_features input_size input_dim fan_in", "n_in="),
    Habit("PyTorch", "option", "out_features output_size output_dim units fan_out", "n_out="),
    Habit("PyTorch", "option", "in_features input_size input_dim n_in", "nin="),
    Habit("scikit-learn", "option",
        "hidden_layer_sizes hidden_sizes hidden hidden_size layer_sizes sizes units layers", "nouts=",
        "the widths of all layers after the input, the output's too"),
    Habit("Keras", "option", "use_bias", "bias="),
    Habit("Keras", "option", "kernel_initializer initializer weight_init", "init="),
    Habit("Keras", "option", "bias_initializer", "bias_init="),
    Habit("PyTorch", "option", "negative_slope", "slope="),
    Habit("Keras", "option", "rate drop_prob", "p="),
    Habit("PyTorch", "option", "act act_fn activation_fn nonlinearity", "activation="),
    Habit("Keras", "option", "output_act final_activation", "output_activation="),
    Habit("Keras", "option", "normalization batch_norm", "norm="),
    Habit("PyTorch", "option", "n_features", "num_features="),
    Habit("Keras", "option", "validation_split validation_fraction val_split", "validation="),
    Habit("Keras", "option", "validation_data val_data eval_set", "validation="),
    Habit("scikit-learn", "option", "n_epochs num_epochs nb_epoch max_iter n_iter", "epochs="),
    Habit("Keras", "option", "batchsize bs minibatch_size", "batch_size="),
    Habit("Keras", "option", "verbose", "progress=", "True or False"),
    Habit("Keras", "option", "early_stopping n_iter_no_change", "patience="),
    Habit("scikit-learn", "option", "tol", "tolerance="),
    Habit("PyTorch", "option", "scheduler lr_scheduler lr_schedule", "schedule="),
    Habit("scikit-learn", "option", "opt optim solver optimiser", "optimizer="),
    Habit("PyTorch", "option", "loss_fn criterion objective", "loss="),
    Habit("Keras", "option", "x y X dataset loader train_data", "data=", "a pair (x, y), or batches"),
    Habit("Keras", "option", "jit jit_compile", "compile="),
    Habit("Keras", "option", "callback", "callbacks="),
    Habit("Keras", "option", "metric", "metrics="),
    Habit("scikit-learn", "option", "random_state seed generator", "rng="),
    Habit("Keras", "option", "shuffle", "rng=", "instances are shuffled by it"),
    Habit("scikit-learn", "option", "n_samples num_samples", "n="),
    Habit("scikit-learn", "option", "test_size train_size", "fraction="),
    Habit("scikit-learn", "option", "centers", "centres="),
    Habit("scikit-learn", "option", "class_weight sample_weight weights", "weight="),
    Habit("PyTorch", "option", "size_average reduce", "reduction="),
    Habit("Keras", "option", "smoothing", "label_smoothing="),
    Habit("Keras", "option", "from_logits", "", "the function says it: `..._with_logits`"),
    Habit("PyTorch", "option", "num_classes n_classes", "classes="),
    Habit("scikit-learn", "option", "y_pred input", "prediction=", "which comes first"),
    Habit("scikit-learn", "option", "y_true", "target=", "which comes second"),
    Habit("HIPS autograd", "option", "argnum wrt", "argnums="),
    Habit("PyTorch", "option", "gradient grad_output grad_outputs", "seed="),
    Habit("PyTorch", "option", "retain_graph", "", "graphs are always kept: leave it out"),
    Habit("JAX", "option", "static_argnums in_axes out_axes", "", "leave it out"),
    Habit("PyTorch", "option", "device", "", "there are no devices: leave it out"),
    Habit("PyTorch", "option", "inplace num_workers workers pin_memory non_blocking foreach", "",
        "there is no such choice: leave it out"),
    Habit("Keras", "option", "training", "", "`model.train()` and `model.eval()` say it"),
    Habit("Graphviz", "option", "format filename", "", "the name says it, `.save('graph.png')`"),
    # --- calls ------------------------------------------------------------------------------------
    Habit("", "call", "fit",
        "nn.fit(model, nn.cross_entropy, (x, y), optimizer=nn.optim.Adam, epochs=1)",
        "instances and targets are one pair"),
    Habit("", "call", "batches", "nn.data.batches(x, y, batch_size=64, rng=0)"),
    Habit("", "call", "two_moons", "nn.data.two_moons(200, noise=0.1, rng=0)"),
    Habit("", "call", "grad", "autograd.grad(lambda a: a * a)(3.0)", "a function of the same arguments"),
)
# fmt: on


@functools.cache
def by_place() -> dict[str, dict[str, list[Habit]]]:
    """The table by place and name."""
    table: dict[str, dict[str, list[Habit]]] = {}
    for habit in HABITS:
        for place in habit.places.split():
            names = table.setdefault(place, {})
            for name in habit.names:
                names.setdefault(name, []).append(habit)
    return table


def advice(place: str, name: str) -> str | None:
    """What to write instead of a name at a place; None where the table does not know it.

    >>> advice("Tensor", "view")
    "PyTorch's `view` is `t.reshape(-1)` here"
    """
    for habit in by_place().get(place, {}).get(name, ()):
        return habit.advice(place, name)
    return None


def markdown() -> str:
    """The table as the README has it: a row for each habit, by library."""
    groups: dict[str, list[Habit]] = {}
    for habit in HABITS:
        if habit.library:
            groups.setdefault(habit.library, []).append(habit)
    lines = ["| from | there | here |", "|---|---|---|"]
    for library, habits in groups.items():
        for habit in habits:
            end = "=" if habit.places == "option" else ""
            theirs = " ".join(f"`{name}{end}`" for name in habit.names)
            note = f"{', ' if habit.here else ''}{habit.note}" if habit.note else ""
            here = (f"`{habit.here}`" if habit.here else "") + note
            lines.append(f"| {library} | {theirs} | {here} |")
    return "\n".join(lines)
