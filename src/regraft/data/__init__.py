"""Labelled pictures of every kind as one `ImageSet`."""
