"""docs/settings.md has every setting, with the default that it has."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from docs.pages import page
from retour.config import Settings

ROW = re.compile(r"^\| `RETOUR_(\w+)` \|(.*?)\| (\S.*) \|$", re.M)
ROWS = {found[1].lower(): found for found in ROW.finditer(page("settings.md"))}
FIELDS = {field.encode_name: field for field in msgspec.structs.fields(Settings)}


def test_every_setting_is_on_the_page_and_nothing_else() -> None:
    assert list(ROWS) == list(FIELDS)


@pytest.mark.parametrize("name", [name for name in FIELDS if FIELDS[name].default])
def test_the_default_on_the_page_is_the_default(name: str) -> None:
    default = FIELDS[name].default
    assert ROWS[name][2].strip() == f"`{default if not isinstance(default, Path) else default.name}`"


@pytest.mark.parametrize("name", [name for name in FIELDS if not FIELDS[name].default])
def test_what_has_no_default_shows_none(name: str) -> None:
    assert "`" not in ROWS[name][2]
