"""A desk at a store: what rooms and the catalog would hand over, in short words, with a clock that tests move.

Ann's sandbox is ACME; Bob's is BOBS, also of Acme; Charlie's is OTHER. Ids say what they name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from retour import ids, limits
from retour.model import (
    Attempt,
    ChannelBits,
    ChannelKind,
    Delivery,
    DeliveryState,
    Event,
    Execution,
    FeedbackStatus,
    Lane,
    Message,
    RecipientStatus,
    Timings,
    status_bits,
)
from retour.stores import DeliveryClaim, MessageClaim, Row, Store
from retour.stores.handovers import (
    Accepted,
    Answer,
    Attempted,
    Changed,
    GivenUp,
    Owing,
    Relay,
    Settled,
    Step,
    Written,
)

ACME, BOBS, OTHER = "acme-prod", "acme-dev", "other-prod"
RELAY = "relay"
NOW = 1_800_000_000 * limits.SECOND
ALL_CHANNELS = int(ChannelBits.of(*ChannelKind))
Opener = Callable[[int], Awaitable[Store]]


class Desk:
    """A store with a live campaign for whoever asks, and a clock (`now`, microseconds)."""

    def __init__(self, store: Store, opener: Opener) -> None:
        self.store = store
        self.now = NOW
        self._opener = opener

    def wait(self, seconds: float) -> None:
        """Move the clock."""
        self.now += round(seconds * limits.SECOND)

    async def reopen(self) -> None:
        """As after a restart."""
        await self.store.close()
        self.store = await self._opener(self.now)

    async def rows(self, statement: str, **values: Any) -> list[Row]:
        """A named read."""
        return await self.store.read(statement, **values)

    async def change(self, statement: str, guard: bool = False, **values: Any) -> Answer:
        """One step of the catalog."""
        return await self.store.write(Changed(steps=(Step(statement=statement, values=values, guard=guard),)))

    # --- the catalog ---

    async def campaign(self, sandbox: str = ACME, name: str = "campaign") -> None:
        """A live campaign with the version `v1`."""
        place: dict[str, Any] = {"sandbox": sandbox, "id": name}
        made: dict[str, Any] = {"name": name, "status": "DRAFT", "doc": b"{}", "created_at": self.now}
        await self.change("campaign_insert", **place, **made)
        live: dict[str, Any] = {"version_id": "v1", "doc": b"{}", "modified_at": self.now, "version": 1}
        assert await self.change("campaign_publish", **place, **live) == Written(changed=1)

    async def configuration(self, sandbox: str = ACME, name: str = RELAY) -> None:
        """A channel configuration."""
        await self.change(
            "configuration_insert", sandbox=sandbox, id=name, name=name, doc=b"{}", created_at=self.now
        )

    async def webhook(self, sandbox: str = ACME, name: str = "hook", **columns: Any) -> Answer:
        """A feedback webhook that wants everything, unless told otherwise."""
        values: dict[str, Any] = {
            "sandbox": sandbox,
            "id": name,
            "doc": b"{}",
            "channels": ALL_CHANNELS,
            "events": status_bits(*FeedbackStatus),
            "format": "extended",
            "order_wait": 60,
            "deadline": 10,
            "now": self.now,
            "by": "ann",
        }
        return await self.change("webhook_insert", **(values | columns))

    async def delete_webhook(self, sandbox: str = ACME, name: str = "hook") -> None:
        """With all that is pending, as the catalog does it."""
        gone = Step(statement="webhook_delete", values={"sandbox": sandbox, "id": name}, guard=True)
        cancel = Step(statement="deliveries_cancel", values={"sandbox": sandbox, "now": self.now})
        await self.store.write(Changed(steps=(gone, cancel)))

    async def webhook_state(self, sandbox: str = ACME) -> dict[str, Any]:
        """Its health as the pages show it."""
        row = (await self.rows("webhook_of", sandbox=sandbox))[0]
        names = ("paused_at", "paused_by", "last_accepted_at", "failures", "failing_since", "open_until")
        return dict(zip(names, row[6:12], strict=True))

    # --- intake ---

    async def accept(self, request_id: str, sandbox: str = ACME, **more: Any) -> Answer:
        """An execution request for one person."""
        return await self.store.write(self.accepted(request_id, sandbox, **more))

    def accepted(
        self,
        request_id: str,
        sandbox: str = ACME,
        version: str = "v1",
        hash: bytes = b"hash",
        configuration: str = RELAY,
        **message: Any,
    ) -> Accepted:
        """The hand-over of intake. The message has the id of its request, so that tests can name it."""
        execution = Execution(
            sandbox=sandbox,
            id=ids.new_execution_id(),
            request_id=request_id,
            campaign_id="campaign",
            campaign_version_id=version,
            created_at=self.now,
            created_by="ann",
        )
        values: dict[str, Any] = {
            "sandbox": sandbox,
            "id": request_id,
            "execution_id": execution.id,
            "request_id": request_id,
            "campaign_id": "campaign",
            "version_id": version,
            "configuration_id": configuration,
            "channel": ChannelKind.EMAIL,
            "namespace": "email",
            "user_id": "ann@acme.example",
            "address": "ann@acme.example",
            "created_at": self.now,
            "expires_at": self.now + limits.DAY,
            "content": b"sealed",
            "due_at": self.now,
        }
        return Accepted(execution=execution, messages=(Message(**(values | message)),), hash=hash)

    # --- sending ---

    async def messages(self, sandbox: str = ACME, limit: int = 100, name: str = RELAY) -> MessageClaim:
        """Claim messages now."""
        return await self.store.claim_messages(Lane(sandbox, name), self.now, limit)

    async def settle(self, message: Message, *statuses: FeedbackStatus, **more: Any) -> Answer:
        """Hand over what a try taught."""
        return await self.store.write(self.settled(message, *statuses, **more))

    def settled(
        self,
        message: Message,
        *statuses: FeedbackStatus,
        wanted: bool = True,
        facts: Sequence[str] = (),
        **more: Any,
    ) -> Settled:
        """The hand-over of sending, with an event for each status. facts: their keys, else the status."""
        keys = facts or [status.value for status in statuses]
        owings = tuple(
            Owing(
                event=self.event(message, message.events + number, status, key),
                delivery_id=f"{message.id}.{message.events + number}",
                request_id=message.request_id,
                wanted=wanted,
            )
            for number, (status, key) in enumerate(zip(statuses, keys, strict=True), start=1)
        )
        values: dict[str, Any] = {
            "lane": message.lane,
            "message_id": message.id,
            "fence": message.fence,
            "revision": message.revision,
            "now": self.now,
            "status": RecipientStatus.SENT,
            "attempts": message.attempts,
            "drop_content": True,
            "owings": owings,
        }
        return Settled(**(values | more))

    def event(self, message: Message, sequence: int, status: FeedbackStatus, key: str) -> Event:
        """A feedback event; its body names it."""
        name = f"{message.id}.{sequence}"
        return Event(
            sandbox=message.sandbox,
            id=f"event-{name}",
            message_id=message.id,
            sequence=sequence,
            fact=key,
            status=status,
            channel=message.channel,
            at=self.now,
            body=f"body of {name}".encode(),
        )

    async def relay_fails(self, message: Message, seconds: float = 60, **more: Any) -> Answer:
        """A try that our own relay refused; it waits until then, and so does the circuit."""
        until = self.now + round(seconds * limits.SECOND)
        relay = Relay(trouble="The relay refused the login.", open_until=until)
        values = {"due_at": until, "waits_for_relay": True, "relay": relay, "attempts": message.attempts - 1}
        return await self.settle(message, **(values | {"drop_content": False} | more))

    async def told(
        self, request_id: str, *statuses: FeedbackStatus, sandbox: str = ACME, **more: Any
    ) -> Message:
        """A message that has gone through intake and sending, with these events recorded."""
        assert await self.accept(request_id, sandbox) == Written()
        (message,) = (await self.messages(sandbox)).messages
        assert isinstance(await self.settle(message, *statuses, **more), Written)
        return message

    # --- dispatch ---

    async def deliveries(self, sandbox: str = ACME, limit: int = 100) -> DeliveryClaim:
        """Claim deliveries now."""
        return await self.store.claim_deliveries(sandbox, self.now, limit)

    async def names(self, sandbox: str = ACME, limit: int = 100) -> list[str]:
        """The ids of the deliveries claimed now: `message.sequence`."""
        return sorted(delivery.id for delivery in (await self.deliveries(sandbox, limit)).deliveries)

    async def post(self, delivery: Delivery, status: int = 200, webhook: str = "hook", **more: Any) -> Answer:
        """Hand over a try: accepted for a 2xx, else to be tried again in five seconds."""
        return await self.store.write(self.attempted(delivery, status, webhook, **more))

    def attempted(self, delivery: Delivery, status: int, webhook: str = "hook", **more: Any) -> Attempted:
        """The hand-over of dispatch."""
        accepted = status < 300
        values: dict[str, Any] = {
            "sandbox": delivery.sandbox,
            "delivery_id": delivery.id,
            "message_id": delivery.message_id,
            "sequence": delivery.sequence,
            "replay": delivery.replay,
            "webhook_id": webhook,
            "fence": delivery.fence,
            "now": self.now,
            "state": DeliveryState.ACCEPTED if accepted else DeliveryState.DUE,
            "due_at": self.now + 5 * limits.SECOND,
            "attempts": delivery.attempts,
            "attempt": an_attempt(delivery, status, self.now),
            "trouble": None if accepted else f"http_{status}",
            "open_until": self.now + 5 * limits.SECOND,
        }
        return Attempted(**(values | more))

    async def give_up(self, delivery: Delivery) -> Answer:
        """Hand over that a delivery was taken too often."""
        return await self.store.write(
            GivenUp(
                sandbox=delivery.sandbox,
                delivery_id=delivery.id,
                message_id=delivery.message_id,
                sequence=delivery.sequence,
                replay=delivery.replay,
                fence=delivery.fence,
                attempts=delivery.attempts,
                now=self.now,
                state=DeliveryState.EXHAUSTED,
                trouble="taken_too_often",
            )
        )

    async def state_of(self, delivery: str, sandbox: str = ACME) -> str:
        """The state of a delivery, by its id."""
        rows = await self.rows("delivery_get", sandbox=sandbox, id=delivery)
        return str(rows[0][9]) if rows else "missing"


def an_attempt(delivery: Delivery, status: int, now: int) -> Attempt:
    """One HTTP try."""
    return Attempt(
        sandbox=delivery.sandbox,
        id=ids.new_id(),
        delivery_id=delivery.id,
        number=delivery.attempts,
        at=now,
        url="https://hooks.acme.example/",
        status_code=status,
        trouble=None,
        detail=f"The endpoint answered {status}.",
        address=None,
        request_headers=(),
        response_headers=(),
        response_body="",
        timings=Timings(),
        accepted=status < 300,
    )
