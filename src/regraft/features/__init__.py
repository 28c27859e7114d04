"""Features of frozen backbones: one pass, every tap, computed once and cached."""
