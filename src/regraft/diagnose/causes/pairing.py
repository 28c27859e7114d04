"""Whether labels belong to their pictures, and what may have parted them. LAB and ORD read it."""

import math
from collections.abc import Sequence

from regraft.diagnose.causes.scale import is_gray
from regraft.diagnose.evidence import Accuracy, Association, Call, Ledger, Pixels, Site
from regraft.diagnose.repairs import drop_call, keep_order, set_arguments
from regraft.diagnose.rule import Finding, Repair, clear, found, unknown

READERS = ("image_dataset_from_directory", "flow_from_directory", "flow_from_dataframe", "flow")
LIST_FILES = "tf.data.list_files"
SHUFFLES = ("numpy.random.shuffle", "random.shuffle", "sklearn.utils.shuffle", "tf.data.shuffle",
            "tf.random.shuffle", "keras.random.shuffle", "pandas.sample")  # fmt: skip
SPLIT = "train_test_split"
MIN_ROWS = 100
SIGMAS = 3.0
NO_BETTER = 0.03  # above chance, with three standard errors: still chance
TOLD = 0.2  # above chance: what a network learns of labels that belong to other pictures is nothing


def shuffled_readers(ledger: Ledger) -> list[Call]:
    """What shuffles pictures on their way into a network that only gives features of them."""
    if all(call.details.get("trained") for call in ledger.of("predict")):
        return []
    readers = [call for call in ledger.of(*READERS) if call.details.get("shuffle")]
    own = [call for call in ledger.of(*SHUFFLES) if call.details.get("in_reader")]
    sets = [call for call in ledger.of("tf.data.shuffle") if call.details.get("alone")]
    return readers or own or sets


def moved_alone(shuffles: Sequence[Call]) -> list[Call]:
    """Shuffles of pictures or labels alone, with those of as many rows: the others of the pair."""
    alone = [call for call in shuffles if call.details.get("alone")]
    lengths = {call.details["shape"][0] for call in alone if call.details.get("shape")}
    return [
        call
        for call in shuffles
        if call in alone
        or (
            next(iter(call.details.get("shape", ())), None) in lengths
            and not (call.details.get("row_numbers") or call.details.get("names"))
        )
    ]


def told_by_pictures(
    association: Association, accuracy: Accuracy | None, pixels: Pixels | None
) -> Finding | None:
    """What to answer where labels are not plainly unrelated to their pictures."""
    if association.n < MIN_ROWS:
        return unknown(f"{association.n} rows are too few to tell")
    chance = association.chance
    spread = math.sqrt(chance * (1 - chance) / association.n)
    seen = untold(association)
    if association.accuracy > chance + max(NO_BETTER, SIGMAS * spread):
        return clear(seen)
    if accuracy is not None and accuracy.validation > TOLD + max(
        accuracy.chance, accuracy.majority
    ):
        return clear(
            f"{seen} by a simple probe, but the network is right at {accuracy.validation:.2f}"
        )
    shown = None if pixels is None else pixels.model_train
    if association.of_thumbnails and shown is not None and not is_gray(shown):
        return unknown(f"{seen} by thumbnails, which tell little of colour photographs")
    return None


def untold(association: Association) -> str:
    """How well labels are told from pictures, for a sentence."""
    return (
        f"labels are predicted from pictures at {association.accuracy:.2f}, chance is "
        f"{association.chance:.2f}"
    )


def apart(calls: Sequence[Call], because: str, severity: float) -> Finding:
    """Found, with these calls made to leave rows in their order."""
    of_site = {call.site: call.what for call in calls}
    return found(
        because.format(", ".join(str(site.line) for site in of_site)),
        fix="give pictures and labels one order: one permutation, or shuffle=False",
        where=tuple(of_site),
        repairs=tuple(_in_order(site, what) for site, what in of_site.items()),
        severity=severity,
    )


def _in_order(site: Site, what: str) -> Repair:
    """This call made to leave rows in their order, or in the same one as its twin does."""
    if what == SPLIT:
        return set_arguments(site, what, {"random_state": 0, "stratify": None})
    if what == "image_dataset_from_directory":
        return keep_order(site)
    if what in (*READERS, LIST_FILES):
        return set_arguments(site, what, {"shuffle": False})
    return drop_call(site, what)
