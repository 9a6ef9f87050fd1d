"""The functions of templates: Journey Optimizer's names, in one table. docs/templates.md lists them all."""

from __future__ import annotations

from retour.rendering.functions import dates, lists, numbers, texts, truths, urls
from retour.rendering.signatures import Function

FUNCTIONS: dict[str, Function] = {
    each.name: each for part in (texts, truths, urls, numbers, lists, dates) for each in part.FUNCTIONS
}
OTHER_NAMES = {
    "capitalize": "titleCase",
    "currentDate": "getCurrentZonedDateTime",
    "dateFormat": "formatDate",
    "downcase": "lowerCase",
    "first": "head",
    "lower": "lowerCase",
    "now": "getCurrentZonedDateTime",
    "size": "count",
    "substring": "substr",
    "today": "getCurrentZonedDateTime",
    "toLowerCase": "lowerCase",
    "toUpperCase": "upperCase",
    "upcase": "upperCase",
    "upper": "upperCase",
}  # what people write who know another language
UNSUPPORTED = {
    "matches": "Regular expressions can't be used here; contains, startsWith, endsWith and like can.",
    "regexGroup": "Regular expressions can't be used here; split and substr can.",
    "random": "What is written must be the same when a message is tried again.",
}  # of Journey Optimizer, each with its reason
