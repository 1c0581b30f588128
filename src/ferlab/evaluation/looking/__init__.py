"""What a network looks at: explanations and features, and whether they are worth a look."""
