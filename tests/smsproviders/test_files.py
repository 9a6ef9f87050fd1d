"""Each provider's file has what the room expects of it, and can be configured."""

from __future__ import annotations

import inspect
from itertools import groupby
from typing import Any

import pytest

from cast import House
from retour.catalog.inputs import PROVIDERS as OFFERED
from retour.catalog.inputs import ConfigurationInput, SmsInput
from retour.smsproviders import PROVIDERS, SETTINGS, SmsProvider
from smsproviders.payloads import cases

FUNCTIONS = [
    name for name, member in vars(SmsProvider).items() if inspect.isfunction(member) and name[0] != "_"
]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("function", [*FUNCTIONS, "wrong"])
def test_a_file_has_what_a_provider_has(provider: str, function: str) -> None:
    file: Any = PROVIDERS[provider]
    wanted = inspect.signature(getattr(SmsProvider, function))
    told = inspect.signature(getattr(file, function))
    assert list(told.parameters) == list(wanted.parameters)[1:]
    annotated = {
        name: parameter.annotation for name, parameter in wanted.parameters.items() if name != "self"
    }
    assert {name: parameter.annotation for name, parameter in told.parameters.items()} == annotated
    assert told.return_annotation == wanted.return_annotation


@pytest.mark.parametrize("provider", SETTINGS)
def test_its_fields_are_told_apart_and_its_name_is_a_name(provider: str) -> None:
    names = [field.name for field in SETTINGS[provider].FIELDS]
    assert len(set(names)) == len(names)
    groups = [group for group, _ in groupby(SETTINGS[provider].FIELDS, lambda field: field.group)]
    assert len(set(groups)) == len(groups), "those of a group stand together"
    assert SETTINGS[provider].NAME
    assert all(field.choices for field in SETTINGS[provider].FIELDS if field.kind == "choice")


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_it_is_offered_and_saved_with_the_settings_of_its_payloads(provider: str, house: House) -> None:
    assert provider in OFFERED["sms"]
    settings = next(case.settings for case in cases("answer") if case.provider == provider)
    given = ConfigurationInput(name="text", channel="sms", provider=provider, provider_settings=settings)
    given.sms = SmsInput(sender_number="+15550199")
    made = await house.retour.configurations.create(house.dev, given)
    assert made.provider_settings is not None
    assert set(made.provider_settings.values) | set(made.provider_settings.secrets) == set(settings)
    assert str(house.retour.callbacks.address(made)).count(f"/callbacks/{provider}/") == 1
