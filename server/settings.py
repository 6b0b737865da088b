"""What the operator decides: environment variables `ZUIL_…`, read once at the start."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from shared.domain.releases import parse_keys
from shared.wire.bridge import BRIDGE_PORT

SECRET_KEY_BYTES: Final = 32
MIN_PORT: Final = 1
MAX_PORT: Final = 65_535
MIN_SECRET: Final = 16
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"", "0", "false", "no", "off"})


class SettingsError(ValueError):
    """A setting is missing or wrong; str() is one sentence that says which and why."""


@dataclass(frozen=True)
class Settings:
    """Everything the environment decides.

    secret_key: 32 bytes; keys and secrets in the database are encrypted under it.
    public_url: scheme and host as the world sees them, without a closing slash; None: as the request says.
    code_host: scheme and host in the QR codes; None: `public_url`.
    data_dir: where snapshots (and, with SQLite, the database) live.
    demo_zuilen: name and control address of the virtual zuilen the demo console shows.
    smtp_url: where mail leaves, `smtp://user:password@host:587` or `smtps://…`; None: no mail. mail_from:
    its sender. webhook_url: where alerts are posted, signed with webhook_secret; None: nowhere.
    webhook_inside: whether webhooks of card systems may lead into this network.
    release_keys: Ed25519 public keys, in hexadecimal, that releases of zuilen must be signed with.
    metrics_token: who reads /metrics says it; empty: only this very machine reads them. log_json: a JSON
    object for each log line.
    bridge_port: where a program of ours on a counter's computer lends its card reader to the balie page.
    search_url: a page of UiTdatabank's search API that the hourly import reads; None: no import.
    """

    database_url: str
    secret_key: bytes
    data_dir: Path
    public_url: str | None = None
    code_host: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    demo: bool = False
    demo_zuilen: tuple[tuple[str, str], ...] = ()
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = None
    search_url: str | None = None
    search_key: str | None = None
    smtp_url: str | None = None
    mail_from: str = ""
    webhook_url: str | None = None
    webhook_secret: str = ""
    webhook_inside: bool = False
    metrics_token: str = ""
    log_json: bool = False
    release_keys: tuple[str, ...] = ()
    bridge_port: int = BRIDGE_PORT

    @property
    def address(self) -> str:
        """Scheme and host for links in mails, which no request says."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def has_mail(self) -> bool:
        """Whether mails are worth writing: a demo without a mail server shows them on a page."""
        return self.smtp_url is not None or self.demo

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings.

        Raises:
            SettingsError: a setting is missing or wrong.
        """
        data_dir = Path(environment.get("ZUIL_DATA_DIR") or "var").absolute()
        database_url = _database_url(environment.get("ZUIL_DATABASE_URL"), data_dir)
        return cls(
            database_url=database_url,
            secret_key=_secret_key(environment.get("ZUIL_SECRET_KEY"), database_url, data_dir),
            data_dir=data_dir,
            public_url=_address(environment, "ZUIL_PUBLIC_URL"),
            code_host=_address(environment, "ZUIL_CODE_HOST"),
            host=environment.get("ZUIL_HOST") or "127.0.0.1",
            port=_number(environment, "ZUIL_PORT", 8000, MIN_PORT, MAX_PORT),
            workers=_number(environment, "ZUIL_WORKERS", 1, 1, 64),
            demo=_flag(environment, "ZUIL_DEMO"),
            demo_zuilen=_addresses(environment, "ZUIL_DEMO_ZUILEN"),
            oidc_issuer=_address(environment, "ZUIL_OIDC_ISSUER"),
            oidc_client_id=_client_id(environment),
            oidc_client_secret=environment.get("ZUIL_OIDC_CLIENT_SECRET") or None,
            search_url=_address(environment, "ZUIL_SEARCH_URL"),
            search_key=environment.get("ZUIL_SEARCH_KEY") or None,
            smtp_url=_mail_server(environment),
            mail_from=environment.get("ZUIL_MAIL_FROM") or "",
            webhook_url=_webhook(environment),
            webhook_secret=environment.get("ZUIL_WEBHOOK_SECRET") or "",
            webhook_inside=_flag(environment, "ZUIL_WEBHOOK_INSIDE"),
            metrics_token=environment.get("ZUIL_METRICS_TOKEN") or "",
            log_json=_log_format(environment),
            release_keys=_release_keys(environment),
            bridge_port=_number(environment, "ZUIL_BRIDGE_PORT", BRIDGE_PORT, MIN_PORT, MAX_PORT),
        )


def _database_url(text: str | None, data_dir: Path) -> str:
    if not text:
        return f"sqlite:///{data_dir / 'server.db'}"
    scheme, separator, rest = text.partition("://")
    if scheme in {"postgres", "postgresql", "postgresql+psycopg"} and separator:
        return f"postgresql+psycopg://{rest}"
    if scheme == "sqlite" and separator:
        return text
    raise SettingsError("ZUIL_DATABASE_URL must begin with sqlite:/// or postgresql://.")


def _client_id(environment: Mapping[str, str]) -> str | None:
    issuer, client = environment.get("ZUIL_OIDC_ISSUER"), environment.get("ZUIL_OIDC_CLIENT_ID")
    if bool(issuer) != bool(client):
        missing = "ZUIL_OIDC_CLIENT_ID" if issuer else "ZUIL_OIDC_ISSUER"
        raise SettingsError(f"{missing} is missing: logging in with UiTiD needs the issuer and its client.")
    return client or None


def _secret_key(text: str | None, database_url: str, data_dir: Path) -> bytes:
    if text:
        try:
            key = bytes.fromhex(text)
        except ValueError:
            key = b""
        if len(key) != SECRET_KEY_BYTES:
            raise SettingsError("ZUIL_SECRET_KEY must be 64 hexadecimal digits (32 bytes).")
        return key
    if not database_url.startswith("sqlite:"):
        raise SettingsError("ZUIL_SECRET_KEY is missing; make one with `openssl rand -hex 32`.")
    return _kept_secret_key(data_dir / "secret.key")


def _kept_secret_key(file: Path) -> bytes:
    """Return the key of an installation on one machine; made at its first start, for its user alone."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            fresh = file.with_suffix(f".{secrets.token_hex(4)}")
            fresh.touch(mode=0o600)
            fresh.write_bytes(secrets.token_bytes(SECRET_KEY_BYTES))
            _link_once(fresh, file)
        key = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"The secret key {file} cannot be read or made: {error.strerror}.") from error
    if len(key) != SECRET_KEY_BYTES:
        raise SettingsError(f"The secret key {file} must be 32 bytes, not {len(key)}.")
    return key


def _link_once(fresh: Path, file: Path) -> None:
    # Two first starts at once: a hard link is made by exactly one of them.
    try:
        file.hardlink_to(fresh)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _address(environment: Mapping[str, str], name: str) -> str | None:
    text = environment.get(name)
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme.lower() not in {"http", "https"} or not parts.netloc:
        raise SettingsError(f"{name} must be an address such as https://uitpas.example, not {text!r}.")
    return text.rstrip("/")


def _log_format(environment: Mapping[str, str]) -> bool:
    text = environment.get("ZUIL_LOG") or "text"
    if text not in {"text", "json"}:
        raise SettingsError(f"ZUIL_LOG must be text or json, not {text!r}.")
    return text == "json"


def _release_keys(environment: Mapping[str, str]) -> tuple[str, ...]:
    try:
        return parse_keys(environment.get("ZUIL_RELEASE_KEYS") or "")
    except ValueError as error:
        raise SettingsError(f"ZUIL_RELEASE_KEYS cannot be used: {error}.") from error


def _mail_server(environment: Mapping[str, str]) -> str | None:
    text = environment.get("ZUIL_SMTP_URL")
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise SettingsError("ZUIL_SMTP_URL must be like smtp://user:password@mail.example:587.")
    if "@" not in environment.get("ZUIL_MAIL_FROM", ""):
        raise SettingsError(
            "ZUIL_MAIL_FROM must be the address mails come from, such as zuilen@uitpas.example."
        )
    return text


def _webhook(environment: Mapping[str, str]) -> str | None:
    address = _address(environment, "ZUIL_WEBHOOK_URL")
    if address and len(environment.get("ZUIL_WEBHOOK_SECRET", "")) < MIN_SECRET:
        raise SettingsError(f"ZUIL_WEBHOOK_SECRET must be at least {MIN_SECRET} characters.")
    return address


def _addresses(environment: Mapping[str, str], name: str) -> tuple[tuple[str, str], ...]:
    pairs = [pair.partition("=") for pair in environment.get(name, "").split(",") if pair]
    return tuple((label.strip(), _address({name: url.strip()}, name) or "") for label, _, url in pairs)


def _number(environment: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal() or not least <= int(text) <= most:
        raise SettingsError(f"{name} must be a number from {least} to {most}, not {text!r}.")
    return int(text)


def _flag(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name, "").strip().lower()
    if text not in _TRUE | _FALSE:
        raise SettingsError(f"{name} must be 1 or 0, not {text!r}.")
    return text in _TRUE
