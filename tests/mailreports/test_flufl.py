"""117 bounces that flufl.bounce is tested with, which are in its source distribution and not in ours."""

from __future__ import annotations

import csv
import hashlib
import os
import subprocess
import sys
import tarfile
from email import message_from_bytes
from pathlib import Path

import pytest

from retour.mailreports import Meaning, meaning_of, read
from retour.mailreports.prose import known_failures

pytestmark = pytest.mark.slow

WANTED = "flufl.bounce==6.0.0"
FILE = "flufl_bounce-6.0.0.tar.gz"
SHA256 = "a1df16b9d1877ae4536f7d76c00d8421fcefbe694f80f5285d05c45a2547b1bc"
SAMPLES = 117
FOUND_AT_LEAST = 0.95
CODES = Path(__file__).parent / "flufl_codes.tsv"
COLUMNS = ["file", "kind", "action", "code"]


def test_it_is_what_it_was(samples: dict[str, bytes]) -> None:
    assert len(samples) == SAMPLES


def test_the_addresses_are_found_that_flufl_bounce_finds(samples: dict[str, bytes]) -> None:
    wanted = {name: _addresses(raw) for name, raw in samples.items()}
    tellable = {name: addresses for name, addresses in wanted.items() if addresses}
    missed = [
        name
        for name, addresses in tellable.items()
        if not addresses <= {said.recipient for said in read(samples[name]).told}
    ]
    assert len(tellable) > 100
    assert len(missed) <= len(tellable) * (1 - FOUND_AT_LEAST), missed


def test_each_means_what_the_table_has(samples: dict[str, bytes]) -> None:
    """The table is what was given when somebody looked at every line of it: a change is to be looked at again.

    What was doubted then has its reason in the last column.
    """
    with CODES.open(encoding="utf-8") as table:
        told = [{name: row[name] for name in COLUMNS} for row in csv.DictReader(table, delimiter="\t")]
    assert [row for name in sorted(samples) for row in rows(name, samples[name])] == told


def rows(name: str, raw: bytes) -> list[dict[str, str]]:
    """What a mail is and means: a line for each action and code that it tells, at least one."""
    report = read(raw)
    said = {(one.action.value, _code(meaning_of(one))) for one in report.told} or {("", "")}
    return [dict(zip(COLUMNS, (name, report.kind.value, *pair), strict=True)) for pair in sorted(said)]


def _code(meaning: Meaning | None) -> str:
    return meaning.failure.code if meaning and meaning.failure else ""


def _addresses(raw: bytes) -> set[str]:
    failed, tried = known_failures(message_from_bytes(raw))
    return {*failed, *tried}


@pytest.fixture(scope="module")
def samples(pytestconfig: pytest.Config) -> dict[str, bytes]:
    """File name -> mail. Fetched once by pip and kept with pytest's cache."""
    folder = pytestconfig.cache.mkdir("flufl-bounce") if pytestconfig.cache else Path()
    file = folder / FILE
    if not file.is_file():
        _fetch(folder)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == SHA256
    with tarfile.open(file) as archive:
        return {Path(name).name: _content(archive, name) for name in archive.getnames() if _is_sample(name)}


def _is_sample(name: str) -> bool:
    return "/tests/data/" in name and name.endswith(".txt")


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()


def _fetch(folder: Path) -> None:
    """By pip's ordinary download; its build backend is among the development dependencies."""
    options = ["--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--dest", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--retries", "1", *options, WANTED],
        capture_output=True,
        text=True,
        env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    if done.returncode:
        pytest.skip(f"pip can't fetch {WANTED}: {done.stderr.strip()[-200:]}")
