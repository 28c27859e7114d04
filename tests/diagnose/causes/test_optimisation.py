import math

import pytest
from builders import accuracy, ask, association, backbone, call, ledger, training, verdict

from regraft.diagnose.causes.optimisation import (
    batch_as_large_as_the_data,
    most_rows_never_seen,
    optimiser_holds_weights_still,
    rate_destroys_pretrained_weights,
    rate_too_high,
    rate_too_low,
)

UNFROZEN = {"n_trainable_layers": 80}
AT_CHANCE = accuracy(train=0.12, validation=0.1)


@pytest.mark.parametrize(
    ("change", "measured"),
    [
        pytest.param(0.8, accuracy(), id="destroyed"),
        pytest.param(0.1, AT_CHANCE, id="damaged-and-unlearnt"),
    ],
)
def test_opt001_found(change, measured):
    facts = {"backbone": backbone(weight_change=change, **UNFROZEN), "accuracy": measured}
    finding = ask(rate_destroys_pretrained_weights, **facts)
    assert finding.repairs[0].parameters["value"] == pytest.approx(1e-5)


@pytest.mark.parametrize(
    ("net", "measured"),
    [
        pytest.param(backbone(), AT_CHANCE, id="frozen"),
        pytest.param(backbone(weight_change=0.02, **UNFROZEN), accuracy(), id="gentle"),
        pytest.param(backbone(weight_change=0.2, **UNFROZEN), accuracy(), id="moderate-and-learnt"),
        pytest.param(
            backbone(weights="none", weight_change=3.0, **UNFROZEN), AT_CHANCE, id="from-scratch"
        ),
    ],
)
def test_opt001_clear(net, measured):
    assert verdict(rate_destroys_pretrained_weights, backbone=net, accuracy=measured) == "clear"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"backbone": backbone(weight_change=math.nan, **UNFROZEN)}, id="not-measured"),
        pytest.param(
            {
                "backbone": backbone(weight_change=0.6, **UNFROZEN),
                "training": training(learning_rate=1e-5),
            },
            id="low-rate-does-not-explain-it",
        ),
    ],
)
def test_opt001_unknown(facts):
    assert verdict(rate_destroys_pretrained_weights, **facts) == "unknown"


@pytest.mark.parametrize(
    ("facts", "measured"),
    [
        pytest.param(
            {"losses": (2.0, math.nan), "last_loss": math.nan}, AT_CHANCE, id="not-a-number"
        ),
        pytest.param({"losses": (2.0, 90.0), "last_loss": 90.0}, AT_CHANCE, id="grows"),
        pytest.param(
            {"learning_rate": 0.05, "losses": (2.4, 2.3, 2.3), "last_loss": 2.3},
            AT_CHANCE,
            id="stuck-at-ln-10",
        ),
        pytest.param(
            {"learning_rate": 0.05, "losses": (0.9, 0.5, 0.9, 0.8), "last_loss": 0.8},
            accuracy(train=0.8),
            id="bounces",
        ),
        pytest.param(
            {"optimizer": "sgd", "learning_rate": 1.0, "losses": (3.0, 2.4), "last_loss": 2.4},
            AT_CHANCE,
            id="sgd",
        ),
        pytest.param(
            {"mean_learning_rate": 0.1, "losses": (2.4, 2.3, 2.3), "last_loss": 2.3},
            AT_CHANCE,
            id="a-schedule-goes-up",
        ),
        pytest.param(
            {
                "learning_rate": 0.0,
                "mean_learning_rate": 0.1,
                "losses": (3.0, 50.0),
                "last_loss": 50.0,
            },
            AT_CHANCE,
            id="warms-up-from-nothing",
        ),
    ],
)
def test_opt002_found(facts, measured):
    finding = ask(rate_too_high, training=training(**facts), accuracy=measured)
    assert finding.verdict == "found"


@pytest.mark.parametrize(
    ("facts", "measured"),
    [
        pytest.param({}, accuracy(), id="settles"),
        pytest.param(
            {"losses": (2.3, 2.3), "last_loss": 2.3}, AT_CHANCE, id="stuck-at-an-ordinary-rate"
        ),
        pytest.param({"learning_rate": 0.05}, accuracy(train=0.8), id="high-but-settles"),
        pytest.param(
            {"optimizer": "sgd", "learning_rate": 0.1, "losses": (2.3, 2.0), "last_loss": 2.0},
            AT_CHANCE,
            id="the-textbook-rate-of-sgd",
        ),
    ],
)
def test_opt002_clear(facts, measured):
    assert verdict(rate_too_high, training=training(**facts), accuracy=measured) == "clear"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"losses": ()}, id="no-loss-seen"),
        pytest.param({"learning_rate": 1e-5, "last_loss": math.nan}, id="low-rate-not-finite"),
        pytest.param(
            {
                "learning_rate": 0.05,
                "losses": (2.3, 2.0),
                "last_loss": 2.0,
                "sampled": True,
                "n_train_used": 200,
            },
            id="too-few-updates-to-settle",
        ),
    ],
)
def test_opt002_unknown(facts):
    facts = {"training": training(**facts), "accuracy": accuracy(train=0.6)}
    assert verdict(rate_too_high, **facts) == "unknown"


SLOW = {
    "learning_rate": 1e-6, "losses": (2.5, 2.48, 2.45, 2.42, 2.4), "last_loss": 2.4,
    "first_loss": 2.5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "value"),
    [
        pytest.param(SLOW, 1e-3, id="adam-cannot-move"),
        pytest.param({**SLOW, "sampled": True}, 1e-3, id="adam-cannot-move-even-in-full"),
        pytest.param({**SLOW, "optimizer": "sgd", "learning_rate": 1e-4}, 1e-2, id="sgd-stays"),
        pytest.param(
            {
                **SLOW,
                "optimizer": "sgd",
                "learning_rate": 1.25e-4,
                "sampled": True,
                "planned_updates": 170,
            },
            1e-2,
            id="sgd-stays-in-nearly-all-updates",
        ),
        pytest.param(
            {
                **SLOW,
                "optimizer": "sgd",
                "learning_rate": 1e-5,
                "sampled": True,
                "planned_updates": 6_250,
            },
            1e-2,
            id="sgd-cannot-move-even-in-full",
        ),
        pytest.param(
            {**SLOW, "optimizer": "adagrad", "learning_rate": 1e-3}, 2e-2, id="adagrad-as-keras"
        ),
        pytest.param(
            {
                **SLOW,
                "learning_rate": 1e-3,
                "mean_learning_rate": 1.4e-4,
                "median_learning_rate": 3e-7,
                "highest_learning_rate": 1e-3,
                "sampled": True,
            },
            1e-3,
            id="a-callback-lets-it-die",
        ),
    ],
)
def test_opt003_found(facts, value):
    finding = ask(rate_too_low, training=training(**facts), accuracy=AT_CHANCE)
    assert finding.repairs[0].parameters["value"] == pytest.approx(value)


@pytest.mark.parametrize(
    ("facts", "measured", "learnable"),
    [
        pytest.param({}, AT_CHANCE, association(), id="usual-rate"),
        pytest.param({**SLOW, "learning_rate": 1e-4}, AT_CHANCE, association(), id="fine-tuning"),
        pytest.param(SLOW, accuracy(), association(), id="head-trained-before"),
        pytest.param(
            SLOW, accuracy(train=0.55), association(accuracy=0.6), id="nothing-more-to-learn"
        ),
        pytest.param(
            {"learning_rate": 5e-5, "planned_updates": 5000},
            accuracy(train=0.6),
            association(),
            id="loss-fell",
        ),
    ],
)
def test_opt003_clear(facts, measured, learnable):
    given = {"training": training(**facts), "accuracy": measured, "association": learnable}
    assert verdict(rate_too_low, **given) == "clear"


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({**SLOW, "last_loss": math.nan}, id="loss-not-finite"),
        pytest.param(
            {**SLOW, "learning_rate": 5e-5, "planned_updates": 9000, "sampled": True}, id="sampled"
        ),
        pytest.param(
            {**SLOW, "planned_updates": 630, "sampled": True, "is_head_trained": True},
            id="second-phase-sampled",
        ),
        pytest.param(
            {
                "learning_rate": 1e-3,
                "mean_learning_rate": 3.8e-5,
                "median_learning_rate": 3.8e-5,
                "highest_learning_rate": 7.7e-5,
                "planned_updates": 9_390,
                "sampled": True,
            },
            id="warm-up-of-a-sample",
        ),
    ],
)
def test_opt003_unknown(facts):
    assert verdict(rate_too_low, training=training(**facts), accuracy=AT_CHANCE) == "unknown"


def test_opt003_found_where_the_rate_stays_nothing():
    still = training(**SLOW | {"learning_rate": 1e-3, "mean_learning_rate": 0.0})
    assert verdict(rate_too_low, training=still, accuracy=AT_CHANCE) == "found"


def test_opt003_found_where_a_schedule_is_over_when_it_has_begun():
    spent = training(
        learning_rate=3e-3, mean_learning_rate=5e-5, losses=(2.3, 2.3), first_loss=2.3,
        last_loss=2.3, planned_updates=1000, sampled=True,
    )  # fmt: skip
    assert verdict(rate_too_low, training=spent, accuracy=AT_CHANCE) == "found"


STARVED = {"n_train": 20000, "planned_updates": 50}


def test_opt004_found():
    finding = ask(most_rows_never_seen, training=training(**STARVED), accuracy=accuracy(train=0.6))
    assert finding.repairs[0].parameters["arguments"] == {"steps_per_epoch": 625}


@pytest.mark.parametrize(
    ("facts", "train"),
    [({}, 0.6), (STARVED, 0.97), ({"epochs": 1, "planned_updates": 32}, 0.6)],
    ids=["all-rows", "few-but-enough", "one-epoch"],
)
def test_opt004_clear(facts, train):
    given = {"training": training(**facts), "accuracy": accuracy(train=train)}
    assert verdict(most_rows_never_seen, **given) == "clear"


def test_opt004_unknown():
    assert verdict(most_rows_never_seen, training=training(batch_size=0)) == "unknown"


def test_opt003_found_where_a_schedule_starts_well_and_fades_at_once():
    fading = training(
        learning_rate=1e-3, mean_learning_rate=1.3e-5, losses=(2.3, 2.2), first_loss=2.3,
        last_loss=2.2, planned_updates=376,
    )  # fmt: skip
    assert verdict(rate_too_low, training=fading, accuracy=accuracy(train=0.14)) == "found"


HARDLY_LEARNT = accuracy(train=0.3)


@pytest.mark.parametrize(
    ("optimizer", "holds", "named"),
    [
        pytest.param("sgd", {"clipnorm": 1e-4}, ["clipnorm"], id="clipped-by-norm"),
        pytest.param("sgd", {"clipvalue": 1e-6}, ["clipvalue"], id="clipped-by-value"),
        pytest.param("adam", {"epsilon": 1.0}, ["epsilon"], id="epsilon"),
        pytest.param(
            "adamw", {"weight_decay": 10.0, "epsilon": 1e-7}, ["weight_decay"], id="decay"
        ),
    ],
)
def test_opt005_found(optimizer, holds, named):
    held = training(optimizer=optimizer, holds=holds)
    finding = ask(optimiser_holds_weights_still, training=held, accuracy=HARDLY_LEARNT)
    assert finding.verdict == "found"
    assert finding.repairs[0].parameters["names"] == named


@pytest.mark.parametrize(
    ("optimizer", "holds", "measured"),
    [
        pytest.param("adam", {"epsilon": 1e-7}, HARDLY_LEARNT, id="as-usual"),
        pytest.param("sgd", {"clipnorm": 1.0}, HARDLY_LEARNT, id="clipped-at-one"),
        pytest.param("adam", {"clipnorm": 1e-4}, HARDLY_LEARNT, id="steps-that-adapt"),
        pytest.param("adamw", {"weight_decay": 0.05}, HARDLY_LEARNT, id="usual-decay"),
        pytest.param("adam", {"epsilon": 1.0}, accuracy(train=0.97), id="learnt-all-the-same"),
    ],
)
def test_opt005_clear(optimizer, holds, measured):
    held = training(optimizer=optimizer, holds=holds)
    assert verdict(optimiser_holds_weights_still, training=held, accuracy=measured) == "clear"


def test_opt005_unknown():
    held = training(optimizer="adam", holds={"epsilon": 1.0})
    unmeasured = accuracy(train=math.nan)
    assert verdict(optimiser_holds_weights_still, training=held, accuracy=unmeasured) == "unknown"


def test_opt003_of_a_whole_network_says_nothing_on_a_sample():
    """A thousand weights move together: how far one may move is no bound."""
    facts = training(learning_rate=1e-5, planned_updates=1_890, sampled=True)
    whole = backbone(n_trainable_layers=106)
    given = {"training": facts, "accuracy": AT_CHANCE, "backbone": whole}
    assert verdict(rate_too_low, **given) == "unknown"


@pytest.mark.parametrize(
    ("n_batchnorm", "planned", "expected"),
    [(49, 5_000, "unknown"), (0, 5_000, "found"), (49, 500, "found")],
    ids=["batchnorm-and-long", "vgg", "short"],
)
def test_opt001_of_a_sample_of_a_long_training(n_batchnorm, planned, expected):
    shaken = backbone(n_trainable_layers=106, n_batchnorm=n_batchnorm, weight_change=0.4)
    facts = training(sampled=True, n_train_used=128, planned_updates=planned)
    given = {"training": facts, "accuracy": AT_CHANCE, "backbone": shaken}
    assert verdict(rate_destroys_pretrained_weights, **given) == expected


HUGE = {"n_train": 5000, "batch_size": 4000, "planned_updates": 16, "shuffle": True}


@pytest.mark.parametrize(
    ("facts", "calls", "what"),
    [
        pytest.param({}, (), "fit", id="arrays"),
        pytest.param({"shuffle": None}, ({"arg": 4000},), "tf.data.batch", id="data-set"),
    ],
)
def test_opt006_found(facts, calls, what):
    finding = ask(
        batch_as_large_as_the_data, training=training(**HUGE | facts), accuracy=HARDLY_LEARNT,
        ledger=ledger(*(call("tf.data.batch", line=3, **details) for details in calls)),
    )  # fmt: skip
    assert finding.repairs[0].parameters["what"] == what
    assert finding.repairs[0].parameters["arguments"] == {"batch_size": 32}


@pytest.mark.parametrize(
    ("facts", "train"),
    [
        pytest.param({"batch_size": 256, "n_train": 600}, 0.3, id="not-large"),
        pytest.param({"batch_size": 512}, 0.3, id="many-batches"),
        pytest.param({"planned_updates": 100}, 0.3, id="many-epochs"),
        pytest.param({}, 0.97, id="learnt"),
    ],
)
def test_opt006_clear(facts, train):
    given = {"training": training(**HUGE | facts), "accuracy": accuracy(train=train)}
    assert verdict(batch_as_large_as_the_data, **given) == "clear"


@pytest.mark.parametrize("facts", [{"batch_size": 0}, {"shuffle": None}])
def test_opt006_unknown(facts):
    given = {"training": training(**HUGE | facts), "accuracy": HARDLY_LEARNT}
    assert verdict(batch_as_large_as_the_data, **given) == "unknown"
