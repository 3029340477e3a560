"""What can go wrong between a representation and its decomposition."""


class NotReductive(ValueError):
    """The group is not (known to be) completely reducible, so irreps don't describe its representations."""


class DecompositionError(ArithmeticError):
    """The numbers do not separate: eigenvalues too close together, or a residual above rounding."""


class RankError(ArithmeticError):
    """The singular values of a constraint leave no clear gap, so its nullity is not decided."""


class CertificateError(ArithmeticError):
    """A solved basis contradicts an independent check: its residual or its number of elements is wrong."""
