"""Small writers that make fake archives in the real on-disk formats; no picture in them shows anyone."""
