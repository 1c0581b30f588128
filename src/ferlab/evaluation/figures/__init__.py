"""Figures: what is drawn of rows, samples and explanations, and how it looks."""
