"""Packages from npm, for tests: fetched by npm itself, which checks them and keeps them in its own cache."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SECONDS = 60


def install(folder: Path, *packages: str) -> Path:
    """Put `name@version` into a folder, without running what they bring along; where they are now.

    Skips the test, with npm's reason, where they can't be had.
    """
    if shutil.which("npm") is None:
        pytest.skip("npm is missing: apt install npm")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    if run.returncode != 0:
        pytest.skip(f"npm can't fetch {', '.join(packages)}: {run.stderr.strip().splitlines()[-1:]}")
    return folder / "node_modules"
