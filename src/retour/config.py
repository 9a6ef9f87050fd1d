"""Settings: frozen, from `RETOUR_*` variables or one TOML file (`RETOUR_CONFIG`); a variable wins over the file.

Each field documents itself: `retour settings` prints these lines, docs/settings.md is checked against them.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_type_hints
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Meta

from retour import limits
from retour.errors import ConfigError
from retour.model import SmtpSettings

PREFIX = "RETOUR_"
SQLITE = "sqlite:///"
POSTGRESQL = "postgresql://"
PASSWORDS = re.compile(r"(?<=//)([^/@:]*):[^?]*(?=@)|([?&]password=)[^&]*")
KEY_CHARACTERS = 32
LOG_FORMATS = ("", "json", "text")
MOST_RATE = 1_000_000  # calls a second; more than a machine can take, so as good as no limit
NUMBERS = {
    "intake_rate": (1, MOST_RATE),
    "intake_rate_high": (1, MOST_RATE),
    "keep_bodies_days": limits.KEEP_BODIES,
    "keep_attempts_days": limits.KEEP_ATTEMPTS,
}
NO_NUMBER = PREFIX + "{name}: give a number from {low:,} to {high:,}."
SMTP_PORTS = {"smtp": 25, "smtps": 465}
NO_RELAY = "RETOUR_ALERT_SMTP: give smtp://user:password@host:port, or smtps:// for TLS from the start."
NO_MAIL_LISTENER = "RETOUR_MAIL_LISTEN: {!r} is not lmtp://address:port or smtp://address:port."
FILES = ("tls_cert", "tls_key", "ca_file")


class MailListener(NamedTuple):
    """Where mail is taken. scheme: lmtp or smtp. port: 0 for any free one."""

    scheme: str
    host: str
    port: int


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator can set. The name in the environment is RETOUR_ and the field's name in capitals."""

    data_dir: Annotated[Path, Meta(description="Where the embedded store, its key and its CA live.")] = Path(
        "retour-data"
    )
    database: Annotated[
        str,
        Meta(
            description="Empty: SQLite in the data directory. Or sqlite:///path/to/file.db, or postgresql://user@host/name."
        ),
    ] = ""
    listen: Annotated[str, Meta(description="Address and port to serve on.")] = "127.0.0.1:8080"
    public_url: Annotated[
        str,
        Meta(
            description="How others reach this service; links are built on it. Default: the listen address."
        ),
    ] = ""
    secret_key: Annotated[
        str,
        Meta(
            description="Master key for sealed secrets, 32 characters or more. Default: made in the data directory; "
            "PostgreSQL needs it set."
        ),
    ] = ""
    secret_key_previous: Annotated[
        str, Meta(description="The key before a change; it must stay set, since nothing is sealed anew.")
    ] = ""
    tls_cert: Annotated[str, Meta(description="Certificate file (PEM) to serve HTTPS with.")] = ""
    tls_key: Annotated[str, Meta(description="Its private key file (PEM).")] = ""
    trusted_proxies: Annotated[
        str, Meta(description="Addresses whose X-Forwarded-For and -Proto are believed, comma separated.")
    ] = ""
    target_allow: Annotated[
        str,
        Meta(
            description="Private webhook targets to allow: cidr[:port][@org], comma separated. http:// only for these."
        ),
    ] = ""
    relay_allow: Annotated[
        str,
        Meta(
            description="Private SMTP relays, SMSCs and SMS providers to allow: cidr[:port][@org], comma separated."
        ),
    ] = "127.0.0.0/8,[::1]/128"
    ca_file: Annotated[
        str, Meta(description="More certificate authorities (PEM) to trust, added to the system's.")
    ] = ""
    intake_rate: Annotated[
        int, Meta(description="Executions a second that are taken in each sandbox; more are answered 429.")
    ] = limits.INTAKE_RATE
    intake_rate_high: Annotated[int, Meta(description="The same in high throughput mode.")] = (
        limits.INTAKE_RATE_HIGH
    )
    keep_bodies_days: Annotated[
        int, Meta(description="Days that bodies of feedback events are kept, to be read and replayed.")
    ] = limits.KEEP_BODIES_DAYS
    keep_attempts_days: Annotated[
        int, Meta(description="Days that what is over is kept: messages, events, deliveries, attempts.")
    ] = limits.KEEP_ATTEMPTS_DAYS
    alert_smtp: Annotated[
        str,
        Meta(description="Relay for alerts: smtp://user:password@host:port or smtps://. Empty: pages only."),
    ] = ""
    alert_from: Annotated[str, Meta(description="Sender address of alerts.")] = ""
    mail_listen: Annotated[
        str,
        Meta(
            description="Where mail that comes back is taken: lmtp://127.0.0.1:2424 or smtp://0.0.0.0:2525, comma "
            "separated. Empty: nowhere."
        ),
    ] = ""
    postfix_log: Annotated[
        str,
        Meta(
            description="Log of a Postfix on this machine, followed for what became of messages with a return path. "
            "Empty: none."
        ),
    ] = ""
    log_format: Annotated[str, Meta(description="json or text. Default: text on a terminal, else json.")] = ""

    @property
    def mail_listeners(self) -> tuple[MailListener, ...]:
        """`mail_listen`, taken apart. Raises ConfigError."""
        return tuple(_mail_listener(part.strip()) for part in self.mail_listen.split(",") if part.strip())

    @property
    def host(self) -> str:
        """The host part of `listen`, without brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port part of `listen`."""
        return int(self.listen.rpartition(":")[2])

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        return _is_loopback(self.host)

    @property
    def base_url(self) -> str:
        """The address others use, without a slash at its end."""
        scheme = "https" if self.tls_cert else "http"
        return (self.public_url or f"{scheme}://{self.listen}").rstrip("/")

    @property
    def on_postgresql(self) -> bool:
        """Whether the store is PostgreSQL."""
        return self.database.startswith(POSTGRESQL)

    @property
    def database_shown(self) -> str:
        """`database` without a password."""
        return PASSWORDS.sub(
            lambda found: f"{found[1]}:(hidden)" if found[1] is not None else f"{found[2]}(hidden)",
            self.database,
        )

    @property
    def database_file(self) -> Path:
        """The SQLite file."""
        return Path(self.database.removeprefix(SQLITE)) if self.database else self.data_dir / "retour.db"


def _mail_listener(url: str) -> MailListener:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(NO_MAIL_LISTENER.format(url)) from error
    if parts.scheme not in ("lmtp", "smtp") or not parts.hostname or port is None or parts.path.strip("/"):
        raise ConfigError(NO_MAIL_LISTENER.format(url))
    return MailListener(scheme=parts.scheme, host=parts.hostname, port=port)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment and the file it names. Raises ConfigError with what to change."""
    environ = os.environ if environ is None else environ
    values = _from_file(environ.get(PREFIX + "CONFIG", ""))
    for name in Settings.__struct_fields__:
        value = _from_environment(environ, name)
        if value is not None:
            values[name] = value
    return check(_convert(values))


def meanings() -> dict[str, str]:
    """Each setting with its one-line meaning, as the fields document themselves."""
    hints = get_type_hints(Settings, include_extras=True)
    return {name: hints[name].__metadata__[0].description for name in Settings.__struct_fields__}


def _from_file(name: str) -> dict[str, Any]:
    if not name:
        return {}
    try:
        values = tomllib.loads(Path(name).read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"RETOUR_CONFIG: {name} can't be read: {error}") from error
    unknown = sorted(set(values) - set(Settings.__struct_fields__))
    if unknown:
        raise ConfigError(f"{name}: unknown setting {unknown[0]}. `retour settings` lists the known ones.")
    return values


def _from_environment(environ: Mapping[str, str], name: str) -> str | None:
    """The variable, or the content of the file that NAME_FILE names (for secrets mounted as files)."""
    variable = PREFIX + name.upper()
    if variable in environ:
        return environ[variable]
    if variable + "_FILE" not in environ:
        return None
    try:
        return Path(environ[variable + "_FILE"]).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{variable}_FILE can't be read: {error}") from error


def _convert(values: dict[str, Any]) -> Settings:
    for name in NUMBERS:
        if isinstance(values.get(name), str):
            values[name] = _number(name, values[name])
    if isinstance(values.get("data_dir"), str):
        values["data_dir"] = Path(values["data_dir"]).expanduser()
    try:
        return msgspec.convert(values, Settings, dec_hook=lambda kind, value: value)
    except msgspec.ValidationError as error:
        raise ConfigError(f"Settings: {error}") from error


def _number(name: str, text: str) -> int:
    """Of a variable, which is text."""
    if not text.isdecimal() or len(text) > len(str(MOST_RATE)):
        raise _no_number(name)
    return int(text)


def _no_number(name: str) -> ConfigError:
    low, high = NUMBERS[name]
    return ConfigError(NO_NUMBER.format(name=name.upper(), low=low, high=high))


def check(settings: Settings) -> Settings:
    """The same settings, or ConfigError: a wrong one must not start."""
    _check_listen(settings)
    _check_database(settings)
    _check_words(settings)
    _check_numbers(settings)
    _check_alerts(settings)
    _ = settings.mail_listeners
    _check_files(settings)
    _check_reach(settings)
    return settings


def _check_listen(settings: Settings) -> None:
    host, _, port = settings.listen.rpartition(":")
    if not (host and port.isdecimal() and int(port) < 65536):
        raise ConfigError(f"RETOUR_LISTEN: {settings.listen!r} is not address:port, as in 127.0.0.1:8080.")


def _check_database(settings: Settings) -> None:
    known = settings.on_postgresql or (settings.database.startswith(SQLITE) and settings.database != SQLITE)
    if settings.database and not known:
        raise ConfigError(
            f"RETOUR_DATABASE: give {SQLITE}path/to/file.db or {POSTGRESQL}user@host/name, or leave it empty."
        )
    if settings.on_postgresql and not settings.secret_key:
        raise ConfigError(
            "RETOUR_SECRET_KEY: PostgreSQL needs it set, since a key in the data directory of one machine is "
            "not that of another; as from `openssl rand -base64 32`."
        )


def _check_words(settings: Settings) -> None:
    for name in ("secret_key", "secret_key_previous"):
        if 0 < len(getattr(settings, name)) < KEY_CHARACTERS:
            how = f"at least {KEY_CHARACTERS} characters, as from `openssl rand -base64 32`."
            raise ConfigError(f"{PREFIX}{name.upper()}: {how}")
    if settings.log_format not in LOG_FORMATS:
        raise ConfigError(f"RETOUR_LOG_FORMAT: {settings.log_format!r} is neither json nor text.")
    if settings.public_url and not _complete(settings.public_url):
        example = "as in https://retour.example.com."
        raise ConfigError(f"RETOUR_PUBLIC_URL: {settings.public_url!r} is not a complete address, {example}")


def _check_numbers(settings: Settings) -> None:
    for name, (low, high) in NUMBERS.items():
        if not low <= getattr(settings, name) <= high:
            raise _no_number(name)
    if settings.keep_bodies_days > settings.keep_attempts_days:
        raise ConfigError("RETOUR_KEEP_BODIES_DAYS: no body is kept longer than RETOUR_KEEP_ATTEMPTS_DAYS.")


def _check_alerts(settings: Settings) -> None:
    if bool(settings.alert_smtp) != bool(settings.alert_from):
        raise ConfigError("RETOUR_ALERT_SMTP and RETOUR_ALERT_FROM belong together: set both or none.")
    relay_of(settings.alert_smtp)
    if settings.alert_from and not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", settings.alert_from):
        raise ConfigError("RETOUR_ALERT_FROM: give an e-mail address, as in alerts@luma.example.")


def relay_of(url: str) -> tuple[SmtpSettings, str | None] | None:
    """The relay that a URL names and the password for it; None for no URL. Raises ConfigError.

    smtps: TLS from the start. smtp: STARTTLS when there is a login that leaves this machine, else as it is.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(NO_RELAY) from error
    if parts.scheme not in SMTP_PORTS or not parts.hostname or port == 0 or parts.path.strip("/"):
        raise ConfigError(NO_RELAY)
    username, password = (unquote(part) if part else None for part in (parts.username, parts.password))
    open_text = "none" if username is None or _is_loopback(parts.hostname) else "starttls"
    relay = SmtpSettings(
        host=parts.hostname,
        port=port or SMTP_PORTS[parts.scheme],
        security="tls" if parts.scheme == "smtps" else open_text,
        username=username,
        max_connections=1,
    )
    return relay, password


def _complete(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _check_files(settings: Settings) -> None:
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise ConfigError("RETOUR_TLS_CERT and RETOUR_TLS_KEY belong together: set both or none.")
    for name in FILES:
        value = getattr(settings, name)
        if value and not os.access(value, os.R_OK):
            raise ConfigError(f"{PREFIX}{name.upper()}: {value} is not there or can't be read.")


def _check_reach(settings: Settings) -> None:
    """What others can reach carries tokens and passwords: not without TLS."""
    secure = settings.tls_cert or settings.public_url.startswith("https://")
    if not settings.on_loopback and not secure:
        raise ConfigError(
            f"RETOUR_LISTEN: {settings.listen} can be reached from elsewhere. Set RETOUR_PUBLIC_URL to the https:// "
            "address of the proxy in front, or RETOUR_TLS_CERT and RETOUR_TLS_KEY."
        )
