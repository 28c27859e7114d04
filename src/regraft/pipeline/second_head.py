"""A head with a hidden layer beside the linear one, where time is left and it helps."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

from regraft.deadline import Deadline
from regraft.evaluate.scores import short_scores
from regraft.heads.answers import answer_of, hidden_logits
from regraft.heads.calibrate import fit_temperature
from regraft.heads.hidden import fit_hidden, seconds_a_row
from regraft.heads.solver import Examples
from regraft.observer import Observer
from regraft.pipeline.averaging import Averaged
from regraft.records import FloatArray, HiddenHead, IntArray, LinearHead

# Fewer training pictures are few steps, and were not measured.
LEAST_ROWS = 10_000
# Of the answer. Trained on varied pictures it may do better alone than with a linear head that
# never saw any: decision 19 has the figures.
_SHARES = (0.5, 0.75, 1.0)
VARIED_EPOCHS = 4  # over all rows, varied or not: in fewer nothing was gained by varying
_MARGIN = 0.9  # of the time left is planned with: the machine may become busier

Labelled = tuple[FloatArray, IntArray]  # features (n, d) and labels (n,)


class Vary(Protocol):
    """Features of the first training rows as varied pictures: `Varying.rows`."""

    def __call__(self, deadline: Deadline, *, passes: int, a_row: float) -> FloatArray | None:
        """(m, d) of the first m rows, or None."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Second:
    """The head, and the scores of the answer on validation pictures."""

    head: HiddenHead
    on_validation: dict[str, Any]


def second_head(
    linear: LinearHead,
    train: Labelled,
    validation: Labelled,
    *,
    vary: Vary | None = None,
    deadline: Deadline,
    seed: int,
    observer: Observer,
) -> Second | None:
    """Train one, and keep it if with it the loss on validation pictures is lower.

    It adds next to nothing to the cost of a prediction, so no gain beyond noise is asked for.

    Args:
        linear: Fitted to the training pictures alone.
        train: What to fit.
        validation: What to decide on.
        vary: Reads training pictures varied, where there is time; None leaves them as they are.
        deadline: When it must be done.
        seed: Of its training.
        observer: Is told what came of it.
    """
    if len(train[1]) < LEAST_ROWS:
        return None
    n_classes = len(linear.bias)
    parts = [Examples(features=train[0], labels=train[1])]
    if vary is not None:
        varied = vary(
            deadline.after(_MARGIN),
            passes=VARIED_EPOCHS,
            a_row=seconds_a_row(parts[0], n_classes),
        )
        if varied is not None:
            parts.append(Examples(features=varied, labels=train[1][: len(varied)]))
    hidden = fit_hidden(parts, n_classes, deadline=deadline, seed=seed)
    if hidden is None:
        return None
    features, labels = validation
    hidden = replace(hidden, temperature=fit_temperature(hidden_logits(hidden, features), labels))
    alone = answer_of(linear, None, features)
    answers = [
        Averaged(
            alone=alone,
            together=answer_of(linear, replace(hidden, share=share), features),
            labels=labels,
        )
        for share in _SHARES
    ]
    best = max(range(len(_SHARES)), key=lambda i: answers[i].gain[0])
    hidden, (gain, noise) = replace(hidden, share=_SHARES[best]), answers[best].gain
    place = "beside" if hidden.share < 1 else "instead of"
    observer.note(
        f"A head of {len(hidden.into_bias)} hidden units {place} the linear one lowers the "
        f"validation loss by {gain:.4f} (standard error {noise:.4f}): "
        f"it is {'' if gain > 0 else 'not '}used."
    )
    if gain <= 0:
        return None
    return Second(head=hidden, on_validation=short_scores(answers[best].together, labels))
