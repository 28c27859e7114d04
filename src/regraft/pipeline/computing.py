"""The network that will be trained, in the precision in which its steps are fastest and right."""

from functools import cache

from regraft.finetune.loop import evaluate
from regraft.finetune.network import Network
from regraft.finetune.pace import step_at_rest
from regraft.finetune.plan import batch_size_for
from regraft.finetune.precision import FLOAT32, MIXED, Side, choose_precision
from regraft.pipeline.frozen import Frozen

SAMPLE = 1_000  # validation pictures on which bfloat16 must be as accurate as float32


def network_in_precision(frozen: Frozen, *, is_timed: bool, seed: int) -> tuple[Network, str, str]:
    """The network with every block to be trained, its precision, and in words why.

    Args:
        frozen: Where it begins.
        is_timed: Else it is float32: nothing of a run of fixed length may depend on how fast a
            machine is.
        seed: Of the sample.
    """

    def build(precision: str) -> Network:
        network = frozen.network(frozen.start, precision)
        network.train(tuple(range(len(network.blocks))))
        return network

    exact = build(FLOAT32)
    if not is_timed:
        return exact, FLOAT32, "the length of the run is fixed"
    mixed = cache(lambda: build(MIXED))  # built only if it may be faster
    sample = frozen.sampled(SAMPLE, seed=seed)
    training = frozen.pictures(frozen.split.train)
    n = batch_size_for(len(training), training.size)

    def side(network: Network) -> Side:
        return Side(
            step=step_at_rest(network, training, n), logits=lambda: evaluate(network, sample)
        )

    precision, why = choose_precision(lambda: side(exact), lambda: side(mixed()), sample.labels)
    network = exact if precision == FLOAT32 else mixed()
    network.reset_optimiser(tuple(range(len(network.blocks))))
    return network, precision, why
