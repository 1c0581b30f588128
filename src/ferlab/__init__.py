"""ferlab, the emotion-recognition lab bench."""

__version__ = "0.1.0"
