"""Successive halving: many plans on few pictures, ever fewer plans on ever more.

The first two rungs score in closed form and read with TensorFlow, which is slower than others
but starts in half the time. The others cross-validate the real head on features of the runtime
that will be used, so its speed is the one that counts.
"""

import dataclasses
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from regraft.data.source import ImageSet
from regraft.deadline import Deadline, OutOfTime
from regraft.features.graph import Request
from regraft.features.runtimes import Runtime
from regraft.features.runtimes.choose import RUNTIMES
from regraft.heads.blas import one_thread_a_product
from regraft.heads.choose_l2 import L2_PER_FEATURE, near_l2
from regraft.planning.default import Choice
from regraft.planning.growth import USUAL, curve_power
from regraft.planning.judge import cross_validate, effort
from regraft.planning.outcome import Key, Scored, Seen, Skipped, front, key_of
from regraft.planning.passes import Readings
from regraft.planning.peak import product_macs_per_second
from regraft.planning.screen import gram, left_out_correct
from regraft.planning.space import joined, macs, n_features, single
from regraft.records import FloatArray

PICTURES = (256, 1024, 4096, 16384)  # of the probe, by rung
# Pictures of each class, at least, that a plan is screened on: of one, leaving it out leaves none.
# In the first rung only unless that is as many as in the second.
A_CLASS = 4
ENDS = (0.3, 0.45)  # of what is left at its beginning, a screening may take so much
KEPT = (20, 6, 3)  # plans that go on after a rung
KEPT_A_PASS = (6, 3, 2)  # of one backbone at one size: neighbours in a network are much alike
PASSES_KEPT = (6, 3, 2)
MOST_ROOM = 3  # times as many where there is time: passes are dear, plans are not
_OF_PEAK = 0.5  # multiply-adds of networks, dense or depthwise, in the time of one of a product
_MOST_OF_THE_REST = 0.6  # a pass forecast to take more of the time left is not begun
# Of the time left, that a rung may take once the pace of every pass is known.
_MOST_FOR_A_RUNG = {1: 0.8, 2: 0.65, 3: 0.8}
_OF_HEADS = 0.2  # of the time left, that more plans may take
_HALVES_THE_REST = 2.0  # a pass without which so many times the pictures could be read is left out
_SAVES_TOO_LITTLE = 1.25  # a rung with fewer than so many times the pictures reads none
_TELLS_TOO_LITTLE = 1.5  # nor is one worth a second cross-validation

_FEWEST_MISTAKES = 10  # of a plan: on fewer, how sure its head may be is itself a guess

# Of what the likeliest plan would leave over, even where a dearer one could use it: MNIST in three
# minutes was left with 50 s after a choice made on 2,005 pictures, and 0.3 points too low.
_OF_THE_BEST = 0.5

# Of a final head, per feature of a training picture, until heads were timed: its path, its fit and
# its refit read everything some sixty times.
SECONDS_PER_VALUE = 1e-7
# What a final head takes of the time per value of a cross-validated one: two fits to all rows and
# a few to a sample, where that one has eleven to two thirds of them.
_OF_CROSS_VALIDATION = 0.35

# What a scored plan is worth, on the scale of the accuracy.
Worth = Callable[[Scored, Seen], float]


def n_screened(n_classes: int) -> tuple[int, int]:
    """Pictures of the first two rungs: with many classes several of each.

    Of one or two pictures a class, leaving one out leaves too little: with 1,000 classes that are
    perfectly told apart, 256 pictures give an accuracy of 0.00 and 1,024 one of 0.05.
    """
    return (
        max(PICTURES[0], min(A_CLASS * n_classes, PICTURES[1])),
        max(PICTURES[1], min(2 * A_CLASS * n_classes, PICTURES[2])),
    )


@dataclass(kw_only=True, slots=True, eq=False)
class Halving:
    """One run over the rungs. `scored` holds every plan once, as it was last scored."""

    probe: ImageSet  # in nested order
    n_classes: int
    deadline: Deadline
    runtime: Runtime  # that the plan chosen will use
    worth: Worth
    note: Callable[[str], None]
    seed: int
    read_seconds: float  # to decode one picture, which passes over held pictures do not
    ideal_seconds: float | None = None  # a picture: passes near it come first; None: cheapest
    times_tensorflow: float = 1.0  # how fast `runtime` is, until it was timed itself
    # seconds from now on that nothing else needs should this plan win: the judging may have what
    # every plan leaves over
    left_over: Callable[[Scored, Seen], float] | None = None
    scored: dict[Key, Scored] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    power: float = USUAL
    width: float = 1.0  # median number of features of the plans that `power` was seen with
    seconds_per_value: float = SECONDS_PER_VALUE  # of a head: as forecast, then as measured
    macs_per_second: dict[str, float] = field(default_factory=dict)  # of each backbone's last pass
    peak: float = field(default_factory=product_macs_per_second)  # no network is faster
    # seconds and values of each cross-validation so far
    _judging: list[tuple[float, int]] = field(default_factory=list)

    def run(self, passes: Sequence[tuple[Readings, Sequence[Request]]]) -> None:
        """Climb the rungs as far as time allows.

        Args:
            passes: Each backbone and size, with what may be read there.
        """
        with one_thread_a_product():
            alive = self._screen_all(passes)
            alive = self._screen_again(alive)
            self._take_what_is_left_over(alive)
            alive = self._judge(alive, rung=2)
            self._take_what_is_left_over(alive)
            self._judge(alive, rung=3)

    @property
    def seen(self) -> Seen:
        """So far."""
        return Seen(
            power=self.power,
            width=self.width,
            seconds_per_value=self.seconds_per_value,
            seconds_to_go=max(0.0, self.deadline.left()),
        )

    def last(self) -> list[Scored]:
        """The plans of the highest rung, which were scored on the same pictures."""
        highest = max((scored.rung for scored in self.scored.values()), default=0)
        return [scored for scored in self.scored.values() if scored.rung == highest]

    def _screen_all(
        self, passes: Sequence[tuple[Readings, Sequence[Request]]]
    ) -> list[tuple[Readings, list[Scored]]]:
        n = min(n_screened(self.n_classes)[0], len(self.probe))
        deadline = self.deadline.after(ENDS[0])
        readings_of = {}
        for readings, requests in self._in_turn(passes):
            until = deadline if self.scored else self.deadline  # something must be tried
            if not self._read(readings, n, requests, RUNTIMES["tensorflow"], until):
                continue
            readings_of[readings.place] = readings
            grams = {request: gram(readings.features[request]) for request in requests}
            alone = [single(readings.row, readings.size, request) for request in requests]
            scores = [self._screened(readings, choice, grams, n, rung=0) for choice in alone]
            best_first = sorted(scores, key=lambda scored: -scored.accuracy)
            scores += [
                self._screened(readings, choice, grams, n, rung=0)
                for choice in joined(scored.choice for scored in best_first)
            ]
            best = max(scores, key=lambda scored: scored.accuracy)
            self.note(
                f"{readings.row.name} at {readings.size} px: {len(scores)} plans, "
                f"the best {best.accuracy:.3f} on {n:,} pictures ({readings.seconds:.0f} s)."
            )
        self._note_width(self.scored.values())
        return self._keep(readings_of, rung=0)

    def _screen_again(
        self, alive: list[tuple[Readings, list[Scored]]]
    ) -> list[tuple[Readings, list[Scored]]]:
        n_before, most = (min(n, len(self.probe)) for n in n_screened(self.n_classes))
        if most == n_before:
            return alive
        deadline = self.deadline.after(ENDS[1])
        alive, n = self._affordable(alive, 1, RUNTIMES["tensorflow"], deadline)
        if n == n_before:  # no time: so many may go on as would have done
            return self._keep({readings.place: readings for readings, _ in alive}, rung=0, as_of=1)
        self._note_rung(alive, "screened", n)
        readings_of = {}
        fewer, more = [], []
        for readings, scores in alive:
            requests = _requests(scores)
            if not self._read(readings, n, requests, RUNTIMES["tensorflow"], deadline, most=1.0):
                continue
            readings_of[readings.place] = readings
            grams = {request: gram(readings.features[request]) for request in requests}
            for scored in scores:
                again = self._screened(readings, scored.choice, grams, n, rung=1)
                fewer.append(scored.error)
                more.append(again.error)
        # Curves flatten: digits learn with power 0.46 from 256 to 1,024 pictures, and with 0.19
        # from 9,000 to 58,000.
        self.power = min(USUAL, curve_power(fewer, more, n / n_before))
        self._note_width(scored for _, scores in alive for scored in scores)
        return self._keep(readings_of, rung=1)

    def _note_rung(self, alive: list[tuple[Readings, list[Scored]]], how: str, n: int) -> None:
        n_plans = sum(len(scores) for _, scores in alive)
        left = f"{max(0.0, self.deadline.left()):.0f} s are left"
        self.note(f"{n_plans} plans of {len(alive)} passes are {how} on {n:,} pictures; {left}.")

    def _note_width(self, scores: Iterable[Scored]) -> None:
        self.width = float(np.median([n_features(scored.choice) for scored in scores] or [1]))

    def _take_what_is_left_over(self, alive: list[tuple[Readings, list[Scored]]]) -> None:
        scores = [scored for _, of_pass in alive for scored in of_pass]
        if self.left_over is None or not scores:
            return
        spares = [self.left_over(scored, self.seen) for scored in scores]
        best = max(range(len(scores)), key=lambda i: self.worth(scores[i], self.seen))
        spare = max(min(spares), _OF_THE_BEST * spares[best])
        if spare > self.deadline.left():
            self.deadline = self.deadline.before(self.deadline.left() - spare)

    def _judge(
        self, alive: list[tuple[Readings, list[Scored]]], *, rung: int
    ) -> list[tuple[Readings, list[Scored]]]:
        """Score with the real head, on as many pictures as can be read by everyone."""
        alive, n = self._affordable(alive, rung, self.runtime, self.deadline)
        known = min((len(scores[0].correct) for _, scores in alive), default=0)
        if n == 0 or (rung > 2 and n < _TELLS_TOO_LITTLE * known):
            return alive
        self._note_rung(alive, "judged", n)
        readings_of = {}
        before: list[Scored] = []
        for readings, scores in alive:
            n_known = len(next(iter(readings.features.values())))
            if n > n_known and not self._read(
                readings, n, _requests(scores), self.runtime, self.deadline, most=1.0
            ):
                continue
            readings_of[readings.place] = readings
            for scored in sorted(scores, key=lambda scored: -scored.accuracy):
                if self.deadline.left() > 0:
                    before.append(scored)
                    self._judged(readings, scored, n, rung)
        self._weigh_doubts([scored.key for scored in before])
        if rung > 2 and before:
            more = [self.scored[scored.key].error for scored in before]
            self.power = curve_power([scored.error for scored in before], more, n / known)
        return self._keep(readings_of, rung=rung) if rung < len(KEPT) else []

    def _judged(self, readings: Readings, scored: Scored, n: int, rung: int) -> Scored:
        started = time.perf_counter()
        judged = cross_validate(
            readings.of(scored.choice, n),
            self.probe.labels[:n],
            self.n_classes,
            l2_per_feature=self._penalties(scored),
            seed=self.seed,
            groups=None if self.probe.groups is None else self.probe.groups[:n],
        )
        seconds = time.perf_counter() - started
        self._judging.append((seconds / effort(n), n * n_features(scored.choice)))
        self.seconds_per_value = _OF_CROSS_VALIDATION * self._seconds_per_value_judged()
        return self._remember(
            dataclasses.replace(
                scored,
                correct=judged.correct,
                doubt=judged.doubt,
                l2_per_feature=judged.l2_per_feature,
                images_per_second=self._images_per_second(readings, scored.choice),
                seconds_spent=scored.seconds_spent + seconds,
                rung=rung,
                dropped="",
            )
        )

    def _weigh_doubts(self, keys: Sequence[Key]) -> None:
        """Bring the doubts of plans judged together to the scale of their mistakes."""
        judged = [self.scored[key] for key in keys]
        told = [
            (scored, scored.doubt)
            for scored in judged
            if scored.doubt is not None and (~scored.correct).sum() >= _FEWEST_MISTAKES
        ]
        mistakes = sum(int((~scored.correct).sum()) for scored, _ in told)
        scale = mistakes / sum(float(doubt.sum()) for _, doubt in told) if told else 0.0
        weighed = {scored.key: scale * doubt for scored, doubt in told}
        for scored in judged:
            self._remember(dataclasses.replace(scored, doubt=weighed.get(scored.key)))

    def _penalties(self, scored: Scored) -> tuple[float, ...]:
        """Those near its own of fewer pictures; else those not far from what suits other plans."""
        if scored.l2_per_feature is not None:
            return near_l2(scored.l2_per_feature)
        others = [each.l2_per_feature for each in self.scored.values() if each.l2_per_feature]
        return near_l2(float(np.median(others)), steps=2) if others else L2_PER_FEATURE

    def _seconds_per_value_judged(self) -> float:
        if not self._judging:
            return SECONDS_PER_VALUE / _OF_CROSS_VALIDATION
        seconds, values = map(sum, zip(*self._judging, strict=True))
        return float(seconds / values)

    def _affordable(
        self,
        alive: list[tuple[Readings, list[Scored]]],
        rung: int,
        runtime: Runtime,
        deadline: Deadline,
    ) -> tuple[list[tuple[Readings, list[Scored]]], int]:
        """The passes of a rung, and the most pictures that there is time to read in all of them.

        A dear pass leaves few pictures for the others: unless it holds the plan worth most, which
        comes first, it is left out where they could have many more without it.
        """
        n = self._affordable_to(alive, rung, runtime, deadline)
        while len(alive) > 1 and n < min(self._wanted(rung), len(self.probe)):
            dearest = min(alive[1:], key=lambda item: self._pass_per_second(item[0], runtime))
            others = [item for item in alive if item is not dearest]
            n_without = self._affordable_to(others, rung, runtime, deadline)
            if n_without < _HALVES_THE_REST * n:
                break
            because = f"without it {n_without:,} pictures can be read, with it {n:,}"
            self._drop(dearest[0], because)
            alive, n = others, n_without
        return alive, n

    def _wanted(self, rung: int) -> int:
        return n_screened(self.n_classes)[1] if rung == 1 else PICTURES[rung]

    def _affordable_to(
        self,
        alive: list[tuple[Readings, list[Scored]]],
        rung: int,
        runtime: Runtime,
        deadline: Deadline,
    ) -> int:
        """Pictures of a rung: the most that all these passes have time for."""
        if not alive:
            return 0
        known = min(len(next(iter(readings.features.values()))) for readings, _ in alive)
        reading = sum(1 / self._pass_per_second(readings, runtime) for readings, _ in alive)
        loads = sum(
            readings.pace.load_seconds
            for readings, _ in alive
            if readings.pace and not readings.is_loaded(runtime)
        )
        width = sum(n_features(scored.choice) for _, scores in alive for scored in scores)
        most = min(self._wanted(rung), len(self.probe))
        each = effort(most) * self._seconds_per_value_judged()
        heads = width * each if rung >= len(ENDS) else 0.0
        left = _MOST_FOR_A_RUNG[rung] * deadline.left() - loads - known * heads
        fresh = int(left / (reading + heads))
        n = min(most, known + max(fresh, 0))
        return n if n >= _SAVES_TOO_LITTLE * known else known

    def _read(
        self,
        readings: Readings,
        n: int,
        requests: Sequence[Request],
        runtime: Runtime,
        deadline: Deadline,
        *,
        most: float = _MOST_OF_THE_REST,
    ) -> bool:
        """Read a pass if it fits this share of the time; else drop it, and say so."""
        n_known = len(next(iter(readings.features.values()))) if readings.features else 0
        expected = self._forecast(readings, n - n_known, requests, runtime)
        if expected > most * deadline.left() and (self.scored or readings.pace):
            because = f"{n - n_known:,} pictures would take about {expected:.0f} s"
        else:
            try:
                readings.extend(self.probe, n, requests, runtime, deadline)
            except OutOfTime:
                because = f"time was up before {n:,} pictures were read"
            else:
                if readings.pace is not None:
                    pace = readings.pace.macs * readings.pace.images_per_second
                    self.macs_per_second[readings.row.name] = pace
                return True
        self._drop(readings, f"{because}, and {max(0.0, deadline.left()):.0f} s were left")
        return False

    def _drop(self, readings: Readings, because: str) -> None:
        """Leave a pass out from here on."""
        self.note(f"{readings.row.name} at {readings.size} px is dropped: {because}.")
        if not readings.features:
            self.skipped.append(
                Skipped(backbone=readings.row.name, size=readings.size, because=because)
            )
        for key, scored in self.scored.items():
            if key[:2] == readings.place:
                self.scored[key] = dataclasses.replace(scored, dropped=because)

    def _forecast(
        self, readings: Readings, n: int, requests: Sequence[Request], runtime: Runtime
    ) -> float:
        deepest = readings.macs(requests)
        if readings.pace is not None:
            ratio = min(1.0, deepest / readings.pace.macs)
            load = 0.0 if readings.is_loaded(runtime) else readings.pace.load_seconds
            return load + n * ratio / self._pace_in(readings, runtime)
        return n * deepest / self.macs_per_second.get(readings.row.name, _OF_PEAK * self.peak)

    def _in_turn(
        self, passes: Sequence[tuple[Readings, Sequence[Request]]]
    ) -> list[tuple[Readings, Sequence[Request]]]:
        """Each backbone's best size first, then each one's second: none is left for the end.

        Of a turn the cheapest comes first: a dear one could leave no time for the others.
        """
        nearest = sorted(passes, key=lambda item: self._distance(*item))
        turns: Counter[str] = Counter()
        turn = {}
        for readings, _ in nearest:
            turns[readings.row.name] += 1
            turn[readings.place] = turns[readings.row.name]
        return sorted(nearest, key=lambda item: (turn[item[0].place], item[0].macs(item[1])))

    def _distance(self, readings: Readings, requests: Sequence[Request]) -> float:
        """From the cost that would just use up the time; without one, the cost."""
        cost = readings.macs(requests)
        if self.ideal_seconds is None:
            return cost
        pace = _OF_PEAK * self.peak * self.times_tensorflow
        return abs(math.log(cost / (self.ideal_seconds * pace)))

    def _screened(
        self,
        readings: Readings,
        choice: Choice,
        grams: dict[Request, FloatArray],
        n: int,
        *,
        rung: int,
    ) -> Scored:
        started = time.perf_counter()
        products = np.add.reduce([grams[request] for request in choice.requests])
        correct = left_out_correct(products, self.probe.labels[:n], self.n_classes)
        spent = time.perf_counter() - started
        before = self.scored.get(key_of(choice))
        scored = Scored(
            choice=choice,
            correct=correct,
            images_per_second=self._images_per_second(readings, choice),
            seconds_spent=spent
            + (before.seconds_spent if before else readings.seconds / max(len(grams), 1)),
            rung=rung,
        )
        return self._remember(scored)

    def _remember(self, scored: Scored) -> Scored:
        self.scored[scored.key] = scored
        return scored

    def _pass_per_second(self, readings: Readings, runtime: Runtime) -> float:
        """Pictures a second of passes in a runtime, with the time to decode them."""
        if readings.pace is None:
            return 1.0
        pace = self._pace_in(readings, runtime)
        return 1 / (1 / pace + self.read_seconds)

    def _pace_in(self, readings: Readings, runtime: Runtime) -> float:
        """Pictures a second of a pass in a runtime, by that of its last one."""
        if readings.pace is None:
            return 0.0
        known = readings.pace.images_per_second
        is_another = runtime == self.runtime and not readings.was_read_in(runtime)
        return known * (self.times_tensorflow if is_another else 1.0)

    def _room(self, rung: int) -> int:
        """Times as many plans may go on as usual: few pictures, once read, are soon judged."""
        if rung + 1 < len(ENDS):
            return 1
        n = min(self._wanted(rung + 1), len(self.probe))
        each = effort(n) * self._seconds_per_value_judged() * self.width * n
        time_for_heads = _OF_HEADS * self.deadline.left()
        return max(1, min(MOST_ROOM, int(time_for_heads / (each * KEPT[rung]))))

    def _images_per_second(self, readings: Readings, choice: Choice) -> float:
        """Of the last pass; where that went deeper, by the multiply-adds saved."""
        if readings.pace is None:
            return 0.0
        ratio = macs(choice) / readings.pace.macs
        return 1 / (ratio / self._pace_in(readings, self.runtime) + self.read_seconds)

    def _keep(
        self,
        readings_of: dict[tuple[str, int], Readings],
        *,
        rung: int,
        as_of: int | None = None,
    ) -> list[tuple[Readings, list[Scored]]]:
        """The plans that go on, by pass, the best pass first.

        Args:
            readings_of: Passes that were read.
            rung: That the plans have taken part in last.
            as_of: As few as after this rung, which was left out.
        """
        here = [
            scored
            for scored in self.scored.values()
            if scored.rung == rung and scored.key[:2] in readings_of and not scored.dropped
        ]
        last, rung = rung, rung if as_of is None else as_of
        room = self._room(rung)
        ranked = sorted(here, key=lambda scored: -self.worth(scored, self.seen))
        # what is cheap and nearly as good must be able to win a tie
        frugal = [here[i] for i in reversed(front(here, range(len(here))))]
        # a few hundred pictures do not tell backbones apart: the best of each goes on
        first_of: dict[str, Scored] = {}
        for scored in ranked if rung < len(ENDS) else ():
            first_of.setdefault(scored.choice.row.name, scored)
        ranked = [*first_of.values(), *ranked[: room * KEPT[rung] // 2], *frugal, *ranked]
        kept: dict[tuple[str, int], list[Scored]] = {}
        for scored in ranked:
            of_pass = kept.get(scored.key[:2], [])
            if (
                sum(map(len, kept.values())) < room * KEPT[rung]
                and len(of_pass) < room * KEPT_A_PASS[rung]
                and not any(scored is other for other in of_pass)
                and (of_pass or len(kept) < PASSES_KEPT[rung])
            ):
                kept[scored.key[:2]] = [*of_pass, scored]
        going_on = {scored.key for scores in kept.values() for scored in scores}
        for key, scored in self.scored.items():
            if scored.rung == last and key not in going_on:
                behind = f"not among the best on {len(scored.correct):,} pictures"
                self.scored[key] = dataclasses.replace(scored, dropped=scored.dropped or behind)
        for place, readings in readings_of.items():
            if place not in kept:
                readings.release()
        return [(readings_of[place], scores) for place, scores in kept.items()]


def _requests(scores: Iterable[Scored]) -> tuple[Request, ...]:
    return tuple(dict.fromkeys(r for scored in scores for r in scored.choice.requests))
