"""`zuil-provision enrol`: make the files for the boot partition of a zuil's SD card.

The card holds a one-time code, never a secret: the zuil exchanges the code for its own key and
secret at its first start.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from ipaddress import AddressValueError, ip_address, ip_interface
from pathlib import Path
from typing import Final

from device.ports import LinkError
from device.settings import FILE_NAME, SettingsError, load_settings
from shared.domain.zones import BRUSSELS, from_millis
from shared.wire.messages import EnrolmentCheck, EnrolmentRequest

NETWORK_FILE: Final = "zuil-network.nmconnection"
PANELS: Final = ("ssd1306", "sh1106", "sh1107", "ssd1327", "ssd1322")
_FAILED, _WRONG = 1, 2
_SHORTEST_WPA: Final = 8
_READ_WRITE_OWNER: Final = 0o600


class ProvisionError(Exception):
    """The files were not made; the text is one clear sentence."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 2 for a wrong argument, 1 when the code or the server is no good."""
    options = _parser().parse_args(arguments)
    try:
        files = {FILE_NAME: _settings(options), NETWORK_FILE: _network(options)}
        checked = _check(options)
        written = _write(options.out, files)
    except (SettingsError, ProvisionError) as error:
        return _trouble(str(error), _WRONG)
    except LinkError as error:
        if error.again:
            return _trouble(f"{error} The code was not tried and no file was changed.", _FAILED)
        return _trouble(f"The code was not accepted: {error} No file was changed.", _FAILED)
    until = from_millis(checked.expires).astimezone(BRUSSELS)
    print(  # noqa: T201 - a command's answer
        f"{options.out}: {' and '.join(written)} for zuil {checked.kiosk}, {checked.name}."
        f" Start it before {until:%d/%m/%Y %H:%M}."
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="zuil-provision", description="Prepare the SD card of a zuil.")
    commands = parser.add_subparsers(dest="command", required=True)
    enrol = commands.add_parser("enrol", help="write the settings of one zuil to a boot partition")
    enrol.add_argument("--server", required=True, help="the address of the server, https://…")
    enrol.add_argument("--code", required=True, help="the one-time code of the dashboard")
    enrol.add_argument("--out", required=True, type=Path, help="the mounted boot partition, or a folder")
    enrol.add_argument("--reader", help="the card reader, as in zuil.toml")
    enrol.add_argument("--panel", choices=PANELS, help="the display")
    enrol.add_argument("--wifi", metavar="NAME", help="the Wi-Fi network; else the zuil uses its cable")
    enrol.add_argument("--wifi-password", metavar="PASSWORD", default="")
    enrol.add_argument("--address", help="a fixed address such as 192.168.1.20/24; else DHCP")
    enrol.add_argument("--gateway", help="the gateway that goes with a fixed address")
    enrol.add_argument("--dns", help="the name server that goes with a fixed address")
    enrol.add_argument("--proxy", metavar="URL", help="the proxy to the server, http://host:port")
    return parser


def _settings(options: argparse.Namespace) -> str:
    """Return zuil.toml, read back as the zuil will.

    Raises:
        SettingsError: a value is no good.
    """
    lines = [
        "# Made by zuil-provision.",
        "[server]",
        f"url = {_quoted(options.server)}",
        f"code = {_quoted(options.code.strip().upper())}",
    ]
    if options.proxy:
        lines += ["", "[network]", f"proxy = {_quoted(options.proxy)}"]
    if options.reader:
        lines += ["", "[reader]", f"device = {_quoted(options.reader)}"]
    if options.panel:
        lines += ["", "[display]", f"panel = {_quoted(options.panel)}"]
    text = "\n".join([*lines, ""])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / FILE_NAME).write_text(text, encoding="utf-8")
        load_settings(Path(folder), {})
    return text


def _write(out: Path, files: Mapping[str, str]) -> list[str]:
    """Write the files that have something in them, each whole or not at all; return their names.

    Raises:
        ProvisionError: the folder cannot be written.
    """
    written = [name for name, text in files.items() if text]
    for name in written:
        path, draft = out / name, out / f"{name}.new"
        try:
            draft.write_text(files[name], encoding="utf-8")
            if name == NETWORK_FILE:
                draft.chmod(_READ_WRITE_OWNER)
            draft.replace(path)
        except OSError as error:
            raise ProvisionError(f"{path} cannot be written: {error.strerror}.") from error
    return written


def _check(options: argparse.Namespace) -> EnrolmentCheck:
    """Ask the server whether the code is good. Raises LinkError."""
    # httpx takes a fifth of a second to import: a wrong argument is told at once.
    from device.adapters.link import HttpLink
    from device.core.clock import ServerClock

    with tempfile.TemporaryDirectory() as folder:
        link = HttpLink(options.server, Path(folder), ServerClock("provision"), agent="zuil-provision")
        try:
            return link.check(EnrolmentRequest(code=options.code.strip().upper()))
        finally:
            link.close()


def _network(options: argparse.Namespace) -> str:
    """Return a NetworkManager connection, empty when cable and DHCP do.

    Raises:
        ProvisionError: an address, a password or a combination that cannot work.
    """
    if not options.wifi and not options.address:
        return ""
    return "\n".join([*_link_section(options), "", *_address_section(options), ""])


def _link_section(options: argparse.Namespace) -> Iterator[str]:
    kind = "wifi" if options.wifi else "ethernet"
    yield from ("[connection]", "id=zuil", f"type={kind}", "autoconnect=true")
    if not options.wifi:
        return
    if any(ord(character) < ord(" ") for character in options.wifi + options.wifi_password):
        raise ProvisionError("The name and the password of a Wi-Fi network hold no line breaks.")
    yield from ("", "[wifi]", f"ssid={options.wifi}")
    if options.wifi_password:
        if len(options.wifi_password) < _SHORTEST_WPA:
            raise ProvisionError("A Wi-Fi password has at least 8 characters.")
        yield from ("", "[wifi-security]", "key-mgmt=wpa-psk", f"psk={options.wifi_password}")


def _address_section(options: argparse.Namespace) -> Iterator[str]:
    yield "[ipv4]"
    if not options.address:
        yield "method=auto"
        return
    if not options.gateway or "/" not in options.address:
        raise ProvisionError("A fixed address looks like 192.168.1.20/24 and needs a gateway.")
    try:
        address, gateway = ip_interface(options.address), ip_address(options.gateway)
        dns = ip_address(options.dns or options.gateway)
    except (AddressValueError, ValueError) as error:
        raise ProvisionError(f"This address cannot be used: {error}.") from error
    if gateway not in address.network:
        raise ProvisionError(f"The gateway {gateway} is not in the network of {address}.")
    yield from ("method=manual", f"address1={address},{gateway}", f"dns={dns};")


def _quoted(text: str) -> str:
    """Return a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    if any(ord(character) < ord(" ") for character in escaped):
        raise ProvisionError("A setting holds no line breaks.")
    return f'"{escaped}"'


def _trouble(sentence: str, code: int) -> int:
    print(f"zuil-provision: {sentence}", file=sys.stderr)  # noqa: T201 - a command's answer
    return code


if __name__ == "__main__":
    sys.exit(main())
