import pytest

from regraft.diagnose.agent.ancestry import have_same_rows


@pytest.fixture(scope="module")
def rows():
    import tensorflow as tf

    return tf.data.Dataset.range(20)


def twice(row):
    return 2 * row


SAME = {
    "itself": lambda rows: (rows, rows),
    "before": lambda rows: (rows.map(twice).shuffle(5).batch(4).prefetch(1), rows),
    "beside": lambda rows: (rows.map(twice, num_parallel_calls=2).batch(4), rows.cache().batch(5)),
    "repeated": lambda rows: (rows.shuffle(5).repeat().batch(4), rows.batch(4)),
    "of one part": lambda rows: (lambda part: (part.map(twice).batch(2), part))(rows.take(9)),
}
OTHER = {
    "parts": lambda rows: (rows.take(15).batch(4), rows.skip(15).batch(4)),
    "a part": lambda rows: (rows.skip(15).batch(4), rows.batch(4)),
    "filtered": lambda rows: (rows.filter(lambda row: row > 3).batch(4), rows.batch(4)),
    "another": lambda rows: (rows, type(rows)(0, 20, 1)),
}


@pytest.mark.parametrize("make", SAME.values(), ids=SAME)
def test_the_same_rows(rows, make):
    one, other = make(rows)
    assert have_same_rows(one, other)
    assert have_same_rows(other, one)


@pytest.mark.parametrize("make", OTHER.values(), ids=OTHER)
def test_other_rows(rows, make):
    one, other = make(rows)
    assert not have_same_rows(one, other)


def test_what_is_no_data_set_is_itself_only():
    generator = object()
    assert have_same_rows(generator, generator)
    assert not have_same_rows(generator, object())
