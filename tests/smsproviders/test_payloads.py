"""Each provider's file is held against recorded payloads: what it sends, what answers mean, what it reads."""

from __future__ import annotations

from typing import Any

import pytest

from retour.smsproviders import PROVIDERS
from retour.smsproviders.shapes import Report
from smsproviders.payloads import HERE, MARK, NOON, TOKEN, Case, cases, meaning, shown, told


def named(kind: str) -> pytest.MarkDecorator:
    """Every case of a kind."""
    found = cases(kind)
    return pytest.mark.parametrize("case", found, ids=[f"{case.provider}-{case.name}" for case in found])


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_has_recorded_payloads_of_both_halves(provider: str) -> None:
    assert any(case.provider == provider for case in cases("answer"))
    assert any(case.provider == provider for case in cases("posted"))


def test_every_folder_is_a_provider_s() -> None:
    assert {path.name for path in HERE.iterdir()} <= set(PROVIDERS)


@named("request")
def test_what_is_sent(case: Case) -> None:
    made = shown(case.file.submit(case.text, case.settings, TOKEN))
    wanted = _with_mark(case.told["request"])
    headers = {name.lower(): value for name, value in wanted.pop("headers", {}).items()}
    assert {name: made[name] for name in wanted} == wanted
    assert made["headers"].items() >= headers.items()


@named("answer")
def test_what_an_answer_means(case: Case) -> None:
    outcome = case.file.answer(case.got, case.text, case.settings)
    assert meaning(outcome) == case.told["means"]


@named("posted")
def test_what_a_callback_tells(case: Case) -> None:
    assert case.file.genuine(case.posted, case.settings, NOON) == case.told.get("genuine", True)
    found = case.file.read(case.posted, case.settings)
    assert [told(one) for one in found] == case.told["means"]
    reports = [one for one in found if isinstance(one, Report)]
    assert all(MARK in one.mark or one.reference for one in reports), "it names a message"


@named("posted")
def test_a_callback_tells_the_provider_s_own_words(case: Case) -> None:
    wanted = case.told.get("facts", [])
    reports = [one for one in case.file.read(case.posted, case.settings) if isinstance(one, Report)]
    facts = [one.learned.provider for one in reports if one.learned]
    for fact, words in zip(facts, wanted, strict=False):
        assert {name: getattr(fact, name) for name in words} == words


@pytest.mark.parametrize(
    "case", cases("answer") + cases("posted"), ids=lambda case: f"{case.provider}-{case.name}"
)
def test_the_settings_of_a_case_are_ones_that_can_be_saved(case: Case) -> None:
    missing = [field.name for field in case.file.FIELDS if field.required and field.name not in case.settings]
    assert missing == []
    assert case.file.wrong(case.settings) == {}


def _with_mark(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("MARK", MARK)
    if isinstance(value, dict):
        return {name: _with_mark(inner) for name, inner in value.items()}
    return [_with_mark(inner) for inner in value] if isinstance(value, list) else value
