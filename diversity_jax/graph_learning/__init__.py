"""Learning from few labels on a graph of similarities (thesis of M. Valko, 2605.03495).

`problem`    affinities: sparse edges, a Gaussian kernel without its matrix, or a dense array
`affinity`   exact Gaussian and nearest-neighbour affinities of points; bandwidths
`harmonic`   labels for all nodes from those of a few: hard, soft, of groups and their members
`classes`    names to columns and back, normalised class masses, predictions in one call
`tuning`     bandwidth and regularisation by derivatives of a loss on held-out labels
`max_margin` support vector machines on what a harmonic solution is sure of; baselines
`anomaly`    labels that are unusual given the rest: soft harmonic, random walks, neighbours
`leverages`  the weight of each own label, and what the graph says without it
`tables`     a table of one's own: rows whose labels are unusual given the rest (`detect`)
`detector`   the same with `fit`, `decision_function` and `labels_`, as PyOD's have them
`encoding`   columns as features; `naming` cells as names, `labelling` classes, `judged` scores,
             `pages` what is shown
`baselines`  other scores of unusual labels, by scikit-learn
`outskirts`  rows that are isolated, and those on the fringe of their class
`settings`   data whose true anomaly score is known
`quantise`   at most k centroids of a stream, with a bound on how far points lie from them
`online`     harmonic predictions for a stream, point by point, in constant memory
`elastic`    centroids that are drawn apart where their labels differ
`saved`      states of streams in files
`theory`     absorbed walks, bounds that hold and those that do not
"""

from diversity_jax import _doors

__getattr__, __dir__ = _doors.lazily(__name__)
