"""Links lead somewhere, commands and targets exist, decisions have their parts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.pages import blocks, page, sections
from house.tree import ROOT, files, shown
from retour.cli import COMMANDS

PAPERS = [path for path in files() if path.suffix == ".md"]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
DECISIONS = sorted((ROOT / "decisions").glob("*.md"))


def anchors(path: Path) -> set[str]:
    """The anchors of a paper's headings, as forges make them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("paper", PAPERS, ids=shown)
def test_links_lead_somewhere(paper: Path) -> None:
    for link in LINK.findall(paper.read_text()):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = paper.parent / name if name else paper
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_is_in_the_operator_s_page(command: str) -> None:
    assert f"retour {command}" in page("operate.md")


def test_every_target_of_make_is_told_to_contributors_and_nothing_else() -> None:
    targets = set(re.findall(r"^([a-z-]+):[^=\n]*## ", (ROOT / "Makefile").read_text(), re.M))
    told = set(re.findall(r"^\| `make ([a-z-]+)` \|", page("CONTRIBUTING.md"), re.M))
    assert told == targets - {"help"}


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.name)
def test_a_decision_says_why_what_and_what_else(decision: Path) -> None:
    text = decision.read_text()
    assert text.startswith(f"# {decision.name[:4]} ")
    parts = re.findall(r"^\*\*(\w+)\.\*\* ", text, re.M)
    assert parts == ["Context", "Decision", "Consequences", "Alternatives"]


def test_the_readme_begins_with_what_to_install() -> None:
    lines = [line for line in page("README.md").splitlines() if line]
    assert lines[0] == "# retour"
    assert "apt install python3-venv make git" in lines[1]


def test_the_quick_start_has_at_most_six_commands() -> None:
    (block,) = blocks(sections(page("README.md"), 2)["Quick start"], "sh")
    assert 0 < len(block.splitlines()) <= 6
