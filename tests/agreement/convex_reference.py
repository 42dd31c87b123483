"""Convex clustering by numpy alone: accelerated ascent of the dual, with its gap summed by edges.

Shares no line with the library: neither its solvers nor its theory are checked by themselves.
"""

import itertools

import numpy as np

NORMS = ("l1", "l2", "linf")
DUALS = {"l1": "linf", "l2": "l2", "linf": "l1"}


def lengths(rows, norm):
    """The norm of each row."""
    return np.linalg.norm(rows, ord={"l1": 1, "l2": 2, "linf": np.inf}[norm], axis=1)


def inside(rows, radii, norm):
    """The nearest rows whose norms are at most the radii."""
    if norm == "linf":
        return np.clip(rows, -radii[:, None], radii[:, None])
    if norm == "l2":
        size = lengths(rows, "l2")
        return rows * np.minimum(1, radii / np.maximum(size, 1e-300))[:, None]
    size = np.sort(np.abs(rows), axis=1)[:, ::-1]
    excess = (np.cumsum(size, axis=1) - radii[:, None]) / np.arange(1, rows.shape[1] + 1)
    last = (size > excess).sum(1) - 1
    level = np.maximum(excess[np.arange(len(rows)), last], 0)
    return np.sign(rows) * np.maximum(np.abs(rows) - level[:, None], 0)


def solve(points, edges, weights, gamma, norm="l2", tolerance=1e-10, most=100_000):
    """Centroids and the gap, which is at most `tolerance` of half the points' spread."""
    edges, weights = np.asarray(edges), np.asarray(weights, float)
    points = np.asarray(points, float) - np.mean(points, axis=0)
    first, second = edges.T
    degrees = np.bincount(edges.ravel(), minlength=len(points))
    step = (1 / (degrees[first] + degrees[second]))[:, None]
    radii, spread = gamma * weights, (points**2).sum() / 2
    dual = np.zeros((len(edges), points.shape[1]))
    ahead, momentum = dual, 1.0

    def centroids(flow):
        moved = points.copy()
        np.add.at(moved, first, -flow)
        np.add.at(moved, second, flow)
        return moved

    for turn in range(most):
        moved = centroids(ahead)
        new = inside(ahead + step * (moved[first] - moved[second]), radii, DUALS[norm])
        if ((ahead - new) * (new - dual)).sum() > 0:
            ahead, momentum = dual, 1.0  # it turned back: start the momentum anew
            continue
        grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead, dual, momentum = new + (momentum - 1) / grown * (new - dual), new, grown
        if turn % 25 == 24:
            moved = centroids(dual)
            apart = moved[first] - moved[second]
            gap = (radii * lengths(apart, norm) - (dual * apart).sum(1)).sum()
            if gap <= tolerance * spread:
                return moved, gap
    raise RuntimeError(f"no certificate within {most} steps: gap {gap}, spread {spread}")


def solved(points, graph, gamma, norm="l2", tolerance=1e-8):
    """The solution where the points lie, and how far it may be from the exact one."""
    found, gap = solve(points, graph.edges, graph.weights, gamma, norm, tolerance)
    return found + np.mean(points, axis=0), np.sqrt(2 * max(gap, 0))


def penalty(rows, edges, weights, norm="l2"):
    """``sum_e w_e |u_i - u_j|``."""
    first, second = np.asarray(edges).T
    return (np.asarray(weights) * lengths(rows[first] - rows[second], norm)).sum()


def parted(centroids, labels):
    """The largest distance within a label, and the smallest between the means of two."""
    values = np.unique(labels)
    means = np.array([centroids[labels == each].mean(0) for each in values])
    within = max(
        np.linalg.norm(centroids[labels == each] - mean, axis=1).max()
        for each, mean in zip(values, means)
    )
    apart = np.linalg.norm(means[:, None] - means[None], axis=-1)
    return within, apart[~np.eye(len(values), dtype=bool)].min(initial=np.inf)


def window_by_pinv(points, labels, edges, weights, flow="squared"):
    """The same window from dense pseudo-inverses of F, for l2: a second derivation."""
    first, second = edges.T
    starts, total, means, sizes = [], {}, {}, {}
    for each in np.unique(labels):
        own = (labels[first] == each) & (labels[second] == each)
        leaves = np.zeros((len(points), labels.max() + 1))
        for (i, j), weight in zip(edges, weights):
            if labels[i] != labels[j]:
                leaves[i, labels[j]] += weight
                leaves[j, labels[i]] += weight
        here = labels == each
        cond = weights[own] ** (2 if flow == "squared" else 0)
        root = np.zeros((len(points), own.sum()))
        root[first[own], np.arange(own.sum())] = np.sqrt(cond)
        root[second[own], np.arange(own.sum())] = -np.sqrt(cond)
        ratio = (np.sqrt(cond) / weights[own])[:, None]
        opposite = ratio * np.linalg.pinv(root)[:, here]
        pull = np.linalg.norm(opposite @ points[here], axis=1)
        push = np.abs(opposite @ leaves[here]).sum(1)
        starts.append((pull / (1 - push)).max() if push.max() < 1 else np.inf)
        total[each], means[each] = leaves[here].sum(), points[here].mean(0)
        sizes[each] = here.sum()
    ends = [
        np.linalg.norm(means[a] - means[b]) / (total[a] / sizes[a] + total[b] / sizes[b])
        for a, b in itertools.combinations(means, 2)
    ]
    return max(starts), min(ends)
