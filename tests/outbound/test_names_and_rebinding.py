"""Names: looked up by us, refused if any address is forbidden, pinned, and checked again when used."""

from __future__ import annotations

import asyncio
import time

import pytest

from outbound.asking import Opening, asking
from outside.certificates import Authority
from outside.https import serving
from outside.nameserver import Answers, naming
from outside.sockets import trap
from retour.outbound.addresses import LOOPBACK, Problem, Trouble, parse_allowed
from retour.outbound.names import DnsResolver, Turns, Vetted, mail_hosts, vet

PUBLIC = "93.184.216.34"


class Listed:
    """A resolver outside the network, which remembers how many ask at once."""

    def __init__(self, *addresses: str, wait: asyncio.Event | None = None) -> None:
        self._addresses = addresses
        self._wait = wait
        self.now = self.most = 0

    async def exchangers(self, domain: str) -> tuple[str, ...]:
        raise AssertionError("nobody sends mail here")

    def kept(self, host: str) -> None:
        """Nothing."""

    async def resolve(self, host: str) -> tuple[str, ...] | Problem:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            if self._wait is not None:
                await self._wait.wait()
        finally:
            self.now -= 1
        return self._addresses

    async def close(self) -> None:
        pass


async def test_a_name_is_vetted_with_all_its_addresses() -> None:
    vetted = await vet("hooks.test", 443, "acme", (), Listed(PUBLIC, "2606:4700::1111"))
    assert vetted == Vetted(host="hooks.test", port=443, addresses=(PUBLIC, "2606:4700::1111"))


@pytest.mark.parametrize(
    "addresses",
    [("127.0.0.1", PUBLIC), (PUBLIC, "127.0.0.1"), (PUBLIC, "::ffff:10.0.0.1"), (PUBLIC, "fe80::1")],
)
async def test_one_forbidden_address_among_good_ones_refuses_the_name(addresses: tuple[str, ...]) -> None:
    problem = await vet("hooks.test", 443, "acme", (), Listed(*addresses))
    assert isinstance(problem, Problem)
    assert problem.trouble == Trouble.ADDRESS_FORBIDDEN


async def test_the_sentence_names_the_setting_of_who_asks() -> None:
    problem = await vet("relay", 25, "acme", (), Listed("10.0.0.4"), setting="RETOUR_RELAY_ALLOW")
    assert isinstance(problem, Problem)
    assert problem.sentence == (
        "relay resolves to 10.0.0.4, a private address. To allow it, add 10.0.0.4/32:25@acme to RETOUR_RELAY_ALLOW."
    )
    allowed = parse_allowed("10.0.0.4/32:25@acme")
    assert isinstance(await vet("relay", 25, "acme", allowed, Listed("10.0.0.4")), Vetted)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "::1", "::ffff:127.0.0.1", "127.1."]
)
async def test_an_address_is_vetted_without_asking_anybody(host: str) -> None:
    resolver = Listed(PUBLIC)
    problem = await vet(host, 25, "acme", (), resolver)
    assert isinstance(problem, Problem)
    assert problem.trouble == Trouble.ADDRESS_FORBIDDEN
    assert isinstance(await vet(host, 25, "acme", LOOPBACK, resolver), Vetted)
    assert resolver.most == 0


async def test_a_name_without_addresses_is_not_found() -> None:
    problem = await vet("hooks.test", 443, "acme", (), Listed())
    assert problem == Problem(trouble=Trouble.NAME_NOT_FOUND, sentence="hooks.test can't be found.")


@pytest.mark.parametrize("host", ["", "a b", "a..b", "%31.test", "hooks.test/x"])
async def test_what_is_no_name_is_not_looked_up(host: str) -> None:
    resolver = Listed(PUBLIC)
    assert isinstance(await vet(host, 443, "acme", (), resolver), Problem)
    assert resolver.most == 0


@pytest.mark.slow
async def test_a_look_up_has_two_seconds() -> None:
    started = time.monotonic()
    problem = await vet("hooks.test", 443, "acme", (), Listed(PUBLIC, wait=asyncio.Event()))
    assert isinstance(problem, Problem)
    assert problem.trouble == Trouble.NAME_LOOKUP_FAILED
    assert 1.9 < time.monotonic() - started < 3


async def test_a_sandbox_has_two_look_ups_at_once_and_holds_up_nobody_else() -> None:
    turns, release = Turns(), asyncio.Event()
    acme, other = Listed(PUBLIC, wait=release), Listed(PUBLIC)

    async def look_up(sandbox: str, resolver: Listed) -> None:
        async with turns.of(sandbox):
            await resolver.resolve("hooks.test")

    waiting = [asyncio.create_task(look_up("acme-prod", acme)) for _ in range(10)]
    async with asyncio.timeout(2):
        await asyncio.gather(*(look_up("other-prod", other) for _ in range(5)))
    assert (acme.now, acme.most, other.most) == (2, 2, 1)
    release.set()
    await asyncio.gather(*waiting)
    assert acme.most == 2


async def test_the_resolver_knows_names_and_the_hosts_file() -> None:
    names: Answers = {"hooks.test": [[PUBLIC, "2606:4700::1111"]], "empty.test": [[]], "silent.test": None}
    async with naming(names) as nameserver:
        resolver = DnsResolver((nameserver.address,))
        found = await resolver.resolve("hooks.test")
        assert isinstance(found, tuple)
        assert set(found) == {PUBLIC, "2606:4700::1111"}
        local = await resolver.resolve("localhost")
        assert isinstance(local, tuple)
        assert "127.0.0.1" in local
        for name in ("nowhere.test", "empty.test"):
            missing = await resolver.resolve(name)
            assert missing == Problem(trouble=Trouble.NAME_NOT_FOUND, sentence=f"{name} can't be found.")
        await resolver.close()
    assert ("localhost", "A") not in nameserver.asked


async def test_the_resolver_knows_where_mail_goes() -> None:
    names: Answers = {
        "two.test": [["20 late.test", "10 first.test", PUBLIC]],
        "itself.test": [[PUBLIC]],
        "refuses.test": [["0 ."]],
        "empty.test": [[]],
        "silent.test": None,
    }
    async with naming(names) as nameserver:
        resolver = DnsResolver((nameserver.address,))
        assert await mail_hosts("two.test", resolver) == ("first.test", "late.test")
        assert await mail_hosts("itself.test", resolver) == ("itself.test",)
        assert await mail_hosts("refuses.test", resolver) == ()
        troubles = {}
        for domain in ("nowhere.test", "empty.test", "silent.test", "127.0.0.1", "a b"):
            found = await mail_hosts(domain, resolver)
            assert isinstance(found, Problem), domain
            troubles[domain] = found.trouble
        await resolver.close()
    assert troubles.pop("silent.test") is Trouble.NAME_LOOKUP_FAILED
    assert set(troubles.values()) == {Trouble.NAME_NOT_FOUND}


async def test_names_are_looked_up_as_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALDOMAIN", "corp.test")
    monkeypatch.setenv("RES_OPTIONS", "ndots:5")
    async with naming({"hooks.corp.test": [[PUBLIC]]}) as nameserver:
        resolver = DnsResolver((nameserver.address,))
        assert isinstance(await resolver.resolve("hooks"), Problem)
        await resolver.close()
    assert {name for name, _ in nameserver.asked} == {"hooks"}


async def test_a_silent_name_server_costs_the_deadline_and_no_more(opening: Opening) -> None:
    async with opening({"silent.test": None}) as (outbound, _):
        started = time.monotonic()
        answer = await outbound.ask(asking("https://silent.test/", seconds=0.5))
        elapsed = time.monotonic() - started
    assert answer.trouble == Trouble.NAME_LOOKUP_FAILED
    assert answer.detail == "silent.test could not be looked up within 0.5 s."
    assert elapsed < 1.5
    assert answer.timings.name is not None


@pytest.mark.slow
async def test_slow_names_of_one_sandbox_do_not_hold_up_another(
    opening: Opening, authority: Authority
) -> None:
    names: Answers = {"silent.test": None, "hooks.test": [["127.0.0.1"]]}
    async with opening(names) as (outbound, _), serving(tls=authority.server("hooks.test")) as endpoint:
        slow = [
            asyncio.create_task(outbound.ask(asking("https://silent.test/", seconds=1, sandbox="acme-dev")))
            for _ in range(30)
        ]
        await asyncio.sleep(0)
        started = time.monotonic()
        answer = await outbound.ask(asking(endpoint.url("/", "hooks.test"), sandbox="other-prod"))
        assert answer.accepted
        assert time.monotonic() - started < 0.5
        troubles = {answer.trouble for answer in await asyncio.gather(*slow)}
        assert troubles == {Trouble.NAME_LOOKUP_FAILED}
        assert time.monotonic() - started < 2


async def test_a_missing_name_is_told_in_words(opening: Opening) -> None:
    async with opening() as (outbound, _):
        answer = await outbound.ask(asking("https://hooks.luma.test/"))
    assert (answer.trouble, answer.detail) == (Trouble.NAME_NOT_FOUND, "hooks.luma.test can't be found.")


async def test_a_name_that_resolves_to_a_private_address_is_not_dialled(opening: Opening) -> None:
    async with opening(allowed=()) as (outbound, _):
        with trap() as inside:
            answer = await outbound.ask(asking(f"https://hooks.test:{inside.port}/"))
            assert not inside.touched
    assert answer.trouble == Trouble.ADDRESS_FORBIDDEN
    assert answer.detail.startswith("hooks.test resolves to 127.0.0.1, a loopback address. To allow it, add ")


async def test_rebinding_after_the_check_gets_nobody_in(opening: Opening) -> None:
    """The first answer is allowed, the second is not; the first is what is dialled, and no second one is taken."""
    names: Answers = {"rebind.test": [["127.0.0.2"], ["127.0.0.1"]]}
    allowed = parse_allowed("127.0.0.2/32")
    async with opening(names, allowed) as (outbound, nameserver):
        with trap() as inside:
            dialled = await outbound.ask(asking(f"https://rebind.test:{inside.port}/"))
            assert nameserver.asked["rebind.test", "A"] == 1
            again = await outbound.ask(asking(f"https://rebind.test:{inside.port}/"))
            assert not inside.touched
    assert dialled.trouble == Trouble.CONNECT_FAILED  # to 127.0.0.2, where nobody listens
    assert again.trouble == Trouble.ADDRESS_FORBIDDEN


async def test_a_name_that_moves_is_dialled_where_it_is_now(opening: Opening, authority: Authority) -> None:
    names: Answers = {"moving.test": [["127.0.0.2"], ["127.0.0.1"]]}
    async with opening(names) as (outbound, _), serving(tls=authority.server("moving.test")) as endpoint:
        first = await outbound.ask(asking(endpoint.url("/", "moving.test")))
        second = await outbound.ask(asking(endpoint.url("/", "moving.test")))
    assert first.trouble == Trouble.CONNECT_FAILED
    assert second.accepted
