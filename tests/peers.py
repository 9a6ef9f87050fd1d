"""Real peers: programs that are not ours and that some tests need (`@pytest.mark.peer("chromium")`).

Such a test is skipped, with the reason in the summary, where its peer is missing. RETOUR_REQUIRE names peers, with
commas or spaces between, whose tests may not be skipped: there a skip is a failure. The last line of a run counts
what happened: `test-all: 312 passed, 0 failed, 2 skipped`; RETOUR_GROUP is the word before the colon.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator

import pytest

from outside.programs import program

# Peer -> its program.
PEERS = {
    "chromium": "chromium-headless-shell",
    "curl": "curl",
    "kannel": "bearerbox",
    "node": "node",
    "postfix": "smtp-sink",
    "postgres": "initdb",
}
# Debian's, where they have another name than the peer.
PACKAGES = {
    "chromium": "chromium-headless-shell",
    "kannel": "kannel kannel-extras iproute2",
    "node": "nodejs npm",
    "postgres": "postgresql",
}
REQUIRE = "RETOUR_REQUIRE"
GROUP = "RETOUR_GROUP"
MUST = pytest.StashKey[frozenset[str]]()


def required() -> frozenset[str]:
    """The peers that RETOUR_REQUIRE names. Raises UsageError for one that nobody knows."""
    names = frozenset(filter(None, re.split(r"[,\s]+", os.environ.get(REQUIRE, ""))))
    unknown = sorted(names - PEERS.keys())
    if unknown:
        raise pytest.UsageError(f"{REQUIRE}: there is no peer {unknown[0]}. Known: {', '.join(PEERS)}.")
    return names


def peers_of(item: pytest.Item) -> Iterator[str]:
    """The peers that a test is marked with. Raises UsageError for one that nobody knows."""
    for mark in item.iter_markers("peer"):
        for name in mark.args:
            if name not in PEERS:
                raise pytest.UsageError(f"{item.nodeid}: there is no peer {name}. Known: {', '.join(PEERS)}.")
            yield name


def pytest_configure(config: pytest.Config) -> None:
    """A wrong RETOUR_REQUIRE ends the run before it starts."""
    config.stash[MUST] = required()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test whose peer is missing is skipped."""
    for item in items:
        for name in peers_of(item):
            if program(PEERS[name]) is None:
                reason = f"the peer {name} is missing: apt install {PACKAGES.get(name, name)}"
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test of a required peer has failed, whatever it was skipped for."""
    report = yield
    must = sorted(item.config.stash[MUST].intersection(peers_of(item)))
    if report.skipped and must:
        report.outcome = "failed"
        report.longrepr = f"{REQUIRE} names {must[0]}, but the test was skipped: {_reason(call)}"
    return report


def _reason(call: pytest.CallInfo[None]) -> str:
    return str(call.excinfo.value) if call.excinfo else "no reason given"


def pytest_unconfigure(config: pytest.Config) -> None:
    """The counts, as the last line."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or config.option.collectonly:
        return
    group = os.environ.get(GROUP, "tests")
    reporter.write_line(f"{group}: {counts({name: len(found) for name, found in reporter.stats.items()})}")


def counts(stats: dict[str, int]) -> str:
    """`312 passed, 0 failed, 2 skipped`. An error before or after a test is a failure."""
    failed = stats.get("failed", 0) + stats.get("error", 0)
    return f"{stats.get('passed', 0)} passed, {failed} failed, {stats.get('skipped', 0)} skipped"
