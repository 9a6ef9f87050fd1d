"""A request that goes well, what is told of it, and what never leaves."""

from __future__ import annotations

import asyncio
import time

import pytest
from msgspec.structs import replace

from outbound.asking import Opening, asking
from outside import hostile
from outside.certificates import Authority
from outside.https import Exchange, replying, serving
from outside.sockets import trap
from retour.outbound import Outbound, Trouble
from retour.outbound.addresses import LOOPBACK, parse_allowed


async def test_a_post_over_tls_arrives_as_it_was_given(opening: Opening, authority: Authority) -> None:
    headers = (("Content-Type", "application/json"), ("Authorization", "Bearer abc"), ("X-Empty", ""))
    async with opening() as (outbound, _), serving(tls=authority.server("hooks.test")) as endpoint:
        answer = await outbound.ask(
            asking(endpoint.url("/a/../feedback?a=b", "hooks.test"), body=b'{"n":1}', headers=headers)
        )
    assert answer.accepted
    assert (answer.status_code, answer.trouble, answer.detail) == (200, None, "The endpoint answered 200 OK.")
    [request] = endpoint.requests
    assert request.head == (
        b"POST /a/../feedback?a=b HTTP/1.1\r\n"
        b"Host: hooks.test:%d\r\nUser-Agent: Retour/test\r\nAccept: */*\r\n"
        b"Content-Type: application/json\r\nAuthorization: Bearer abc\r\nX-Empty:\r\n"
        b"Content-Length: 7\r\n\r\n" % endpoint.port
    )
    assert request.body == b'{"n":1}'


async def test_a_large_body_goes_out_whole_and_without_expect(opening: Opening, authority: Authority) -> None:
    body = bytes(range(256)) * 8_192  # 2 MiB; libcurl would ask `Expect: 100-continue` from 1 MiB up
    async with opening() as (outbound, _), serving(tls=authority.server("hooks.test")) as endpoint:
        answer = await outbound.ask(asking(endpoint.url("/", "hooks.test"), body=body))
    assert answer.accepted
    assert endpoint.requests[0].body == body
    assert endpoint.requests[0].header("Expect") is None


async def test_every_phase_is_timed_on_a_new_connection(opening: Opening, authority: Authority) -> None:
    async with opening() as (outbound, _), serving(tls=authority.server("hooks.test")) as endpoint:
        answer = await outbound.ask(asking(endpoint.url("/", "hooks.test")))
    timings = answer.timings
    assert timings.name is not None
    assert timings.connect is not None
    assert timings.tls is not None
    assert timings.first_byte is not None
    assert 0 < timings.name < timings.connect < timings.tls < timings.first_byte <= timings.total
    assert (answer.address, answer.reused, answer.repeated) == ("127.0.0.1", False, False)


async def test_the_next_request_goes_over_the_same_connection(opening: Opening, authority: Authority) -> None:
    async with opening() as (outbound, _), serving(tls=authority.server("hooks.test")) as endpoint:
        first = await outbound.ask(asking(endpoint.url("/", "hooks.test")))
        second = await outbound.ask(
            asking(endpoint.url("/", "hooks.test"), org="other", sandbox="other-prod")
        )
    assert (first.reused, second.reused, endpoint.connections) == (False, True, 1)
    assert second.address == "127.0.0.1"
    assert (second.timings.connect, second.timings.tls) == (None, None)


async def test_the_day_the_certificate_expires_is_told(opening: Opening, authority: Authority) -> None:
    async with opening() as (outbound, _), serving(tls=authority.server("hooks.test")) as endpoint:
        answer = await outbound.ask(asking(endpoint.url("/", "hooks.test")))
    assert answer.certificate_expires_at is not None
    days = (answer.certificate_expires_at / 1_000_000 - time.time()) / 86_400
    assert 29 < days <= 30


async def test_other_methods_leave_no_trace_on_the_next_request(opening: Opening) -> None:
    async with opening() as (outbound, _), serving() as endpoint:
        for method in ("GET", "POST", "DELETE", "PUT", "GET", "PATCH", "POST"):
            answer = await outbound.ask(asking(endpoint.url(), method=method, body=b"abc"))
            assert answer.accepted
    sent = [(request.method, request.body) for request in endpoint.requests]
    assert sent == [
        ("GET", b""), ("POST", b"abc"), ("DELETE", b"abc"), ("PUT", b"abc"), ("GET", b""), ("PATCH", b"abc"),
        ("POST", b"abc"),
    ]  # fmt: skip


async def test_a_method_that_is_none_is_a_bug(opening: Opening) -> None:
    async with opening() as (outbound, _):
        with pytest.raises(ValueError, match="is not one of"):
            await outbound.ask(asking("https://hooks.test/", method="POST / HTTP/1.1\r\nX: y"))


async def test_a_status_that_is_no_success_is_answered_but_not_accepted(opening: Opening) -> None:
    async with (
        opening() as (outbound, _),
        serving(replying(503, b"later", (("Retry-After", "5"),))) as endpoint,
    ):
        answer = await outbound.ask(asking(endpoint.url()))
    assert not answer.accepted
    assert (answer.status_code, answer.trouble, answer.body) == (503, None, b"later")
    assert answer.detail == "The endpoint answered 503 Service Unavailable."
    assert ("Retry-After", "5") in answer.headers


async def test_an_unknown_status_has_no_name(opening: Opening) -> None:
    async with opening() as (outbound, _), serving(replying(299)) as endpoint:
        answer = await outbound.ask(asking(endpoint.url()))
    assert answer.accepted
    assert answer.detail == "The endpoint answered 299."


async def test_a_body_without_a_length_ends_with_the_connection(opening: Opening) -> None:
    async def until_closed(exchange: Exchange) -> None:
        await exchange.send(hostile.OPEN_END + b"all of it")
        exchange.close()

    async with opening() as (outbound, _), serving(until_closed) as endpoint:
        answer = await outbound.ask(asking(endpoint.url()))
    assert answer.accepted
    assert (answer.ended, answer.body) == (True, b"all of it")


async def test_http_2_is_not_offered(opening: Opening, authority: Authority) -> None:
    tls = authority.server("hooks.test")
    tls.set_alpn_protocols(["h2", "http/1.1"])
    async with opening() as (outbound, _), serving(tls=tls) as endpoint:
        answer = await outbound.ask(asking(endpoint.url("/", "hooks.test")))
    assert answer.accepted


async def test_ipv6_loopback_is_asked_like_any_other(opening: Opening, authority: Authority) -> None:
    names = {"six.test": [["::1"]]}
    async with (
        opening(names) as (outbound, _),
        serving(tls=authority.server("::1", "six.test"), host="::1") as here,
    ):
        by_address = await outbound.ask(asking(here.url()))
        by_name = await outbound.ask(asking(here.url("/", "six.test")))
    assert by_address.accepted
    assert by_name.accepted
    assert (by_address.address, by_name.address) == ("::1", "::1")


async def test_another_address_of_the_name_is_tried_when_the_first_is_dead(
    opening: Opening, authority: Authority
) -> None:
    names = {"two.test": [["::1", "127.0.0.1"]]}
    async with opening(names) as (outbound, _), serving(tls=authority.server("two.test")) as endpoint:
        answer = await outbound.ask(asking(endpoint.url("/", "two.test")))
    assert answer.accepted
    assert answer.address == "127.0.0.1"


@pytest.mark.parametrize(
    "header",
    [
        ("X-Tenant", "a\r\nX-Injected: 1"),
        ("X-Tenant", "a\nb"),
        ("X-Tenant", "a\x00b"),
        ("X-Tenant", "é"),
        ("X-Tenant\r\nX-Injected", "1"),
        ("X Tenant", "1"),
        ("X-Tenant:", "1"),
        ("", "1"),
        ("Host", "169.254.169.254"),
        ("content-length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("Proxy-Authorization", "Basic x"),
        ("Expect", "100-continue"),
    ],
)
async def test_a_header_that_could_split_the_request_is_refused_before_dialling(
    opening: Opening, header: tuple[str, str]
) -> None:
    async with opening() as (outbound, names):
        with trap() as port:
            answer = await outbound.ask(asking(f"http://hooks.test:{port.port}/", headers=(header,)))
            assert not port.touched
    assert answer.trouble == Trouble.INVALID_HEADER
    assert not answer.accepted
    assert not names.asked


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "http://169.254.169.254/",
        "https://u:p@hooks.test/",
        "x",
    ],
)
async def test_a_url_that_is_not_ours_to_ask_is_refused(opening: Opening, url: str) -> None:
    async with opening() as (outbound, _):
        answer = await outbound.ask(asking(url))
    assert answer.trouble in (Trouble.INVALID_URL, Trouble.ADDRESS_FORBIDDEN)
    assert answer.status_code is None


async def test_nothing_listening_is_told_as_such(opening: Opening) -> None:
    async with serving() as gone:
        pass
    async with opening() as (outbound, _):
        answer = await outbound.ask(asking(gone.url()))
    assert answer.trouble == Trouble.CONNECT_FAILED
    assert answer.detail == f"127.0.0.1 refused the connection: nothing listens on port {gone.port}."


async def test_a_request_that_is_cancelled_leaves_the_others_alone(opening: Opening) -> None:
    async with opening() as (outbound, _), serving(hostile.hang) as silent, serving() as endpoint:
        asked = asyncio.create_task(outbound.ask(asking(silent.url())))
        await silent.arrived()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        answers = [await outbound.ask(asking(endpoint.url())) for _ in range(3)]
    assert [answer.accepted for answer in answers] == [True, True, True]


async def test_what_is_still_asked_when_the_way_out_closes_is_given_up(opening: Opening) -> None:
    async with serving(hostile.hang) as silent:
        async with opening() as (outbound, _):
            asked = asyncio.create_task(outbound.ask(asking(silent.url())))
            await silent.arrived()
        with pytest.raises(asyncio.CancelledError):
            await asked


async def test_a_form_is_told_what_is_wrong_with_a_url(opening: Opening) -> None:
    names = {
        "hooks.internal": [["10.0.0.4"]],
        "hooks.test": [["93.184.216.34"]],
        "silent.test": [["192.0.2.1"]],
    }
    async with opening(names) as (outbound, _):
        assert await outbound.check("https://hooks.test/feedback", "acme") is None
        assert await outbound.check("https://nowhere.test/feedback", "acme") is None
        assert await outbound.check("http://", "acme") == (
            "This is not a complete URL. Example: https://hooks.example.com/feedback"
        )
        assert await outbound.check("https://hooks.internal:8443/feedback", "acme") == (
            "hooks.internal resolves to 10.0.0.4, a private address. "
            "To allow it, add 10.0.0.4/32:8443@acme to RETOUR_TARGET_ALLOW."
        )


async def test_http_to_a_name_is_checked_against_the_allow_list_after_the_look_up(opening: Opening) -> None:
    names = {"public.test": [["93.184.216.34"]], "hooks.test": [["127.0.0.1"]]}
    async with opening(names, LOOPBACK) as (outbound, _), serving() as endpoint:
        refused = await outbound.ask(asking("http://public.test:8080/"))
        taken = await outbound.ask(asking(endpoint.url("/", "hooks.test")))
    assert refused.trouble == Trouble.ADDRESS_FORBIDDEN
    assert refused.detail.startswith(
        "public.test resolves to 93.184.216.34, not on the list of allowed addresses."
    )
    assert taken.accepted


async def test_an_entry_for_one_request_is_no_entry_for_the_next(opening: Opening) -> None:
    async with opening(allowed=()) as (outbound, _), serving() as endpoint:
        without = asking(endpoint.url())
        taken = await outbound.ask(replace(without, also=LOOPBACK))
        refused = await outbound.ask(without)
    assert taken.accepted
    assert refused.trouble == Trouble.ADDRESS_FORBIDDEN


async def test_an_entry_of_acme_is_of_no_use_to_other_not_even_on_acmes_connection(
    opening: Opening, authority: Authority
) -> None:
    allowed = parse_allowed("127.0.0.0/8@acme")
    tls = authority.server("hooks.test")
    async with opening(allowed=allowed) as (outbound, _), serving(tls=tls) as endpoint:
        acme = await outbound.ask(asking(endpoint.url("/", "hooks.test")))
        other = await outbound.ask(asking(endpoint.url("/", "hooks.test"), org="other"))
    assert acme.accepted
    assert other.trouble == Trouble.ADDRESS_FORBIDDEN
    assert len(endpoint.requests) == 1


async def test_a_sandbox_looks_up_two_names_at_once(opening: Opening) -> None:
    release = asyncio.Event()
    resolver = Waiting(release)
    outbound = Outbound(allowed=(), resolver=resolver, user_agent="Retour/test")
    async with asyncio.TaskGroup() as group:
        for sandbox in ["acme-prod"] * 5 + ["other-prod"]:
            group.create_task(outbound.ask(asking("https://hooks.test/", sandbox=sandbox)))
        async with asyncio.timeout(2):
            await resolver.third.wait()
        assert resolver.now == 3
        release.set()
    assert resolver.most == 3
    await outbound.close()


class Waiting:
    """A resolver that keeps everybody waiting, then finds nothing."""

    def __init__(self, release: asyncio.Event) -> None:
        self._release = release
        self.third = asyncio.Event()
        self.now = self.most = 0

    async def exchangers(self, domain: str) -> tuple[str, ...]:
        raise AssertionError("nobody sends mail here")

    def kept(self, host: str) -> None:
        """Nothing."""

    async def resolve(self, host: str) -> tuple[str, ...]:
        self.now += 1
        self.most = max(self.most, self.now)
        if self.now == 3:
            self.third.set()
        await self._release.wait()
        self.now -= 1
        return ()

    async def close(self) -> None:
        pass


async def test_closing_twice_and_closing_unused_is_fine(opening: Opening) -> None:
    outbound = Outbound(allowed=(), user_agent="Retour/test")
    await outbound.close()
    await outbound.close()
