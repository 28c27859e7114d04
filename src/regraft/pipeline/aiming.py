"""What to fine-tune, where that is left open: measured in a small part of the budget."""

import time
from dataclasses import dataclass
from typing import Any

from regraft.data.source import ImageSet
from regraft.observer import Observer
from regraft.pipeline.choosing import is_worth_a_search
from regraft.pipeline.judging import judge
from regraft.pipeline.racing import race
from regraft.pipeline.request import Work
from regraft.pipeline.shortlisting import named, shortlist
from regraft.planning.default import Choice
from regraft.planning.probe import hold
from regraft.records import Split

LEAST_BUDGET = 240.0  # seconds: of less, building the contenders would take a fifth
LISTING, RACING = 0.05, 0.10  # of the time left: at most, for each of the two, about
TRAINING = 0.75  # of the time left: what fine-tuning will have, about


@dataclass(frozen=True, kw_only=True, slots=True)
class Aim:
    """The plan chosen, and what it was chosen by."""

    choice: Choice
    race: tuple[dict[str, Any], ...]  # the contenders as plain data, the best first


def is_open(work: Work, images: ImageSet) -> bool:
    """Whether a plan to fine-tune is to be looked for.

    Not in a run of fixed length, since the plan found depends on how fast the machine is.
    """
    request = work.request
    left = work.end - time.monotonic()
    return (
        request.mode == "finetune"
        and request.weights is None
        and request.epochs is None
        and left >= LEAST_BUDGET
        and is_worth_a_search(
            images,
            backbone=request.backbone,
            parts=(request.size, request.taps, request.grids),
            budget=left,
        )
    )


def aim(work: Work, images: ImageSet, split: Split, observer: Observer) -> Aim:
    """List plans by how they do frozen, train the best of them briefly, and take the winner.

    Args:
        work: What was asked for.
        images: All pictures.
        split: Of all pictures; test pictures are not looked at.
        observer: Is told how it goes.
    """
    left = work.end - time.monotonic()
    listed = shortlist(
        images,
        split,
        asked=work.request,
        seconds=LISTING * left,
        training_seconds=TRAINING * left,
        observer=observer,
    )
    if len(listed) == 1:  # nobody to race against
        return Aim(choice=listed[0].choice, race=())
    # what is decoded anew for every step would make all plans look alike, and slow
    largest = max(plan.choice.size for plan in listed)
    held, _ = hold(images, n=len(images), reduce_to=largest)
    contenders = race(
        listed,
        held,
        split,
        judge,
        seconds=RACING * left,
        training_seconds=TRAINING * left,
        seed=work.request.seed,
        observer=observer,
    )
    observer.note(f"To be fine-tuned: {named(contenders[0].choice)}.")
    return Aim(choice=contenders[0].choice, race=tuple(each.as_json() for each in contenders))
