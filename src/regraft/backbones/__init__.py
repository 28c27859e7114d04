"""Pretrained networks: what is known of each, its weights, and the part that taps need."""
