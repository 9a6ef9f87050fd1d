"""The plugin that skips tests of missing peers, run on small suites of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import peers
from house.tree import ROOT
from outside import programs

pytest_plugins = ["pytester"]

INI = """
[pytest]
markers =
    peer(name): a real peer
asyncio_default_fixture_loop_scope = function
"""
SUITE = """
import pytest

@pytest.mark.peer("chromium")
def test_the_page_opens():
    {body}

def test_without_a_peer():
    pass
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(pytester, monkeypatch)


class Run:
    """Runs the suite with the plugin, where the peer is or is not, and says the last line."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self._pytester = pytester
        self._monkeypatch = monkeypatch

    def suite(self, *, here: bool, require: str = "", body: str = "pass") -> pytest.RunResult:
        self._monkeypatch.setenv(peers.REQUIRE, require)
        self._monkeypatch.setenv(peers.GROUP, "test-all")
        self._monkeypatch.setenv("PATH", str(self._programs(here)))
        self._pytester.makeini(INI)
        self._pytester.makepyfile(SUITE.format(body=body))
        return self._pytester.runpytest_inprocess("-p", "peers", "-p", "no:cacheprovider", "-ra")

    def _programs(self, here: bool) -> Path:
        folder = self._pytester.mkdir("programs")
        if here:
            program = folder / peers.PEERS["chromium"]
            program.write_text("#!/bin/sh\n")
            program.chmod(0o755)
        return folder


def test_a_test_runs_where_its_peer_is(run: Run) -> None:
    result = run.suite(here=True, require="chromium")

    assert result.outlines[-1] == "test-all: 2 passed, 0 failed, 0 skipped"


def test_a_test_whose_peer_is_missing_is_skipped_and_says_why(run: Run) -> None:
    result = run.suite(here=False)

    result.stdout.fnmatch_lines(["SKIPPED*the peer chromium is missing: apt install chromium-headless-shell"])
    assert result.outlines[-1] == "test-all: 1 passed, 0 failed, 1 skipped"
    assert result.ret == 0


def test_a_required_peer_that_is_missing_fails_the_run(run: Run) -> None:
    result = run.suite(here=False, require="chromium")

    result.stdout.fnmatch_lines(["*RETOUR_REQUIRE names chromium, but the test was skipped*"])
    assert result.outlines[-1] == "test-all: 1 passed, 1 failed, 0 skipped"
    assert result.ret == 1


def test_a_required_peer_s_test_may_not_be_skipped_for_another_reason(run: Run) -> None:
    result = run.suite(here=True, require="chromium", body="pytest.skip('no display')")

    result.stdout.fnmatch_lines(["*but the test was skipped: no display*"])
    assert result.ret == 1


@pytest.mark.parametrize("require", ["chromium,postfiks", "chromium postfiks"])
def test_a_required_peer_that_nobody_knows_ends_the_run(run: Run, require: str) -> None:
    result = run.suite(here=True, require=require)

    assert "there is no peer postfiks" in result.stderr.str()
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_an_error_of_a_fixture_counts_as_failed() -> None:
    assert peers.counts({"passed": 3, "error": 1, "failed": 1}) == "3 passed, 2 failed, 0 skipped"


def test_the_gate_requires_every_peer_and_installs_what_a_skipped_test_would_ask_for() -> None:
    told = dict(re.findall(r'^    \[(\w+)\]="[\w-]+ ([\w -]+)"$', (ROOT / ".ci" / "run").read_text(), re.M))
    assert told == {peer: peers.PACKAGES.get(peer, peer) for peer in peers.PEERS}


def test_a_program_that_debian_keeps_out_of_the_path_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("9", "15"):
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        (folder / "initdb").write_text("#!/bin/sh\n")
        (folder / "initdb").chmod(0o755)
    monkeypatch.setattr(programs, "OUT_OF_PATH", tmp_path)
    assert programs.program("initdb") == str(tmp_path / "15" / "bin" / "initdb")
