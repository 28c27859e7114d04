"""Hooks on the libraries a training script calls: each notes the call and does as it was told.

Hooks call the original; a repair keyed to the line may change arguments, leave the call out or
replace its result. They are installed before the script imports anything.
"""
