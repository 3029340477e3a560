"""Named warnings, so that users can filter them."""


class NumericalWarning(UserWarning):
    """A result is right but less accurate than usual."""


class PerformanceWarning(UserWarning):
    """A result is right but took a slower path than needed."""


class CacheWarning(UserWarning):
    """The disk cache is damaged, unwritable or full; results are computed instead."""
