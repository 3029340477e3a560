"""The command line: what it prints, and that mistakes are answered in one line instead of a traceback."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from intertwine import cli
from intertwine._names import parse_group
from intertwine.cli import _doctor, _train
from intertwine.groups import G2, SL, SO, E, Grid, Lorentz, O, Octahedral, PointGroup, S, Spin, Trivial
from rich.console import Console
from typer.testing import CliRunner

WIDE = {"COLUMNS": "200", "NO_COLOR": "1"}


def call(*words):
    return CliRunner().invoke(cli.app, list(words), env=WIDE)


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("SO(3)", lambda: SO(3)),
        ("so3", lambda: SO(3)),
        (" O( 1, 3 ) ", lambda: O(1, 3)),
        ("Lorentz", Lorentz),
        ("SO(1, 3, connected=True)", lambda: SO(1, 3, connected=True)),
        ("octahedral", Octahedral),
        ("Octahedral(full=True)", lambda: Octahedral(full=True)),
        ("SO(3) * S(4)", lambda: SO(3) * S(4)),
        ("trivial", lambda: Trivial(3)),
        ("g2", G2),
        ("G2() * so3", lambda: G2() * SO(3)),
        ("SL(2, field='C')", lambda: SL(2, field="C")),
        ('PointGroup("4/mmm")', lambda: PointGroup("D4h")),
        ("spin7", lambda: Spin(7)),
        ("e3", lambda: E(3)),
        ("Grid(5, 4, reflections=True)", lambda: Grid(5, 4, reflections=True)),
        ("O(2) azimuthal", lambda: O(3).subgroup(fixing=[0, 0, 1])),
        ("O2z", lambda: O(3).subgroup(fixing=[0, 0, 1])),
    ],
)
def test_group_names(text, group):
    assert parse_group(text) == group()


@pytest.mark.parametrize(
    "text", ["S0(3)", "", "Monster", "__import__('os')", "O(3).d", "Group", "O(3) +", "SO(x)", "G3", "E8"]
)
def test_unknown_groups_are_answered_with_a_list(text):
    with pytest.raises(ValueError, match=r"there is no group .*SO\(p, q=0|cannot read the"):
        parse_group(text)


def test_a_catalogue_call_with_the_wrong_numbers():
    with pytest.raises(ValueError, match="cannot read the group 'SO'"):
        parse_group("SO")


def test_nothing_is_evaluated(tmp_path):
    path = tmp_path / "proof"
    with pytest.raises(ValueError, match=r"cannot read|no group"):
        parse_group(f"SO(open('{path}', 'w'))")
    assert not path.exists()


def test_groups_lists_the_catalogue():
    result = call("groups")
    assert result.exit_code == 0
    for name in ("SO(p, q=0, connected=False", "Rubik()", "azimuthal", "SE(n)"):
        assert name in result.output
    assert "same_group" not in result.output


def test_solve():
    result = call("solve", "SO(3)", "2V >> T(2)", "--exact")
    assert result.exit_code == 0, result.output
    rows = dict(line.strip("│ ").split("│") for line in result.output.splitlines() if line.count("│") == 3)
    rows = {key.strip(): value.strip() for key, value in rows.items()}
    assert rows["rank"] == "2"
    assert rows["matrices"] == "9 x 6 (54 unknowns)"
    assert float(rows["residual"]) < 1e-10
    assert "2 of 2" in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("solve", "SO(3)", "V"), 'write two with ">>"'),
        (("solve", "SO(3)", "W >> V"), "unknown name 'W'"),
        (("solve", "SO3x", "V >> V"), "there is no group 'SO3x'"),
        (("solve", "SO(3)", "V >> V", "--method", "magic"), "magic"),
        (("solve", "SO(3)", "T(3) >> T(3)", "--exact"), "too large to print"),
    ],
)
def test_mistakes_are_answered_without_a_traceback(words, message):
    result = call(*words)
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_help_and_version_do_not_import_torch():
    code = """
import sys
from typer.testing import CliRunner
from intertwine import cli
for words in (["--help"], ["--version"], ["train", "nbody", "--help"], ["solve", "O(3)", "V >> V"]):
    assert CliRunner().invoke(cli.app, words).exit_code == 0, words
print([name for name in ("torch", "matplotlib") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_module_is_the_command():
    done = subprocess.run([sys.executable, "-m", "intertwine", "--help"], capture_output=True, text=True, check=True)
    assert "train" in done.stdout
    assert "solve" in done.stdout


def test_resume_command(monkeypatch, tmp_path):
    """As `intertwine` where that is this environment's, else through this interpreter."""
    monkeypatch.setattr(sys, "argv", ["intertwine", "train", "nbody", "--group", "O(3)"])
    ours = str(Path(sys.executable).parent / "intertwine")
    monkeypatch.setattr(_train.shutil, "which", lambda name: ours)
    shown = _train.resume_command(tmp_path / "a run")
    assert shown == f"intertwine train nbody --group 'O(3)' --out '{tmp_path}/a run' --resume"
    monkeypatch.setattr(sys, "argv", ["intertwine", "train", "qm9", "--out", "x", "--resume"])
    assert _train.resume_command(tmp_path) == "intertwine train qm9 --out x --resume"
    monkeypatch.setattr(_train.shutil, "which", lambda name: None)
    assert _train.resume_command(tmp_path) == f"{sys.executable} -m intertwine train qm9 --out x --resume"
    several = "--nproc-per-node=2 -m intertwine train qm9 --out x --resume"
    assert _train.resume_command(tmp_path, 2) == f"{sys.executable} -m torch.distributed.run {several}"
    monkeypatch.setattr(_train.shutil, "which", lambda name: str(Path(sys.executable).parent / name))
    monkeypatch.setattr(sys, "argv", ["intertwine", "train", "qm9", "--out", "x", "--replace"])
    assert _train.resume_command(tmp_path, 2) == f"torchrun {several}"


@pytest.mark.parametrize(
    ("world", "says"),
    [
        ({}, "intertwine train o5"),
        ({"RANK": "0", "WORLD_SIZE": "2"}, "--nproc-per-node=2 -m intertwine train o5"),
        ({"RANK": "0", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "1"}, "on every machine"),
        ({"RANK": "1", "WORLD_SIZE": "2"}, None),
    ],
)
def test_one_process_says_how_to_go_on(monkeypatch, tmp_path, world, says):
    from intertwine.train import Stopped

    for name, value in world.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["intertwine", "train", "o5"])
    console = Console(file=io.StringIO(), width=500)

    def job():
        raise Stopped(tmp_path, 3)

    with pytest.raises(typer.Exit):
        _train.perform(console, job, 1)
    told = console.file.getvalue()
    assert (says in told) if says else not told


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nbody", "--dataset", "springs", "--kappa", "nan", "--samples", "8"], "kappa is a stiffness"),
        (["nbody", "--dataset", "springs", "--kappa", "-5", "--samples", "8"], "kappa is a stiffness"),
        (["nbody", "--channels", "4", "--parameters", "20000"], "not both"),
        (["nbody", "--device", "meta"], "no device 'meta'"),
        (["nbody", "--group", "SO(9999)"], "too large"),
        (["qm9", "--samples", "5"], "samples must be more than"),
        (["qm9", "--group", "SL(3)", "--samples", "10"], "atoms live in"),
        (["nbody", "--out", "README.md/x"], "cannot write to"),
    ],
)
def test_what_cannot_be_trained_is_said_at_once(words, says):
    done = call("train", *words)
    assert done.exit_code in (1, 2)
    assert says in " ".join(done.output.split())


def test_describe_prints_the_card():
    result = call("describe", "so(1, 3)")
    assert result.exit_code == 0
    assert result.output.strip() == str(SO(1, 3).describe())
    card = json.loads(call("describe", "G2", "--json").output)
    assert card["name"] == "G2()"
    assert card["lie_algebra"] == {"type": "G2", "kind": "semisimple", "exact": True}
    assert card["dimension"] == 14
    wrong = call("describe", "E(8")
    assert wrong.exit_code == 1
    assert "there is no group" in wrong.output


def leaves(value):
    """Every number, truth, text and null of a JSON value."""
    if isinstance(value, dict | list):
        return [leaf for child in (value.values() if isinstance(value, dict) else value) for leaf in leaves(child)]
    return [value]


@pytest.mark.parametrize(
    "group", ["O(1,3)", "SE(2)", "GL(2)", "SU(2)", "Dicyclic(2)", "Rubik", "SO(3) * S(4)", "SO(30)"]
)
def test_json_of_a_card_holds_values(group):
    """No number, "yes" or list is written as text."""
    card = json.loads(call("describe", group, "--json").output)
    texts = {"yes", "no", "none"}
    reasons = card.pop("not_computed")
    assert not [leaf for leaf in leaves(card) if isinstance(leaf, str) and (leaf in texts or leaf.isdigit())]
    assert {key for key, value in card.items() if value is None} == set(reasons)
    shown = call("describe", group).output
    assert shown.count("not computed") == len(reasons)
    assert card["acts_on"]["dimension"] == parse_group(group).d
    assert isinstance(card["abelian"], bool)


def test_json_of_the_lorentz_group():
    card = json.loads(call("describe", "O(1,3)", "--json").output)
    assert card["killing_form"] == {"plus": 3, "minus": 3, "zero": 0}
    assert (card["dimension"], card["components"], card["abelian"], card["reductive"]) == (6, 4, False, True)
    form = {"kind": "symmetric", "number": 1, "signature": [1, 3], "rank": 4, "size": 4}
    assert card["invariant_forms"] == [form]
    card = json.loads(call("describe", "Dicyclic(2)", "--json").output)
    assert card["irreps"]["degrees"] == [{"degree": 1, "number": 4}, {"degree": 2, "number": 1}]
    assert json.loads(call("describe", "GL(3)", "--json").output)["derived_series"] == [9, 8]


def test_what_does_not_fit_into_memory(monkeypatch):
    import intertwine.reps

    def solve(*words):
        raise MemoryError("Unable to allocate 104. GiB for an array")

    monkeypatch.setattr(intertwine.reps, "solve", solve)
    result = call("solve", "SO(3)", "T(20) >> T(20)")
    assert result.exit_code == 1
    assert "error: Unable to allocate 104. GiB" in result.output


def test_every_command_shows_an_example():
    for name in ("groups", "describe", "solve", "exact", "results", "bench", "doctor"):
        result = call(name, "--help")
        assert result.exit_code == 0
        assert f"Example: intertwine {name}" in " ".join(result.output.split())
    for words in (("train", "nbody"), ("train",), ()):
        assert "Example: intertwine" in call(*words, "--help").output
    assert "Example: intertwine train nbody" in call("train", "nbody", "--help").output


def test_exact_bases_as_text_json_and_latex():
    assert "2 of 2" in call("exact", "SO(2)", "V >> V").output
    found = json.loads(call("exact", "SO(3)", "V * V >> V", "--json").output)
    basis = [[[int(x) for x in row] for row in matrix] for matrix in found["basis"]]
    assert (found["dim"], len(basis)) == (1, 1)
    assert sorted({abs(x) for row in basis[0] for x in row}) == [0, 1]  # the cross product
    assert "matrix" in call("exact", "SO(2)", "V >> V", "--latex").output
    assert "no equivariant map but zero" in call("exact", "O(3)", "V >> Scalar").output


def test_json_of_groups_and_certificates():
    assert any(name.startswith("SO(") for name in json.loads(call("groups", "--json").output))
    found = json.loads(call("solve", "O(3)", "2V >> T(2)", "--json").output)
    assert found["rank"] == 0
    found = json.loads(call("solve", "SO(3)", "V >> T(2)", "--json").output)
    assert (found["shape"], found["unknowns"], found["rank"], found["count"]) == ([9, 3], 27, 1, 1)
    assert 0 <= found["residual"] < 1e-10
    found = json.loads(call("solve", "SO(3)", "V >> V", "--json", "--exact").output)
    assert (found["rank"], len(found["basis"])) == (1, 1)


def test_bench_times_what_it_is_asked_for():
    (row,) = json.loads(call("bench", "SO(3)", "T(2) >> T(2)", "--repeat", "1", "--json").output)
    assert (row["rank"], row["unknowns"]) == (3, 81)
    assert row["ms"] > 0
    assert "give the maps as well" in call("bench", "SO(3)").output
    assert call("bench", "SO3x", "V >> V").exit_code == 1


def test_doctor(monkeypatch, tmp_path):
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path))
    result = call("doctor", "--seconds", "0.01", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert found["versions"]["numpy"]
    assert found["cache"]["folder"] == str(tmp_path)
    assert found["laws"]["group SO(3)"] > 0
    assert found["devices"]["cpu"]["threads"] >= 1
    assert found["failed"] == {}
    shown = call("doctor", "--seconds", "0.01").output
    assert "laws hold" in shown
    assert "cores, " in shown
    monkeypatch.setenv("INTERTWINE_CACHE", "off")
    assert json.loads(call("doctor", "--seconds", "0", "--json").output)["cache"] == {"folder": None}
    assert "off (INTERTWINE_CACHE)" in call("doctor", "--seconds", "0").output


def test_doctor_finds_what_is_broken(monkeypatch, tmp_path):
    def broken(seed):
        yield "sound", lambda: None
        yield "unsound", lambda: (_ for _ in ()).throw(AssertionError("ρ(gh) is not ρ(g) ρ(h)"))

    monkeypatch.setattr(_doctor, "laws", broken)
    result = call("doctor", "--seconds", "0.5")
    assert result.exit_code == 1
    assert "failed unsound: ρ(gh) is not" in result.output
    (tmp_path / "file").touch()
    monkeypatch.setenv("INTERTWINE_CACHE", str(tmp_path / "file"))
    result = call("doctor", "--seconds", "0")
    assert result.exit_code == 1
    assert "cannot be written to" in " ".join(result.output.replace("│", " ").split())


def test_a_reader_who_leaves_early_is_no_error():
    words = [sys.executable, "-m", "intertwine", "groups", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 1
