"""Docstrings as reStructuredText: |x|² is a norm, not a substitution, and W* an adjoint, not the start of emphasis."""

from __future__ import annotations

import re

CODE = re.compile(r"(``[^`]+``|`[^`]+`)")
EMPHASIS = re.compile(r"(?<![\w*\\])\*\*?(?=\S)[^*]+(?<=\S)\*\*?(?![\w*])")


def escaped(lines: list[str]) -> list[str]:
    """Escape |, stray * and word_ outside of code, literal blocks and examples."""
    found: list[str] = []
    example, literal = False, -1  # inside of an example; indentation of the line that opened a literal block
    for line in lines:
        indent = len(line) - len(line.lstrip())
        example = bool(line.strip()) and (example or line.lstrip().startswith(">>>"))
        if line.strip() and indent <= literal:
            literal = -1
        found.append(line if example or literal >= 0 or _is_markup(line) else _escape(line))
        if line.rstrip().endswith("::") and literal < 0:
            literal = indent
    return found


def _is_markup(line: str) -> bool:
    return line.lstrip().startswith((".. ", ":", "===", "---"))


def _escape(line: str) -> str:
    parts = CODE.split(line)
    parts[::2] = [_plain(part) for part in parts[::2]]
    return "".join(parts)


def _plain(text: str) -> str:
    kept = EMPHASIS.findall(text)
    for i, words in enumerate(kept):
        text = text.replace(words, f"\x00{i}\x00", 1)
    text = text.replace("|", r"\|").replace("*", r"\*")
    text = re.sub(r"(?<=\w)_(?!\w)", r"\\_", text)
    for i, words in enumerate(kept):
        text = text.replace(f"\x00{i}\x00", words)
    return text
