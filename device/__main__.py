"""The `zuil` command: run, status, identify, doctor, logs, tap; bridge on the computer of a counter.

Exit code 2 for a wrong setting, 1 for any other trouble.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from device.settings import BOOT, STATE, SettingsError, load_settings, origin_of
from shared.wire.bridge import BRIDGE_PORT

_FAILED, _WRONG_SETTING = 1, 2
_DEFAULT_CONTROL: Final = 8601


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    # One line for each request would fill an SD card.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    commands = {
        "run": _run,
        "status": _status,
        "tap": _tap,
        "doctor": _doctor,
        "identify": _identify,
        "logs": _logs,
        "bridge": _bridge,
    }
    try:
        return commands[options.command](options)
    except SettingsError as error:
        return _trouble(str(error), _WRONG_SETTING)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="zuil", description="A UiTPAS check-in device.")
    parser.add_argument("--verbose", action="store_true", help="say more in the log")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run the zuil until stopped")
    run.add_argument("--virtual", action="store_true", help="without hardware, with a control port")
    run.add_argument(
        "--control", type=int, default=_DEFAULT_CONTROL, help="the control port of a virtual zuil"
    )
    status = commands.add_parser("status", help="say how the zuil in a state directory is")
    doctor = commands.add_parser("doctor", help="check everything a zuil needs, one line each")
    identify = commands.add_parser("identify", help="let the running zuil blink and show its name")
    logs = commands.add_parser("logs", help="print the log without personal data")
    logs.add_argument("--last", type=int, default=500, help="how many lines")
    for command in (run, status, doctor, identify):
        command.add_argument("--state", type=Path, default=STATE, help="where the zuil keeps its files")
    for command in (run, status, doctor):
        command.add_argument("--boot", type=Path, default=BOOT, help="where zuil.toml is")
    tap = commands.add_parser("tap", help="hold a card against a running virtual zuil")
    tap.add_argument("chip", help="the chip number, 14 hexadecimal digits")
    tap.add_argument("--kind", default="ultralight", help="ultralight, desfire, phone, bank or unreadable")
    tap.add_argument("--control", type=int, default=_DEFAULT_CONTROL, help="the control port")
    bridge = commands.add_parser("bridge", help="lend the reader of this computer to the balie page")
    bridge.add_argument("server", help="the address of the server, as in the browser")
    bridge.add_argument("--reader", default="auto", help="auto, pcsc, pcsc:NAME or a path of nfcpy")
    bridge.add_argument("--port", type=int, default=BRIDGE_PORT, help="where the page looks for it")
    return parser


def _run(options: argparse.Namespace) -> int:
    from device.bootstrap import running, show_wrong_setting
    from device.parts import Place, StartError

    try:
        settings = load_settings(options.boot)
    except SettingsError:
        if not options.virtual:
            show_wrong_setting()
        raise
    place = Place(settings, options.state, options.control if options.virtual else None)
    stop = threading.Event()
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with running(place, stop) as zuil:
            signal.signal(signal.SIGUSR1, lambda *_: zuil.technician.identify())
            zuil.kiosk.run(stop)
    except StartError as error:
        return _trouble(str(error), _FAILED)
    return 0


def _status(options: argparse.Namespace) -> int:
    from device.inspect import StateError, status

    try:
        _print_lines(status(options.state, _proxy(options.boot)))
    except StateError as error:
        return _trouble(str(error), _FAILED)
    return 0


def _proxy(boot: Path) -> str:
    """Return the proxy of the settings; empty without settings, for the rest is told all the same."""
    try:
        return load_settings(boot).network.proxy
    except SettingsError:
        return ""


def _tap(options: argparse.Namespace) -> int:
    import httpx

    body = {"chip": options.chip, "kind": options.kind}
    try:
        with httpx.Client(trust_env=False, timeout=10) as client:
            answer = client.post(f"http://127.0.0.1:{options.control}/tap", json=body)
    except httpx.HTTPError as error:
        return _trouble(f"No virtual zuil answers on port {options.control}: {error}.", _FAILED)
    said = answer.json()
    if answer.is_error:
        return _trouble(said["detail"], _FAILED)
    print(json.dumps(said))  # noqa: T201 - a command's answer
    return 0


def _identify(options: argparse.Namespace) -> int:
    from device.inspect import StateError, identify

    try:
        identify(options.state)
    except StateError as error:
        return _trouble(str(error), _FAILED)
    return 0


def _logs(options: argparse.Namespace) -> int:
    from device.logs import LogsError, recent

    if options.last < 1:
        return _trouble(f"--last is {options.last}; it is 1 line or more.", _WRONG_SETTING)
    try:
        _print_lines(recent(options.last))
    except LogsError as error:
        return _trouble(str(error), _FAILED)
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from device.inspect import examine

    if not options.verbose:
        # What the parts log while they are tried stands in the findings themselves.
        logging.disable(logging.CRITICAL)
    findings = examine(load_settings(options.boot), options.state)
    _print_lines(str(finding) for finding in findings)
    return 0 if all(finding.good for finding in findings) else _FAILED


def _bridge(options: argparse.Namespace) -> int:
    from device.adapters.eid import PcscIdentity
    from device.adapters.readers import reader_for
    from device.bridge import Bridge, BridgeServer

    origin = origin_of(options.server)
    bridge, stop = Bridge(reader_for(options.reader), PcscIdentity()), threading.Event()
    try:
        server = BridgeServer(bridge, origin, options.port)
    except OSError as error:
        return _trouble(
            f"Port {options.port} cannot be used: {error.strerror}. Is a bridge running?", _FAILED
        )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    bridge.start()
    server.start()
    print(f"Pages of {origin} can use the card reader of this computer. Ctrl-C stops.", flush=True)  # noqa: T201 - a command's answer
    # Windows lets no signal through to a wait without end.
    while not stop.wait(1):
        pass
    server.stop()
    bridge.stop()
    return 0


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)  # noqa: T201 - a command's answer


def _trouble(sentence: str, code: int) -> int:
    print(f"zuil: {sentence}", file=sys.stderr)  # noqa: T201 - a command's answer
    return code


if __name__ == "__main__":
    sys.exit(main())
