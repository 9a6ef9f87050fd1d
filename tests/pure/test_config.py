"""Settings: from variables, from files that variables name, from one TOML file; a wrong one does not start."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from retour import app, config
from retour.config import Settings, load
from retour.errors import ConfigError

KEY = "k" * 32


def test_without_anything_it_serves_this_machine_only() -> None:
    settings = load({})
    assert (settings.listen, settings.on_loopback, settings.base_url) == (
        "127.0.0.1:8080",
        True,
        "http://127.0.0.1:8080",
    )
    assert settings.database_file == Path("retour-data/retour.db")
    assert settings.relay_allow == "127.0.0.0/8,[::1]/128"


def test_every_setting_has_a_variable_and_a_meaning() -> None:
    assert set(config.meanings()) == set(Settings.__struct_fields__)
    assert all(meaning.endswith(".") for meaning in config.meanings().values())
    given = {"RETOUR_LISTEN": "127.0.0.1:9", "RETOUR_LOG_FORMAT": "json", "RETOUR_TARGET_ALLOW": "10.0.0.0/8"}
    settings = load(given)
    assert (settings.port, settings.log_format, settings.target_allow) == (9, "json", "10.0.0.0/8")


def test_a_number_is_read_from_a_variable_and_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "retour.toml"
    file.write_text("intake_rate = 20\nintake_rate_high = 30\n")
    settings = load({"RETOUR_CONFIG": str(file), "RETOUR_INTAKE_RATE": "10"})
    assert (settings.intake_rate, settings.intake_rate_high) == (10, 30)
    file.write_text("intake_rate = 0.5\n")
    with pytest.raises(ConfigError, match="intake_rate"):
        load({"RETOUR_CONFIG": str(file)})


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    assert load({"RETOUR_SECRET_KEY_FILE": str(file)}).secret_key == KEY
    both = {"RETOUR_SECRET_KEY_FILE": str(file), "RETOUR_SECRET_KEY": "v" * 32}
    assert load(both).secret_key == "v" * 32


def test_a_variable_wins_over_the_toml_file(tmp_path: Path) -> None:
    file = tmp_path / "retour.toml"
    file.write_text(f'listen = "127.0.0.1:1"\nlog_format = "text"\ndata_dir = "{tmp_path}"\n')
    settings = load({"RETOUR_CONFIG": str(file), "RETOUR_LISTEN": "127.0.0.1:2"})
    assert (settings.listen, settings.log_format, settings.data_dir) == ("127.0.0.1:2", "text", tmp_path)


def test_a_home_directory_may_be_written_short(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load({"RETOUR_DATA_DIR": "~/data"}).data_dir == tmp_path / "data"


@pytest.mark.parametrize(
    ("toml", "word"),
    [
        ("listen = [", "RETOUR_CONFIG"),
        ("listne = 'x'", "listne"),
        ("listen = 5", "listen"),
        ("data_dir = 5", "data_dir"),
        ("[listen]", "listen"),
        ("log_format = 'xml'", "RETOUR_LOG_FORMAT"),
        (b"\xff\xfe", "RETOUR_CONFIG"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path: Path, toml: str | bytes, word: str) -> None:
    file = tmp_path / "retour.toml"
    file.write_bytes(toml if isinstance(toml, bytes) else toml.encode())
    with pytest.raises(ConfigError, match=word):
        load({"RETOUR_CONFIG": str(file)})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RETOUR_LISTEN", "8080"),
        ("RETOUR_LISTEN", "127.0.0.1:"),
        ("RETOUR_LISTEN", ":8080"),
        ("RETOUR_LISTEN", "127.0.0.1:65536"),
        ("RETOUR_LISTEN", "127.0.0.1:²"),
        ("RETOUR_LISTEN", "127.0.0.1:-1"),
        ("RETOUR_LISTEN", ""),
        ("RETOUR_DATABASE", "mysql://db/retour"),
        ("RETOUR_DATABASE", "retour.db"),
        ("RETOUR_DATABASE", "sqlite:///"),
        ("RETOUR_SECRET_KEY", "short"),
        ("RETOUR_SECRET_KEY_PREVIOUS", "short"),
        ("RETOUR_SECRET_KEY_FILE", "/nowhere/key"),
        ("RETOUR_CONFIG", "/nowhere/retour.toml"),
        ("RETOUR_TLS_CERT", "/nowhere/cert.pem"),
        ("RETOUR_TLS_KEY", "/nowhere/key.pem"),
        ("RETOUR_CA_FILE", "/nowhere/ca.pem"),
        ("RETOUR_PUBLIC_URL", "retour.example"),
        ("RETOUR_PUBLIC_URL", "ftp://retour.example"),
        ("RETOUR_PUBLIC_URL", "https://"),
        ("RETOUR_PUBLIC_URL", "https://["),
        ("RETOUR_PUBLIC_URL", "https://retour.example:99999"),
        ("RETOUR_LOG_FORMAT", "xml"),
        ("RETOUR_INTAKE_RATE", "0"),
        ("RETOUR_INTAKE_RATE", "many"),
        ("RETOUR_INTAKE_RATE_HIGH", "-5"),
        ("RETOUR_INTAKE_RATE_HIGH", "1000001"),
        ("RETOUR_INTAKE_RATE_HIGH", "9" * 5000),
    ],
)
def test_a_wrong_variable_does_not_start_and_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        load({name: value})


def test_a_missing_certificate_is_named(tmp_path: Path) -> None:
    there = tmp_path / "there.pem"
    there.write_text("x")
    with pytest.raises(ConfigError, match="RETOUR_TLS_KEY"):
        load({"RETOUR_TLS_CERT": str(there), "RETOUR_TLS_KEY": "/nowhere/key.pem"})


@pytest.mark.parametrize("listen", ["0.0.0.0:8080", "[::]:8080", "10.0.0.1:8080", "retour.example:443"])
def test_what_others_can_reach_needs_https(listen: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="RETOUR_LISTEN"):
        load({"RETOUR_LISTEN": listen})
    with pytest.raises(ConfigError, match="RETOUR_LISTEN"):
        load({"RETOUR_LISTEN": listen, "RETOUR_PUBLIC_URL": "http://retour.example"})
    behind = load({"RETOUR_LISTEN": listen, "RETOUR_PUBLIC_URL": "https://retour.example/"})
    assert (behind.base_url, behind.on_loopback) == ("https://retour.example", False)
    file = tmp_path / "pem"
    file.write_text("x")
    own = load({"RETOUR_LISTEN": listen, "RETOUR_TLS_CERT": str(file), "RETOUR_TLS_KEY": str(file)})
    assert own.base_url == f"https://{listen}"


@pytest.mark.parametrize("listen", ["127.0.0.1:8080", "[::1]:8080", "localhost:8080", "127.0.0.2:8080"])
def test_this_machine_alone_needs_none(listen: str) -> None:
    assert load({"RETOUR_LISTEN": listen}).on_loopback


def test_postgresql_needs_the_master_key() -> None:
    url = "postgresql://ann@db.example/retour"
    with pytest.raises(ConfigError, match="RETOUR_SECRET_KEY: PostgreSQL needs it set"):
        load({"RETOUR_DATABASE": url})
    assert load({"RETOUR_DATABASE": url, "RETOUR_SECRET_KEY": "k" * 32}).on_postgresql


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:secret@db:5432/retour", "postgresql://ann:(hidden)@db:5432/retour"),
        (
            "postgresql://ann:se@cr/et@db/retour?sslmode=require",
            "postgresql://ann:(hidden)@db/retour?sslmode=require",
        ),
        (
            "postgresql:///retour?password=secret&host=/run",
            "postgresql:///retour?password=(hidden)&host=/run",
        ),
        ("postgresql://[::1]:5432/retour", "postgresql://[::1]:5432/retour"),
        ("sqlite:////var/lib/retour.db", "sqlite:////var/lib/retour.db"),
        ("", ""),
    ],
)
def test_a_database_is_shown_without_its_password(url: str, shown: str) -> None:
    assert Settings(database=url).database_shown == shown


async def test_without_its_driver_postgresql_is_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith(("retour.stores.postgres", "asyncpg"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    settings = Settings(data_dir=tmp_path, database="postgresql://ann@db/retour", secret_key="k" * 32)
    with pytest.raises(ConfigError, match=r"pip install 'retour\[postgres\]'"):
        await app.build(settings)
