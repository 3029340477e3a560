"""Teaching scripts, each with ``main(fast=False)``, and the experiments of ``intertwine train``.

In the order to read them: `kernels_drawn`, `grid_equivariance`, `point_convolution`, `model`,
`your_own_group`.  ``python -m intertwine.examples.kernels_drawn`` runs one.
"""
