"""Edits of a script that carry out repairs: one file a subject, one function a kind of repair."""
