"""The on-disk cache, under the name by which data sets know it."""

from ferlab.cache import Arrays, cache_root, cached

__all__ = ["Arrays", "cache_root", "cached"]
