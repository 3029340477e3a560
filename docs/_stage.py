"""Pages that live elsewhere in the repository, put below ``docs/_staged`` before the site is read."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

SECTION = re.compile(r"# start: ([^\n]+)\n(.*?)# end: \1", re.DOTALL)
#: from pages of `docs`, in the repository and below `_staged`
LINKS = {
    "results.md": "results.md",
    "../benchmarks/README.md": "benchmarks.md",
    "../examples/notebooks": "notebooks/index.md",
}
NO_RESULTS = """# Results

The page of results is made from finished runs and is not in this checkout. `make results` makes the runs (hours; stop
and go on at will) and writes it.
"""
NO_NOTEBOOKS = """# Notebooks

This checkout has no notebooks in `examples/notebooks`.
"""


def stage(root: Path) -> None:
    """Copy notebooks, results, benchmarks and the changelog; files that did not change keep their times."""
    staged = root / "docs/_staged"
    notebooks(root / "examples/notebooks", staged / "notebooks")
    results = root / "docs/results.md"
    put(staged / "results.md", results.read_text() if results.exists() else NO_RESULTS)
    for picture in (root / "docs/curves").glob("*.svg"):
        put(staged / "curves" / picture.name, picture.read_text())
    for library in ("emlp", "escnn", "e3nn"):
        put(staged / f"snippets/{library}.md", snippets(root / f"docs/migration/{library}.py"))
    for source in ("benchmarks/README.md", "CHANGELOG.md", "CONTRIBUTING.md"):
        name = {"README": "benchmarks"}.get(Path(source).stem, Path(source).stem.lower())
        put(staged / f"{name}.md", without_links((root / source).read_text()))


def cache(root: Path) -> Path:
    """Where executed notebooks are kept: a folder for the present state of the library, others are removed."""
    folders = ("groups", "reps", "emlp", "conv", "examples", "package")
    sources = sorted(
        path for folder in folders for path in (root / folder).rglob("*.py") if "notebooks" not in path.parts
    )
    state = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    kept = root / "docs/_build/notebooks" / state
    for other in kept.parent.glob("*"):
        if other != kept:
            shutil.rmtree(other, ignore_errors=True)
    return kept


def notebooks(source: Path, target: Path) -> None:
    """Copy the notebooks ``NN_name.py`` with what they import, and write the page that lists them."""
    target.mkdir(parents=True, exist_ok=True)
    scripts = {path.name: path for path in sorted(source.glob("[0-9]*.py"))}
    for stale in target.glob("*.py"):
        if stale.name not in scripts:
            stale.unlink()
    for name, path in scripts.items():
        put(target / name, path.read_text())
    put(target / "index.md", listing([Path(name).stem for name in scripts]) if scripts else NO_NOTEBOOKS)


def listing(names: list[str]) -> str:
    """The page of contents of the notebooks."""
    rows = "\n".join(names)
    return f"""# Notebooks

{len(names)} lessons, each a page that runs in under two minutes on two cores. They are plain scripts in
`examples/notebooks`: open them as notebooks with [jupytext](https://jupytext.readthedocs.io), or run them
with `python`.

```{{toctree}}
:maxdepth: 1

{rows}
```
"""


def snippets(script: Path) -> str:
    """A script that does the same things with both libraries, by its sections ``# start: name`` … ``# end: name``."""
    if not script.exists():
        return ""
    text = script.read_text()
    parts = SECTION.findall(text) or [("all of it", text)]
    code = "\n".join(f"### {name.capitalize()}\n\n```python\n{part.strip()}\n```\n" for name, part in parts)
    return f"## Side by side\n\nTheir lines are comments, ours stand below them; the tests run this script.\n\n{code}"


def staged_links(text: str) -> str:
    """Links of a page of `docs` to what is staged, as the site has it; in the repository they lead to the files.

    Examples
    --------
    >>> staged_links("[results](results.md), [the notebooks](../examples/notebooks)")
    '[results](_staged/results.md), [the notebooks](_staged/notebooks/index.md)'
    """
    for there, here in LINKS.items():
        text = text.replace(f"]({there})", f"](_staged/{here})")
    return text


def without_links(text: str) -> str:
    """Links to files of the repository become their text: the site does not hold those files."""
    return re.sub(r"\[([^\]]+)\]\((?!https?://|#)[^)]+\)", r"\1", text)


def put(path: Path, text: str) -> None:
    """Write a file unless it holds this text already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
