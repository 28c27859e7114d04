"""A head with a hidden layer beside the linear one, where time is left and it helps."""

from dataclasses import dataclass, replace
from typing import Any

from regraft.deadline import Deadline
from regraft.evaluate.scores import short_scores
from regraft.heads.answers import answer_of, hidden_logits
from regraft.heads.calibrate import fit_temperature
from regraft.heads.hidden import fit_hidden
from regraft.heads.solver import Examples
from regraft.observer import Observer
from regraft.pipeline.averaging import Averaged
from regraft.records import FloatArray, HiddenHead, IntArray, LinearHead

# Fewer training pictures are few steps, and were not measured.
LEAST_ROWS = 10_000

Labelled = tuple[FloatArray, IntArray]  # features (n, d) and labels (n,)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Second:
    """The head, and the scores of both together on validation pictures."""

    head: HiddenHead
    on_validation: dict[str, Any]


def second_head(
    linear: LinearHead,
    train: Labelled,
    validation: Labelled,
    *,
    deadline: Deadline,
    seed: int,
    observer: Observer,
) -> Second | None:
    """Train one, and keep it if the mean of both has a lower loss on validation pictures.

    It adds next to nothing to the cost of a prediction, so no gain beyond noise is asked for.

    Args:
        linear: Fitted to the training pictures alone.
        train: What to fit.
        validation: What to decide on.
        deadline: When it must be done.
        seed: Of its training.
        observer: Is told what came of it.
    """
    if len(train[1]) < LEAST_ROWS:
        return None
    examples = Examples(features=train[0], labels=train[1])
    hidden = fit_hidden(examples, len(linear.bias), deadline=deadline, seed=seed)
    if hidden is None:
        return None
    features, labels = validation
    temperature = fit_temperature(hidden_logits(hidden, features), labels)
    hidden = replace(hidden, temperature=temperature)
    both = Averaged(
        alone=answer_of(linear, None, features),
        together=answer_of(linear, hidden, features),
        labels=labels,
    )
    gain, noise = both.gain
    observer.note(
        f"A head of {len(hidden.into_bias)} hidden units beside the linear one lowers the "
        f"validation loss by {gain:.4f} (standard error {noise:.4f}): "
        f"it is {'' if gain > 0 else 'not '}used."
    )
    if gain <= 0:
        return None
    return Second(head=hidden, on_validation=short_scores(both.together, labels))
