"""libcurl, tied down: an easy handle whose every option that could lead a request astray is set the safe way.

By itself libcurl honours proxies and a key log of the environment, a .netrc, redirects, file:// and HTTP/0.9.
Beside this file only outbound and troubles know of it. Source: libcurl 8.23, curl_easy_setopt(3), section by section.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pycurl

from retour import limits
from retour.model import Timings, Value
from retour.outbound.addresses import Permit, Target

Headers = tuple[tuple[str, str], ...]

_FIXED: tuple[tuple[int, Any], ...] = (
    (pycurl.PROXY, ""),
    (pycurl.NOPROXY, "*"),
    (pycurl.FOLLOWLOCATION, 0),
    (pycurl.REDIR_PROTOCOLS, 0),
    (pycurl.NETRC, pycurl.NETRC_IGNORED),
    (pycurl.HTTP09_ALLOWED, 0),
    (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
    (pycurl.HTTPAUTH, pycurl.HTTPAUTH_NONE),
    (pycurl.SSL_VERIFYPEER, 1),
    (pycurl.SSL_VERIFYHOST, 2),
    (pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
    (pycurl.OPT_CERTINFO, 1),
    (pycurl.NOSIGNAL, 1),
    (pycurl.NOPROGRESS, 1),
    (pycurl.PATH_AS_IS, 1),
    (pycurl.MAXLIFETIME_CONN, limits.CONNECTION_AGE_SECONDS),
)

CONNECT_MILLISECONDS = round(limits.CONNECT_SECONDS * 1000)


def harden_environment() -> None:
    """Remove SSLKEYLOGFILE: libcurl, OpenSSL and Python's ssl would write each connection's keys to it.

    libcurl opens that file for good with its first handle, so this has to come before.
    """
    os.environ.pop("SSLKEYLOGFILE", None)


class Call(Value):
    """One request, vetted and ready to go out.

    lines: its headers, as `header_lines` makes them. permit: says why an address and port may not be used, if they
    may not. seconds: for everything that is still to do. before: microseconds that were spent on it so far, name: of
    them those until the name was found, if there was one. look: only shake hands, to read a certificate that was
    refused. once: see Ask.
    """

    target: Target
    addresses: tuple[str, ...]
    method: str
    lines: list[str]
    body: bytes
    seconds: float
    permit: Permit
    before: int = 0
    name: int | None = None
    look: bool = False
    once: bool = False


class Heard(Value):
    """What came back on a line, whatever it was. `refused`: why the address was not dialled or not asked.

    begun: a request began to go out. repeated: again, or would have, had it not been for `once`.
    connected, shaken: how far a new connection got (TCP, TLS). timings count from `before` the call. verify_result,
    system_error: of a call that failed.
    """

    status_code: int | None
    headers: Headers
    body: bytes
    read: int
    cut: bool
    overflowed: bool
    refused: str | None
    begun: bool
    repeated: bool
    reused: bool
    connected: bool
    shaken: bool
    timings: Timings
    address: str | None
    verify_result: int
    system_error: int
    certificate_expires_at: int | None


class Line:
    """One easy handle, used for one call after another. opened: told the number of each socket that it opens."""

    def __init__(self, authorities: str, user_agent: str, opened: Callable[[int], None]) -> None:
        self.curl = pycurl.Curl()
        self._opened = opened
        self._call: Call | None = None
        self._target: Target | None = (
            None  # libcurl keeps what it was told: this, and the next three, are told once
        )
        self._pinned = False
        self._method = ""
        self._milliseconds = 0
        for option, value in _FIXED:
            self.curl.setopt(option, value)
        self.curl.setopt(pycurl.CAINFO, authorities)
        self.curl.setopt(pycurl.USERAGENT, user_agent)
        self.curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        self.curl.setopt(pycurl.PREREQFUNCTION, self._before_request)
        self.curl.setopt(pycurl.HEADERFUNCTION, self._take_header)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._take_body)
        self._forget()

    def dial(self, call: Call) -> None:
        """Set everything that differs from call to call; whoever drives `curl` then performs it."""
        self._forget()
        self._call = call
        self._set_where(call)
        self._set_what(call)
        self._set_how_long(call.seconds)

    def _forget(self) -> None:
        self._head: list[bytes] = []
        self._head_bytes = 0
        self._body = bytearray()
        self._read = 0
        self._requests = 0
        self._cut = False
        self._overflowed = False
        self._refused: str | None = None
        self._remote = ""

    def _set_where(self, call: Call) -> None:
        target = call.target
        if target is not self._target:
            self._target = target
            self.curl.setopt(pycurl.URL, target.url)
            secure = target.scheme == "https"
            self.curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTPS if secure else pycurl.PROTO_HTTP)
        if self._pinned or not target.address:
            self._pinned = not target.address
            self.curl.setopt(pycurl.RESOLVE, [_pin(target, call.addresses)] if self._pinned else [])
        if call.look:
            self.curl.setopt(pycurl.CONNECT_ONLY, 1)
            self.curl.setopt(pycurl.SSL_VERIFYPEER, 0)
            self.curl.setopt(pycurl.SSL_VERIFYHOST, 0)

    def _set_what(self, call: Call) -> None:
        self.curl.setopt(pycurl.POSTFIELDS, call.body)
        self.curl.setopt(pycurl.HTTPHEADER, call.lines)
        if call.method != self._method:
            self._method = call.method
            self.curl.setopt(pycurl.CUSTOMREQUEST, call.method)
        if call.method == "GET":
            self.curl.setopt(pycurl.HTTPGET, 1)

    def _set_how_long(self, seconds: float) -> None:
        milliseconds = max(1, round(seconds * 1000))
        if milliseconds != self._milliseconds:
            self._milliseconds = milliseconds
            self.curl.setopt(pycurl.TIMEOUT_MS, milliseconds)
            self.curl.setopt(pycurl.CONNECTTIMEOUT_MS, min(milliseconds, CONNECT_MILLISECONDS))

    def _open_socket(self, purpose: int, address: Any) -> int:
        """libcurl is about to dial this very address."""
        if not self._permitted(address.addr[0], address.addr[1]):
            return int(pycurl.SOCKET_BAD)
        number = socket.socket(address.family, address.socktype, address.protocol).detach()
        self._opened(number)
        return number

    def _before_request(self, remote: str, _local: str, port: int, _local_port: int) -> int:
        """libcurl is about to send a request to this address, perhaps on an earlier call's connection."""
        self._requests += 1
        self._remote = remote
        assert self._call is not None  # noqa: S101 - as in _permitted
        good = self._permitted(remote, port) and not (self._call.once and self._requests > 1)
        return int(pycurl.PREREQFUNC_OK if good else pycurl.PREREQFUNC_ABORT)

    def _permitted(self, address: str, port: int) -> bool:
        assert self._call is not None  # noqa: S101 - libcurl calls back only while it performs a call
        self._refused = self._call.permit(address, port)
        return self._refused is None

    def _take_header(self, line: bytes) -> int | None:
        self._head_bytes += len(line)
        if self._head_bytes > limits.RESPONSE_HEADER_BYTES:
            self._overflowed = True
            return 0
        self._head.append(line)
        return None

    def _take_body(self, data: bytes) -> int | None:
        self._read += len(data)
        self._body += data[: max(0, limits.RESPONSE_KEPT_BYTES - len(self._body))]
        self._cut = self._read > limits.RESPONSE_READ_BYTES
        return 0 if self._cut else None

    def heard(self, code: int) -> Heard:
        """What came back in the last call, which ended with this code of libcurl's."""
        info = self.curl.getinfo
        status, dialled = info(pycurl.RESPONSE_CODE), info(pycurl.NUM_CONNECTS) > 0
        shaken = dialled and info(pycurl.APPCONNECT_TIME_T) > 0
        return Heard(
            status_code=status if status >= 200 else None,  # 1xx is no answer yet (RFC 9110, 15.2)
            headers=_headers(self._head),
            body=bytes(self._body),
            read=self._read,
            cut=self._cut,
            overflowed=self._overflowed,
            refused=self._refused,
            begun=self._requests > 0 and self._refused is None,
            repeated=self._requests > 1,
            reused=self._requests > 0 and not dialled,
            connected=dialled and info(pycurl.CONNECT_TIME_T) > 0,
            shaken=shaken,
            timings=self._timings(dialled),
            address=self._remote or info(pycurl.PRIMARY_IP) or None,
            verify_result=info(pycurl.SSL_VERIFYRESULT) if code else 0,
            system_error=info(pycurl.OS_ERRNO) if code else 0,
            certificate_expires_at=_expiry(info(pycurl.INFO_CERTINFO)) if shaken else None,
        )

    def _timings(self, dialled: bool) -> Timings:
        info, call = self.curl.getinfo, self._call
        assert call is not None  # noqa: S101 - it was dialled
        return Timings(
            name=call.name,
            connect=_since(call, info(pycurl.CONNECT_TIME_T)) if dialled else None,
            tls=_since(call, info(pycurl.APPCONNECT_TIME_T)) if dialled else None,
            first_byte=_since(call, info(pycurl.STARTTRANSFER_TIME_T)) if self._head else None,
            total=call.before + info(pycurl.TOTAL_TIME_T),
        )

    def close(self) -> None:
        """Not to be used again."""
        self.curl.close()


def _pin(target: Target, addresses: tuple[str, ...]) -> str:
    """An entry for libcurl's name cache that expires by itself (`+`) and that the next call replaces."""
    return f"+{target.host}:{target.port}:{','.join(addresses)}"


def _since(call: Call, microseconds: int) -> int | None:
    """A moment of libcurl's, which is 0 when it did not come."""
    return call.before + microseconds if microseconds else None


def _headers(lines: list[bytes]) -> Headers:
    """Those of the last head: one of 1xx, or of a proxy, comes with a status line of its own."""
    found: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith(b"HTTP/"):
            found.clear()
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            found.append((name.strip(), value.strip()))
    return tuple(found)


def header_lines(headers: Headers) -> list[str]:
    """As libcurl wants them: `name;` sends an empty value; `kept_back` goes with them."""
    return [f"{name}: {value}" if value else f"{name};" for name, value in headers]


@lru_cache(maxsize=1024)
def kept_back(given: tuple[str, ...]) -> tuple[str, ...]:
    """`name:` keeps back a header of libcurl's own. given: the names of ours."""
    names = {name.lower() for name in given}
    return tuple(f"{name}:" for name in ("Expect", "Content-Type") if name.lower() not in names)


def _expiry(chain: list[list[tuple[str, str]]]) -> int | None:
    """When the server's own certificate expires; its chain follows it."""
    for certificate in chain[:1]:
        for name, value in certificate:
            if name == "Expire date":
                return int(ssl.cert_time_to_seconds(value)) * limits.SECOND
    return None
