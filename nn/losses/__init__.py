"""Losses: how far a prediction is from its target, as one number to make smaller.

Every loss is called ``loss(prediction, target)``, and takes ``reduction="mean"``, ``"sum"`` or
``"none"``. What is averaged differs, as it does in the lectures and in PyTorch:

=====================================================  ===========================================
`cross_entropy`, `kl_divergence`,                      sum over the last axis (the components of
`kl_divergence_with_logits`, `l2_divergence`,          one instance), reduce over instances; a
`multiclass_hinge`                                     vector is one instance
`mse`, `l1`, `huber`, `hinge`, `perceptron_loss`,      reduce over elements
`binary_cross_entropy`, `binary_kl_divergence`
and both of their forms ``..._with_logits``
=====================================================  ===========================================

The lectures' totals, for n instances in rows (y a prediction, z logits, d or a a target):

=================================================  ===============================================
CMU 11-785, lecture 5, "Recap: Training the
network": Loss = 1/n Σᵢ div(yᵢ, dᵢ)                ``l2_divergence(y, d)``, ``kl_divergence(y, d)``
KTH DD2424, lecture 4, "Gradient Computations
for a mini-batch": J = 1/n Σᵢ lᵢ + λ Σ‖W‖²         ``cross_entropy(z, c)`` plus
                                                   ``regularisers.l2(model, lam)``
KTH DD2424, lecture 4, the slide of
λ = 0, .001, .01, .1: J = Σᵢ lᵢ + λ R              ``cross_entropy(z, c, reduction="sum")`` plus
                                                   ``regularisers.l2(model, lam)``
WPI CS 453X, class 21:
f = −1/n Σᵢ Σₖ dᵢₖ ln yᵢₖ + ½‖W₁‖² + ½‖W₂‖²        ``cross_entropy(z, d)`` plus
                                                   ``regularisers.l2(model, 1.0, half=True)``
the matrix notes: J = Σᵢ |dᵢ − yᵢ|²                ``mse(y, d, reduction="sum")``
the handwritten notes: L = (d − y)², one output    the same
=================================================  ===============================================

They run on Tensors, and on arrays or lists of Values from a scalar network. Shapes must agree exactly:
a (100, 1) prediction against a (100,) target is an error, not a broadcast. Targets are checked, and
taken in the prediction's dtype. Each loss is also a module, under PyTorch's name where there is one.

Read `distances`, `entropy`, `binary` and `margins` (the functions), `modules`, and `checks` (what may be
a prediction, a target, a weight). To add one: its function in one of the first four files, its module in
`modules`, and the name of each in the ``__all__`` of its file; nothing else lists them.
"""

import autograd
from nn.losses.binary import *
from nn.losses.distances import *
from nn.losses.entropy import *
from nn.losses.margins import *
from nn.losses.modules import *
from nn.losses.modules import Loss as Loss

autograd.publish(__name__, below=True)
