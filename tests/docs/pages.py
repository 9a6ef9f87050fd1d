"""The papers, as their tests read them."""

from __future__ import annotations

import re

from house.tree import ROOT

DOCS = ROOT / "docs"


def page(name: str) -> str:
    """A page of docs/, or a paper at the root."""
    return (DOCS / name if (DOCS / name).exists() else ROOT / name).read_text()


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def sections(text: str, level: int) -> dict[str, str]:
    """Heading -> what stands below it, for headings of one level."""
    parts = re.split(rf"^{'#' * level} (?=[^#])(.*)$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
