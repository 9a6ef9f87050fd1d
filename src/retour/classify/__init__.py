"""Says in AJO's words why a message failed, from what a mail host said: the SMTP reply or a DSN's diagnostic.

Order of evidence (most telling first): enhanced codes that decide alone, words, other enhanced codes, the
reply code. A temporary answer never makes a Hard failure, and a final failure is never `Transient Failure`.
Pure and total: any text gives an answer, in time linear in its length.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from retour.classify import gates
from retour.classify.tables import (
    CONNECTION,
    DOUBT,
    DOUBTED,
    ENHANCED,
    FAILURES,
    PATTERNS,
    REPLIES,
    RETRYING,
    STRONG,
    TELLING_HOSTS,
)
from retour.model import Failure, FailureCategory, FailureType, ProviderFacts

TEXT_CHARACTERS = 4_096
"""What is read of a reply. An SMTP reply has at most 512 octets a line; the telling line comes early."""

TOLD_CHARACTERS = 500
"""What is kept of a reply for people (`ProviderFacts.text`)."""

UNDETERMINED, SOFT_BOUNCE, TIMEOUT = 1, 20, 24

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\d|\.\d)")
_REPLY = re.compile(
    r"(?:^|[;:(\"'#<>\[]-{0,2}\s{0,3}|\b(?:said|error|code|reply|status|returned|answered)\s)"
    r"([45][0-5]\d)(?=[ \-#]|$)|(?<![\d.])([45][0-5]\d)(?=[ -]#?[45]\.\d{1,3}\.\d)"
)
_ADDRESS = re.compile(
    r"<[^<>\s]{0,320}>|(?<![^\s\"'(\[:;,=])[^\s\"'()\[\]<>:;,@]{1,64}@(?:(?!\.\.)[^\s\"'()\[\]<>:;,@]){1,255}"
)
_MASK = "<…>"
_LINK = re.compile(r"\b(?:https?|mailto|ftp)://?\S{1,500}")
_HOST = re.compile(r"(?<![\w.-])[A-Za-z_][\w-]{0,62}(?:\.[\w-]{1,63}){1,10}(?![\w-])")
_IPV4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)")
_REPORTER = re.compile(
    r"(?:\b(?:said|says|replied|answered)|after [^:]{1,60}(?::[^:]{0,20}){0,2}|was|responded[^:]{0,60})"
    r"\s?:\s{0,3}[\"(]?(?=[45][0-5]\d[ \-])"
)
_NOISE = re.compile(
    r"\(in reply to [^)]{1,60}\)|\(state \d+\)|i'm not going to try again[^.]{0,80}\.?|giving up on 0\b"
    r"|please try double-?checking[^.]{0,120}\.?|learn more at|for (?:more|further) information[^.]{0,80}"
    r"|^(?:smtp|dns|unix|x-[\w-]{1,30})\s?;"
)
_THREE_DIGITS = re.compile(r"[1-5][0-9]{2}")
_PREFIX = re.compile(r"^\s{0,3}#?[245]\.\d{1,3}\.\d{1,3}[\s:;]*")
_LATIN_MARKS = re.compile("[\u0300-\u036f]")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "\xa0": " "})

_GAP = "[^.;]{0,40}?"
_SOURCES = tuple((row.code, row.words.replace("…", _GAP)) for row in PATTERNS)
_TELLING = tuple((re.compile(words), stays) for words, stays in TELLING_HOSTS)
_DOUBT = re.compile(DOUBT)
_CONNECTION = re.compile(CONNECTION)
_BARE_REFUSAL = re.compile(r"recipient address rejected: ?(?=\S)")
_CONFIRMED = re.compile(r"access denied|undeliverable|unverified|invalid|not found|no such|bad|need fully")


def classify(
    reply_code: int | None, enhanced: str | None, text: str, *, category: FailureCategory, final: bool
) -> Failure:
    """Why it failed. `reply_code` and `enhanced` are what the caller knows apart from `text`.

    A DSN reader gives the `Status:` field as `enhanced` and the Diagnostic-Code as `text`: an enhanced code
    inside the text outranks it (Postfix downgrades a 554 greeting in `Status:`). `final`: no further try.
    """
    words = _clean(text)
    found = _ENHANCED.search(words)
    status = _parts(found) if found else _parts(_ENHANCED.search(enhanced or ""))
    reply = reply_code or _reply_in(words)
    code = _evidence(reply, status, words, final)
    if _is_temporary(reply, status) and FAILURES[code][0] is FailureType.HARD:
        code = SOFT_BOUNCE
    if final and code in {RETRYING, SOFT_BOUNCE} and not _is_permanent(reply, status):
        code = TIMEOUT if _unanswered(status, words) else SOFT_BOUNCE
    return failure(code, category)


def failure(code: int, category: FailureCategory) -> Failure:
    """The failure of a code of the table, with its type and label. An unknown code is a bug (KeyError)."""
    kind, reason = FAILURES[code]
    return Failure(category=category, type=kind, code=str(code), reason=reason)


def last_word(soft: Failure, provider: ProviderFacts | None = None) -> Failure:
    """What a message bounces with when its tries are over and the last answer was this soft failure.

    A specific reason (mailbox full) stays. `Transient Failure` and `Soft Bounce` become a timeout where
    `provider` says that nobody answered properly, else a soft bounce. Codes of SMS providers stay.
    """
    if soft.code not in {str(RETRYING), str(SOFT_BOUNCE)}:
        return soft
    facts = provider or ProviderFacts(name="")
    reply = int(facts.code) if facts.code and _THREE_DIGITS.fullmatch(facts.code) else None
    found = classify(reply, facts.enhanced_code, facts.text or "", category=soft.category, final=True)
    return found if found.code == str(TIMEOUT) else failure(SOFT_BOUNCE, soft.category)


def parse_reply(code: int, text: str) -> tuple[str | None, str]:
    """(enhanced code or None, the words on one line without it and without addresses) of an SMTP reply.

    An enhanced code whose class is not the reply's (RFC 2034 3) is not one.
    """
    lines = text[:TEXT_CHARACTERS].splitlines()
    first = _PREFIX.match(lines[0]) if lines else None
    found = _ENHANCED.search(first.group()) if first else None
    words = " ".join(_PREFIX.sub("", line).strip() for line in lines)
    enhanced = found.group() if found and found.group(1) == str(code)[:1] else None
    return enhanced, told(words)


def told(text: str) -> str:
    """A host's words for people: printable, on one line, addresses masked, at most 500 characters."""
    line = "".join(c if c.isprintable() else " " for c in text[:TEXT_CHARACTERS])
    return " ".join(_ADDRESS.sub(_MASK, line).split())[:TOLD_CHARACTERS]


def _clean(text: str) -> str:
    """Lower case, no accents, no reporter's prefix, no addresses, links, host names (they mislead)."""
    line = unicodedata.normalize("NFKD", text[:TEXT_CHARACTERS].translate(_QUOTES))
    line = unicodedata.normalize("NFC", _LATIN_MARKS.sub("", line))[:TEXT_CHARACTERS]
    line = _ADDRESS.sub(" ", _LINK.sub(_stays, " ".join(line.split())))
    line = _IPV4.sub("0", _HOST.sub(_stays, line).casefold().replace("_", " "))
    line = " ".join(_NOISE.sub(" ", line).split())
    ends = [match.end() for match in _REPORTER.finditer(line)]
    return _without_bare_refusal(line[ends[-1] :] if ends else line)


def _stays(match: re.Match[str]) -> str:
    """What remains of a link or a host name: nothing, or the one thing that it says."""
    name = match.group().lower()
    for pattern, word in _TELLING:
        if pattern.search(name):
            return f" {word or name.replace('.', ' ')} "
    return " "


def _without_bare_refusal(line: str) -> str:
    """Postfix begins every refusal at RCPT with the same words: what follows them is the reason."""
    found = _BARE_REFUSAL.search(line)
    if found is None or _CONFIRMED.match(line, found.end()):
        return line
    return line[: found.start()] + line[found.end() :]


def _parts(found: re.Match[str] | None) -> tuple[int, int, int] | None:
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _reply_in(words: str) -> int | None:
    found = _REPLY.search(words)
    return int(found[1] or found[2]) if found else None


def _is_temporary(reply: int | None, status: tuple[int, int, int] | None) -> bool:
    """One 4 is enough: a mistaken Hard costs a customer, a mistaken Soft costs a try."""
    return (reply is not None and reply // 100 == 4) or (status is not None and status[0] == 4)


def _is_permanent(reply: int | None, status: tuple[int, int, int] | None) -> bool:
    says_five = (reply is not None and reply // 100 == 5) or (status is not None and status[0] == 5)
    return says_five and not _is_temporary(reply, status)


def _evidence(reply: int | None, status: tuple[int, int, int] | None, words: str, final: bool) -> int:
    if status is not None and _decides_alone(status, words):
        return _by_status(status, final) or UNDETERMINED
    return _by_words(words) or _by_status(status, final) or _by_reply(reply, final) or UNDETERMINED


def _by_words(words: str) -> int | None:
    """The first pattern's that is found. Most are known to be absent without being tried (gates.py)."""
    for code, choice in _choices():
        if choice.found_in(words):
            return code
    return None


@cache
def _choices() -> list[tuple[int, gates.Choice]]:
    """Read for the first failure that is to be understood: it takes tens of ms, and most commands need none of it."""
    return [(code, gates.choice(source)) for code, source in _SOURCES]


def _decides_alone(status: tuple[int, int, int], words: str) -> bool:
    key = status[1:]
    return status[0] != 2 and key in STRONG and not (key in DOUBTED and _DOUBT.search(words))


def _by_status(status: tuple[int, int, int] | None, final: bool) -> int | None:
    """RFC 3463: an unknown detail counts as detail 0 of its subject."""
    if status is None or status[0] == 2:
        return None
    row = ENHANCED.get(status[1:]) or ENHANCED.get((status[1], 0))
    return row and row[0 if status[0] == 5 else 1 if final else 2]


def _by_reply(reply: int | None, final: bool) -> int | None:
    if reply is None:
        return None
    transient = REPLIES[451] if reply // 100 == 4 else (UNDETERMINED, UNDETERMINED)
    return REPLIES.get(reply, transient)[0 if final else 1]


def _unanswered(status: tuple[int, int, int] | None, words: str) -> bool:
    return bool(_CONNECTION.search(words)) or (status is not None and status[1:] in {(4, 1), (4, 2)})
