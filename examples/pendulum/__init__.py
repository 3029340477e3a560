"""A double spring pendulum: learned Hamiltonians and learned dynamics."""
