"""Classic classifiers on features: the road of the networks without a network."""
