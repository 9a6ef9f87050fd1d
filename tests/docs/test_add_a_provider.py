"""docs/channels.md, "Add a provider": who follows it to the letter has a provider."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.pages import page
from house.tree import ROOT

SECTION = page("channels.md").split("\n## Add a provider\n")[1].split("\n## ")[0]
NAME = "pigeon"


def blocks(kind: str) -> list[str]:
    """The code of the section."""
    return re.findall(rf"```{kind}\n(.*?)```", SECTION, re.S)


def cases() -> dict[str, str]:
    """File name -> content."""
    return dict(re.findall(r"`(\w+\.json)`\n\n```json\n(.*?)```", SECTION, re.S))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project as somebody has it who adds the file, the line and the folder."""
    for part in ("src", "tests"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (file,), (line,) = blocks("python"), blocks("text")
    package = tmp_path / "src/retour/smsproviders"
    (package / f"{NAME}.py").write_text(file)
    index = package / "__init__.py"
    index.write_text(re.sub(r"(?m)^FILES = \(\n?", f"FILES = (\n{line}", index.read_text(), count=1))
    folder = tmp_path / "tests/smsproviders/payloads" / NAME
    folder.mkdir()
    for name, content in cases().items():
        (folder / name).write_text(content)
    return tmp_path


def run(copy: Path, *words: str) -> str:
    """A command among the copied files; its output."""
    environment = os.environ | {"PYTHONPATH": f"{copy / 'src'}:{copy / 'tests'}"}
    done = subprocess.run(
        [sys.executable, *words], cwd=copy, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_page_adds_a_provider_in_one_file_one_line_and_one_folder(copy: Path) -> None:
    found = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", NAME, "tests/smsproviders")
    counted = re.search(r"(\d+) passed, 0 failed, 0 skipped", found)
    assert counted is not None, found
    assert int(counted[1]) >= 18
    offered = "from retour.web.admin.words import PROVIDERS; print(PROVIDERS['pigeon'])"
    assert run(copy, "-c", offered) == "Pigeon\n"
    run(copy, "-m", "mypy", "--strict", f"src/retour/smsproviders/{NAME}.py")


@pytest.mark.slow
def test_a_payload_that_says_something_else_is_noticed(copy: Path) -> None:
    case = copy / "tests/smsproviders/payloads" / NAME / "refused.json"
    case.write_text(case.read_text().replace("Hard", "Soft"))
    with pytest.raises(AssertionError, match=r"means\[pigeon-refused\]|pigeon-refused"):
        run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", NAME, "tests/smsproviders")
