"""The NetworkManager connection of a zuil, as a keyfile: its Wi-Fi, its fixed address or its modem."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface
from typing import Final

from device.settings import SettingsError

_SHORTEST_WPA: Final = 8
_LONGEST_WPA: Final = 64
"""63 characters, or a key of 64 hexadecimal digits."""
_APN: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PIN: Final = re.compile(r"[0-9]{4,8}")
_GOES_WITH: Final = {
    "wifi_password": "wifi",
    "gateway": "address",
    "dns": "address",
    "apn_user": "apn",
    "apn_password": "apn",
    "sim_pin": "apn",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what `connection` reads."""
    parser.add_argument("--wifi", metavar="NAME", help="the Wi-Fi network; else the zuil uses its cable")
    parser.add_argument(
        "--wifi-password", metavar="PASSWORD", help="of the Wi-Fi network; none when it is open"
    )
    parser.add_argument("--address", help="a fixed address such as 192.168.1.20/24; else DHCP")
    parser.add_argument("--gateway", help="the gateway that goes with a fixed address")
    parser.add_argument("--dns", help="the name server that goes with a fixed address")
    parser.add_argument("--apn", metavar="NAME", help="the access point of a 3G or 4G modem's SIM card")
    parser.add_argument("--apn-user", metavar="NAME", help="the user the access point asks for")
    parser.add_argument("--apn-password", metavar="PASSWORD", help="the password it asks for")
    parser.add_argument("--sim-pin", metavar="PIN", help="the PIN of the SIM card")


def connection(options: argparse.Namespace) -> str:
    """Return the keyfile, empty when cable and DHCP do.

    Raises:
        SettingsError: an address, a password or a combination that cannot work.
    """
    _check_combination(options)
    if not (options.wifi or options.address or options.apn):
        return ""
    return "\n".join([*_link_section(options), "", *_address_section(options), ""])


def _check_combination(options: argparse.Namespace) -> None:
    """Refuse what would be left out of the file without a word."""
    for name in dict.fromkeys([*_GOES_WITH, *_GOES_WITH.values()]):
        value = getattr(options, name)
        if value is not None and not value.strip():
            raise SettingsError(f"{_flag(name)} is empty; leave it out when it is not needed.")
    for name, needed in _GOES_WITH.items():
        if getattr(options, name) and not getattr(options, needed):
            raise SettingsError(f"{_flag(name)} only goes with {_flag(needed)}.")
    if options.apn and (options.wifi or options.address):
        raise SettingsError(
            "A modem (--apn) goes neither with --wifi nor with --address;"
            " a cable with DHCP may be in the zuil next to it."
        )


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _link_section(options: argparse.Namespace) -> Iterator[str]:
    kind = "wifi" if options.wifi else "gsm" if options.apn else "ethernet"
    yield from ("[connection]", "id=zuil", f"type={kind}", "autoconnect=true")
    if options.wifi:
        yield from _wifi_section(options)
    elif options.apn:
        yield from _modem_section(options)


def _wifi_section(options: argparse.Namespace) -> Iterator[str]:
    yield from ("", "[wifi]", f"ssid={_value(options.wifi)}")
    if options.wifi_password:
        if not _SHORTEST_WPA <= len(options.wifi_password) <= _LONGEST_WPA:
            raise SettingsError("A Wi-Fi password has 8 to 64 characters.")
        yield from ("", "[wifi-security]", "key-mgmt=wpa-psk", f"psk={_value(options.wifi_password)}")


def _modem_section(options: argparse.Namespace) -> Iterator[str]:
    if not _APN.fullmatch(options.apn):
        raise SettingsError("The name of an access point has only letters, digits, points and hyphens.")
    yield from ("", "[gsm]", f"apn={options.apn}")
    if options.apn_user:
        yield f"username={_value(options.apn_user)}"
    if options.apn_password:
        yield f"password={_value(options.apn_password)}"
    if options.sim_pin:
        if not _PIN.fullmatch(options.sim_pin):
            raise SettingsError("The PIN of a SIM card has 4 to 8 digits.")
        yield f"pin={options.sim_pin}"


def _address_section(options: argparse.Namespace) -> Iterator[str]:
    yield "[ipv4]"
    if not options.address:
        yield "method=auto"
        return
    if not options.gateway or "/" not in options.address:
        raise SettingsError("A fixed address looks like 192.168.1.20/24 and needs a gateway.")
    try:
        address, gateway = IPv4Interface(options.address), IPv4Address(options.gateway)
        dns = IPv4Address(options.dns or options.gateway)
    except ValueError as error:
        raise SettingsError(f"This address cannot be used: {error}.") from error
    if gateway not in address.network:
        raise SettingsError(f"The gateway {gateway} is not in the network of {address}.")
    yield from ("method=manual", f"address1={address},{gateway}", f"dns={dns};")


def _value(text: str) -> str:
    """Return a value as a keyfile holds it: it loses spaces at the ends and takes a backslash for more."""
    if any(ord(character) < ord(" ") for character in text):
        raise SettingsError("A name or a password of a network holds no line breaks.")
    escaped = text.replace("\\", "\\\\")
    return re.sub("^ +| +$", lambda spaces: "\\s" * len(spaces[0]), escaped)
