"""What the script prints behind the word accuracy, and whether it is another number it computed."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# "val accuracy: 0.903", "Acc = 90.3 %"; not "accuracy: [0.5, 0.9]", which says nothing wrong
_SAID = re.compile(r"(?i)(?:\w[\w \-]*)?\bacc(?:uracy)?\b[^\d\n\[({.-]{0,24}(\d*\.\d+)\s*(%?)")
# words that say what else the number is
_QUALIFIED = re.compile(
    r"(?i)top|auc|balanced|train|loss|baseline|before|best|target|batch|step|fold|epoch|running|\bk\b"
    r"|\brest\b|\bovr\b|label.?wise|hamming|\bdrop(s|ped)?\b|\bagree"
    r"|adjacent|super.?class|coarse|within.?(one|two|\d)|off.by|one.off|tolera|relaxed"
)
# what parts the words about one number from those about another
_ENDS = re.compile(r"\d*\.\d+|[.!?;]\s|\n")
# Words of a name that says no more than "accuracy": per class, top-k, balanced or weighted ones
# are other numbers, and nobody is misled by them.
_PLAIN = {"accuracy", "acc", "categorical", "sparse", "binary", "test", "val", "validation", "top1"}
# words that say of which pictures: none that were trained on
_HELD_OUT = re.compile(r"(?i)\b(test|val|valid|validation|held|unseen)")
_LEAST_DIGITS = 3  # behind the point: fewer agree by chance
# Statements looked at, from the end: of one an epoch, early ones agree with something by chance.
_LAST = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One number called accuracy in what a script printed."""

    text: str  # the words and the number
    value: float  # a fraction where it was printed in percent
    tolerance: float  # half a unit of the last digit printed

    def is_about(self, number: float) -> bool:
        """Is this the number, rounded?"""
        return abs(self.value - number) <= self.tolerance + 1e-9

    @property
    def is_of_held_out(self) -> bool:
        """Does it say that it is about pictures that were not trained on?"""
        return bool(_HELD_OUT.search(self.text))


def is_accuracy(name: str) -> bool:
    """Does a metric of this name say "accuracy", and no more?"""
    words = re.sub(r"_\d+$", "", name.lower()).split("_")  # Keras numbers a second one of a name
    return bool({"accuracy", "acc"} & set(words)) and _PLAIN.issuperset(words)


def statements(output: str) -> list[Statement]:
    """Numbers that plainly are called accuracy, in the order printed.

    Args:
        output: All that the script printed. Lines that show how far something is are read too.
    """
    found = []
    for match in _SAID.finditer(output):
        number, percent = match.groups()
        digits = len(number.partition(".")[2]) + 2 * bool(percent)
        # "loss, accuracy: 0.2, 0.9" names two numbers, and the first comes first
        words = _ENDS.split(output[: match.start(1)])[-1]
        if _QUALIFIED.search(words) or digits < _LEAST_DIGITS:
            continue
        scale = 100.0 if percent else 1.0
        found.append(
            Statement(
                text=match.group().strip(),
                value=float(number) / scale,
                tolerance=0.5 * 10.0**-digits,
            )
        )
    return found


def of_training(
    said: Sequence[Statement], *, trained: Iterable[float], held_out: Iterable[float]
) -> Statement | None:
    """A statement at the end about held-out pictures whose number is that of training pictures.

    Args:
        said: As `statements` finds them.
        trained: Accuracies on pictures that were trained on.
        held_out: All other accuracies that are known.
    """
    own, others = list(trained), list(held_out)
    for statement in reversed(said[-_LAST:]):
        is_own = any(statement.is_about(number) for number in own)
        if statement.is_of_held_out and is_own and not any(map(statement.is_about, others)):
            return statement
    return None


def mistaken(
    said: Sequence[Statement], *, accuracies: Iterable[float], others: Mapping[str, float]
) -> tuple[Statement, str] | None:
    """A statement at the end whose number is none of the accuracies, and the name of what it is.

    Args:
        said: As `statements` finds them.
        accuracies: All accuracies that are known, of any rows.
        others: Numbers by name, computed by the script itself; those called accuracy are none.
    """
    right = list(accuracies)
    result = None
    for statement in said[-_LAST:]:
        if any(statement.is_about(number) for number in right):
            result = None  # it ends on a right one
            continue
        for name, number in others.items():
            if statement.is_about(number):
                result = statement, name
    return result
