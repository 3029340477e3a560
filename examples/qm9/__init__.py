"""QM9: scalar properties of real molecules."""
