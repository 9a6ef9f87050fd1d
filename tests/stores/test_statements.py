"""The SQL text: every name is used and known, every question names its sandbox, both databases can run it."""

from __future__ import annotations

import re
from pathlib import Path

import apsw
import pytest

import retour
from retour.stores.sql import migrations, statements

ALL = statements("sqlite")
SOURCE = Path(retour.__file__).parent
CODE = [path.read_text() for path in SOURCE.rglob("*.py")]
NAMED = re.compile(r"^[a-z]+(_[a-z]+)+$")
SANDBOXED = (
    "campaign", "campaign_version", "channel_configuration", "webhook", "request_key", "execution", "message",
    "event", "delivery", "attempt", "profile", "tally", "audit", "returned_mail",
    "suppression", "suppression_rules", "soft_error", "suppression_upload", "suppression_file", "suppression_failure",
    "provider_ref", "early_report",
)  # fmt: skip
# Deliberate questions about every sandbox: the start, the sweeps and the housekeeping.
SWEEPS = {
    "messages_free", "deliveries_free", "due_message_lanes", "due_delivery_lanes", "deliveries_expire",
    "request_keys_expire", "webhooks_overlapped", "events_old", "webhooks_failing", "configurations_failing",
    "alerts_all", "audit_expire", "returned_mails_expire",
    "soft_errors_expire", "uploads_open", "uploads_old", "provider_refs_expire", "due_report_lanes",
    "configurations_standing",
}  # fmt: skip
ONLY_SQLITE = re.compile(
    r"\b(rowid|insert\s+or|replace\s+into|strftime|datetime\(|julianday|glob|autoincrement|ifnull|total\(|"
    r"group_concat|instr\(|printf\(|json_|without\s+rowid|strict|blob|integer\s+primary|pragma)\b|\?\d*|[@$]\w+|`",
    re.I,
)


def test_every_statement_is_used_somewhere() -> None:
    unused = [name for name in ALL if not any(f'"{name}"' in text for text in CODE)]
    assert unused == []


@pytest.mark.parametrize(
    "pattern", [r'statement="(\w+)"', r'\b_?(?:change|find|one|read)\("(\w+)"', r'\bAsk\(\s*"(\w+)"']
)
def test_every_name_in_the_code_is_a_statement(pattern: str) -> None:
    used = {name for text in CODE for name in re.findall(pattern, text)}
    assert used, "the pattern finds nothing, so it proves nothing"
    assert used <= set(ALL)


def test_every_statement_runs_on_the_schema() -> None:
    db = apsw.Connection(":memory:")
    for _, script in migrations():
        db.execute(script)
    for text in ALL.values():
        values = dict.fromkeys(re.findall(r":(\w+)", text), 1)
        for part in text.split(";"):
            db.execute("EXPLAIN " + part, values)


def test_a_statement_may_be_written_in_one_line_and_cut_at_its_semicolons() -> None:
    """No remark that would take the rest along, and no blanks or semicolons in a text in quotes."""
    for name, text in ALL.items():
        assert "--" not in text, name
        assert [quoted for quoted in re.findall(r"'[^']*'", text) if re.search(r"\s|;", quoted)] == [], name


def test_what_both_databases_run_is_one_statement() -> None:
    assert [name for name, text in statements().items() if ";" in text] == []


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [number for number, _ in migrations()] == list(range(1, len(migrations()) + 1))


@pytest.mark.parametrize("name", sorted(set(ALL) - SWEEPS))
def test_a_question_about_a_sandboxed_table_names_the_sandbox(name: str) -> None:
    text = ALL[name]
    asked = re.findall(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(\w+)", text)
    if not set(asked) & set(SANDBOXED):
        return
    if text.startswith("INSERT"):
        assert re.search(r"\(\s*sandbox\b", text)
    tables = [table for table in asked if table in SANDBOXED]
    named = len(re.findall(r"\bsandbox = |\(\s*sandbox\b", text))
    assert ":sandbox" in text
    assert named >= len(tables), f"{len(tables)} tables, but the sandbox is named {named} times"


def test_the_sweeps_are_statements() -> None:
    assert set(ALL) >= SWEEPS


@pytest.mark.parametrize("name", sorted(statements()))
def test_a_statement_has_nothing_that_only_sqlite_can_run(name: str) -> None:
    assert ONLY_SQLITE.findall(statements()[name]) == []


def test_a_migration_has_nothing_that_only_sqlite_can_run() -> None:
    for number, script in migrations():
        bare = "\n".join(line for line in script.splitlines() if not line.startswith("--"))
        assert ONLY_SQLITE.findall(bare) == [], number


# Read by a deliberate sweep; an index that is no key may start with the age (a distributed store takes it too).
BY_AGE = {"request_key": ("created_at",), "event": ("at",), "audit": ("at",), "returned_mail": ("at",)} | {
    "soft_error": ("at",), "suppression_upload": ("created_at",), "provider_ref": ("created_at",),
}  # fmt: skip


def test_every_key_of_a_sandboxed_table_starts_with_the_sandbox() -> None:
    script = "\n".join(text for _, text in migrations())
    for table in SANDBOXED:
        (body,) = re.findall(rf"CREATE TABLE {table} \((.*?)\n\);", script, re.S)
        assert body.strip().startswith("sandbox TEXT"), table
        keys = re.findall(r"(?:PRIMARY KEY|UNIQUE) \((\w+)", body)
        assert set(keys) <= {"sandbox"}, table
        indexes = re.findall(rf"CREATE INDEX \w+ ON {table} \((\w+)", script)
        assert set(indexes) <= {"sandbox", *BY_AGE.get(table, ())}, table


def plan_of(name: str) -> list[str]:
    """How SQLite would run a statement."""
    db = apsw.Connection(":memory:")
    db.execute("\n".join(script for _, script in migrations()))
    values = dict.fromkeys(re.findall(r":(\w+)", ALL[name]), 1)
    parts = ["EXPLAIN QUERY PLAN " + part for part in ALL[name].split(";")]
    return [str(row[3]) for part in parts for row in db.execute(part, values)]


@pytest.mark.parametrize(
    "name",
    ["message_claim", "message_claim_stuck", "message_leased", "message_wake_one", "delivery_claim",
     "delivery_leased", "delivery_settle", "delivery_wake_next", "delivery_owe", "due_message_lanes",
     "due_delivery_lanes", "profiles_of", "tally_add", "tallies_of", "tally_first",
     "configuration_health", "suppression_of", "denied_number", "soft_error_get", "provider_ref_get",
     "attempts_of", "early_report_claim", "early_reports_wake", "early_reports_wake_of", "due_report_lanes"],
)  # fmt: skip
def test_the_hot_statements_never_scan_a_table(name: str) -> None:
    plan = plan_of(name)
    tables = "|".join(SANDBOXED)
    aliases = rf"(?:{tables}|[ademnpw])"
    assert [line for line in plan if re.match(rf"SCAN {aliases}\b(?! USING COVERING)", line)] == []


@pytest.mark.parametrize(
    ("name", "index"),
    [("messages_of_person", "message_person"), ("messages_to_address", "message_address"),
     ("profiles_of_person", "profile_person"), ("events_old", "event_age"), ("webhooks_failing", "webhook_failing"),
     ("configurations_failing", "channel_configuration_failing")],
)  # fmt: skip
def test_housekeeping_finds_what_it_looks_for_by_an_index_of_its_own(name: str, index: str) -> None:
    assert any(f"USING INDEX {index} " in line.replace("COVERING ", "") for line in plan_of(name))


@pytest.mark.parametrize("name", ["message_leased", "delivery_leased"])
def test_who_is_probing_is_asked_of_the_few_leased_rows(name: str) -> None:
    assert f"USING INDEX {name}" in plan_of(name)[0]
