"""Classic features: a file each, from raw samples to one row of numbers a sample."""
