"""Named warnings, so that users can filter them."""


class NumericalWarning(UserWarning):
    """A result is right but less accurate than usual."""


class CacheWarning(UserWarning):
    """The disk cache is damaged, unwritable or full; results are computed instead."""
