"""The progress bar, under the name by which data sets know it."""

from ferlab.progress import watched

__all__ = ["watched"]
