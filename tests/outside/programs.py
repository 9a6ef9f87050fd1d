"""Where the programs of real peers are."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

OUT_OF_PATH = Path("/usr/lib/postgresql")  # where Debian keeps PostgreSQL's, by version


def program(name: str) -> str | None:
    """Its path, of PostgreSQL's the newest; None when it is missing."""
    folders = sorted(OUT_OF_PATH.glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    places = [*map(str, folders), os.environ.get("PATH", os.defpath)]
    return shutil.which(name, path=os.pathsep.join(places))
