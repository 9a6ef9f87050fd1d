"""Functions for web addresses and e-mail addresses. Pure. What is no address has empty parts."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, quote_plus, unquote_plus, urlencode, urlsplit

from retour.rendering.signatures import function

NOTHING = SplitResult("", "", "", "", "")


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return NOTHING


def url_host(url: str) -> str:
    """`www.example.com`"""
    return _split(url).hostname or ""


def url_path(url: str) -> str:
    """`/contact.html`"""
    return _split(url).path


def url_protocol(url: str) -> str:
    """`https`"""
    return _split(url).scheme


def url_fragment(url: str) -> str:
    """What stands after the #."""
    return _split(url).fragment


def append_query_params(url: str, key: str, value: str) -> str:
    """The address with a query parameter, in the place of one of the same name."""
    parts = _split(url)
    others = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != key]
    return parts._replace(query=urlencode([*others, (key, value)])).geturl()


def email_domain(address: str) -> str:
    """What stands after the @."""
    return address.rpartition("@")[2] if "@" in address else ""


FUNCTIONS = (
    function("urlEncode(text) -> text", quote_plus, passes_on=True),
    function("urlDecode(text) -> text", unquote_plus, passes_on=True),
    function("getUrlHost(text) -> text", url_host, passes_on=True),
    function("getUrlPath(text) -> text", url_path, passes_on=True),
    function("getUrlProtocol(text) -> text", url_protocol, passes_on=True),
    function("getUrlFragment(text) -> text", url_fragment, passes_on=True),
    function("appendQueryParams(text, text, text) -> text", append_query_params, passes_on=True),
    function("extractEmailDomain(text) -> text", email_domain, passes_on=True),
)
