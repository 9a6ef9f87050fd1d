"""What a distributed PostgreSQL (Citus) would refuse or spread over all its nodes is refused here, from the text alone.

Its tables are distributed by the sandbox: a key without it is refused, and so is a lock of rows of several sandboxes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from retour.stores.postgres_writes import GIVEN_CLOCK, Texts
from retour.stores.sql import migrations, statements
from stores.test_statements import SWEEPS

# Small, the same on every node, and asked without a sandbox.
REFERENCE = {
    "setting", "organization", "sandbox", "credential", "person", "membership", "sign_in_link", "session",
    "invitation",
}  # fmt: skip
LOCKING = {
    "configuration_health",
    "webhook_state",
    "message_claim",
    "message_claim_stuck",
    "delivery_claim",
} | {"early_report_claim"}
NOT_ROUTED = re.compile(r"sandbox\s*(?:=\s*ANY|IN)\s*\(", re.I)
STATEMENTS = statements("postgres")


def bare(script: str) -> str:
    return re.sub(r"--[^\n]*", "", script)


def scripts() -> str:
    return "\n".join(bare(script) for _, script in migrations("postgres"))


def tables() -> dict[str, str]:
    """Each table with what stands between its brackets."""
    return dict(re.findall(r"CREATE TABLE (\w+) \((.*?)\)\s*;", scripts(), re.S))


def keys(body: str) -> Iterator[set[str]]:
    """The columns of each primary key and unique constraint of a table."""
    for line in re.findall(r"(?:PRIMARY KEY|UNIQUE) \(([^)]*)\)", body):
        yield {column.strip() for column in line.split(",")}
    for column in re.findall(r"(\w+) \w+[^,(]*\b(?:PRIMARY KEY|UNIQUE)(?! \()", body):
        yield {column}


DISTRIBUTED = set(tables()) - REFERENCE
TABLES = "|".join(sorted(DISTRIBUTED))


def test_every_table_is_either_distributed_by_the_sandbox_or_known_to_be_small() -> None:
    assert set(tables()) >= REFERENCE
    assert {name for name in DISTRIBUTED if not re.match(r"\s*sandbox TEXT\b", tables()[name])} == set()


@pytest.mark.parametrize("table", sorted(DISTRIBUTED))
def test_every_key_of_a_distributed_table_holds_the_sandbox(table: str) -> None:
    found = list(keys(tables()[table]))
    assert found, "no key at all"
    assert [key for key in found if "sandbox" not in key] == []


def test_a_key_without_the_sandbox_would_be_seen() -> None:
    body = (
        "sandbox TEXT NOT NULL, id TEXT NOT NULL UNIQUE, name TEXT, UNIQUE (name), PRIMARY KEY (sandbox, id)"
    )
    assert list(keys(body)) == [{"name"}, {"sandbox", "id"}, {"id"}]


def test_every_unique_index_of_a_distributed_table_holds_the_sandbox() -> None:
    unique = re.findall(r"CREATE UNIQUE INDEX \w+ ON (\w+) \(([^)]*)\)", scripts())
    assert [columns for table, columns in unique if table in DISTRIBUTED and "sandbox" not in columns] == []


def test_no_table_refers_to_a_table_of_another_sandbox_s_place() -> None:
    assert "REFERENCES" not in scripts().upper()


def test_only_claims_lock_rows_and_each_of_one_sandbox_that_it_names() -> None:
    locking = {name for name, text in STATEMENTS.items() if re.search(r"\bFOR (?:UPDATE|SHARE)\b", text)}
    assert locking == LOCKING
    for name in locking:
        locked = STATEMENTS[name].partition(" FOR UPDATE")[0]
        assert re.search(r"\bsandbox = :sandbox\b", locked), name


@pytest.mark.parametrize("name", sorted(set(STATEMENTS) - SWEEPS))
def test_a_question_goes_to_the_place_of_one_sandbox(name: str) -> None:
    text = STATEMENTS[name]
    touched = re.findall(rf"\b(?:FROM|JOIN|UPDATE|INTO) ({TABLES})\b", text)
    if not touched:
        return
    assert NOT_ROUTED.search(text) is None
    if not text.startswith("INSERT"):
        assert re.search(r"\bsandbox = :sandbox\b", text)
    else:
        assert re.search(r"\bINTO \w+ \(sandbox\b", text)
        assert re.search(r"(?:VALUES \(|SELECT )(?::sandbox|d\.sandbox)\b", text)


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_no_row_moves_to_another_sandbox(name: str) -> None:
    assert not re.search(r"\bSET (?:(?!WHERE).)*\bsandbox =", STATEMENTS[name], re.S)


def test_what_the_databases_do_differently_has_the_same_names_in_both() -> None:
    embedded = statements("sqlite")
    assert set(STATEMENTS) == set(embedded)
    own = {name for name, text in STATEMENTS.items() if text != embedded[name]}
    assert own == LOCKING | {"message_leased", "delivery_leased", "delivery_settle"}
    texts = Texts(GIVEN_CLOCK)
    assert (set(texts.counted), set(texts.plain)) == (set(STATEMENTS), set(statements()))
