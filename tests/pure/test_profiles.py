"""What a call says of somebody lies over what is stored; what is stored is sealed to its place."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from retour import limits, profiles
from retour.sealing import Keys, WrongKey

KEYS = Keys("k" * 32)
ANN = {"person": {"name": {"firstName": "Ann", "lastName": "Lee"}}, "tags": ["a", "b"], "vip": True}


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({}, ANN),
        ({"person": {"name": {"firstName": "Di"}}}, ANN | {"person": {"name": {"firstName": "Di", "lastName": "Lee"}}}),
        ({"tags": ["c"]}, ANN | {"tags": ["c"]}),
        ({"person": "Ann"}, ANN | {"person": "Ann"}),
        ({"vip": None}, ANN | {"vip": None}),
        ({"vip": {"since": 2020}, "new": {"a": 1}}, ANN | {"vip": {"since": 2020}, "new": {"a": 1}}),
        ({"person": {}}, ANN),
    ],
)  # fmt: skip
def test_objects_are_merged_and_of_all_else_the_call_s_value_counts(
    given: dict[str, Any], made: dict[str, Any]
) -> None:
    stored, call = msgspec.json.encode(ANN), msgspec.json.encode(given)
    assert profiles.merged(ANN, given) == made
    assert (msgspec.json.encode(ANN), msgspec.json.encode(given)) == (stored, call)


def test_what_is_sealed_is_opened_and_can_t_be_read_before() -> None:
    made = profiles.sealed(KEYS, "s", "Email", "ann@acme.example", ANN, 5)
    assert (made.namespace, made.created_at, made.modified_at) == ("email", 5, 5)
    assert b"Ann" not in made.doc
    assert profiles.opened(KEYS, made) == ANN


@pytest.mark.parametrize("place", [{"sandbox": "t"}, {"namespace": "phone"}, {"user_id": "bob@acme.example"}])
def test_a_profile_copied_to_another_place_does_not_open(place: dict[str, str]) -> None:
    made = profiles.sealed(KEYS, "s", "email", "ann@acme.example", ANN, 5)
    with pytest.raises(WrongKey):
        profiles.opened(KEYS, msgspec.structs.replace(made, **place))


def test_a_profile_has_at_most_100_kib() -> None:
    room = limits.PROFILE_BYTES - len('{"a":""}')
    assert profiles.too_large({"a": "x" * room}) is None
    assert "102,401 bytes; at most 102,400" in (profiles.too_large({"a": "x" * (room + 1)}) or "")
