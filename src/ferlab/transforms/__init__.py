"""Batched torch transforms that run on the device."""
