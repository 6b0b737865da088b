"""`zuil-provision enrol`: make the files for the boot partition of a zuil's SD card.

The card holds a one-time code, never a secret: the zuil exchanges the code for its own key and
secret at its first start.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from device.connection import add_options, connection
from device.ports import LinkError
from device.settings import FILE_NAME, SettingsError, load_settings
from shared.domain.zones import BRUSSELS, from_millis
from shared.wire.messages import EnrolmentCheck, EnrolmentRequest

NETWORK_FILE: Final = "zuil-network.nmconnection"
PANELS: Final = ("ssd1306", "sh1106", "sh1107", "ssd1327", "ssd1322")
_FAILED, _WRONG = 1, 2
# `first-boot` takes away the network of before when it reads this.
CABLE: Final = "# The network: cable and DHCP."
_READ_WRITE_OWNER: Final = 0o600


_KEY_HELP: Final = "a public key that releases must be signed with; else those that the server tells"


class ProvisionError(Exception):
    """The files were not made; the text is one clear sentence."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 2 for a wrong argument, 1 when the code or the server is no good."""
    options = _parser().parse_args(arguments)
    if not options.out.is_dir():
        return _trouble(f"There is no folder {options.out}: is the card mounted? Else make it first.", _WRONG)
    try:
        network = connection(options)
        _settings(options, options.release_key or (), cable=not network)
        checked = _check(options)
        keys = options.release_key or checked.release_keys
        files = {FILE_NAME: _settings(options, keys, cable=not network), NETWORK_FILE: network}
        written = _write(options.out, files)
    except (SettingsError, ProvisionError) as error:
        return _trouble(str(error), _WRONG)
    except LinkError as error:
        if error.again:
            return _trouble(f"{error} The code was not tried and no file was changed.", _FAILED)
        if not error.type.startswith("zuil:"):
            return _trouble(_not_ours(options.server, error), _FAILED)
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
    enrol.add_argument("--release-key", action="append", metavar="HEX", help=_KEY_HELP)
    add_options(enrol)
    enrol.add_argument("--proxy", metavar="URL", help="the proxy to the server, http://host:port")
    return parser


def _settings(options: argparse.Namespace, keys: Sequence[str], *, cable: bool) -> str:
    """Return zuil.toml, read back as the zuil will. keys: what releases must be signed with.

    Raises:
        SettingsError: a value is no good.
    """
    lines = [
        "# Made by zuil-provision.",
        *([CABLE] if cable else []),
        "[server]",
        f"url = {_quoted(options.server)}",
        f"code = {_quoted(options.code.strip().upper())}",
    ]
    if options.proxy is not None:
        lines += ["", "[network]", f"proxy = {_quoted(options.proxy)}"]
    if options.reader:
        lines += ["", "[reader]", f"device = {_quoted(options.reader)}"]
    if options.panel:
        lines += ["", "[display]", f"panel = {_quoted(options.panel)}"]
    if keys:
        lines += ["", "[release]", f"keys = {_quoted(' '.join(keys))}"]
    text = "\n".join([*lines, ""])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / FILE_NAME).write_text(text, encoding="utf-8")
        load_settings(Path(folder), {})
    return text


def _write(out: Path, files: Mapping[str, str]) -> list[str]:
    """Write the files, each whole or not at all, and return their names; an empty one is taken away.

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
    for name in files.keys() - set(written):
        try:
            (out / name).unlink(missing_ok=True)
        except OSError as error:
            raise ProvisionError(f"{out / name} cannot be taken away: {error.strerror}.") from error
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


def _not_ours(url: str, error: LinkError) -> str:
    """Return that something answered which is not our server, or not at that place."""
    parts = urlsplit(url)
    about = f"No zuil server answers at {url} (status {error.status}). The code was not tried."
    if parts.path.strip("/"):
        about += f" Without a path the address is {parts.scheme}://{parts.netloc}."
    return f"{about} No file was changed."


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
