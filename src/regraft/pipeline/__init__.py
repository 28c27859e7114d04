"""The only composition of stages: what each command does, from its arguments to its result."""

from regraft.pipeline.diagnosing import why
from regraft.pipeline.evaluating import evaluate
from regraft.pipeline.fitting import fit
from regraft.pipeline.resuming import resume
from regraft.pipeline.searching import search

__all__ = ["evaluate", "fit", "resume", "search", "why"]
