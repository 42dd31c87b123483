"""Attention-based clustering: `layer` and `training` simulate, `theory` predicts.

The paper is "Attention-based clustering" (arXiv 2505.13112). Its text could not be had: what
stands here was reconstructed from its abstract and derived anew, and every docstring whose source
is "derived" says no more than that. The regulariser, the manifold, centroids that are not
orthogonal and other quantisers are ours: the abstract names none of them. Heads `mu_h` are rows of
`heads [h, d]`; the layer maps a sequence of `L` tokens to
``T(X)_l = (scale / L) sum_k strength (X_l' A X_k) X_k`` with ``A = sum_h mu_h mu_h'``; its own
token k = l is included.

`layer`      the attention layers, on tokens
`training`   gradient descent on their risk, and on samples
`settings`   the mixtures of the experiments
`measures`   how far heads are from centroids
`theory`     risk, minimisers, trained strengths, attention in context
"""

from diversity_jax import _doors

__getattr__, __dir__ = _doors.lazily(__name__)
