"""Runs the user's script in the user's own interpreter and records what it does.

Needs only the standard library, numpy, Keras and the parts of regraft that need no more than
that. Nothing here gives a verdict.
"""
