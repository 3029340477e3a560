"""Shapes: meshes are read as they were written; turned clouds get the same answer where the group says so."""

import contextlib
import io
import json
import shutil
import sys
import tarfile
import zipfile

import numpy as np
import pytest
import torch
from intertwine import plot
from intertwine._names import parse_group
from intertwine.examples._experiment import Means, run
from intertwine.examples._registry import EXPERIMENTS
from intertwine.examples._source import MissingDataError
from intertwine.examples.shapes import _data, _furniture, _meshes
from intertwine.examples.shapes._experiment import ShapesExperiment
from intertwine.examples.shapes._model import PointNet, ShapeNet
from rich.console import Console

CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
SIDES = [(1, 2, 4, 3), (5, 7, 8, 6), (1, 5, 6, 2), (3, 4, 8, 7), (1, 3, 7, 5), (2, 6, 8, 4)]


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Nothing but the test's own folder is searched, and its own cache used."""
    monkeypatch.setenv("INTERTWINE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def box(*sizes):
    """An OBJ file."""
    lines = [f"v {x} {y} {z}" for x, y, z in CORNERS * sizes]
    return "\n".join(["# a box", *lines, *("f " + " ".join(map(str, side)) for side in SIDES)]).encode()


def off(*sizes, head="OFF\n"):
    lines = [f"{x} {y} {z}" for x, y, z in CORNERS * sizes]
    return "\n".join([f"{head}8 6 0", *lines, *("4 " + " ".join(str(k - 1) for k in s) for s in SIDES)]).encode()


def library(entries):
    """A furniture library of (name, OBJ file) or (name, OBJ file, more properties); without a file if that is None."""
    made = io.BytesIO()
    text = ["# furniture", "id=test"]
    with zipfile.ZipFile(made, "w") as archive:
        for k, (name, content, *more) in enumerate(entries, 1):
            text += [f"name#{k}={name}", f"model#{k}=/some/{k}.obj", *more]
            if content is not None:
                archive.writestr(f"some/{k}.obj", content)
        archive.writestr(_furniture.CATALOGUE, "\n".join(text).encode("latin-1"))
    return made.getvalue()


def deb(path, *libraries):
    """A Debian package: an ar archive, with a tar archive in it."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz", preset=0) as archive:
        for k, content in enumerate(libraries):
            member = tarfile.TarInfo(f"./usr/share/sweethome3d/furniture/{k}.sh3f")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    content = b"!<arch>\n"
    for name, part in (("debian-binary", b"2.0"), ("data.tar.xz", data.getvalue())):
        head = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(part):<10}`\n"
        content += head.encode() + part + b"\n" * (len(part) % 2)
    path.write_bytes(content)
    return path


def package(places, each=12):
    """Boxes; their proportions tell the class."""
    names = ["Bed", "Bookcase", "Bar stool", "Double door", "Lamp", "Girl", "Ficus", "Corner sofa", "Desk", "Vase"]
    rng = np.random.default_rng(0)
    entries = [
        (name, box(*np.array([1 + k, 1 + k % 3, 2]) * rng.uniform(0.9, 1.1, 3)))
        for k, name in enumerate(names)
        for _ in range(each)
    ]
    deb(places / "sweethome3d-furniture_1.8-1_all.deb", library([("Teapot stand", None)]), library(entries))


def area(mesh):
    a, b, c = mesh.vertices[mesh.triangles].swapaxes(0, 1)
    return np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2


@pytest.mark.parametrize("head", ["OFF\n", "OFF", "OFF # a box\n# of eight corners\n\n", "# a box\n\nOFF\n", "\nOFF "])
def test_off_files(head):
    mesh = _meshes.read_off(off(1, 2, 3, head=head), "box.off")
    np.testing.assert_array_equal(mesh.vertices, CORNERS * [1, 2, 3])
    assert mesh.triangles.shape == (12, 3)
    assert area(mesh) == pytest.approx(22)


def test_obj_files():
    mesh = _meshes.read_obj(box(1, 2, 3), "box.obj")
    assert area(mesh) == pytest.approx(22)
    corners = b"v 0 0 0 1.0\nv 1 0 0\nv 1 1 0\nvt 0 0\nvn 0 0 1\n"
    for face in (
        b"f 1 2 3",
        b"f 1/1 2/1 3/1",
        b"f 1//1 2//1 3//1",
        b"f 1/1/1 2/1/1 3/1/1",
        b"f -3 -2 -1",
        b"f 1 \\\n2 3",
    ):
        mesh = _meshes.read_obj(corners + face + b"\nv 9 9 9\n", "one.obj")
        assert mesh.triangles.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"v 0 0 0\nv 1 0\n", r"a\.obj, line 2: a vertex has three finite coordinates, got '1 0'"),
        (b"v 0 0 nan\n", "line 1: a vertex has three finite"),
        (b"v 0 0 0\nf 1 2 3\n", "line 2: a face names vertex 2, but there are 1"),
        (b"v 0 0 0\nf 0 1 1\n", "line 2: a face names vertex 0"),
        (b"v 0 0 0\nf x/1 1 1\n", "line 2: a corner of a face"),
        (b"v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n", r"a\.obj has no surface"),
        (b"", "has no surface: 0 vertices"),
        (b"v 0 0 0\nv 1e200 0 0\nv 0 1e200 0\nf 1 2 3\n", r"a\.obj has no surface: .* of area inf"),
    ],
)
def test_damaged_obj_files_are_named(content, message):
    with pytest.raises(ValueError, match=message):
        _meshes.read_obj(content, "a.obj")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"a\.off, line 1: an OFF file begins with OFF"),
        (b"PLY\n", "begins with OFF, got 'PLY"),
        (b"OFF\n", "expected numbers of vertices and faces"),
        (b"OFF\nmany 6 0\n", "line 2: expected numbers of vertices and faces, got 'many 6 0'"),
        (b"# a box\nPLY\n", "line 2: an OFF file begins with OFF, got 'PLY'"),
        (b"OFF\n8 99999999999999999999 0\n", r"a\.off, line 2: expected numbers of vertices and faces"),
        (b"OFF\n8 \xb3 0\n", r"a\.off, line 2: expected numbers of vertices and faces"),
        (b"OFF\n8 " + b"9" * 5000, r"a\.off, line 2: expected numbers of vertices and faces"),
        (b"OFF\n999999999999999999 1\n0 0 0\n", r"a\.off ends after 1 of 999999999999999999 vertices"),
        (off(1, 1, 1).replace(b"4 4 6 7 5", b"4 4 6 \xb3 5"), "line 12: a face is the number of its corners"),
        (off(1, 1, 1)[:-30], "ends after 8 of 8 vertices and"),
        (off(1, 1, 1)[:40], "line .*a vertex has three|ends after"),
        (off(1, 1, 1).replace(b"4 4 6 7 5", b"4 4 6 7 8"), "line 12: a face names vertex 8, but there are 8, from 0"),
        (off(1, 1, 1).replace(b"4 4 6 7 5", b"5 4 6 7 5"), "line 12: a face of 5 corners names 4"),
        (off(1, 1, 1).replace(b"4 4 6 7 5", b"4 4 6 7 -5"), "line 12: a face is the number of its corners"),
    ],
)
def test_damaged_off_files_are_named(content, message):
    with pytest.raises(ValueError, match=message):
        _meshes.read_off(content, "a.off")


def test_points_are_spread_by_area():
    mesh = _meshes.read_obj(box(1, 2, 3), "box.obj")
    points = _meshes.spread(mesh, 20_000, np.random.default_rng(0))
    for axis, side in enumerate((1, 2, 3)):
        ends = np.isclose(points[:, axis], 0) | np.isclose(points[:, axis], side)
        assert ends.mean() == pytest.approx(2 * 6 / side / 22, abs=0.02)
    ball = _meshes.in_unit_ball(points)
    assert np.linalg.norm(ball, axis=1).max() == pytest.approx(1)
    np.testing.assert_allclose(ball.mean(0), 0, atol=1e-12)


def test_the_package_of_debian(places):
    lying = "modelRotation#3=1 0 0 0 0 1 0 -1 0"
    entries = [("Round table", box(3, 1, 2)), ("Butter", None), ("Chair with cushion", box(1, 2, 1), lying)]
    path = deb(places / "sweethome3d-furniture_1.8-1_all.deb", library(entries))
    table, chair = _furniture.models(path)
    assert (table.label, chair.label) == ("table", "chair")
    np.testing.assert_array_equal(np.ptp(table.mesh.vertices, axis=0), [3, 2, 1])  # y was up, z is
    np.testing.assert_array_equal(np.ptp(chair.mesh.vertices, axis=0), [1, 2, 1])
    arrays = _data.furniture()
    assert arrays["points"].shape == (2, _data.POINTS, 3)
    assert [_data.classes("sweethome3d")[k] for k in arrays["target"]] == ["table", "chair"]
    path.write_bytes(b"x" * path.stat().st_size)  # changed, but of the same size
    with pytest.raises(ValueError, match="no Debian package"):
        _data.furniture()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (("Chair", None), r"0\.sh3f of .*all\.deb, entry 2 \(Chair\): there is no file 'some/2\.obj'"),
        (("Chair", b"v 0 0"), r"entry 2 \(Chair\): some/2\.obj, line 1: a vertex"),
        (("Chair", box(1, 1, 1), "modelRotation#2=1 0 0"), r"entry 2 \(Chair\): cannot reshape"),
    ],
)
def test_damaged_entries_are_named(places, entry, message):
    path = deb(places / "sweethome3d-furniture_1.8-1_all.deb", library([("Bed", box(1, 2, 3)), entry]))
    with pytest.raises(ValueError, match=message):
        list(_furniture.models(path))


def test_damaged_packages_are_named(places):
    path = deb(places / "some.deb", library([("Bed", box(1, 2, 3))]))
    whole = path.read_bytes()
    for content, message in (
        (whole[:200], "ends within its member 'data.tar.xz'"),
        (whole[:8], "has no member data.tar"),
        (whole[:-100] + bytes(100), "(?s)cannot read .*fetch it again"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            list(_furniture.models(path))
    if sys.version_info < (3, 14):
        path.write_bytes(whole.replace(b"data.tar.xz ", b"data.tar.zst"))
        with pytest.raises(ValueError, match=r"some\.deb is compressed by zstd, .*unpack it and pack it again"):
            list(_furniture.models(path))
    locked = bytearray(library([("Bed", box(1, 2, 3))]))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # of an encrypted entry, in both its headers
        locked[locked.rindex(mark) + at] |= 1
    with pytest.raises(ValueError, match=r"(?s)some\.deb.*encrypted"):
        list(_furniture.models(deb(path, bytes(locked))))
    with pytest.raises(ValueError, match="no furniture library"):
        list(_furniture.models(deb(path)))
    with pytest.raises(ValueError, match="cannot read"):
        list(_furniture.models(deb(path, b"no zip archive")))


def test_changed_bytes_of_packages_are_named(places):
    rng = np.random.default_rng(0)
    books = library([("Bed", box(1, 2, 3)), ("Chair", box(1, 1, 2))])
    path = deb(places / "some.deb", books)
    whole = path.read_bytes()
    for _ in range(40):
        changed, zipped = bytearray(whole), bytearray(books)
        for content, at in ((changed, rng.integers(80, len(whole), 3)), (zipped, rng.integers(len(books), size=3))):
            for k in at:
                content[k] ^= 0x55
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=r"some\.deb"):
            list(_furniture.models(path))
        with contextlib.suppress(ValueError):  # bytes that hardly matter
            list(_furniture.models(deb(path, bytes(zipped))))


def test_missing_files_are_asked_for():
    with pytest.raises(MissingDataError, match="apt-get download sweethome3d-furniture"):
        _data.load("sweethome3d", 10)
    with pytest.raises(MissingDataError, match="ModelNet10/chair/train"):
        _data.load("modelnet10", 10)


def modelnet(places, train=8, test=3):
    for k, label in enumerate(("chair", "night_stand")):
        for part, count in (("train", train), ("test", test)):
            folder = places / "ModelNet10" / label / part
            folder.mkdir(parents=True)
            for n in range(count):
                (folder / f"{label}_{n:04}.off").write_bytes(off(1, 1 + k, 3, head="OFF" if n % 2 else "OFF\n"))


def test_modelnet_keeps_its_split(places):
    modelnet(places)
    parts = _data.load("modelnet10", 12)
    assert {part: len(clouds) for part, clouds in parts.items()} == {"train": 12, "val": 4, "test": 6}
    assert _data.classes("modelnet10") == ["chair", "night_stand"]
    changed = places / "ModelNet10" / "chair" / "train" / "chair_0003.off"
    changed.write_bytes(b"OFF8 6 0\n0 0".ljust(changed.stat().st_size))  # of the same size
    with pytest.raises(ValueError, match=r"chair_0003\.off, line 2: a vertex"):
        _data.load("modelnet10", 12)


@pytest.mark.parametrize("lacking", ["*/test", "chair/test", "chair/train", "night_stand/train"])
def test_folders_without_a_part_are_named(places, lacking):
    modelnet(places)
    for folder in (places / "ModelNet10").glob(lacking):
        shutil.rmtree(folder)
    with pytest.raises(ValueError, match=lacking.replace("*", "chair") + " holds no OFF files: unpack ModelNet10.zip"):
        _data.load("modelnet10", 2)


def test_folders_of_too_few_shapes_are_named(places):
    modelnet(places, train=2)
    with pytest.raises(ValueError, match=r"ModelNet10 holds too few shapes \(10\): none is left for part 'val'"):
        _data.load("modelnet10", 2)
    shutil.rmtree(places / "ModelNet10" / "chair")
    with pytest.raises(ValueError, match="ModelNet10 holds shapes of 1 class, expected two or more"):
        _data.load("modelnet10", 2)
    deb(places / "sweethome3d-furniture_1.8-1_all.deb", library([("Bed", box(1, 2, 3))] * 10))
    with pytest.raises(ValueError, match=r"all\.deb holds shapes of 1 class"):
        _data.load("sweethome3d", 2)


def test_folders_called_like_files_are_named(places):
    modelnet(places)
    (places / "ModelNet10" / "chair" / "train" / "x.off").mkdir()
    with pytest.raises(ValueError, match=r"cannot read .*train/x\.off \(Is a directory\)"):
        _data.load("modelnet10", 2)


def test_parts_share_no_shape_and_test_shapes_stay():
    rng = np.random.default_rng(0)
    target = rng.permutation(np.repeat(np.arange(4), [40, 20, 20, 10]))
    a, b = (_data.split(target, np.full(90, -1), seed) for seed in (0, 1))
    assert sorted(np.concatenate(list(a.values()))) == list(range(90))
    assert np.array_equal(a["test"], b["test"])
    assert not np.array_equal(a["train"], b["train"])
    assert np.bincount(target[a["test"]]).tolist() == [12, 6, 6, 3]
    few = np.bincount(target[a["train"][:25]], minlength=4)
    np.testing.assert_allclose(few, [11, 5.5, 5.5, 3], atol=1.1)  # beginnings have the classes' shares


def test_smaller_training_sets_begin_larger_ones(places):
    package(places)
    a, b, c = (_data.load("sweethome3d", n, seed) for n, seed in ((20, 0), (60, 0), (20, 1)))
    assert torch.equal(a["train"].points, b["train"].points[:20])
    assert torch.equal(a["test"].points, c["test"].points)
    assert not torch.equal(a["train"].points, c["train"].points)
    with pytest.raises(ValueError, match="60 training shapes"):
        _data.load("sweethome3d", 61)


def test_turns_keep_upright_shapes_upright():
    clouds = _data.Clouds(torch.randn(5, 40, 3, dtype=torch.float64), torch.zeros(5))
    upright, anyhow = (_data.turned(clouds, torch.Generator().manual_seed(0), r) for r in (False, True))
    for turned in (upright, anyhow):
        assert torch.allclose(torch.cdist(*[turned.points] * 2), torch.cdist(*[clouds.points] * 2), atol=1e-4)
    assert torch.allclose(upright.points[..., 2], clouds.points[..., 2], atol=1e-6)
    assert not torch.allclose(anyhow.points[..., 2], clouds.points[..., 2], atol=0.1)


GROUPS = ("SO(3)", "O(3)", "azimuthal", "azimuthal-so2", "azimuthal-so2-mirror", "Trivial(3)")


def answers_stay(net, group):
    """Whether logits are the same after a random element of the group moves every cloud."""
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(3, 64, 3, dtype=torch.float64, generator=generator)
    points = 0.7 * torch.nn.functional.normalize(points, dim=-1) * torch.tensor([1, 0.8, 0.6])
    g = torch.from_numpy(group.sample(3, rng=2))
    logits, moved = (net(_data.Clouds(p, torch.zeros(3))) for p in (points, points @ g.mT))
    return torch.allclose(logits, moved, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", GROUPS)
def test_logits_are_invariants_of_the_group_and_of_no_larger_one(name):
    torch.manual_seed(0)
    net = ShapeNet(parse_group(name), 10, 24).double().eval()
    own = {
        "O(3)": GROUPS,
        "SO(3)": ("SO(3)", "azimuthal-so2", "Trivial(3)"),
        "azimuthal": ("azimuthal", "azimuthal-so2", "Trivial(3)"),
        "azimuthal-so2-mirror": ("azimuthal-so2-mirror", "azimuthal-so2", "Trivial(3)"),
        "azimuthal-so2": ("azimuthal-so2", "Trivial(3)"),
        "Trivial(3)": ("Trivial(3)",),
    }[name]
    for other in GROUPS:
        assert answers_stay(net, parse_group(other)) == (other in own), other


def test_plain_networks_have_no_symmetry():
    torch.manual_seed(0)
    assert not answers_stay(PointNet(10, 8).double().eval(), parse_group("azimuthal-so2"))


def test_groups_must_act_on_space():
    settings = EXPERIMENTS["shapes"].of("fast", group="O(2)")
    with pytest.raises(ValueError, match="shapes live in R"):
        ShapesExperiment().check(settings)


def test_a_run(places, tmp_path, monkeypatch):
    package(places)
    found, drawn = {}, []
    draw = plot.losses
    monkeypatch.setattr(plot, "losses", lambda *given: drawn.append(draw(*given)) or drawn[-1])
    for model, group in (("steerable", "SO(3)"), ("pointnet", "Trivial(3)")):
        settings = EXPERIMENTS["shapes"].of(
            "fast", samples=40, epochs=1, model=model, group=group, augment=True, rotated=True
        )
        report = run(ShapesExperiment(), settings, Means(out=tmp_path / model), Console(quiet=True))
        assert {path.name for path in report.files} >= {"metrics.json", "loss.png", "mistakes.png"}
        found[model] = json.loads((tmp_path / model / "metrics.json").read_text())
    assert found["steerable"]["test"]["predictions changed by a rotation (%)"] == 0
    assert found["pointnet"]["parameters"] == pytest.approx(found["steerable"]["parameters"], rel=0.25)
    assert found["pointnet"]["references"]["most frequent class (predictor)"] == pytest.approx(90)
    for axes in drawn:  # what is validated is not the score, and has no references beside it
        assert [line.get_label() for line in axes.lines] == ["validation 100 (1 − p)", "training loss"]
