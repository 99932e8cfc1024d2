"""Trial -> Run: one function trains everything."""
