"""A support vector machine equal to scikit-learn's SVC, its kernel by matrix products that a search shares."""
