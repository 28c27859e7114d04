"""`DataFrame.sample`, with a table of our own in place of pandas, which the tests do without."""

from types import SimpleNamespace

import pytest

from regraft.diagnose.agent.hooks import frames


class Table:
    def __init__(self, rows):
        self.rows = list(rows)

    def __len__(self):
        return len(self.rows)

    def copy(self):
        return Table(self.rows)

    def reset_index(self, *, drop):
        return Table([*self.rows, "renumbered"] if drop else self.rows)

    def sample(self, n=None, frac=None, replace=False, random_state=None, axis=None,
               ignore_index=False):  # fmt: skip
        return Table(reversed(self.rows))


@pytest.fixture
def table(monkeypatch):
    monkeypatch.setattr(Table, "sample", Table.sample)  # undoes what the hook does
    frames._hook_frames(SimpleNamespace(NDFrame=Table))
    return Table(range(5))


@pytest.mark.parametrize("how", ["frac=1", "frac=1.0, random_state=3", "n=5", "5"])
def test_a_sample_of_all_rows_is_a_shuffle(how, table, script, record):
    source = f"mixed = table.sample({how})"
    assert script.run(source, table=table)["mixed"].rows == [4, 3, 2, 1, 0]
    [event] = record.events
    assert event["what"] == "pandas.sample"
    assert event["details"] == {"shape": [5], "row_numbers": True}
    repair = ("drop-call", script.at(1, what="pandas.sample"))
    assert script.run(source, repair, table=table)["mixed"].rows == [0, 1, 2, 3, 4]


def test_rows_that_are_to_be_numbered_anew_are(table, script):
    repair = ("drop-call", script.at(1, what="pandas.sample"))
    names = script.run("mixed = table.sample(frac=1, ignore_index=True)", repair, table=table)
    assert names["mixed"].rows == [0, 1, 2, 3, 4, "renumbered"]


@pytest.mark.parametrize(
    "how", ["frac=0.5", "n=3", "frac=1, replace=True", "None, 1, True", "frac=1, axis=1"]
)
def test_other_samples_are_none(how, table, script, record):
    script.run(f"mixed = table.sample({how})", table=table)
    assert not record.events
