"""Steerable convolutions with implicit kernels, on point clouds and on grids.

>>> from intertwine.groups import O
>>> from intertwine.reps import Scalar, V
>>> PointConv(8 * Scalar + 4 * V, 16 * Scalar + 8 * V, group=O(3))
PointConv(8 * Scalar + 4 * V -> 16 * Scalar + 8 * V | O(3), cutoff=1, ... weights)
"""

from ._completeness import Completeness, completeness
from ._export import export
from ._field import AveragePool, Downsample, FieldPool, Fieldwise, NormMaxPool, Upsample
from ._graph import knn, knn_graph, radius, radius_graph
from ._grid import GridConv
from ._grid_transposed import GridConvTransposed
from ._kernel import ImplicitKernel, Kernel, NonLocalKernelWarning
from ._periodic import periodic_graph
from ._point import PointConv
from ._pool import InvariantPool, pool
from ._radial import Bessel, Chebyshev, GaussianShells
from ._report import Report, report
from ._sampling import fps
from ._stabilizer_kernel import StabilizerKernel

__all__ = [
    "AveragePool",
    "Bessel",
    "Chebyshev",
    "Completeness",
    "Downsample",
    "FieldPool",
    "Fieldwise",
    "GaussianShells",
    "GridConv",
    "GridConvTransposed",
    "ImplicitKernel",
    "InvariantPool",
    "Kernel",
    "NonLocalKernelWarning",
    "NormMaxPool",
    "PointConv",
    "Report",
    "StabilizerKernel",
    "Upsample",
    "completeness",
    "export",
    "fps",
    "knn",
    "knn_graph",
    "periodic_graph",
    "pool",
    "radius",
    "radius_graph",
    "report",
]
