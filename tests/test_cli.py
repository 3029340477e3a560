"""The command line: what it prints, and that mistakes are answered in one line instead of a traceback."""

import doctest
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from intertwine import cli
from intertwine.groups import G2, SL, SO, E, Grid, Lorentz, O, Octahedral, PointGroup, S, Spin, Trivial
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
    assert cli.parse_group(text) == group()


@pytest.mark.parametrize(
    "text", ["S0(3)", "", "Monster", "__import__('os')", "O(3).d", "Group", "O(3) +", "SO(x)", "G3", "E8"]
)
def test_unknown_groups_are_answered_with_a_list(text):
    with pytest.raises(ValueError, match=r"there is no group .*SO\(p, q=0|cannot read the"):
        cli.parse_group(text)


def test_a_catalogue_call_with_the_wrong_numbers():
    with pytest.raises(ValueError, match="cannot read the group 'SO'"):
        cli.parse_group("SO")


def test_nothing_is_evaluated(tmp_path):
    path = tmp_path / "proof"
    with pytest.raises(ValueError, match=r"cannot read|no group"):
        cli.parse_group(f"SO(open('{path}', 'w'))")
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
    monkeypatch.setattr(cli.shutil, "which", lambda name: ours)
    shown = cli.resume_command(tmp_path / "a run")
    assert shown == f"intertwine train nbody --group 'O(3)' --out '{tmp_path}/a run' --resume"
    monkeypatch.setattr(sys, "argv", ["intertwine", "train", "qm9", "--out", "x", "--resume"])
    assert cli.resume_command(tmp_path) == "intertwine train qm9 --out x --resume"
    monkeypatch.setattr(cli.shutil, "which", lambda name: None)
    assert cli.resume_command(tmp_path) == f"{sys.executable} -m intertwine train qm9 --out x --resume"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nbody", "--dataset", "springs", "--kappa", "nan", "--samples", "8"], "kappa is a stiffness"),
        (["nbody", "--dataset", "springs", "--kappa", "-5", "--samples", "8"], "kappa is a stiffness"),
        (["nbody", "--channels", "4", "--parameters", "20000"], "not both"),
        (["nbody", "--device", "meta"], "no device 'meta'"),
        (["nbody", "--group", "SO(9999)"], "too large"),
        (["qm9", "--samples", "1"], "samples must be more than"),
        (["qm9", "--group", "SL(3)", "--samples", "10"], "atoms live in"),
        (["nbody", "--out", "README.md/x"], "cannot write to"),
    ],
)
def test_what_cannot_be_trained_is_said_at_once(words, says):
    done = call("train", *words)
    assert done.exit_code in (1, 2)
    assert says in " ".join(done.output.split())


@pytest.mark.parametrize("name", ["_distributed", "_files", "_names", "_plan", "plot", "train"])
def test_documentation_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(f"intertwine.{name}"))
    assert result.failed == 0
    assert result.attempted or name in ("_files", "plot")


def test_describe_prints_the_card():
    result = call("describe", "so(1, 3)")
    assert result.exit_code == 0
    assert result.output.strip() == str(SO(1, 3).describe())
    card = json.loads(call("describe", "G2", "--json").output)
    assert card["name"] == "G2()"
    assert card["Lie algebra"] == "G2 (semisimple)"
    assert card["dimension"] == "14"
    wrong = call("describe", "E(8")
    assert wrong.exit_code == 1
    assert "there is no group" in wrong.output
