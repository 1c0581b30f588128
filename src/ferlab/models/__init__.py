"""Architectures: plain torch modules, one file each."""
