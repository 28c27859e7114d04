"""How good a classifier is, in numbers with intervals."""
