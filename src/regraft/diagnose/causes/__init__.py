"""The causes of low accuracy that regraft knows: one file a family, one function a cause."""

from collections.abc import Mapping
from types import ModuleType

from regraft.diagnose.causes import (
    augmentation,
    batchnorm,
    capacity,
    data,
    freezing,
    geometry,
    labels,
    leakage,
    metric,
    optimisation,
    order,
    output,
    pixels,
    shift,
    size,
    skew,
    split,
    weights,
)
from regraft.diagnose.rule import Rule
from regraft.errors import InvalidArgumentError, expected_received, nearest

#: Code -> module, in the order of how often people meet them.
FAMILIES: Mapping[str, ModuleType] = {
    "PRE": pixels,
    "OUT": output,
    "GEO": geometry,
    "SPL": split,
    "OPT": optimisation,
    "MET": metric,
    "LEK": leakage,
    "DAT": data,
    "WGT": weights,
    "BNS": batchnorm,
    "LAB": labels,
    "SKW": skew,
    "AUG": augmentation,
    "ORD": order,
    "FRZ": freezing,
    "CAP": capacity,
    "SIZ": size,
    "SHF": shift,
}
RULES: tuple[Rule, ...] = tuple(rule for family in FAMILIES.values() for rule in family.RULES)


def find(id: str) -> Rule:
    """The rule with this id or name, upper or lower case.

    Raises:
        InvalidArgumentError: If there is none; names the nearest.
    """
    for rule in RULES:
        if id.upper() == rule.id or id.lower() == rule.name:
            return rule
    known = [name for rule in RULES for name in (rule.id, rule.name)]
    guess = id.upper() if id[3:].isdigit() else id.lower()
    raise InvalidArgumentError(
        expected_received("the id or name of a rule", repr(id), nearest(guess, known))
    )
