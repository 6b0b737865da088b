"""The settings of a zuil: `zuil.toml` on the boot partition, and the environment above it.

`[server] url` in the file is `ZUIL_SERVER_URL` in the environment, and so on. A value that
cannot be used stops the start with a sentence that says which one and why.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from shared.domain.releases import parse_keys

FILE_NAME: Final = "zuil.toml"
BOOT: Final = Path("/boot/firmware")
STATE: Final = Path("/var/lib/zuil")
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_READERS: Final = ("auto", "pcsc", "usb", "udp:", "tty:")


class SettingsError(Exception):
    """A setting is missing or wrong; its text is one clear sentence."""


class ServerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the server is, and the one-time code for the first start."""

    url: str
    code: str = ""


class NetworkSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The way out. `proxy` is http://host:port, with name:password@ when it asks; else the environment's."""

    proxy: str = ""


class ReaderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The card reader.

    `auto`; over PC/SC `pcsc` or `pcsc:ACR1252` (part of its name); or as nfcpy names it: `usb`,
    `usb:072f:2200`, `tty:USB0:pn532`, `udp:127.0.0.1:54321`.
    """

    device: str = "auto"


class DisplaySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The panel and how it is connected. `rotate` counts quarter turns."""

    panel: Literal["ssd1306", "sh1106", "sh1107", "ssd1327", "ssd1322"] = "ssd1306"
    bus: Literal["i2c", "spi"] = "i2c"
    port: int = 1
    address: int = 0x3C
    rotate: Literal[0, 1, 2, 3] = 0


class LightsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The GPIO pins, by BCM number, of the lights and the buzzer; `present` false for a zuil without."""

    present: bool = True
    green: int = 17
    red: int = 27
    buzzer: int = 22


class ButtonSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The technician's button between a GPIO pin, by BCM number, and ground."""

    present: bool = False
    pin: int = 26


class ReleaseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The Ed25519 public keys that releases must be signed with, in hexadecimal with blanks between.

    A release that brought keys of its own goes before these. None: the zuil takes no releases.
    """

    keys: str = ""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings of a zuil."""

    server: ServerSettings
    network: NetworkSettings = NetworkSettings()
    reader: ReaderSettings = ReaderSettings()
    display: DisplaySettings = DisplaySettings()
    lights: LightsSettings = LightsSettings()
    button: ButtonSettings = ButtonSettings()
    release: ReleaseSettings = ReleaseSettings()


_SECTIONS: Final[Mapping[str, type[msgspec.Struct]]] = {
    "server": ServerSettings,
    "network": NetworkSettings,
    "reader": ReaderSettings,
    "display": DisplaySettings,
    "lights": LightsSettings,
    "button": ButtonSettings,
    "release": ReleaseSettings,
}


def load_settings(boot: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: no file and no `ZUIL_SERVER_URL`, or a value that cannot be used.
    """
    path = boot / FILE_NAME
    content = _read(path)
    _add_environment(content, environment)
    if not content.get("server", {}).get("url"):
        raise SettingsError(
            f"The address of the server is missing: set url under [server] in {path}, or ZUIL_SERVER_URL."
        )
    try:
        settings = msgspec.convert(content, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"A setting in {path} or in the environment cannot be used: {error}.") from error
    _check_url(settings.server.url)
    if settings.network.proxy:
        proxy_address(settings.network.proxy)
    release_keys(settings)
    if not settings.reader.device.startswith(_READERS):
        raise SettingsError(
            f"The setting reader.device is {settings.reader.device!r};"
            " it is auto, or begins with pcsc, usb, tty: or udp:."
        )
    return settings


def release_keys(settings: Settings) -> tuple[str, ...]:
    """Return the public keys of releases.

    Raises:
        SettingsError: one of them is none.
    """
    try:
        return parse_keys(settings.release.keys)
    except ValueError as error:
        raise SettingsError(f"The setting release.keys cannot be used: {error}.") from error


def proxy_address(proxy: str) -> tuple[str, int]:
    """Return the host and the port of a proxy, which may be shown, as a password in it may not.

    Raises:
        SettingsError: it is no http://host:port; the text does not repeat it.
    """
    try:
        parts = urlsplit(proxy)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    # A password with a / in it would leave a part of itself behind the host.
    whole = host and port and parts.scheme == "http" and not (parts.path.strip("/") or parts.query)
    if not whole or not host or not port or any(character <= " " for character in proxy):
        raise SettingsError(
            "The setting network.proxy looks like http://proxy.example:3128;"
            " a name and a password go before it as http://name:password@proxy.example:3128."
        )
    return host, port


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from error


def _add_environment(content: dict[str, Any], environment: Mapping[str, str]) -> None:
    for section, struct in _SECTIONS.items():
        for field in struct.__struct_fields__:
            value = environment.get(f"ZUIL_{section}_{field}".upper())
            if value is not None:
                content.setdefault(section, {})[field] = value


def origin_of(url: str) -> str:
    """Return scheme and host of a server's address, as a browser says where a page is from.

    Raises:
        SettingsError: it is none, or http over a network.
    """
    _check_url(url)
    parts = urlsplit(url.lower())
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{parts.hostname}" + (
        f":{parts.port}" if parts.port not in (None, usual) else ""
    )


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"The setting server.url is {url!r}; it looks like https://zuil.example.")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise SettingsError(f"The setting server.url is {url!r}; only https goes over a network.")
