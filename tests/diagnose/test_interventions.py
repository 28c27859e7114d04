import pytest

from regraft.diagnose import repairs
from regraft.diagnose.agent import interventions
from regraft.diagnose.agent.interventions import Interventions
from regraft.diagnose.evidence import Site

HERE = {"file": "train.py", "line": 4, "code": "x"}
SITE = Site(file="train.py", line=4, code="x")


def made(*wanted):
    """What travels to a replay as JSON, and becomes interventions there."""
    return Interventions([{"kind": r.kind, "parameters": dict(r.parameters)} for r in wanted])


def test_without_repairs_nothing_is_changed():
    none = Interventions()
    assert none.all("recompile") == []
    assert none.one("recompile") is None
    assert none.at("true-resize", HERE) is None
    assert none.arguments("fit", HERE) == {}
    assert not none.dropped("preprocess_input", HERE)


def test_a_repair_is_found_at_its_line_only():
    active = made(repairs.true_resize(SITE))
    assert active.at("true-resize", HERE) == {"file": "train.py", "line": 4}
    assert active.at("true-resize", HERE | {"line": 5}) is None
    assert active.at("true-resize", HERE | {"file": "other.py"}) is None
    assert active.at("true-resize", None) is None


def test_the_last_repair_of_a_kind_counts():
    both = [repairs.set_learning_rate(0.1), repairs.set_learning_rate(0.001)]
    active = made(*both)
    assert active.one("set-learning-rate")["value"] == 0.001
    assert len(active.all("set-learning-rate")) == 2


def test_of_several_calls_at_a_line_the_one_with_these_arguments_is_meant():
    active = made(repairs.set_arguments(SITE, "Dense", {"units": 128}, given={"units": 2}))
    assert active.arguments("Dense", HERE, {"units": 2}) == {"units": 128}
    assert active.arguments("Dense", HERE, {"units": 10}) == {}
    both = [repairs.set_arguments(SITE, "Dense", {"units": n}, given={"units": n // 2})
            for n in (8, 4)]  # fmt: skip
    assert made(*both).arguments("Dense", HERE, {"units": 2}) == {"units": 4}


def test_two_repairs_of_a_call_are_both_made():
    active = made(
        repairs.set_arguments(SITE, "Dense", {"activation": "relu"}),
        repairs.set_arguments(SITE, "Dense", {"units": 64, "activation": "tanh"}),
    )
    assert active.arguments("Dense", HERE) == {"activation": "relu", "units": 64}


def test_arguments_belong_to_one_call():
    active = Interventions([{"kind": "set-arguments", "parameters":
                            {**HERE, "what": "fit", "arguments": {"epochs": 3}}}])  # fmt: skip
    assert active.arguments("fit", HERE) == {"epochs": 3}
    assert active.arguments("compile", HERE) == {}
    changed = active.arguments("fit", HERE)
    changed["epochs"] = 9  # a copy
    assert active.arguments("fit", HERE) == {"epochs": 3}


def test_only_the_call_that_is_meant_is_dropped():
    active = Interventions([{"kind": "drop-call", "parameters": {**HERE, "what": "tf.data.take"}}])
    assert active.dropped("tf.data.take", HERE)
    assert not active.dropped("tf.data.skip", HERE)
    assert not active.dropped("tf.data.take", None)


def test_activate_chooses_those_of_this_process(monkeypatch):
    monkeypatch.setattr(interventions, "ACTIVE", interventions.ACTIVE)
    interventions.activate([{"kind": "recompile"}])
    assert interventions.ACTIVE.one("recompile") == {}


@pytest.mark.parametrize("transform", repairs.TRANSFORMS)
def test_the_agent_knows_every_transform(transform):
    from regraft.diagnose.agent import boundary

    assert transform in boundary.TRANSFORMS
