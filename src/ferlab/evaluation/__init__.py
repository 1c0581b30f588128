"""Everything that is computed from rows of predictions."""
