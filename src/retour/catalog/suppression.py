"""Suppression and allowed lists: who gets nothing, who alone gets something, and the rules of a sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from retour import audit, checks, ids, limits
from retour.audit import Deed, Noun, Subject
from retour.errors import Changed as ChangedMeanwhile
from retour.errors import Code, Field, Invalid, NotFound
from retour.model import COMMAND_LINE, Actor, Sandbox
from retour.stores import Store
from retour.stores.handovers import Changed, Stale, Step, Written
from retour.stores.suppression_shelves import SuppressionShelves
from retour.suppression import MAIL_KINDS, Entry, EntryKind, ListName, Rules, domain_of, key_of

WIPED = 1_000  # rows to a commit
NAMES = {ListName.SUPPRESSED: "suppression list", ListName.ALLOWED: "allowed list"}
DENYLIST = "SMS denylist"  # as people know the numbers on the suppression list
EXAMPLES = {
    EntryKind.ADDRESS: "an e-mail address, as in ann@luma.example",
    EntryKind.DOMAIN: "a domain, as in luma.example",
    EntryKind.NUMBER: "a telephone number with + and the country code, as in +31612345678",
}
MAIL_ONLY = "The allowed list is for e-mail. Text messages go to everybody who is not on the SMS denylist."
FULL = f"The allowed list takes {limits.ALLOWED_ENTRIES:,} entries. Remove some, or allow a domain."


class Given(NamedTuple):
    """An entry to add, as it was written. user: who says so; whoever adds it, if empty."""

    kind: EntryKind
    value: str
    comment: str = ""
    user: str = ""


class Suppression:
    """Add, remove, wipe; change the rules. Whatever is changed holds for the next message that is tried."""

    def __init__(self, store: Store, shelves: SuppressionShelves) -> None:
        self._store = store
        self._shelves = shelves

    async def add(
        self, sandbox: Sandbox, name: ListName, given: Sequence[Given], by: Actor = COMMAND_LINE
    ) -> list[Entry]:
        """All of them or none. What is there gets the new comment. Raises Invalid (422)."""
        _check(name, given)
        known = [_written(one) for one in given]
        now = ids.now()
        steps = [
            Step(statement="suppression_put", values=put(sandbox.id, name, one, by.name, now), guard=True)
            for one in known
        ]
        told = told_of(by, sandbox, name, Deed.ADDED, known)
        if isinstance(await self._store.write(Changed(steps=(*steps, told))), Stale):
            raise Invalid(Code.INVALID_FIELDS, FULL, (Field("value", FULL),), status=422)
        return [await self.get(sandbox, name, one.kind, one.value) for one in known]

    async def get(self, sandbox: Sandbox, name: ListName, kind: EntryKind, value: str) -> Entry:
        """One entry; `value` in any spelling. Raises NotFound."""
        found = await self._shelves.entry(sandbox.id, name, kind, normal(kind, value) or value)
        if found is None:
            raise _missing(name)
        return found

    async def by_id(
        self, sandbox: Sandbox, name: ListName, entry_id: str, kinds: tuple[EntryKind, ...]
    ) -> Entry:
        """One entry of these kinds. Raises NotFound."""
        found = await self._shelves.by_id(sandbox.id, name, entry_id, kinds)
        if found is None:
            raise _missing(name)
        return found

    async def remove(
        self, sandbox: Sandbox, name: ListName, kind: EntryKind, value: str, by: Actor = COMMAND_LINE
    ) -> None:
        """Take it off; an address begins with no errors again. Raises NotFound."""
        value = normal(kind, value) or value
        place = {"sandbox": sandbox.id, "list": name, "kind": kind, "value": value}
        steps = [Step(statement="suppression_delete", values=place, guard=True)]
        if name is ListName.SUPPRESSED:
            steps.append(Step(statement="soft_error_reset", values={"sandbox": sandbox.id, "address": value}))
        steps.append(told_of(by, sandbox, name, Deed.REMOVED, [Given(kind, value)]))
        if isinstance(await self._store.write(Changed(steps=tuple(steps))), Stale):
            raise _missing(name)

    async def wipe(self, sandbox: Sandbox, by: Actor = COMMAND_LINE) -> None:
        """Empty both lists, forget all errors. The rules stay, and so does who has opted out of text messages."""
        subject = Subject(Noun.SUPPRESSION, "", "both lists")
        told = audit.entry(by, audit.place_of(sandbox), Deed.WIPED, subject)
        await self._store.write(Changed(steps=(told,)))
        place = {"sandbox": sandbox.id, "limit": WIPED}
        for step in (
            Step(statement="suppressions_wipe", values=place),
            Step(statement="soft_errors_wipe", values=place),
        ):
            while await self._changed(step) == WIPED:
                pass

    async def rules(self, sandbox: Sandbox) -> Rules:
        """As they are now."""
        return await self._shelves.rules(sandbox.id)

    async def change_threshold(
        self, sandbox: Sandbox, threshold: int, version: int, by: Actor = COMMAND_LINE
    ) -> Rules:
        """After how many soft errors an address is suppressed. Raises Invalid, Changed."""
        low, high = limits.SOFT_THRESHOLD
        problems = checks.Problems()
        problems.need("threshold", low <= threshold <= high, f"Use {low} to {high}.")
        problems.refuse("The rules can't be saved like this.")
        before = await self.rules(sandbox)
        after = Rules(soft_threshold=threshold, allow_active=before.allow_active, version=version)
        return await self._put_rules(sandbox, before, after, by)

    async def activate(self, sandbox: Sandbox, active: bool, version: int, by: Actor = COMMAND_LINE) -> Rules:
        """Send to the allowed list alone, or to everybody again. Raises Changed."""
        before = await self.rules(sandbox)
        after = Rules(soft_threshold=before.soft_threshold, allow_active=active, version=version)
        return await self._put_rules(sandbox, before, after, by)

    async def _put_rules(self, sandbox: Sandbox, before: Rules, after: Rules, by: Actor) -> Rules:
        values = {
            "sandbox": sandbox.id,
            "soft_threshold": after.soft_threshold,
            "allow_active": int(after.allow_active),
            "version": after.version,
        }
        put_rules = Step(statement="suppression_rules_put", values=values, guard=True)
        subject = Subject(Noun.SUPPRESSION, "", "rules")
        told = audit.entry(by, audit.place_of(sandbox), Deed.CHANGED, subject, before, after)
        stale = before.version != after.version
        if stale or isinstance(await self._store.write(Changed(steps=(put_rules, told))), Stale):
            raise ChangedMeanwhile(
                Code.VERSION_STALE, "Somebody changed the rules meanwhile. Look at them again, then decide."
            )
        return await self.rules(sandbox)

    async def _changed(self, step: Step) -> int:
        answer = await self._store.write(Changed(steps=(step,)))
        return answer.changed if isinstance(answer, Written) else 0


def normal(kind: EntryKind, value: str) -> str | None:
    """As it stands on a list; None when it is no address, no domain or no number."""
    if kind is EntryKind.DOMAIN:
        return domain_of(value)
    if kind is EntryKind.NUMBER:
        return checks.phone_number(value)
    return key_of(value).address if checks.email_address(value.strip()) else None


def problem(name: ListName, given: Given) -> str | None:
    """What is wrong with an entry of a list, as a sentence."""
    return wrong_value(name, given) or wrong_comment(given)


def wrong_value(name: ListName, given: Given) -> str | None:
    """What is wrong with what is named."""
    if name is ListName.ALLOWED and given.kind not in MAIL_KINDS:
        return MAIL_ONLY
    return None if normal(given.kind, given.value) is not None else f"Enter {EXAMPLES[given.kind]}."


def wrong_comment(given: Given) -> str | None:
    """What is wrong with the comment."""
    return checks.line(given.comment, limits.SUPPRESSION_COMMENT_CHARACTERS)


def put(sandbox: str, name: ListName, given: Given, by: str, now: int) -> dict[str, Any]:
    """The values of `suppression_put`. given: as `normal` writes it."""
    return {
        "sandbox": sandbox,
        "list": name,
        "kind": given.kind,
        "value": given.value,
        "id": ids.new_id(),
        "comment": given.comment,
        "by": given.user or by,
        "now": now,
        "most": limits.ALLOWED_ENTRIES,
    }


def _check(name: ListName, given: Sequence[Given]) -> None:
    problems = checks.Problems()
    good = 0 < len(given) <= limits.SUPPRESSION_ENTRIES
    problems.need(
        "entries", good, f"Send 1 to {limits.SUPPRESSION_ENTRIES:,} entries; upload a file of more."
    )
    if good:
        for place, one in enumerate(given):
            problems.add(f"[{place}].entity.entityValue", wrong_value(name, one))
            problems.add(f"[{place}].comment", wrong_comment(one))
    problems.refuse("The entries can't be added like this.")


def _written(given: Given) -> Given:
    return Given(given.kind, normal(given.kind, given.value) or "", given.comment.strip(), given.user.strip())


def told_of(by: Actor, sandbox: Sandbox, name: ListName, deed: Deed, given: Sequence[Given]) -> Step:
    """The audit log's entry for all that were changed by one call; they are of one kind, or all of e-mail."""
    first, more = given[0], len(given) - 1
    subject = Subject(Noun.SUPPRESSION, "", f"{first.value} and {more:,} more" if more else first.value)
    what = {"list": called(name, first.kind), "entries": ", ".join(one.value for one in given)}
    if first.comment and not more:
        what["comment"] = first.comment
    before, after = (what, None) if deed is Deed.REMOVED else (None, what)
    return audit.entry(by, audit.place_of(sandbox), deed, subject, before, after)


def called(name: ListName, kind: EntryKind) -> str:
    """The list, as people know it."""
    return NAMES[name] if kind in MAIL_KINDS else DENYLIST


def _missing(name: ListName) -> NotFound:
    return NotFound(Code.NOT_FOUND, f"This is not on the {NAMES[name]} of this sandbox.")
