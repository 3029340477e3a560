"""N-body: five particles in space, charged or tied to each other and to a plane by springs."""
