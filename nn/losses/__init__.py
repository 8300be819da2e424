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
`modules`, and both here and in ``nn/__init__.py``; `nn.functional` has the function as well.
"""

import autograd
from nn.losses.binary import (
    binary_cross_entropy as binary_cross_entropy,
    binary_cross_entropy_with_logits as binary_cross_entropy_with_logits,
    binary_kl_divergence as binary_kl_divergence,
    binary_kl_divergence_with_logits as binary_kl_divergence_with_logits,
)
from nn.losses.distances import huber as huber, l1 as l1, l2_divergence as l2_divergence, mse as mse
from nn.losses.entropy import (
    cross_entropy as cross_entropy,
    kl_divergence as kl_divergence,
    kl_divergence_with_logits as kl_divergence_with_logits,
    smooth_labels as smooth_labels,
)
from nn.losses.margins import (
    hinge as hinge,
    multiclass_hinge as multiclass_hinge,
    perceptron_loss as perceptron_loss,
)
from nn.losses.modules import (
    BCELoss as BCELoss,
    BCEWithLogitsLoss as BCEWithLogitsLoss,
    BinaryKLDivergence as BinaryKLDivergence,
    BinaryKLDivergenceWithLogits as BinaryKLDivergenceWithLogits,
    CrossEntropyLoss as CrossEntropyLoss,
    HingeLoss as HingeLoss,
    HuberLoss as HuberLoss,
    KLDivergence as KLDivergence,
    KLDivergenceWithLogits as KLDivergenceWithLogits,
    KLDivLoss as KLDivLoss,
    L1Loss as L1Loss,
    L2Divergence as L2Divergence,
    Loss as Loss,
    MSELoss as MSELoss,
    MultiMarginLoss as MultiMarginLoss,
    PerceptronLoss as PerceptronLoss,
)

autograd.publish(__name__, below=True)
