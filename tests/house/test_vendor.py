"""What others wrote for the browser is what tools/vendor names, to the last byte, and the notice says whose it is."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from house.tree import ROOT, VENDOR

TOOL = ROOT / "tools" / "vendor"
ASSETS: dict[str, tuple[str, dict[str, tuple[str, str]]]] = runpy.run_path(str(TOOL))["ASSETS"]
NOTICE = (VENDOR.parent / "NOTICE.txt").read_text()


def test_the_files_in_the_tree_are_the_ones_that_the_tool_names() -> None:
    subprocess.run([sys.executable, str(TOOL), "--check"], check=True)


def test_a_file_that_somebody_changed_is_named(tmp_path: Path) -> None:
    tool: dict[str, Any] = runpy.run_path(str(TOOL))
    folder, files = ASSETS["swagger-ui-dist@5.35.0"]
    copy = tmp_path / folder
    shutil.copytree(VENDOR / folder, copy)
    assert tool["differing"](copy, files) == []
    (copy / "NOTICE.txt").write_text("mine")
    (copy / "LICENSE.txt").unlink()
    assert {path.name for path in tool["differing"](copy, files)} == {"NOTICE.txt", "LICENSE.txt"}


def test_nothing_else_lies_there_and_each_folder_has_its_licence() -> None:
    named = {VENDOR / folder / here for folder, files in ASSETS.values() for here, _ in files.values()}
    assert {path for path in VENDOR.rglob("*") if path.is_file()} == named
    for folder, _ in ASSETS.values():
        assert (VENDOR / folder / "LICENSE.txt").stat().st_size


def test_the_notice_names_every_package_with_its_version() -> None:
    for package, (folder, _) in ASSETS.items():
        assert f"(vendor/{folder})" in NOTICE
        assert package.replace("@", " ") in NOTICE
