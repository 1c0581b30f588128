"""Data sets: each reads its official layout, checks it and caches its arrays once."""
