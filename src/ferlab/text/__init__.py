"""Written words: cleaning, and vectors for them."""
