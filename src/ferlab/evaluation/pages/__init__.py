"""What is told of a run, of slices and of comparisons: pages to read and what is printed, sentence by sentence."""
