"""Data sets made by a program: the embedded defaults."""
