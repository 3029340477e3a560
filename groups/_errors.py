"""Warnings of this package that a user may want to filter."""


class InexactWarning(UserWarning):
    """A generator holds a float next to a simple exact number: the group is not exact."""


class ComponentsWarning(UserWarning):
    """Only the identity component of a group was found; it may have further components."""
