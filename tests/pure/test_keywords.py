"""The words by which people answer a text message. Pure."""

from __future__ import annotations

import pytest

from retour import limits
from retour.keywords import KEYWORDS, Wish, read


@pytest.mark.parametrize(
    ("answer", "text", "wish"),
    [
        ("STOP", "stop", Wish.STOP),
        ("stop", "stop", Wish.STOP),
        ("  Stop!\r\n", "stop", Wish.STOP),
        ('"STOP".', "stop", Wish.STOP),
        ("\u201cStop\u201d", "stop", Wish.STOP),
        ("STOP 🛑", "stop", Wish.STOP),
        ("\ufeffSTOP\u200b", "stop", Wish.STOP),
        ("ＳＴＯＰ", "stop", Wish.STOP),
        ("S T O P", "stop", Wish.STOP),
        ("Stop all", "stopall", Wish.STOP),
        ("STOPALL", "stopall", Wish.STOP),
        ("Opt-Out", "optout", Wish.STOP),
        ("opt out", "optout", Wish.STOP),
        ("Unsubscribe.", "unsubscribe", Wish.STOP),
        ("END", "end", Wish.STOP),
        ("quit", "quit", Wish.STOP),
        ("Cancel", "cancel", Wish.STOP),
        ("REVOKE", "revoke", Wish.STOP),
        ("Arrêt", "arret", Wish.STOP),
        ("ARRET", "arret", Wish.STOP),
        ("Arrête !", "arrete", Wish.STOP),
        ("Baja", "baja", Wish.STOP),
        ("Stopp", "stopp", Wish.STOP),
        ("uit", "uit", Wish.STOP),
        ("Start", "start", Wish.START),
        ("UNSTOP", "unstop", Wish.START),
        ("Resume!", "resume", Wish.START),
        ("Non-arrêt", "nonarret", Wish.START),
        ("HELP", "help", Wish.HELP),
        ("Info?", "info", Wish.HELP),
        ("Hilfe", "hilfe", Wish.HELP),
        ("¡Ayuda!", "ayuda", Wish.HELP),
    ],
)
def test_a_word_is_one_however_it_is_written(answer: str, text: str, wish: Wish) -> None:
    keyword = read(answer)
    assert keyword is not None
    assert (keyword.text, keyword.wish) == (text, wish)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "   ",
        "!?",
        "Please stop",
        "Don't stop",
        "STOP it",
        "stop 17",
        "STOP36180",
        "Stopping",
        "Where is the bus stop?",
        "Can I cancel my order?",
        "The end",
        "yes",
        "YES!",
        "no",
        "Continue",
        "ok",
        "СТОР",  # Cyrillic, which reads the same and is another word
        "\x00",
    ],
)
def test_whatever_is_no_word_as_a_whole_is_none(answer: str) -> None:
    assert read(answer) is None


def test_a_long_answer_is_no_word_and_not_looked_at() -> None:
    most = limits.KEYWORD_CHARACTERS
    assert read("STOP".ljust(most)) is not None
    assert read("STOP".ljust(most + 1)) is None
    assert max(len(keyword.text) for keyword in KEYWORDS) == 11


def test_each_word_is_told_once_as_it_is_compared_with_its_source() -> None:
    texts = [keyword.text for keyword in KEYWORDS]
    assert len(set(texts)) == len(texts)
    for keyword in KEYWORDS:
        assert read(keyword.text) == keyword
        assert keyword.source
        assert keyword.language in ("any", "en", "fr", "es", "de", "nl")
