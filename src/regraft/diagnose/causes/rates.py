"""Learning rates that a fresh network usually learns with."""

from regraft.diagnose.evidence import Training

# Keras's own defaults, but for two that it sets to 0.001 as to Adam: Adadelta's paper multiplies by
# nothing, and Adagrad's steps shrink with the root of their number. What adapts its step size moves
# each weight by about the rate.
USUAL_RATE = {"sgd": 0.01, "adagrad": 0.02, "ftrl": 0.01, "adadelta": 1.0}
ADAPTIVE_RATE = 0.001
MANY_UPDATES = 2000  # in so many a whole network may learn what it has lost


def usual_rate(training: Training) -> float:
    """What the optimiser is usually given."""
    return USUAL_RATE.get(training.optimizer, ADAPTIVE_RATE)
