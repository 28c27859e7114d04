import json
import os
import threading
import time

import numpy as np
import pytest

from regraft import storage
from regraft.errors import DiskSpaceError, InvalidArgumentError
from regraft.features.cache import FeatureCache, cache_key, default_folder


def put(cache, name, n=4, used=None):
    facts = {"name": name}
    rows = np.arange(n * 3, dtype=np.float32).reshape(n, 3)
    with cache.writing(facts, shape=rows.shape) as append:
        append(rows[:1])
        append(rows[1:])
    key = cache_key(facts)
    if used is not None:
        os.utime(cache.folder / "features" / key / "meta.json", (used, used))
    return key, rows


def test_what_is_written_is_found_mapped_and_read_only(tmp_path):
    key, rows = put(FeatureCache(tmp_path), "a")
    found = FeatureCache(tmp_path).find(key)
    assert isinstance(found, np.memmap)
    assert not found.flags.writeable
    np.testing.assert_array_equal(found, rows)


def test_an_unknown_key_is_not_found(tmp_path):
    assert FeatureCache(tmp_path / "none").find("0" * 64) is None


def test_cache_key_tells_every_fact_apart():
    facts = {"size": 32, "tap": "a"}
    assert cache_key(facts) != cache_key({"size": 33, "tap": "a"})
    assert cache_key(facts) != cache_key({"size": 32, "tap": "a", "grid": None})


def test_an_interrupted_write_leaves_nothing(tmp_path):
    cache = FeatureCache(tmp_path)

    def interrupted():
        with cache.writing({"name": "a"}, shape=(2, 3)) as append:
            append(np.zeros((1, 3), np.float32))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list((tmp_path / "features").iterdir()) == []


def test_too_few_rows_are_no_entry(tmp_path):
    cache = FeatureCache(tmp_path)
    with (
        pytest.raises(InvalidArgumentError, match="2 rows; received 1"),
        cache.writing({"name": "a"}, shape=(2, 3)) as append,
    ):
        append(np.zeros((1, 3), np.float32))
    assert cache.find(cache_key({"name": "a"})) is None


def test_a_damaged_entry_counts_as_absent(tmp_path):
    cache = FeatureCache(tmp_path)
    key, _ = put(cache, "a")
    file = tmp_path / "features" / key / "features.npy"
    file.write_bytes(file.read_bytes()[:-8])
    assert cache.find(key) is None
    put(cache, "a")
    assert cache.find(key) is not None


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda entry: (entry / "features.npy").unlink(), id="features-deleted"),
        pytest.param(lambda entry: (entry / "meta.json").unlink(), id="facts-deleted"),
        pytest.param(lambda entry: (entry / "features.npy").write_bytes(b""), id="emptied"),
    ],
)
def test_a_half_deleted_entry_is_written_anew(tmp_path, damage):
    cache = FeatureCache(tmp_path)
    key, rows = put(cache, "a")
    damage(tmp_path / "features" / key)
    assert cache.find(key) is None
    put(cache, "a")
    np.testing.assert_array_equal(cache.find(key), rows)
    assert [path.name for path in (tmp_path / "features").iterdir()] == [key]


def test_a_whole_entry_is_not_written_over(tmp_path):
    cache = FeatureCache(tmp_path)
    put(cache, "a")
    with pytest.raises(FileExistsError):
        put(cache, "a")


@pytest.mark.parametrize("delete", ["evict", "clear"])
def test_a_kill_while_deleting_leaves_no_half_entry(tmp_path, monkeypatch, delete):
    cache = FeatureCache(tmp_path, max_bytes=0)
    key, _ = put(cache, "a")

    def kill(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(storage.shutil, "rmtree", kill)
        with pytest.raises(KeyboardInterrupt):
            getattr(cache, delete)()
    assert not (tmp_path / "features" / key).exists()
    for left in tmp_path.rglob(f"{storage.TEMPORARY_PREFIX}*"):
        os.utime(left, (0, 0))
    cache.evict()
    assert not list(tmp_path.rglob(f"{storage.TEMPORARY_PREFIX}*"))
    assert put(cache, "a")[0] == key


def test_a_full_disk_is_said_before_anything_is_written(tmp_path, monkeypatch):
    usage = type(storage.shutil.disk_usage(tmp_path))(total=100, used=99, free=1)
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DiskSpaceError, match="for features"):
        put(FeatureCache(tmp_path), "a")


def test_the_least_recently_used_go_first(tmp_path):
    cache = FeatureCache(tmp_path, max_bytes=500)  # room for two entries of 176 bytes
    now = time.time()
    old, middle, new = (put(cache, str(age), used=now - age)[0] for age in (30, 20, 10))
    cache.find(old)  # which makes it the most recently used
    assert [entry.key for entry in cache.entries()] == [old, new, middle]
    assert cache.evict() == 176
    assert {entry.key for entry in cache.entries()} == {old, new}


def test_what_is_in_use_stays_whatever_the_bound(tmp_path):
    cache = FeatureCache(tmp_path, max_bytes=0)
    kept, _ = put(cache, "a")
    gone, _ = put(cache, "b")
    cache.evict(keep=[kept])
    assert [entry.key for entry in cache.entries()] == [kept]
    assert cache.find(gone) is None


def test_entries_tell_their_facts_and_clear_deletes_them(tmp_path):
    cache = FeatureCache(tmp_path)
    put(cache, "a")
    (entry,) = cache.entries()
    assert entry.facts == {"name": "a"}
    assert cache.clear() == entry.n_bytes
    assert cache.entries() == []


def test_folders_left_by_a_kill_are_swept_after_a_day(tmp_path):
    cache = FeatureCache(tmp_path)
    put(cache, "a")
    fresh, abandoned = (
        tmp_path / "features" / f"{storage.TEMPORARY_PREFIX}{name}" for name in ("fresh", "left")
    )
    fresh.mkdir()
    abandoned.mkdir()
    os.utime(abandoned, (0, 0))
    cache.evict()
    assert fresh.exists()
    assert not abandoned.exists()


def test_a_second_writer_of_a_key_waits(tmp_path):
    cache = FeatureCache(tmp_path)
    order = []

    def second():
        with FeatureCache(tmp_path).locked(["ab" * 32]):
            order.append("second")

    with cache.locked(["ab" * 32, "cd" * 32]):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_cache_that_cannot_be_written_says_how_to_name_another(tmp_path):
    (tmp_path / "file").write_text("")
    cache = FeatureCache(tmp_path / "file")
    with pytest.raises(InvalidArgumentError, match="REGRAFT_CACHE"), cache.locked(["ab"]):
        pass


def test_the_folder_is_where_the_variable_says(tmp_path, monkeypatch):
    monkeypatch.setenv("REGRAFT_CACHE", str(tmp_path / "elsewhere"))
    assert default_folder() == tmp_path / "elsewhere"
    monkeypatch.delenv("REGRAFT_CACHE")
    assert default_folder().name == "regraft"


def test_meta_is_json_for_people(tmp_path):
    key, _ = put(FeatureCache(tmp_path), "ä")
    meta = json.loads((tmp_path / "features" / key / "meta.json").read_text("utf-8"))
    assert meta["facts"] == {"name": "ä"}
