"""Linear classifiers on features, and the floors they must beat."""
