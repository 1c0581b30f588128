"""Explanations of what a trained network looks at."""
