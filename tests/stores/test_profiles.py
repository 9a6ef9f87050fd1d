"""Profiles: made with the execution that knows somebody new, put, deleted; each in its sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from retour import limits, profiles
from retour.model import Profile
from retour.stores.handovers import Accepted, Clash, Known, Stale, Written
from retour.stores.sql import statements
from stores.desk import ACME, OTHER, Desk


def profile(desk: Desk, user_id: str = "ann", sandbox: str = ACME, doc: bytes = b"sealed") -> Profile:
    """Of somebody, made now."""
    return Profile(
        sandbox=sandbox,
        namespace="email",
        user_id=user_id,
        doc=doc,
        created_at=desk.now,
        modified_at=desk.now,
    )


def accepted(desk: Desk, request_id: str, *people: Profile, **more: Any) -> Accepted:
    """The hand-over of intake with these new profiles."""
    plain = desk.accepted(request_id, **more)
    return Accepted(execution=plain.execution, messages=plain.messages, hash=plain.hash, profiles=people)


async def stored(desk: Desk, *user_ids: str, sandbox: str = ACME) -> dict[str, tuple[bytes, int, int]]:
    """What is there of these people."""
    found = await profiles.find(desk.store, sandbox, "email", user_ids)
    return {name: (each.doc, each.created_at, each.modified_at) for name, each in found.items()}


async def put(desk: Desk, made: Profile) -> None:
    values = {name: getattr(made, name) for name in made.__struct_fields__}
    assert await desk.change("profile_put", **values) == Written(changed=1)


async def test_new_people_are_kept_with_the_execution_that_knows_them(desk: Desk) -> None:
    people = [profile(desk, name) for name in ("ann", "bob")]
    assert await desk.store.write(accepted(desk, "order-1", *people)) == Written()
    await desk.reopen()
    assert set(await stored(desk, "ann", "bob", "nobody")) == {"ann", "bob"}


async def test_the_first_profile_of_somebody_stays(desk: Desk) -> None:
    await desk.store.write(accepted(desk, "order-1", profile(desk)))
    made = desk.now
    desk.wait(1)
    assert await desk.store.write(accepted(desk, "order-2", profile(desk, doc=b"later"))) == Written()
    assert await stored(desk, "ann") == {"ann": (b"sealed", made, made)}


@pytest.mark.parametrize(
    ("more", "kind"), [({"version": "v0"}, Stale), ({"hash": b"other"}, Clash), ({"hash": b"hash"}, Known)]
)
async def test_what_is_not_accepted_keeps_nobody(desk: Desk, more: dict[str, Any], kind: type) -> None:
    if kind is not Stale:
        await desk.accept("order-1")
    assert isinstance(await desk.store.write(accepted(desk, "order-1", profile(desk), **more)), kind)
    assert await stored(desk, "ann") == {}


async def test_a_profile_that_is_put_again_keeps_when_it_was_made(desk: Desk) -> None:
    await put(desk, profile(desk))
    made = desk.now
    desk.wait(1)
    await put(desk, profile(desk, doc=b"later"))
    assert await stored(desk, "ann") == {"ann": (b"later", made, desk.now)}


async def test_a_profile_is_deleted_once(desk: Desk) -> None:
    await put(desk, profile(desk))
    place = {"sandbox": ACME, "namespace": "email", "user_id": "ann"}
    assert await desk.change("profile_delete", guard=True, **place) == Written(changed=1)
    assert await desk.change("profile_delete", guard=True, **place) == Stale()
    assert await stored(desk, "ann") == {}


async def test_charlie_neither_reads_nor_replaces_nor_deletes_ann_s(desk: Desk) -> None:
    await put(desk, profile(desk))
    assert await stored(desk, "ann", sandbox=OTHER) == {}
    await put(desk, profile(desk, sandbox=OTHER, doc=b"his"))
    place = {"sandbox": OTHER, "namespace": "email", "user_id": "ann"}
    assert await desk.change("profile_delete", guard=True, **place) == Written(changed=1)
    assert (await stored(desk, "ann"))["ann"][0] == b"sealed"


async def test_as_many_are_read_at_once_as_a_request_has_recipients(desk: Desk) -> None:
    assert statements()["profiles_of"].count(":id") == limits.RECIPIENTS
    names = [f"user{number}" for number in range(limits.RECIPIENTS)]
    for name in names:
        await put(desk, profile(desk, name))
    assert sorted(await stored(desk, *names)) == sorted(names)
