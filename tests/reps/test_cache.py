"""The cache under hostile conditions: damage, concurrency, no permission, a full disk."""

import errno
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from intertwine.groups import SE, SO, SU, Group, S
from intertwine.reps import CacheWarning, Custom, T, V, _cache
from intertwine.reps.solve import solve
from intertwine.reps.solve.nullspace import solve_nullspace

HOM = (T(2) >> T(2))(SE(2))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder; everything is worth storing, nothing is held in memory."""
    import intertwine.reps.solve  # noqa: F401 (the name `solve` in the package may be the function)

    module = sys.modules["intertwine.reps.solve"]
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "_WORTH_STORING", 0.0)
    monkeypatch.setattr(_cache, "_warned", set())
    module._memory.clear()
    yield tmp_path
    module._memory.clear()


def forget():
    sys.modules["intertwine.reps.solve"]._memory.clear()


def files(folder):
    return sorted(folder.glob("*.safetensors"))


def dense(hom=HOM):
    return solve(hom).dense()


def test_memory_returns_the_same_block(cache):
    assert solve(HOM).blocks[0].block is solve(HOM).blocks[0].block


def test_second_process_would_read_the_file(cache):
    first = dense()
    assert len(files(cache)) == 1
    forget()
    assert np.array_equal(dense(), first)
    assert solve(HOM).certificate.method == "nullspace"
    assert solve(HOM).certificate.rank == len(first)


def test_orbits_are_stored_with_their_signs(cache):
    hom = (T(2) >> V)(S(4))
    first = dense(hom)
    forget()
    assert np.array_equal(dense(hom), first)


def test_distinct_contents_have_distinct_files(cache):
    dense()
    dense((T(2) >> T(2))(SE(3)))
    dense((T(2) >> T(1, 1))(SE(2)))
    solve(HOM, "nullspace")
    assert len(files(cache)) == 4


def test_the_name_of_a_group_is_not_its_content(cache):
    one = Group.from_generators(algebra=[[[0, 1], [0, 0]]], name="N")
    two = Group.from_generators(algebra=[[[0, 0], [1, 0]]], name="N")
    a = dense((V >> V)(one))
    forget()
    b = dense((V >> V)(two))
    assert len(files(cache)) == 2
    assert not np.allclose(a, b)


@pytest.mark.parametrize("damage", ["truncated", "empty", "flipped header", "flipped data", "other format"])
def test_damage_is_noticed_and_repaired(cache, damage):
    first = dense()
    (path,) = files(cache)
    data = bytearray(path.read_bytes())
    if damage == "truncated":
        data = data[: len(data) // 2]
    elif damage == "empty":
        data = bytearray()
    elif damage == "flipped header":
        data[12] ^= 0x20
    elif damage == "flipped data":
        data[-5] ^= 0x01
    else:
        data = bytearray(b"not a tensor at all")
    path.write_bytes(data)
    forget()
    with pytest.warns(CacheWarning, match="damaged"):
        again = dense()
    assert np.array_equal(again, first)
    forget()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(dense(), first)


@pytest.mark.parametrize("position", range(0, 400, 37))
def test_no_flipped_bit_changes_the_answer(cache, position):
    first = dense()
    (path,) = files(cache)
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= 0x04
    path.write_bytes(data)
    forget()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CacheWarning)
        assert np.array_equal(dense(), first)


def test_a_file_from_the_future_is_computed_again(cache):
    dense()
    (path,) = files(cache)
    other = _cache.file_name((V >> V)(SE(2)).rep_in, (V >> V)(SE(2)).rep_out, "auto")
    path.rename(cache / other)
    forget()
    with pytest.warns(CacheWarning, match="damaged"):
        assert dense((V >> V)(SE(2))).shape == (1, 3, 3)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_folder_that_cannot_be_written_costs_one_warning(cache, monkeypatch, code):
    def refuse(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(_cache.tempfile, "mkstemp", refuse)
    with pytest.warns(CacheWarning, match="cannot write to the cache folder") as caught:
        first = dense()
    assert len(caught) == 1
    forget()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(dense(), first)


def test_the_folder_is_a_file(cache, monkeypatch):
    blocker = cache / "blocker"
    blocker.write_text("")
    monkeypatch.setenv("INTERTWINE_CACHE", str(blocker / "inside"))
    with pytest.warns(CacheWarning, match="cannot write"):
        assert len(dense()) == 4


def test_an_interrupted_write_leaves_nothing(cache, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(_cache.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dense()
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("word", ["off", "OFF", "0"])
def test_off(cache, monkeypatch, word):
    monkeypatch.setenv("INTERTWINE_CACHE", word)
    dense()
    assert _cache.folder() is None
    assert list(cache.iterdir()) == []


def test_default_folder_is_the_platforms(monkeypatch):
    monkeypatch.delenv("INTERTWINE_CACHE")
    assert _cache.folder().name == "intertwine"


def test_custom_representations_stay_in_memory(cache):
    rep = Custom(lambda g: g, lambda A: A, dim=3, name="copy")
    dense((rep >> V)(SE(2)))
    assert files(cache) == []


def test_only_slow_solutions_are_stored(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path))
    forget()
    dense((V >> V)(SO(2)))
    assert files(tmp_path) == []


WORKER = """
import sys
import numpy as np
from intertwine.groups import SE
from intertwine.reps import T
import intertwine.reps.solve
module = sys.modules["intertwine.reps.solve"]
module._WORTH_STORING = 0.0
for _ in range(15):
    module._memory.clear()
    assert (T(2) >> T(2))(SE(2)).dim == 4
    assert (T(2) >> T(1, 1))(SE(2)).dim == 5
"""


def test_two_processes_write_at_once(cache):
    (a, b) = ((T(2) >> T(2))(SE(2)).dim, (T(2) >> T(1, 1))(SE(2)).dim)
    for path in files(cache):
        path.unlink()
    script = WORKER.replace("== 4", f"== {a}").replace("== 5", f"== {b}")
    command = [sys.executable, "-W", "error", "-c", script]
    workers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for worker in workers:
        _, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors
    assert len(files(cache)) == 2
    assert len(list(cache.iterdir())) == 2  # no temporary files


def test_least_recently_used_goes_first():
    memory = _cache.Memory(limit=100)
    memory.put("a", 1, 40)
    memory.put("b", 2, 40)
    assert memory.get("a") == 1
    memory.put("c", 3, 40)
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (1, None, 3)
    memory.put("huge", 4, 101)
    assert memory.get("huge") is None
    assert memory.used == 80
    memory.put("a", 5, 10)
    assert (memory.get("a"), memory.used) == (5, 50)


def test_complex_bases_are_stored(tmp_path, monkeypatch):
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path))
    rep_in, rep_out = T(1, 1)(SU(2)), V(SU(2))
    block = solve_nullspace(rep_in, rep_in)
    _cache.store(block, rep_in, rep_in, "nullspace")
    loaded = _cache.load(rep_in, rep_in, "nullspace")
    assert loaded is not None
    assert loaded.dense().dtype == np.complex128
    np.testing.assert_array_equal(loaded.dense(), block.dense())
    assert _cache.load(rep_in, rep_out, "nullspace") is None
