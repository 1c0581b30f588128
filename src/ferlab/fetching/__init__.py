"""Fetching archives: over HTTP, with a login where Kaggle asks for one, checked before they get their name."""
