from types import SimpleNamespace

import numpy as np
import pytest

from regraft.diagnose.agent import draws, feeds, streams

X = np.random.default_rng(0).integers(0, 256, (96, 6, 6, 1)).astype(np.uint8)
Y = np.arange(96) % 4


def read(x, y=None, *, batch_size=None, steps=None, limit=1000, **more):
    return feeds.read(x, y, batch_size=batch_size, steps=steps, limit=limit, **more)


class Batches:
    """Like a data set: can be gone through again and again."""

    def __init__(self, x=X, y=Y, *, size=16, shuffle=False, change=None, known=True):
        self.x, self.y, self.size, self.shuffle, self.change = x, y, size, shuffle, change
        self.rng = np.random.default_rng(1)
        self.known = known

    def cardinality(self):
        return -(-len(self.x) // self.size) if self.known else -2

    def map(self, function):
        raise NotImplementedError

    def __iter__(self):
        order = self.rng.permutation(len(self.x)) if self.shuffle else np.arange(len(self.x))
        for start in range(0, len(order), self.size):
            rows = order[start : start + self.size]
            yield self._batch(rows)

    def _batch(self, rows):
        x = self.x[rows]
        if self.change is not None:
            x = x + self.rng.random(x.shape)
        return (x, self.y[rows]) if self.y is not None else x


class Sequence(Batches):
    """Like a Keras PyDataset: batches by number."""

    map = property()

    def __len__(self):
        return self.cardinality()

    def __getitem__(self, number):
        return self._batch(np.arange(len(self.x))[number * self.size : (number + 1) * self.size])


def test_arrays_are_taken_as_they_are():
    feed = read(X, Y)
    assert feed.x is X
    assert (len(feed), feed.planned, feed.batch_size, feed.source) == (96, 96, 32, None)
    np.testing.assert_array_equal(feed.rows, np.arange(96))
    assert not feed.reshuffles
    assert not feed.random_pixels


def test_lists_of_pictures_are_arrays():
    feed = read(list(X[..., 0]), list(Y))
    np.testing.assert_array_equal(feed.x, X[..., 0])
    np.testing.assert_array_equal(feed.y, Y)


@pytest.mark.parametrize(
    "x",
    [None, {"a": X}, [X, X[:, :3]], [X]],
    ids=["nothing", "by name", "two inputs", "one input in a list"],
)
def test_what_only_keras_can_read_is_left_to_it(x):
    assert read(x, Y if x is not None else None) is None


def test_pictures_of_several_sizes_are_left_to_keras():
    assert read(iter([(X, Y), (X[:, :4], Y)])) is None


@pytest.mark.parametrize("kind", [Batches, Sequence], ids=["data set", "sequence"])
def test_a_data_set_is_read_once_in_its_order(kind):
    feed = read(kind())
    np.testing.assert_array_equal(feed.x, X)
    np.testing.assert_array_equal(feed.y, Y)
    assert (feed.planned, feed.batch_size, feed.complete) == (96, 16, True)
    assert (feed.reshuffles, feed.random_pixels, feed.seen_again) == (False, False, 1.0)


def test_a_data_set_longer_than_the_limit():
    feed = read(Batches(), limit=50)
    assert (len(feed), feed.planned, feed.complete) == (48, 96, False)
    unknown = read(Batches(known=False), limit=50)
    assert (len(unknown), unknown.planned) == (48, 48)


def test_a_batch_larger_than_the_limit_is_read_all_the_same():
    assert len(read(Batches(size=64), limit=50)) == 64


def test_reshuffling_is_seen():
    feed = read(Batches(shuffle=True))
    assert feed.reshuffles
    assert not feed.random_pixels
    assert feed.seen_again == 1.0


def test_reshuffling_is_seen_in_a_part_too():
    assert read(Batches(shuffle=True), limit=32).reshuffles


def test_random_pixels_are_seen():
    still = read(Batches(change="noise"))
    assert still.random_pixels
    assert not still.reshuffles
    moving = read(Batches(change="noise", shuffle=True))
    assert moving.random_pixels
    assert moving.reshuffles


def test_random_pixels_of_a_large_set_are_seen_in_a_small_part():
    """Sixteen rows twice are too few where a pass covers a sixth of all."""
    x = np.random.default_rng(2).integers(0, 256, (960, 6, 6, 1)).astype(np.uint8)
    data = Batches(x=x, y=np.arange(960) % 4, change="noise")
    assert read(data, limit=160).random_pixels
    still = Batches(x=x, y=np.arange(960) % 4, shuffle=True)
    assert not read(still, limit=160).random_pixels


class WrittenOver(Sequence):
    """Scales the array itself, batch by batch, and so once more in each pass."""

    def __init__(self, scale, offset, brightness=0.0):
        super().__init__()
        self.x = X.astype(np.float32)
        self.scale, self.offset, self.brightness = scale, offset, brightness

    def _batch(self, rows):
        x = self.x[rows[0] : rows[-1] + 1]
        x *= self.scale
        x += self.offset + self.brightness * self.rng.random((len(x), 1, 1, 1))
        return x.copy(), self.y[rows]


@pytest.mark.parametrize(("scale", "offset"), [(1.0, -103.9), (1 / 127.5, -1.0)])
def test_pictures_that_each_pass_scales_once_more(scale, offset):
    feed = read(WrittenOver(scale, offset))
    assert feed.drifts
    assert feed.is_drawn_anew
    assert not feed.random_pixels
    assert feed.take(np.arange(8)).drifts


def test_pictures_that_are_brighter_or_darker_at_random_do_not_drift():
    feed = read(WrittenOver(1.0, 0.0, brightness=30.0))
    assert feed.random_pixels
    assert not feed.drifts
    assert not read(Sequence()).drifts


class Fading(Batches):
    """Two of five pictures come out blank, whichever these are."""

    def _batch(self, rows):
        x, y = self.x[rows].astype(np.float32), self.y[rows]
        x = x + self.rng.random(x.shape)
        x[self.rng.random(len(x)) < 0.4] = 0
        return x, y


def test_blank_pictures_are_not_taken_for_one_another():
    feed = read(Fading())
    assert feed.random_pixels
    assert feed.relabelled is None


def test_a_picture_given_with_two_labels_keeps_them():
    x, y = np.concatenate([X[:48], X[:48]]), np.concatenate([Y[:48], (Y[:48] + 1) % 4])
    assert read(Batches(x, y)).relabelled == 0


class Shuffled(Sequence):
    """Puts its pictures in another order between epochs, and its labels too if it is right."""

    def __init__(self, *, also_labels):
        super().__init__()
        self.order, self.also_labels = np.arange(len(self.x)), also_labels

    def __getitem__(self, number):
        rows = slice(number * self.size, (number + 1) * self.size)
        return self.x[self.order[rows]], self.y[self.order[rows] if self.also_labels else rows]

    def on_epoch_end(self):
        self.order = self.rng.permutation(self.order)


@pytest.mark.parametrize(("also_labels", "share"), [(True, 0.0), (False, 0.75)])
def test_labels_that_change_between_epochs_are_seen(also_labels, share):
    feed = read(Shuffled(also_labels=also_labels), is_trained=True)
    assert feed.reshuffles
    assert not feed.random_pixels
    assert feed.relabelled == pytest.approx(share, abs=0.15)  # of four classes
    np.testing.assert_array_equal(feed.y, Y)  # of the first epoch


def test_a_sequence_that_is_not_trained_on_is_not_told_of_epochs():
    sequence = Shuffled(also_labels=False)
    read(sequence)
    np.testing.assert_array_equal(sequence.order, np.arange(96))


def test_a_generator_is_read_as_far_as_its_steps():
    def forever():
        while True:
            yield from Batches()

    feed = read(forever(), steps=3)
    np.testing.assert_array_equal(feed.x, X[:48])
    assert (feed.planned, feed.reshuffles, feed.random_pixels) == (48, False, False)


@pytest.mark.parametrize("changes", [True, False])
@pytest.mark.parametrize("epoch", [6, 3])
def test_a_generator_that_changes_pictures_is_told_by_its_second_epoch(changes, epoch):
    draw = draws._switched(np.random.default_rng(0).random, draws._fraction)

    def forever():
        while True:
            for x, y in Batches():
                yield (x + draw(x.shape) if changes else x), y

    feed = read(forever(), steps=epoch, is_trained=True)
    assert feed.random_pixels is changes
    assert not read(forever(), steps=epoch).random_pixels  # is not read on


def test_the_only_input_may_have_a_name():
    pairs = [({"image": X[:48]}, {"kind": Y[:48]}), ({"image": X[48:]}, {"kind": Y[48:]})]
    graph = SimpleNamespace(inputs=["image"])
    for feed in (read({"image": X}, {"kind": Y}, model=graph), read(iter(pairs), model=graph)):
        np.testing.assert_array_equal(feed.x, X)
        np.testing.assert_array_equal(feed.labels, Y)
    assert read(iter(pairs)) is None
    assert read({"image": X, "mask": X}, {"kind": Y}, model=graph) is None


def test_steps_may_be_a_fraction():
    assert len(read(Batches(), steps=32 / 16)) == 32
    assert len(read(Batches(), steps=40 / 16)) == 48


def test_a_generator_without_steps_ends_at_the_limit():
    def forever():
        while True:
            yield from Batches()

    assert len(read(forever(), limit=60)) == 48


def test_large_pictures_are_fewer_whatever_the_limit(monkeypatch):
    monkeypatch.setattr(streams, "MOST_BYTES", 50 * X[0].nbytes)
    feed = read(Batches())
    np.testing.assert_array_equal(feed.x, X[:48])
    assert (feed.planned, feed.complete) == (96, False)


@pytest.mark.parametrize(("room", "every"), [(96, 1), (95, 2), (30, 4)])
def test_rows_from_all_over_a_data_set(room, every):
    feed = read(Batches(), limit=room, to_the_end=True)
    np.testing.assert_array_equal(feed.rows, np.arange(0, 96, every))
    np.testing.assert_array_equal(feed.x, X[::every])
    np.testing.assert_array_equal(feed.y, Y[::every])
    assert (feed.planned, feed.complete) == (96, every == 1)
    assert (feed.reshuffles, feed.random_pixels, feed.seen_again) == (False, False, 1.0)


@pytest.mark.parametrize("kind", [Batches, Sequence])
@pytest.mark.parametrize("n_classes", [2, 8])
def test_a_long_data_set_in_the_order_of_its_classes_is_read_to_its_end(kind, n_classes):
    y = np.arange(96) * n_classes // 96
    feed = read(kind(y=y), limit=48, is_trained=True)
    np.testing.assert_array_equal(feed.rows, np.arange(0, 96, 2))
    assert len(np.unique(feed.y)) == n_classes
    scored = read(kind(y=y), limit=48)  # of a validation part in order, early stopping hears
    assert len(np.unique(scored.y)) == n_classes
    mixed = read(Batches(), limit=48, is_trained=True)
    np.testing.assert_array_equal(mixed.rows, np.arange(48))


@pytest.mark.parametrize("shuffles", [True, False])
def test_a_sequence_in_order_may_be_mixed_from_the_second_epoch_on(shuffles):
    class Ordered(Sequence):
        order = np.arange(96)

        def on_epoch_end(self):
            if shuffles:
                self.order = self.rng.permutation(96)

        def __getitem__(self, number):
            return self._batch(self.order[number * self.size : (number + 1) * self.size])

    feed = read(Ordered(y=np.repeat(np.arange(4), 24)), is_trained=True)
    assert (feed.reshuffles, feed.is_mixed_again) == (shuffles, shuffles)


def test_a_reshuffled_data_set_is_told_by_such_rows():
    assert read(Batches(shuffle=True), limit=30, to_the_end=True).reshuffles


def test_weights_of_rows_come_along():
    weights = np.linspace(0, 1, 96)
    batches = [(X[i : i + 32], Y[i : i + 32], weights[i : i + 32]) for i in (0, 32, 64)]
    np.testing.assert_array_equal(read(iter(batches)).sample_weight, weights)
    np.testing.assert_array_equal(read(X, Y, sample_weight=list(weights)).sample_weight, weights)


def test_pictures_without_labels():
    feed = read(Batches(y=None))
    assert feed.y is None
    with pytest.raises(ValueError, match="labels"):
        _ = feed.labels


def test_an_empty_data_set_is_none():
    assert read(Batches(X[:0], Y[:0])) is None


def test_taking_rows_remembers_where_they_were():
    feed = read(X, Y).take(np.array([5, 3])).take(np.array([1]))
    np.testing.assert_array_equal(feed.x, X[[3]])
    assert feed.rows.tolist() == [3]
    assert feed.planned == 96
    assert not feed.complete


def test_labels_as_numbers():
    one_hot = np.eye(4)[Y]
    np.testing.assert_array_equal(feeds.label_indices(one_hot), Y)
    np.testing.assert_array_equal(feeds.label_indices(Y[:, None]), Y)
    assert len(feeds.label_indices(None)) == 0


@pytest.mark.parametrize("n", [8, 20, 37])
def test_a_sample_has_the_mix_of_all(n):
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    rows = feeds.stratified(labels, n, seed=0)
    counts = np.bincount(labels[rows], minlength=3)
    assert np.abs(counts - n * np.array([0.6, 0.3, 0.1])).max() <= 1
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, feeds.stratified(labels, n, seed=0))
    assert rows.tolist() != feeds.stratified(labels, n, seed=1).tolist()


def test_a_sample_of_quantities_is_no_larger_than_asked_for():
    rows = feeds.stratified(np.linspace(0, 1, 500), 40, seed=0)
    assert len(rows) == len(set(rows.tolist())) == 40


def test_a_sample_of_everything_is_everything():
    assert feeds.stratified(Y, 96, seed=0).tolist() == list(range(96))


def test_every_class_is_in_a_sample():
    labels = np.repeat([0, 1], [999, 1])
    assert set(labels[feeds.stratified(labels, 10, seed=0)]) == {0, 1}


class Part(Batches):
    """Some batches of another order at each pass, as `take` and `skip` cut after `shuffle`."""

    def __init__(self, which, change=None):
        super().__init__(size=8, shuffle=True, change=change)
        self.which = which

    def __iter__(self):
        yield from list(super().__iter__())[self.which]


def test_a_part_drawn_anew_at_each_pass_is_not_changed_at_random():
    """96 rows: the second look at 24 of them shows 18 others, which training holds."""
    train, validation = read(Part(slice(3, None))), read(Part(slice(3)))
    assert validation.random_pixels
    feeds.tell_redrawn(validation, train)
    assert not validation.random_pixels
    assert validation.reshuffles
    assert validation.seen_again < 0.5


def test_random_pixels_stay_so_whatever_the_other_part_holds():
    train, validation = read(Batches()), read(Batches(change="noise"))
    feeds.tell_redrawn(validation, train)
    assert validation.random_pixels


class Endless(Batches):
    """Repeats what it was made of, as `repeat()` does."""

    def __init__(self, once):
        super().__init__()
        self._input_dataset = once

    def cardinality(self):
        return -1

    def __iter__(self):
        while True:
            yield from self._input_dataset


@pytest.mark.parametrize("source", [Batches(), Sequence(), Endless(Batches())])
def test_a_training_of_few_steps_an_epoch_is_on_all_rows(source):
    """Keras goes on in the data set where the last epoch ended."""
    feed = read(source, steps=2, is_trained=True)
    assert (len(feed), feed.planned) == (96, 96)
    assert len(read(source, steps=2)) == 32  # a validation of two steps is on these rows


def test_steps_that_make_a_pass_or_more_are_as_they_are():
    assert len(read(Batches(), steps=6, is_trained=True)) == 96
    assert len(read(Endless(Batches()), steps=8, is_trained=True)) == 128


def test_rows_of_a_pass_are_counted_before_or_after_they_are_batched():
    import tensorflow as tf

    rows = tf.data.Dataset.from_tensor_slices((X, Y))
    assert streams.rows_of_a_pass(rows.batch(16).repeat().prefetch(1), 16) == 96
    assert streams.rows_of_a_pass(rows.repeat().batch(16), 16) == 96
    unknown = rows.filter(lambda *_: True).batch(16).repeat()
    assert streams.rows_of_a_pass(unknown, 16) is None
    assert streams.rows_of_a_pass(iter([]), 16) is None


def test_the_only_input_may_be_in_a_list():
    one = SimpleNamespace(inputs=[None], outputs=[None])
    feed = feeds.read([X], [Y], batch_size=8, steps=None, model=one)
    np.testing.assert_array_equal(feed.x, X)
    np.testing.assert_array_equal(feed.y, Y)
