"""Fields of delivery status notifications (RFC 3464, RFC 6533) and feedback reports (RFC 5965)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from retour.mailreports.report import Action, Told

Fields = dict[str, str]

MOST_FIELDS = 4_000
MOST_RECIPIENTS = 100
"""A mail of ours has one recipient; a host may gather several reports in a mail."""

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\d)")
_REPLY = re.compile(r"\s*#?([45])\d\d[ \-]")
_HEX = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_NAME = re.compile(r"[A-Za-z][\w-]{0,60}(?=\s?:)")
_NAMES = ("original-recipient", "final-recipient", "x-actual-recipient")
_STARTS = frozenset({*_NAMES, "action"})


def groups(text: str) -> list[Fields]:
    """The blocks of fields: that of the mail, then one for each recipient. Of a name, a block keeps the first."""
    found: list[Fields] = [{}]
    for name, value in _fields(text):
        block = found[-1]
        if not name or (name in block and name == "final-recipient"):
            if block and len(found) <= MOST_RECIPIENTS:
                found.append({})
            block = found[-1]
        if name:
            block.setdefault(name, value)
    return _joined([block for block in found if block])


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """(name in lower case, unfolded value) of each field; an empty name for an empty line."""
    name, value = "", ""
    for line in text.split("\n", MOST_FIELDS)[:MOST_FIELDS]:
        if line[:1] in (" ", "\t") and name and line.strip():
            value += " " + line.strip()
            continue
        if name:
            yield name, value
        found = _NAME.match(line)
        name, value = (found.group().lower(), line.partition(":")[2].strip()) if found else ("", "")
        if not line.strip():
            yield "", ""
    if name:
        yield name, value


def _joined(blocks: list[Fields]) -> list[Fields]:
    """Some hosts put an empty line inside a recipient's fields: what names no recipient belongs to the one before."""
    found: list[Fields] = []
    for block in blocks:
        if found and _names_one(found[-1]) and not _names_one(block):
            found[-1] = block | found[-1]
        else:
            found.append(dict(block))
    return found


def _names_one(block: Fields) -> bool:
    return "final-recipient" in block or "original-recipient" in block


def told(blocks: list[Fields]) -> list[Told]:
    """What the blocks of a delivery status say of each recipient. What has neither action nor status says nothing."""
    return [one for one in (_told(block) for block in _of_recipients(blocks)) if one is not None]


def _of_recipients(blocks: list[Fields]) -> list[Fields]:
    """Those that name one, if any does: what the mail's own block has of an action is said of them."""
    named = [block for block in blocks if _names_one(block)]
    if not named or _names_one(blocks[0]) or "action" not in blocks[0]:
        return blocks
    return [{"action": blocks[0]["action"]} | block for block in named]


def _told(block: Fields) -> Told | None:
    if not _STARTS & block.keys():
        return None
    diagnostic = _after_type(block.get("diagnostic-code") or _supplement(block))
    found = _STATUS.search(block.get("status", "")) or _STATUS.search(diagnostic)
    status = found.group() if found else None
    action = _action(block.get("action", ""), status) or _by_reply(diagnostic)
    if action is None:
        return None
    return Told(recipient=_recipient(block), action=action, status=status, text=diagnostic)


def _action(word: str, status: str | None) -> Action | None:
    """As told, else as the status has it (RFC 3463: 2 success, 4 persistent transient, 5 permanent)."""
    said = word.strip().lower().partition(" ")[0].strip("\"'();,.")
    if said in [*Action]:
        return Action(said)
    aliases = {
        "failure": Action.FAILED,
        "fail": Action.FAILED,
        "error": Action.FAILED,
        "delay": Action.DELAYED,
    }
    by_class = {"2": Action.DELIVERED, "4": Action.DELAYED, "5": Action.FAILED}
    return aliases.get(said) or (by_class[status[0]] if status else None)


def _by_reply(diagnostic: str) -> Action | None:
    """As the host replied, where nothing else says what became of it."""
    found = _REPLY.match(diagnostic)
    return found and {"4": Action.DELAYED, "5": Action.FAILED}[found[1]]


def _recipient(block: Fields) -> str:
    """The address that we sent to where it is told, else the one that it became."""
    named = (address(block[name]) for name in _NAMES if name in block)
    return next((one for one in named if "@" in one), "")


def _supplement(block: Fields) -> str:
    """Exchange 2000's `<mx.example #5.1.1 smtp;550 5.1.1 …>`, where others have a Diagnostic-Code."""
    return block.get("x-supplementary-info", "").strip("<> ").partition("#")[2]


def address(value: str) -> str:
    """Of `rfc822; anne@example.com`, also `utf-8; \\x{436}@example.com` (RFC 6533 3) and with xtext (RFC 3461 4)."""
    kind, separator, rest = value.partition(";")
    text = (rest if separator else kind).strip()
    bracketed = re.search(r"<([^<>]{1,320})>", text)
    text = bracketed.group(1) if bracketed else text.split(" ")[0]
    if "\\x{" in text:
        text = _HEX.sub(_character, text)
    if "+40" in text and "@" not in text:
        text = _XTEXT.sub(lambda found: chr(int(found[1], 16)), text)
    return text.strip("\"'<>()[];:, ")


def _character(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    return chr(number) if number < 0xD800 or 0xE000 <= number <= 0x10FFFF else ""


def _after_type(diagnostic: str) -> str:
    """The words, without their type (`smtp; `)."""
    kind, separator, rest = diagnostic.partition(";")
    return rest.strip() if separator and re.fullmatch(r"[\w-]{1,40}", kind.strip()) else diagnostic.strip()
