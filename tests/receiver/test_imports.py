"""The public module stands alone: a receiver that imports it loads nothing of the service, and waits for nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import retour.receiver
from house.tree import imported, modules

FOLDER = Path(retour.receiver.__file__).parent
WORDS = {"retour.ids", "retour.limits", "retour.model"}  # values and numbers; they know nobody
OUTSIDE = {"joserfc", "msgspec", "cryptography", "cffi", "typing_extensions"}  # the last three by joserfc
MOST_SECONDS = 0.5  # of CPU; it takes a tenth of that
LOOK = """
import sys, time
began = time.process_time()
import retour.receiver
took = time.process_time() - began
import json
print(json.dumps({"took": took, "modules": sorted(sys.modules)}))
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, Any]:
    """What a fresh process loads along, and the CPU seconds that it takes; the quickest of three."""
    command = [sys.executable, "-c", LOOK]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(3)]
    made: dict[str, Any] = min((json.loads(run) for run in runs), key=lambda run: run["took"])
    return made


def test_nothing_of_the_service_is_loaded(loaded: dict[str, Any]) -> None:
    ours = {name for name in loaded["modules"] if name.startswith("retour.")}
    assert "retour.receiver" in ours
    assert {name for name in ours if not name.startswith("retour.receiver")} == WORDS


def test_of_others_joserfc_and_msgspec_are_loaded(loaded: dict[str, Any]) -> None:
    roots = {name.split(".")[0] for name in loaded["modules"] if not name.startswith("_")}
    roots -= {"sitecustomize", "usercustomize"}  # of the Python itself (Debian has one)
    assert {"joserfc", "msgspec"} <= roots
    assert roots - sys.stdlib_module_names - {"retour"} <= OUTSIDE


def test_it_is_quick(loaded: dict[str, Any]) -> None:
    assert loaded["took"] < MOST_SECONDS


def test_its_files_import_joserfc_msgspec_and_the_standard_library_only() -> None:
    names = {name for _, tree in modules(FOLDER) for name in imported(tree)}
    roots = {name.split(".")[0] for name in names} - sys.stdlib_module_names
    assert roots == {"retour", "joserfc", "msgspec"}


def test_the_side_that_signs_is_not_among_them() -> None:
    """A mistake there has to be seen here."""
    names = {name for _, tree in modules(FOLDER) for name in imported(tree)}
    assert not any(name.startswith(("retour.signing", "retour.payloads")) for name in names)
