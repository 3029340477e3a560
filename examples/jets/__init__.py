"""Top quarks among jets."""
