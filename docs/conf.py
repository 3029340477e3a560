"""Sphinx: what the site is made of, and what is put in its place before it is read.

Pages are MyST Markdown; their ``>>>`` examples are run by ``tests/test_doctests.py``.  Notebooks are jupytext scripts
in ``examples/notebooks``, copied to ``docs/_staged/notebooks``, executed once and kept in a cache until they change.
"""

from __future__ import annotations

import os
import re
import sys
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import _stage
from _text import escaped

ROOT = Path(__file__).resolve().parents[1]
_stage.stage(ROOT)
os.environ.setdefault("OMP_NUM_THREADS", "1")

project = "intertwine"
author = "The intertwine developers"
copyright = "The intertwine developers"
version = release = installed("intertwine")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx-mathjax-offline",
    "sphinx_copybutton",
]
exclude_patterns = [
    "_build",
    "_figures",
    "conf.py",
    "_stage.py",
    "_text.py",
    "migration/*.py",
    "_staged/snippets",
    "results.md",
    "runs",
]
templates_path = ["_templates"]

# -- MyST and notebooks
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 3
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "cache"
nb_execution_cache_path = str(_stage.cache(ROOT))
nb_execution_in_temp = True
nb_execution_timeout = 600
nb_execution_show_tb = True  # a notebook that fails is a warning with its traceback, and warnings are errors
nb_merge_streams = True

# -- reference
autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_member_order = "groupwise"
autodoc_typehints = "signature"
ALIAS = re.compile(r"TypeAliasForwardRef\('(\w+)'\)")
autodoc_type_aliases = {name: name for name in ("ArrayLike", "Array", "NDArray", "Reps", "Device", "Size", "Rank")}
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_param = False
napoleon_use_ivar = True
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True
default_role = "py:obj"
NOT_LISTED = {"DoubleCover"}  # what a public function returns and nobody makes
suppress_warnings = ["ref.python"]  # `dim` in a docstring means the one of its own class
nitpick_ignore_regex = [("py:.*", r"(?!intertwine\.).*")]  # names of other libraries are not looked up: no network

# -- looks
html_theme = "furo"
html_title = f"intertwine {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def escape(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are plain text with mathematics in it: what reStructuredText would misread is escaped."""
    lines[:] = escaped(lines)
    if what in ("data", "attribute"):
        lines.insert(0, "")  # or "V: the group's own matrices" would be read as a type and a text


def short(app: Any, what: str, name: str, obj: Any, options: Any, signature: str, result: str) -> Any:
    """Aliases of types by their names."""
    return tuple(ALIAS.sub(r"\1", text or "") or None for text in (signature, result))


def published(app: Any, env: Any, node: Any, content: Any) -> Any:
    """A reference to a name in a private module is one to where the name is public; other private names are text."""
    parts = str(node.get("reftarget", "")).split(".")
    private = any(part.startswith("_") for part in parts)
    if node.get("refdomain") != "py" or parts[0] != "intertwine" or not (private or parts[-1] in NOT_LISTED):
        return None
    name = ".".join(part for part in parts if not part.startswith("_"))
    found = env.domains["py"].resolve_xref(env, node["refdoc"], app.builder, "obj", name, node, content)
    return found if found is not None else content


def links(app: Any, name: str, source: list[str]) -> None:
    """What is staged lies elsewhere in the repository."""
    if not name.startswith("_staged"):
        source[0] = _stage.staged_links(source[0])


def setup(app: Any) -> None:
    """Connect the above."""
    app.connect("source-read", links)
    app.connect("autodoc-process-docstring", escape, priority=100)
    app.connect("autodoc-process-signature", short)
    app.connect("missing-reference", published)
