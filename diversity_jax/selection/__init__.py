"""Diversity selection: scores, rewards, coverage rules, DaaR, and what they keep (2502.04380).

`scores`     diversity of points within and between domains, Vendi score
`squares`    squared distances far from the origin, at any scale
`geometry`   pools by how near points are to their own and to other domains
`kernels`    cosine and Gaussian kernels
`coverage`   k-center, facility location, determinantal and other rules that cover the data
`reward`     entropy of a domain posterior
`daar`       diversity as a reward, stage by stage, with an oracle for every stage
`probe`      the networks of DaaR
`theory`     what a selection does to means, covariances, shares and risks
"""

from diversity_jax import _doors

__getattr__, __dir__ = _doors.lazily(__name__)
