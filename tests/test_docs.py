"""The documentation: it lists every public name, and every public docstring has an example."""

import importlib
import inspect
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "catalog": "groups.catalog",
    "reps": "reps",
    "emlp": "emlp",
    "conv": "conv",
    "models": "conv.models",
}
WHOLE = ("testing", "train", "plot")  # pages that list their module by themselves
#: the examples of interop that need escnn and e3nn are run by `make interop`
MODULES = ("groups", "groups.catalog", "reps", "emlp", "conv", "conv.models", "interop", "testing", "train", "plot")
#: what other functions return; their examples are there
RETURNED = {"Completeness", "Report", "State"}


def public(module: str) -> dict[str, object]:
    found = importlib.import_module(f"intertwine.{module}")
    return {name: getattr(found, name) for name in found.__all__}


def listed(page: str) -> set[str]:
    text = (ROOT / f"docs/reference/{page}.md").read_text()
    return set(re.findall(r"^   (\w+)$", text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES)
def test_the_reference_lists_every_public_name(page):
    names = set(public(PAGES[page]))
    assert names - listed(page) == set(), f"add them to docs/reference/{page}.md"
    assert listed(page) - names == set(), f"docs/reference/{page}.md lists what is not public"


def test_the_reference_of_groups_leaves_the_catalogue_to_its_page():
    assert set(public("groups")) - set(public("groups.catalog")) == listed("groups")


def test_the_reference_of_interop_lists_every_public_name():
    text = (ROOT / "docs/reference/interop.md").read_text()
    members = re.search(r":members:((?: [\w, ]+\n)+)", text)
    assert members, "docs/reference/interop.md lists no members"
    assert sorted(re.findall(r"\w+", members[1])) == sorted(public("interop"))


@pytest.mark.parametrize("page", WHOLE)
def test_whole_modules_are_listed(page):
    assert f".. automodule:: intertwine.{page}\n   :members:" in (ROOT / f"docs/reference/{page}.md").read_text()


def needs_an_example(name: str, value: object) -> bool:
    if name in RETURNED or not (inspect.isclass(value) or inspect.isfunction(value)):
        return False
    return not (inspect.isclass(value) and (issubclass(value, BaseException) or getattr(value, "_is_protocol", False)))


@pytest.mark.parametrize("module", MODULES)
def test_every_public_docstring_has_an_example(module):
    without = [
        name
        for name, value in public(module).items()
        if needs_an_example(name, value) and ">>>" not in (inspect.getdoc(value) or "")
    ]
    assert without == [], f"intertwine.{module}: write an example"


def test_an_undocumented_function_is_noticed():
    def bare() -> None:
        """Do nothing."""

    assert needs_an_example("bare", bare)
    assert ">>>" not in (inspect.getdoc(bare) or "")


class TestSources:
    """What is put in place before the site is read."""

    @pytest.fixture(autouse=True)
    def _path(self, monkeypatch):
        monkeypatch.syspath_prepend(str(ROOT / "docs"))
        yield
        for name in ("_stage", "_text"):
            sys.modules.pop(name, None)

    @pytest.fixture
    def checkout(self, tmp_path):
        (tmp_path / "benchmarks").mkdir()
        (tmp_path / "docs").mkdir()
        (tmp_path / "benchmarks/README.md").write_text("# Where the time goes\n\nSee [this](../file.py).\n")
        for name in ("CHANGELOG.md", "CONTRIBUTING.md"):
            (tmp_path / name).write_text("# Title\n")
        return tmp_path

    def test_a_checkout_without_results_and_notebooks(self, checkout):
        import _stage

        _stage.stage(checkout)
        staged = checkout / "docs/_staged"
        assert "make results" in (staged / "results.md").read_text()
        assert "toctree" not in (staged / "notebooks/index.md").read_text()
        assert "[this]" not in (staged / "benchmarks.md").read_text()
        assert (staged / "snippets/emlp.md").read_text() == ""

    def test_pictures_come_with_the_results(self, checkout):
        import _stage

        (checkout / "docs/curves").mkdir()
        (checkout / "docs/curves/nbody.svg").write_text("<svg/>")
        _stage.stage(checkout)
        assert (checkout / "docs/_staged/curves/nbody.svg").read_text() == "<svg/>"

    def test_notebooks_come_and_go(self, checkout):
        import _stage

        folder = checkout / "examples/notebooks"
        folder.mkdir(parents=True)
        (folder / "01_first.py").write_text("# %%\n1\n")
        (folder / "_helper.py").write_text("x = 1\n")
        _stage.stage(checkout)
        staged = checkout / "docs/_staged/notebooks"
        assert sorted(p.name for p in staged.iterdir()) == ["01_first.py", "index.md"]
        assert "01_first" in (staged / "index.md").read_text()
        (folder / "01_first.py").unlink()
        _stage.stage(checkout)
        assert sorted(p.name for p in staged.iterdir()) == ["index.md"]

    def test_links_lead_somewhere_in_the_repository_and_on_the_site(self, checkout):
        import _stage

        docs = ROOT / "docs"
        _stage.stage(checkout)
        for there, here in _stage.LINKS.items():
            assert (docs / there).exists()
            assert (checkout / "docs/_staged" / here).exists()
        for page in (docs / "index.md", docs / "start.md", docs / "findings.md"):
            assert "](_staged" not in page.read_text()
            assert "](_staged" in _stage.staged_links(page.read_text())

    def test_sections_of_snippets(self, tmp_path):
        import _stage

        script = tmp_path / "emlp.py"
        script.write_text('"""Text."""\n# start: basis\nx = 1\n# end: basis\n\n# start: group\ny = 2\n# end: group\n')
        text = _stage.snippets(script)
        assert "### Basis" in text
        assert "```python\ny = 2\n```" in text
        assert "start:" not in text

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ("the norm |x|² and W*", r"the norm \|x\|² and W\*"),
            ("*Title of a book*, ``a|b``, `Rep`", "*Title of a book*, ``a|b``, `Rep`"),
            (">>> a | b", ">>> a | b"),
            ("    n_ = 1", r"    n\_ = 1"),
        ],
    )
    def test_mathematics_in_docstrings_is_not_markup(self, line, expected):
        from _text import escaped

        assert escaped([line]) == [expected]
