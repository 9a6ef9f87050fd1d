"""Parts and octets of a text message, held against two libraries that other people wrote.

smpplib has faults of its own. They are named here and looked for in what it does; nothing beside them is left out.
"""

from __future__ import annotations

import random

import smpplib.gsm
import smsutil
from smpplib.consts import SMPP_ENCODING_DEFAULT, SMPP_ENCODING_ISO10646

from retour.segments import BASIC, EXTENSION, GSM, JOINED, UCS2, count, encoding_of, octets, split

TEXTS = 10_000
PLAIN = "".join(sorted(BASIC))
ESCAPED = "".join(EXTENSION)
OTHERS = "êя中’“\u200b\ufe0f"
PAIRS = "😀👍🇳𝔘"
HEADER = 6  # octets that join parts, before the text of each
EDGES = (0, 1, 33, 35, 66, 67, 70, 134, 152, 153, 154, 159, 160, 161, 201, 306, 459)
WITHOUT_UNKNOWN = str.maketrans("\f§`", "^$'")
"""smpplib's table has a grave accent where 23.038 has the section sign, and no form feed: others take their places."""

WHOLE = {GSM: JOINED[GSM], UCS2: 2 * JOINED[UCS2]}
"""Octets of a part, but the last, in which nothing is left free since the next character takes two units."""

SMPPLIB = {GSM: SMPP_ENCODING_DEFAULT, UCS2: SMPP_ENCODING_ISO10646}
SMSUTIL = {GSM: "gsm0338", UCS2: "utf_16_be"}


def made_up(seed: int) -> list[str]:
    """Texts of each kind, many of them with a character of two units at the end of a part."""
    dice = random.Random(seed)
    return [_text(dice) for _ in range(TEXTS)]


def _text(dice: random.Random) -> str:
    pools = (PLAIN, PLAIN + ESCAPED, PLAIN + OTHERS, PLAIN + PAIRS, PLAIN + ESCAPED + OTHERS + PAIRS, PAIRS)
    pool, edge = dice.choice(pools), dice.choice(EDGES)
    begin = "".join(dice.choices(dice.choice((pool, "a", "я")), k=edge))
    middle = "".join(dice.choices(ESCAPED + PAIRS if dice.random() < 0.5 else pool, k=dice.randrange(4)))
    return begin + middle + "".join(dice.choices(pool, k=dice.randrange(200)))


def test_smsutil_cuts_at_the_same_places_and_writes_the_same_octets() -> None:
    kinds = set()
    for text in filter(None, made_up(seed=1)):  # no text is one empty part to it, and none to us
        found, counted = smsutil.split(text), count(text)
        assert [part.content for part in found.parts] == list(split(text)), text
        assert found.encoding == SMSUTIL[counted.encoding], text
        assert smsutil.encode(text) == octets(text, counted.encoding), text
        kinds.add((counted.encoding, min(counted.parts, 3)))
    assert len(kinds) == 6  # both encodings; 1, 2, or more parts


def test_smpplib_sends_the_same_octets_in_the_same_parts() -> None:
    compared, cut = 0, 0
    for text in (text.translate(WITHOUT_UNKNOWN) for text in made_up(seed=3)):
        theirs, coding, _ = smpplib.gsm.make_parts(text)
        encoding = encoding_of(text)
        ours = [octets(part, encoding) for part in split(text)] or [b""]
        texts = [part[HEADER:] for part in theirs] if len(theirs) > 1 else theirs
        assert coding == SMPPLIB[encoding], text
        assert b"".join(texts) == b"".join(ours), text
        if any(len(part) < WHOLE[encoding] for part in ours[:-1]):
            assert any(_is_cut(part, encoding) for part in texts[:-1]), text
            cut += 1
        else:
            assert texts == ours, text
            compared += 1
    assert compared > TEXTS / 2
    assert cut > TEXTS / 50


def test_the_faults_of_smpplib_are_still_there() -> None:
    """Its source says so itself: "a character may be broken by splitting". When this fails, leave out less above."""
    broken, _, _ = smpplib.gsm.make_parts("a" * 152 + "€" * 5)
    assert broken[0].endswith(b"\x1b")
    assert smpplib.gsm.make_parts("`")[0] == [b"\x5f"]
    assert smpplib.gsm.make_parts("§")[1] == SMPP_ENCODING_ISO10646
    assert smpplib.gsm.make_parts("\f")[1] == SMPP_ENCODING_ISO10646


def _is_cut(part: bytes, encoding: str) -> bool:
    """Whether a part ends with the first half of a character: an escape, or a high surrogate."""
    return part.endswith(b"\x1b") if encoding == GSM else 0xD8 <= part[-2] <= 0xDB
