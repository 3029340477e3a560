"""placeholder."""
from ._value import Value

class Subgroups(Value):
    """Subgroups, larger groups, conjugates."""
