"""Classifiers as folders that need nothing else."""
