"""33 notifications of a real Postfix, and what each of them means."""

from __future__ import annotations

import csv
import random
import re

import pytest

from mailreports.mails import POSTFIX, meaning
from retour.mailreports import Kind, read

with (POSTFIX / "expected.tsv").open(encoding="utf-8") as table:
    EXPECTED = list(csv.DictReader(table, delimiter="\t"))


def in_the_table_s_words(mail: bytes, place: int) -> tuple[str, str, str, str]:
    """Feedback status, category, type and code of what it tells of its recipient in that place."""
    found = meaning(mail, place)
    why = found.failure
    return (found.status, why.category, why.type, why.code) if why else (found.status, "", "", "")


def place_of(row: dict[str, str]) -> int:
    """Which of its file's recipients a row is about."""
    return [one for one in EXPECTED if one["file"] == row["file"]].index(row)


def wanted(row: dict[str, str]) -> tuple[str, str, str, str]:
    """What the table says."""
    return row["feedbackStatus"], row["category"], row["type"], row["code"]


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: f"{row['file'][:-9]}-{row['recipient']}")
def test_each_means_what_the_table_says(row: dict[str, str]) -> None:
    mail = (POSTFIX / row["file"]).read_bytes()
    assert read(mail).kind is Kind.DSN
    assert read(mail).told[place_of(row)].recipient == row["recipient"]
    assert in_the_table_s_words(mail, place_of(row)) == wanted(row)


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: f"{row['file'][:-9]}-{row['recipient']}")
def test_names_of_hosts_and_numbers_in_addresses_decide_nothing(row: dict[str, str]) -> None:
    """Other hosts, other addresses, other queue ids: the same meaning."""
    mail = (POSTFIX / row["file"]).read_bytes().decode()
    chance = random.Random(row["file"])
    mail = re.sub(
        r"\b(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\b",
        lambda _: ".".join(str(chance.randrange(256)) for _ in range(4)),
        mail,
    )
    for queue_id in set(re.findall(r"\b4jYR\w+", mail)):
        mail = mail.replace(queue_id, "".join(chance.sample(queue_id, len(queue_id))))
    for host in set(re.findall(r"[\w-]+\.test\b", mail)):
        mail = mail.replace(
            host, f"{chance.choice(['spam', 'full', 'blocklist', 'relay550'])}{chance.randrange(99)}.example"
        )
    assert in_the_table_s_words(mail.encode(), place_of(row)) == wanted(row)
