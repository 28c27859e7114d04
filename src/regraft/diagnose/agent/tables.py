"""Tables of text that the script reads row by row: is one word spelled in several ways?

Rows of `csv.DictReader` are handed on as they are. An arm may have every word in its commonest
spelling.
"""

import csv
import functools
from collections import Counter
from typing import Any

from regraft.diagnose.agent import interventions, ledger, sites

_MOST_KINDS = 200  # words of a column: with more it does not name classes


def hook() -> None:
    """Rows of tables, read by the user's own code."""
    original = csv.DictReader.__next__

    @functools.wraps(original)
    def following(self: Any) -> Any:
        wanted = interventions.ACTIVE.one("one-spelling")
        try:
            row = original(self)
        except StopIteration:
            if wanted is None:
                _note(self)
            raise
        if wanted is not None:
            column, commonest = wanted["column"], wanted["spellings"]
            return {
                name: commonest.get(value, value) if name == column else value
                for name, value in row.items()
            }
        _count(self, row)
        return row

    setattr(csv.DictReader, "__next__", following)  # noqa: B010 - its type is not assignable


def _count(reader: Any, row: dict[Any, Any]) -> None:
    if "regraft_words" not in reader.__dict__:
        reader.regraft_words, reader.regraft_site = {}, sites.here()
    counts = reader.regraft_words
    for column, value in row.items():
        words = counts.setdefault(column, Counter())
        if words is None:
            continue
        if isinstance(value, str):
            words[value] += 1
        if not isinstance(value, str) or len(words) > _MOST_KINDS:
            counts[column] = None


def _note(reader: Any) -> None:
    """The end of a table: note the columns in which a word has several spellings."""
    for column, words in reader.__dict__.pop("regraft_words", {}).items():
        commonest = one_spelling(words or Counter())
        if commonest:
            ledger.RECORD.event(
                "table-spellings", reader.regraft_site, column=str(column), spellings=commonest,
                rows=sum(words.values()), odd=sum(words[word] for word in commonest),
                kinds=len(words) - len(commonest), spelled=len(words),
            )  # fmt: skip


def one_spelling(words: "Counter[str]") -> dict[str, str]:
    """The commonest spelling of each word that has a commoner one, apart from case and spaces."""
    alike: dict[str, list[str]] = {}
    for word, _ in words.most_common():
        alike.setdefault(" ".join(word.casefold().split()), []).append(word)
    return {odd: first for first, *others in alike.values() for odd in others}
