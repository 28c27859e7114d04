"""What scikit-learn is asked for, noted where the script asks."""

import numpy as np
import pytest

from regraft.diagnose.agent.hooks import scikit_learn


class Splitter:
    def split(self, x, y=None, groups=None):
        yield from ((np.flatnonzero(groups != g), np.flatnonzero(groups == g)) for g in (0, 1))


@pytest.mark.parametrize("by_group", [True, False])
def test_a_split_by_group_is_noted_and_made(script, record, by_group):
    kind = type("GroupKFold", (Splitter,), {})
    if by_group:
        scikit_learn._note_splitter(kind, "group-split")
    groups = np.array([0, 0, 1, 1, 1])
    names = script.run("parts = list(splitter.split(groups, None, groups))",
                       splitter=kind(), groups=groups)  # fmt: skip
    assert [len(held) for _, held in names["parts"]] == [2, 3]
    noted = [e["details"]["splitter"] for e in record.events if e["what"] == "group-split"]
    assert noted == (["GroupKFold"] if by_group else [])


def test_every_splitter_by_group_is_known_to_scikit_learn():
    from sklearn import model_selection

    assert all(hasattr(model_selection, name) for name in scikit_learn.BY_GROUP)
