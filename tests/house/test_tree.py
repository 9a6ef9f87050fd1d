"""What no file of the project may hold."""

from __future__ import annotations

import re

from house.tree import ROOT, imported, modules, shown, texts

# Put together here, so that this file does not hold what it looks for.
LEFTOVERS = re.compile(r"\b(?:" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")
MACHINE_PATHS = re.compile(
    r"(?<![\w.~-])/(?:" + "|".join(["wo" + "rk", "tm" + "p", "ro" + "ot", "ho" + "me"]) + r")/\w"
)
FILE_URLS = re.compile("file:" + r"///\w+/")
REGISTRIES = re.compile(
    "|".join(["py" + r"pi\.org", r"pythonhosted\.org", r"deb\.debian\.org", r"npmjs\.(?:org|com)"])
)


def found(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{shown(path)}:{number}: {line.strip()[:100]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_nothing_is_left_for_later() -> None:
    assert found(LEFTOVERS) == []


def test_no_file_names_a_place_on_somebody_s_machine() -> None:
    assert found(MACHINE_PATHS) == []


def test_no_file_names_a_package_registry() -> None:
    assert found(REGISTRIES) == []


def test_the_patterns_find_what_they_are_for() -> None:
    assert LEFTOVERS.search("# TO" + "DO: later")
    assert MACHINE_PATHS.search('open("/ho' + 'me/ann/x")')
    assert not MACHINE_PATHS.search("https://retour.example/wo" + "rk/1")
    assert REGISTRIES.search("https://py" + "pi.org/simple")


def test_the_embedded_store_is_never_opened_by_the_standard_library() -> None:
    """Its SQLite may be older than the one that the store needs, and two SQLites on one file break its locks."""
    importers = [shown(path) for path, tree in modules() if "sqlite3" in imported(tree)]
    assert importers == []


def test_scripts_can_be_started() -> None:
    scripts = [ROOT / "tools" / "prerequisites", ROOT / "tools" / "vendor", ROOT / ".ci" / "run"]
    assert all(script.stat().st_mode & 0o111 for script in scripts)
