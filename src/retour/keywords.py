"""The words by which people answer a text message that they want no more, want them again, or need help.

An answer is such a word only as a whole: "STOP" is one, "please stop" is not. Case, accents, blanks and whatever is no
letter or digit make no difference, so that "Stop!" and "opt-out" are what they look like.

YES, NO and CONTINUE are no words here, though some programmes take them (Adobe's default keywords among them): what is
sent by API often asks something, and they are answers to it. Pure.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import NamedTuple

from retour import limits


class Wish(StrEnum):
    """What somebody wants who answers with a word."""

    STOP = "stop"
    START = "start"
    HELP = "help"


class Keyword(NamedTuple):
    """A word. text: as `read` compares it, in small letters, nothing but letters. source: who takes it for that."""

    text: str
    wish: Wish
    language: str
    source: str


CTIA = "CTIA Messaging Principles and Best Practices; Twilio, Telnyx and Bird take it by default"
FCC = "47 CFR 64.1200(a)(10)"
AWS = "docs.aws.amazon.com/sms-voice/latest/userguide/keywords-required.html"
TWILIO = "www.twilio.com/docs/messaging/tutorials/advanced-opt-out"
BIRD = "docs.bird.com, SMS, opt-in and opt-out compliance"
ADOBE = "Adobe Journey Optimizer, SMS keywords of the kind Opt-In"
STOP, START, HELP = Wish.STOP, Wish.START, Wish.HELP

KEYWORDS = (
    Keyword("stop", STOP, "any", f"{CTIA}; {FCC}; in French, German, Dutch and Spanish, too"),
    Keyword("stopall", STOP, "en", CTIA),
    Keyword("unsubscribe", STOP, "en", f"{CTIA}; {FCC}"),
    Keyword("cancel", STOP, "en", f"{CTIA}; {FCC}"),
    Keyword("end", STOP, "en", f"{CTIA}; {FCC}"),
    Keyword("quit", STOP, "en", f"{CTIA}; {FCC}"),
    Keyword("revoke", STOP, "en", f"{FCC}; {TWILIO}"),
    Keyword("optout", STOP, "en", f"{FCC}; {TWILIO}; {AWS}"),
    Keyword("remove", STOP, "en", AWS),
    Keyword("unsub", STOP, "en", "help.brevo.com, SMS opt-out keywords (Norway)"),
    Keyword("arret", STOP, "fr", f"{AWS}; {BIRD}"),
    Keyword("arrete", STOP, "fr", "www.twilio.com/docs/proxy/opt-out-keywords"),
    Keyword("baja", STOP, "es", "Mobile Marketing Association; Spanish operators take it"),
    Keyword("cancelar", STOP, "es", "Mobile Marketing Association"),
    Keyword("detener", STOP, "es", BIRD),
    Keyword("halt", STOP, "de", BIRD),
    Keyword("stopp", STOP, "de", "the German spelling of stop"),
    Keyword("uit", STOP, "nl", "SMS-gedragscode of the Dutch operators"),
    Keyword("start", START, "any", f"{TWILIO}; {AWS}; {BIRD}"),
    Keyword("unstop", START, "en", f"{TWILIO}; {AWS}; {BIRD}"),
    Keyword("resume", START, "en", f"{BIRD}; {ADOBE}"),
    Keyword("begin", START, "en", f"{BIRD}; {ADOBE}"),
    Keyword("subscribe", START, "en", ADOBE),
    Keyword("nonarret", START, "fr", BIRD),
    Keyword("help", HELP, "any", f"{CTIA}; {AWS}"),
    Keyword("info", HELP, "any", f"{CTIA}; {BIRD}"),
    Keyword("information", HELP, "en", "Adobe Journey Optimizer, SMS keywords of the kind Help"),
    Keyword("aide", HELP, "fr", BIRD),
    Keyword("ayuda", HELP, "es", BIRD),
    Keyword("hilfe", HELP, "de", BIRD),
    Keyword("hulp", HELP, "nl", BIRD),
)
_BY_TEXT = {keyword.text: keyword for keyword in KEYWORDS}


def read(text: str) -> Keyword | None:
    """The word that an answer is; None for anything else."""
    if len(text) > limits.KEYWORD_CHARACTERS:
        return None
    plain = unicodedata.normalize("NFKD", text).casefold()
    return _BY_TEXT.get("".join(character for character in plain if character.isalnum()))
