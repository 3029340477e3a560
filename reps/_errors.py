"""What can go wrong between a representation and its decomposition."""


class NotReductive(ValueError):
    """The group is not (known to be) completely reducible, so irreps don't describe its representations."""


class DecompositionError(ArithmeticError):
    """The numbers do not separate: eigenvalues too close together, or a residual above rounding."""
