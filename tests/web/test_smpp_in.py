"""Which SMSCs are kept bound: those of every configuration as it now is, of Acme and of Other Ltd alike."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import msgspec
import pytest

from cast import House
from channels.letters import anywhere
from channels.texts import Ears, configuration
from outside.smsc import Smsc, smsc
from retour import ids, limits, smppin
from retour.channels.sms_smpp import SmppChannel
from retour.errors import Busy
from retour.model import ChannelConfiguration, Sandbox
from retour.smppin import Keeper, keeping
from retour.stores.handovers import Changed, Step


def secrets_of(configuration: ChannelConfiguration) -> dict[str, str]:
    return {"password": "secret"}


def keeper_of(house: House, ears: Ears) -> tuple[Keeper, SmppChannel]:
    """A keeper of the house's configurations, and its channel."""
    channel = SmppChannel(anywhere, ssl.create_default_context)
    made = Keeper(house.retour.store, house.retour.shelves, {"smpp": channel}, secrets_of)
    made.listen(ears.report, ears.reply)
    return made, channel


async def configure(house: House, sandbox: Sandbox, center: Smsc, **values: Any) -> ChannelConfiguration:
    """A new configuration for this SMSC."""
    made = msgspec.structs.replace(configuration(center, **values), sandbox=sandbox.id, id=ids.new_id())
    place = {"sandbox": sandbox.id, "id": made.id, "name": made.id, "doc": msgspec.json.encode(made)}
    insert = Step(statement="configuration_insert", values=place | {"created_at": ids.now()})
    await house.retour.store.write(Changed(steps=(insert,)))
    return made


async def change(house: House, one: ChannelConfiguration, center: Smsc, **values: Any) -> None:
    """Another version of it."""
    made = msgspec.structs.replace(configuration(center, **values), sandbox=one.sandbox, id=one.id)
    place = {"sandbox": one.sandbox, "id": one.id, "name": one.id, "doc": msgspec.json.encode(made)}
    values = place | {"version": 1, "modified_at": ids.now()}
    await house.retour.store.write(Changed(steps=(Step(statement="configuration_update", values=values),)))


async def test_every_smsc_is_bound_and_what_it_says_is_told_of_its_own_configuration(house: House) -> None:
    ears = Ears()
    async with smsc() as acmes, smsc() as others:
        keeper, channel = keeper_of(house, ears)
        ann = await configure(house, house.dev, acmes)
        charlie = await configure(house, house.other, others)
        await house.simulated("sms")
        await keeper.look()
        await acmes.has_bound()
        await others.has_bound()
        assert [await acmes.receipt("m1", "DELIVRD"), await others.receipt("m1", "DELIVRD")] == [0, 0]
        await keeper.look()
        await channel.close()
    assert [told[:3] for told in ears.reports] == [
        (house.dev.id, ann.id, "m1"),
        (house.other.id, charlie.id, "m1"),
    ]
    assert (len(acmes.binds), len(others.binds)) == (1, 1)


async def test_a_configuration_that_changes_is_bound_as_it_now_is(house: House) -> None:
    async with smsc() as center:
        keeper, channel = keeper_of(house, Ears())
        one = await configure(house, house.dev, center)
        await keeper.look()
        await center.has_bound()
        await change(house, one, center, systemType="new")
        await keeper.look()
        await center.has_bound(2)
        await channel.close()
    assert [bind[2] for bind in center.binds] == ["", "new"]


async def test_there_is_no_end_to_looking(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SMPP_LOOK_SECONDS", 0.01)
    looked = asyncio.Semaphore(0)
    keeper, channel = keeper_of(house, Ears())
    troubles: list[Exception] = [Busy(begun=False), RuntimeError("a bug")]

    async def look() -> None:
        looked.release()
        if troubles:
            raise troubles.pop(0)

    monkeypatch.setattr(keeper, "look", look)
    async with keeping(keeper), asyncio.timeout(10):
        for _ in range(3):
            await looked.acquire()
    await channel.close()


async def test_more_configurations_than_are_read_at_once_are_all_found(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smppin, "BATCH", 2)
    async with smsc() as center:
        keeper, channel = keeper_of(house, Ears())
        for _ in range(5):
            await configure(house, house.dev, center)
        await keeper.look()
        await center.has_bound(5)
        await channel.close()
