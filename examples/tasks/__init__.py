"""Three small tasks with known symmetry: an O(5) invariant, the inertia tensor, and a Lorentz invariant."""
