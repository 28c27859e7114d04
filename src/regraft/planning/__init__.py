"""Choosing the plan: backbone, size, taps and grids together."""
