"""Lists, counts and uploads, the same on every store: Ann's sandbox ACME, Charlie's OTHER."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cast import until
from retour import ids, limits
from retour.catalog.suppression import Given, Suppression
from retour.catalog.uploads import Uploads
from retour.model import Lane, Sandbox, SandboxType
from retour.stores.handovers import Answer, Relay, Settled, Stale, Written
from retour.stores.suppression_shelves import Sought, SuppressionShelves, UploadState
from retour.suppression import Cause, Entry, EntryKind, Guard, Lesson, LessonKind, ListName
from stores.desk import ACME, BOBS, OTHER, RELAY, Desk

VERA = "vera@luma.example"
LANE = Lane(ACME, RELAY)
ADDRESS, DOMAIN = EntryKind.ADDRESS, EntryKind.DOMAIN
SUPPRESSED, ALLOWED = ListName.SUPPRESSED, ListName.ALLOWED
SANDBOXES = {
    name: Sandbox(id=name, org="org", name=name, type=SandboxType.DEVELOPMENT, created_at=0)
    for name in (ACME, BOBS, OTHER)
}


async def add(desk: Desk, *values: str, name: ListName = SUPPRESSED, sandbox: str = ACME) -> list[Entry]:
    """Put these on a list."""
    given = [Given(ADDRESS if "@" in value else DOMAIN, value) for value in values]
    return await Suppression(desk.store, SuppressionShelves(desk.store)).add(SANDBOXES[sandbox], name, given)


async def activate(desk: Desk, sandbox: str = ACME) -> None:
    """The allowed list."""
    await Suppression(desk.store, SuppressionShelves(desk.store)).activate(SANDBOXES[sandbox], True, 0)


async def claimed(desk: Desk, *addresses: str) -> list[str]:
    """The exclusion of each message of a claim, `` for one that may go."""
    for number, address in enumerate(addresses):
        await desk.accept(f"order-{number}", address=address)
    claim = await desk.store.claim_messages(LANE, desk.now, 10)
    facts = [claim.left_out.get(f"order-{number}") for number in range(len(addresses))]
    return [fact.exclusion.reason if fact and fact.exclusion else "" for fact in facts]


async def test_a_claim_knows_who_is_left_out(desk: Desk) -> None:
    await add(desk, VERA, "closed.example")
    await add(desk, "bob@acme.example", sandbox=OTHER)
    found = await claimed(
        desk, "Vera@LUMA.example", "x@closed.example", "bob@acme.example", "x@sub.closed.example"
    )
    assert found == ["EmailSuppressed", "DomainSuppressed", "", ""]


async def test_a_claim_asks_nothing_of_empty_lists(desk: Desk) -> None:
    assert await guard(desk) == Guard.NONE
    await add(desk, VERA, name=ALLOWED)
    assert await guard(desk) == Guard.NONE
    await activate(desk)
    assert await guard(desk) == Guard.ALLOWS_ONLY | Guard.ALLOWS_ADDRESSES
    await add(desk, VERA)
    assert await guard(desk) == Guard.SUPPRESSES | Guard.ALLOWS_ONLY | Guard.ALLOWS_ADDRESSES
    assert await guard(desk, OTHER) == Guard.NONE


async def guard(desk: Desk, sandbox: str = ACME) -> Guard:
    """What a claim would ask."""
    if sandbox != ACME:
        await desk.configuration(sandbox, "relay-two")
    row = (
        await desk.rows("configuration_health", sandbox=sandbox, id=RELAY if sandbox == ACME else "relay-two")
    )[0]
    return Guard(row[-1])


async def test_an_active_list_leaves_out_all_others(desk: Desk) -> None:
    await add(desk, VERA, "acme.example", name=ALLOWED)
    await activate(desk)
    assert await claimed(desk, VERA, "x@acme.example", "y@luma.example") == ["", "", "EmailNotAllowed"]


def lesson(desk: Desk, kind: LessonKind, message: str = "order-1") -> Lesson:
    """Of a message to Vera."""
    return Lesson(kind=kind, address=VERA, reason="Mailbox Full", message_id=message, now=desk.now)


async def settled(desk: Desk, message: str, kind: LessonKind) -> Answer:
    """Accept, take and settle a message that taught this."""
    await desk.accept(message, address=VERA)
    (taken,) = (await desk.store.claim_messages(LANE, desk.now, 1)).messages
    return await desk.store.write(
        Settled(
            lane=LANE,
            message_id=taken.id,
            fence=taken.fence,
            revision=taken.revision,
            now=desk.now,
            status=taken.status,
            attempts=1,
            relay=Relay(),
            lesson=lesson(desk, kind, message),
        )
    )


async def entry(desk: Desk) -> Entry | None:
    """What the list says of Vera."""
    return await SuppressionShelves(desk.store).entry(ACME, SUPPRESSED, ADDRESS, VERA)


@pytest.mark.parametrize(
    ("kind", "cause"), [(LessonKind.HARD, Cause.HARD), (LessonKind.COMPLAINT, Cause.COMPLAINT)]
)
async def test_what_a_message_taught_is_written_with_it(desk: Desk, kind: LessonKind, cause: Cause) -> None:
    assert isinstance(await settled(desk, "order-1", kind), Written)
    found = await entry(desk)
    assert found is not None
    assert (found.cause, found.message_id, found.created_at) == (cause, "order-1", desk.now)


async def test_what_is_not_written_teaches_nothing(desk: Desk) -> None:
    await desk.accept("order-1", address=VERA)
    stale = Settled(
        lane=LANE,
        message_id="order-1",
        fence=9,
        revision=9,
        now=desk.now,
        status=(await desk.store.claim_messages(LANE, desk.now, 1)).messages[0].status,
        attempts=1,
        lesson=lesson(desk, LessonKind.HARD),
    )
    assert isinstance(await desk.store.write(stale), Stale)
    assert await entry(desk) is None


async def test_soft_errors_are_counted_and_a_delivery_begins_again(desk: Desk) -> None:
    asked = {"sandbox": ACME, "address": VERA}
    for number in range(3):
        await settled(desk, f"order-{number}", LessonKind.SOFT)
        desk.wait(25 * 3_600)
    assert [row[0] for row in await desk.rows("soft_error_get", **asked)] == [3]
    await settled(desk, "order-9", LessonKind.DELIVERED)
    assert await desk.rows("soft_error_get", **asked) == []
    assert await entry(desk) is None


async def test_errors_at_once_are_all_counted(desk: Desk) -> None:
    await asyncio.gather(*(desk.accept(f"order-{number}", address=VERA) for number in range(8)))
    taken = (await desk.store.claim_messages(LANE, desk.now, 8)).messages
    same = lesson(desk, LessonKind.SOFT)  # of one message, so that each counts
    values: list[dict[str, Any]] = [
        {"message_id": one.id, "fence": one.fence, "revision": one.revision, "status": one.status}
        for one in taken
    ]
    await asyncio.gather(
        *(
            desk.store.write(Settled(lane=LANE, now=desk.now, attempts=1, lesson=same, **one))
            for one in values
        )
    )
    assert (await desk.rows("soft_error_get", sandbox=ACME, address=VERA))[0][0] == 8
    found = await entry(desk)
    assert found is not None
    assert (found.cause, found.errors) == (Cause.SOFT, 8)


async def test_a_list_is_read_in_pages(desk: Desk) -> None:
    await add(desk, "a@x.example", "b@x.example", "c_d@x.example", "x.example")
    shelves = SuppressionShelves(desk.store)
    newest = await shelves.page(ACME, Sought(), limit=2)
    assert [one.value[0] for one in newest] == ["c", "b"]
    assert [one.value[0] for one in await shelves.page(ACME, Sought(), newest[-1].id, 2)] == ["a"]
    assert [one.value[0] for one in await shelves.page(ACME, Sought(), limit=9, newest_first=False)] == [
        "a",
        "b",
        "c",
    ]
    assert [one.value for one in await shelves.page(ACME, Sought(text="C_"))] == ["c_d@x.example"]
    assert await shelves.page(ACME, Sought(text="a_")) == []
    assert [one.kind for one in await shelves.mixed(ACME, Sought(), "", 2)] == [DOMAIN, ADDRESS]
    assert await shelves.page(OTHER, Sought()) == []
    assert sum([len(chunk) async for chunk in shelves.all(ACME, SUPPRESSED)]) == 4


async def test_two_who_add_the_last_one_are_not_both_served(desk: Desk) -> None:
    many = [f"n{number}@x.example" for number in range(limits.ALLOWED_ENTRIES - 1)]
    await add(desk, *many, name=ALLOWED)
    done = await asyncio.gather(
        *(add(desk, f"{word}@y.example", name=ALLOWED) for word in ("one", "two")), return_exceptions=True
    )
    assert sum(isinstance(one, list) for one in done) == 1


async def test_a_wipe_takes_everything_of_one_sandbox(desk: Desk) -> None:
    await add(desk, VERA, "x.example")
    await add(desk, VERA, name=ALLOWED)
    await add(desk, VERA, sandbox=OTHER)
    shelves = SuppressionShelves(desk.store)
    await Suppression(desk.store, shelves).wipe(SANDBOXES[ACME])
    assert [await shelves.count(ACME, name) for name in ListName] == [0, 0]
    assert await shelves.count(OTHER, SUPPRESSED) == 1


def file_of(count: int) -> bytes:
    """So many addresses, every hundredth wrong."""
    rows = (f"EMAIL,{'no' if n % 100 == 0 else f'n{n}@x.example'},\n" for n in range(count))
    return ("TYPE,VALUE,COMMENT\n" + "".join(rows)).encode()


async def test_an_upload_goes_on_after_a_restart(desk: Desk) -> None:
    shelves = SuppressionShelves(desk.store)
    uploads = Uploads(desk.store, shelves)
    started = await uploads.start(SANDBOXES[ACME], SUPPRESSED, "x.csv", file_of(4_000))
    await until(lambda: handled(desk, started.id, 1))
    await uploads.close()
    await desk.reopen()
    shelves = SuppressionShelves(desk.store)
    left = await shelves.upload(ACME, started.id)
    assert left is not None
    assert (left.state, 0 < left.handled < 4_000) == (UploadState.PENDING, True)
    again = Uploads(desk.store, shelves)
    assert await again.go_on(ids.now())  # somebody may still hold it
    assert (await shelves.upload(ACME, started.id)) == left
    assert await again.go_on(ids.now() + limits.UPLOAD_LEASE)
    await until(lambda: handled(desk, started.id, 4_000))
    done = await shelves.upload(ACME, started.id)
    assert done is not None
    assert (done.state, done.failed) == (UploadState.COMPLETE, 40)
    assert await shelves.count(ACME, SUPPRESSED, 9_999) == 3_960
    assert len(await shelves.first_failures(ACME, started.id, 999)) == 40
    assert not await again.go_on(ids.now() + limits.UPLOAD_LEASE)


async def handled(desk: Desk, upload_id: str, count: int) -> bool:
    """Whether it is that far."""
    found = await SuppressionShelves(desk.store).upload(ACME, upload_id)
    return found is not None and found.handled >= count


async def test_two_who_go_on_with_an_upload_add_it_once(desk: Desk) -> None:
    shelves = SuppressionShelves(desk.store)
    first, second = Uploads(desk.store, shelves), Uploads(desk.store, shelves)
    started = await first.start(SANDBOXES[ACME], SUPPRESSED, "x.csv", file_of(3_000))
    later = ids.now() + 2 * limits.UPLOAD_LEASE
    await asyncio.gather(second.go_on(later), second.go_on(later))
    await until(lambda: handled(desk, started.id, 3_000))
    done = await shelves.upload(ACME, started.id)
    assert done is not None
    assert (done.handled, done.failed) == (3_000, 30)
    await asyncio.gather(first.close(), second.close())


async def test_an_upload_that_is_deleted_ends(desk: Desk) -> None:
    uploads = Uploads(desk.store, SuppressionShelves(desk.store))
    started = await uploads.start(SANDBOXES[ACME], SUPPRESSED, "x.csv", file_of(4_000))
    await until(lambda: handled(desk, started.id, 1))
    await uploads.delete(SANDBOXES[ACME], started.id)
    added = await SuppressionShelves(desk.store).count(ACME, SUPPRESSED, 9_999)
    await uploads.close()
    assert 0 < added < 3_960
    assert await desk.rows("upload_file", sandbox=ACME, id=started.id) == []
    assert await SuppressionShelves(desk.store).first_failures(ACME, started.id, 9) == []


async def test_old_uploads_are_forgotten_and_their_entries_stay(desk: Desk) -> None:
    shelves = SuppressionShelves(desk.store)
    uploads = Uploads(desk.store, shelves)
    started = await uploads.start(SANDBOXES[ACME], SUPPRESSED, "x.csv", file_of(200))
    await until(lambda: handled(desk, started.id, 200))
    await uploads.go_on(ids.now() + limits.UPLOAD_AGE + limits.DAY)
    assert await shelves.upload(ACME, started.id) is None
    assert await shelves.count(ACME, SUPPRESSED) == 198
