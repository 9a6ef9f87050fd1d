"""`retour verify`: is a request that somebody received genuine, and if not, what differs?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, BinaryIO

import click
import msgspec

from retour import ids
from retour.receiver import ALGORITHMS, Finding, JwtRule, Outcome, explain

REQUEST_LINE = re.compile(r"[A-Z]+ \S+ HTTP/\d(\.\d)?")
Pairs = list[tuple[str, str]]


@click.command()
@click.option(
    "--headers",
    "headers_file",
    type=click.File("rb"),
    required=True,
    metavar="FILE|-",
    help="The request's headers, one a line as they came, or a JSON object; - reads standard input.",
)
@click.option(
    "--body", "body_file", type=click.File("rb"), required=True, metavar="FILE", help="The raw body."
)
@click.option(
    "--secret", "secrets", multiple=True, metavar="SECRET", help="Signing secret (whsec_…); repeatable."
)
@click.option("--jwt-secret", metavar="SECRET", help="API token with which the JWT was signed (HS…).")
@click.option(
    "--jwt-key", type=click.File("rb"), metavar="FILE", help="Public key instead of it: PEM, JWK or JWKS."
)
@click.option("--jwt-algorithm", type=click.Choice(ALGORITHMS), help="Default: HS256, with --jwt-key ES256.")
@click.option(
    "--claim", "claims", multiple=True, metavar="NAME=VALUE", help="A claim that has to be in the JWT."
)
@click.option("--at", metavar="TIME", help="When it came, as 2026-11-24T04:41:04Z. Default: now.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def verify(
    headers_file: BinaryIO,
    body_file: BinaryIO,
    secrets: tuple[str, ...],
    jwt_secret: str | None,
    jwt_key: BinaryIO | None,
    jwt_algorithm: str | None,
    claims: tuple[str, ...],
    at: str | None,
    as_json: bool,
) -> None:
    """Check a request that you received, and say what differs.

    Exit code 0: genuine; 1: not; 2: it could not be checked.
    """
    if not secrets and jwt_secret is None and jwt_key is None:
        raise click.UsageError(
            "Add --secret SECRET (whsec_…), or --jwt-secret or --jwt-key for the JWT alone."
        )
    rule = _rule(jwt_secret, jwt_key, jwt_algorithm, claims)
    findings = explain(read_pairs(headers_file.read()), body_file.read(), secrets, jwt=rule, now=_moment(at))
    click.echo(_as_json(findings) if as_json else _as_words(findings))
    raise SystemExit(0 if _verified(findings) else 1)


# --- what was given ---


def _rule(
    secret: str | None, key_file: BinaryIO | None, algorithm: str | None, claims: Iterable[str]
) -> JwtRule | None:
    if secret is not None and key_file is not None:
        raise click.UsageError("Choose one of --jwt-secret and --jwt-key.")
    wanted = dict(_claim(text) for text in claims)
    if key_file is not None:
        return JwtRule(key=_key(key_file.read()), algorithm=algorithm or "ES256", claims=wanted)
    return None if secret is None else JwtRule(key=secret, algorithm=algorithm or "HS256", claims=wanted)


def _claim(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.UsageError(f"--claim needs NAME=VALUE, as in --claim iss=retour; this is {text!r}.")
    return name, value


def _key(content: bytes) -> str | dict[str, Any]:
    """A JWK or JWKS, else PEM."""
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return content.decode("latin-1")


def _moment(at: str | None) -> int | None:
    try:
        return None if at is None else ids.parse_iso(at)
    except ValueError as error:
        raise click.UsageError(f"--at needs a time as in 2026-11-24T04:41:04Z; this is {at!r}.") from error


def read_pairs(content: bytes) -> Pairs:
    """Headers as lines (of a raw request, of `curl -v`), as a JSON object or as JSON pairs."""
    if content.lstrip()[:1] in (b"{", b"["):
        return _json_pairs(content)
    pairs: Pairs = []
    for line in content.decode("latin-1").strip().splitlines():
        text = line.removeprefix("> ").removeprefix("< ").strip()
        if not text:
            break  # the body of a raw request begins
        name, colon, value = text.partition(":")
        if colon and not REQUEST_LINE.fullmatch(text):
            pairs.append((name.strip(), value.strip()))
    return pairs


def _json_pairs(content: bytes) -> Pairs:
    try:
        read = msgspec.json.decode(content, type=dict[str, str] | list[tuple[str, str]])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise click.UsageError("--headers: this JSON is no object of names and values.") from error
    return list(read.items()) if isinstance(read, dict) else read


# --- what came of it ---


def _verified(findings: Iterable[Finding]) -> bool:
    return all(finding.outcome is not Outcome.DIFFERS for finding in findings)


def _as_json(findings: list[Finding]) -> str:
    told = {"verified": _verified(findings), "findings": findings}
    return msgspec.json.format(msgspec.json.encode(told)).decode()


def _as_words(findings: list[Finding]) -> str:
    lines = [line for finding in findings for line in _lines(finding)]
    failed = [finding.step.value for finding in findings if finding.outcome is Outcome.DIFFERS]
    verdict = f"Not verified: {', '.join(failed)}." if failed else "Verified."
    return "\n".join([*lines, verdict])


def _lines(finding: Finding) -> Iterable[str]:
    """The step and its outcome, and each sentence on a line of its own."""
    first, *others = finding.sentences
    yield f"{finding.step:<10} {finding.outcome:<12} {_plain(first)}"
    yield from (f"{'':<23} {_plain(other)}" for other in others)


def _plain(text: str) -> str:
    """What strangers may print on our terminal: no control characters."""
    return "".join(character for character in text if character.isprintable())
