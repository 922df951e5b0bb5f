"""The knee of a front: where what is gained begins to cost more than before.

It is the point that lies farthest below the straight line between the ends of the front, both
objectives scaled to the front's range. Sources: Das 1999, "On characterizing the 'knee' of the
Pareto curve based on Normal-Boundary Intersection", Structural Optimization 18, for the point that
bulges most; Satopaa et al. 2011, "Finding a 'Kneedle' in a Haystack", for the scaling.
"""

import math

import numpy as np
from numpy.typing import NDArray


def knee_distances(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each point of a front (M, 2), minimised, lies below the line between its ends: (M,).

    Both coordinates are scaled to [0, 1] first. Negative above the line; 0 for the ends, and for
    all points where the front has one value of a coordinate only.
    """
    if len(points) == 0:
        return np.zeros(0)
    low, span = points.min(axis=0), np.ptp(points, axis=0)
    if not (span > 0).all():
        return np.zeros(len(points))
    scaled = (points - low) / span
    # On the line between (0, 1) and (1, 0) the coordinates add up to 1.
    distances: NDArray[np.float64] = (1 - scaled.sum(axis=1)) / math.sqrt(2)
    return distances
