"""Doubling by lists, and the best k groups by looking at all of them: what streams are held to."""

import itertools
import math
from functools import cache

import numpy as np


class Doubling:
    """As in the papers' figure, with pinned points; all in plain lists."""

    def __init__(self, number, multiplier, most_pinned):
        self.number, self.multiplier, self.most = number, multiplier, most_pinned
        self.centroids, self.many, self.pinned, self.radius = [], [], [], 0.0
        self.members, self.others = [], []

    def add(self, point, pin=False):
        """One more point."""
        point = tuple(point)
        pin = pin and sum(self.pinned) < self.most
        if not pin:
            self.others.append(point)
        near = [math.dist(point, other) for other in self.centroids]
        best = min(range(len(near)), key=near.__getitem__, default=None)
        if best is not None and (near[best] == 0 or (near[best] < self.radius and not pin)):
            self.many[best] += 1
            self.pinned[best] |= pin
            self.members[best].append(point)
            return
        self.centroids.append(point)
        self.many.append(1)
        self.pinned.append(pin)
        self.members.append([point])
        if len(self.centroids) > self.number:
            self.merge()

    def merge(self):
        """One radius after the other, until somebody joins somebody."""
        if self.radius == 0:
            free = [c for c, pin in zip(self.centroids, self.pinned) if not pin]
            self.radius = min(math.dist(a, b) for a, b in itertools.combinations(free, 2))
        while len(self.centroids) > self.number:
            self.radius *= self.multiplier
            kept = []
            for i, centroid in enumerate(self.centroids):
                ahead = sorted(kept + [j for j, pin in enumerate(self.pinned) if pin and j > i])
                near = [j for j in ahead if math.dist(centroid, self.centroids[j]) < self.radius]
                if self.pinned[i] or not near:
                    kept.append(i)
                    continue
                self.many[near[0]] += self.many[i]
                self.members[near[0]] += self.members[i]
            for name in ("centroids", "many", "pinned", "members"):
                setattr(self, name, [getattr(self, name)[i] for i in kept])

    def distortion(self):
        """The largest distance of a point from its centroid."""
        pairs = zip(self.centroids, self.members)
        return max(math.dist(c, x) for c, members in pairs for x in members)


@cache
def _groupings(points, groups):
    """All ways to put points into at most so many groups `[ways, points]`."""
    ways = np.zeros((1, 1), int)
    for _ in range(points - 1):
        highest = ways.max(1)
        parts = []
        for group in range(groups):
            some = ways[highest + 1 >= group]
            parts.append(np.concatenate([some, np.full((len(some), 1), group)], axis=1))
        ways = np.concatenate(parts)
    return ways


def least_diameter(points, groups):
    """The largest distance within a group, of the best way to group them.

    No `groups` centres have all points within less than half of it; on a line some have them
    within just that.
    """
    apart = [[math.dist(x, y) for y in points] for x in points]
    ways = _groupings(len(points), groups)
    worst = np.zeros(len(ways))
    for i, j in itertools.combinations(range(len(points)), 2):
        worst = np.maximum(worst, np.where(ways[:, i] == ways[:, j], apart[i][j], 0))
    return worst.min()
