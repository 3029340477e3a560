"""Warnings of this package that a user may want to filter."""


class ComponentsWarning(UserWarning):
    """Only the identity component of a group was found; it may have further components."""
