"""The audit of a data set: copies, contradicting labels, blank and odd images, balance, and the votes of FER+."""
