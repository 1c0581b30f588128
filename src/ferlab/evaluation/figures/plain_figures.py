"""The figures that show no sample: they may go where pictures of people may not."""

# any other one counts as a picture of people
PLAIN_FIGURES = (
    "learning_curves",
    "candidates",
    "class_counts",
    "confusion",
    "roc",
    "labels",
    "top_k",
    "predictions",
    "reliability",
    "risk_coverage",
    "projections",
    "insertion_deletion",
    "randomisation",
    "text_lengths",
)
