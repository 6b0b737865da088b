"""The control port of a virtual zuil: see its display and lights, tap cards, cut its network.

On the loopback only; the demo console and the end-to-end tests use it.
"""

from __future__ import annotations

import json
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import msgspec

from device.adapters.link import HttpLink
from device.adapters.oled import PanelDisplay
from device.adapters.virtual import MovableWall, VirtualButton, VirtualLights, VirtualReader, hold
from device.core import report
from device.core.health import Health
from device.core.kiosk import Answer, Kiosk
from device.core.screens import title
from device.core.sync import Sync
from device.core.updating import Updating
from device.ports import OK, CacheError, Journal, JournalError, PassCache, TrustedClock
from shared.domain.outcomes import Tone

_ANSWER_SECONDS: Final = 4.0
_TOUCH_MILLIS: Final = 300
_MAX_BODY: Final = 10_000


class Control:
    """What can be seen of a virtual zuil and done to it."""

    def __init__(
        self,
        *,
        kiosk: Kiosk,
        reader: VirtualReader,
        display: PanelDisplay,
        lights: VirtualLights,
        button: VirtualButton,
        wall: MovableWall,
        link: HttpLink,
        sync: Sync,
        journal: Journal,
        cache: PassCache,
        clock: TrustedClock,
        health: Health,
        updating: Updating,
    ) -> None:
        self._kiosk = kiosk
        self._reader = reader
        self._display = display
        self._lights = lights
        self._button = button
        self._wall = wall
        self._link = link
        self._sync = sync
        self._journal = journal
        self._cache = cache
        self._clock = clock
        self._health = health
        self._updating = updating

    def state(self) -> dict[str, Any]:
        """Return everything that the demo console shows."""
        heart = report.heartbeat(
            self._kiosk,
            self._journal,
            self._cache,
            display=self._display,
            clock=self._clock,
            health=self._health,
        )
        written, config = self._journal.state(), self._cache.config()
        active, screen, tone = self._kiosk.active, self._kiosk.screen, self._lights.lit
        event = active.event if active else None
        return {
            "ready": bool(config and heart.cursor and self._link.enrolled and heart.reader == OK),
            "kiosk": config.kiosk if config else None,
            "name": config.name if config else "",
            "screen": heart.screen,
            "headline": (screen.big or screen.headline) if screen else "",
            "detail": screen.detail if screen else "",
            "code": screen.code if screen else "",
            "lines": screen.lines if screen else (),
            "frame": self._display.frames,
            "lights": {"green": tone in (Tone.GOOD, Tone.CALM), "red": tone in (Tone.BAD, Tone.CALM)},
            "buzzer": tone.value if tone else "",
            "event": {"id": event.id, "title": title(event, "nl")} if event else None,
            "selection": heart.selection,
            "queue": written.queue,
            "parked": written.parked,
            "last_seq": written.last_seq,
            "through": written.through,
            "cards": heart.cards,
            "cursor": heart.cursor,
            "config": heart.config,
            "checksums": self._cache.checksums(),
            "network": self._link.network,
            "online": self._health.online,
            "clock_offset_seconds": self._wall.offset_seconds,
            "now": self._clock.read().now.isoformat(),
            "faults": heart.faults,
            "version": heart.version,
            "release": msgspec.to_builtins(self._updating.report),
            "last_tap": _described(self._kiosk.answers[-1]) if self._kiosk.answers else None,
        }

    def frame(self) -> bytes:
        """Return the picture on the display as PNG."""
        return self._display.picture()

    def tap(self, body: dict[str, Any]) -> dict[str, Any]:
        """Hold a card against the reader and return what the zuil answered.

        Fields: chip, kind, hold_ms, and `beside`, the chip of a second card. The answer is empty
        when the zuil rightly says nothing, as for a card that never left.
        """
        seconds = float(body.get("hold_ms", _TOUCH_MILLIS)) / 1000
        kind, chip = str(body.get("kind", "ultralight")), str(body.get("chip", ""))
        held = hold(kind, chip, seconds, beside=str(body.get("beside", "")))
        before = self._kiosk.answers[-1].number if self._kiosk.answers else 0
        self._reader.present(held)
        answer = self._kiosk.wait_for_answer(before, _ANSWER_SECONDS)
        return {} if answer is None else _described(answer)

    def network(self, body: dict[str, Any]) -> dict[str, Any]:
        """Cut or restore the network; restored, everything is tried at once."""
        self._link.network = bool(body["on"])
        if self._link.network:
            self._sync.wake()
        else:
            self._health.online = False
        return {"network": self._link.network}

    def clock(self, body: dict[str, Any]) -> dict[str, Any]:
        """Set the wall clock wrong by a number of seconds."""
        self._wall.offset_seconds = float(body["offset_seconds"])
        return {"offset_seconds": self._wall.offset_seconds}

    def button(self, body: dict[str, Any]) -> dict[str, Any]:
        """Hold the technician's button down for `seconds`."""
        self._button.hold(float(body["seconds"]))
        return {}


class ControlServer:
    """Serves a `Control` on 127.0.0.1. Raises OSError when the port is in use."""

    def __init__(self, control: Control, port: int) -> None:
        class Handler(_Handler):
            pass

        Handler.control = control
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="control", daemon=True)

    def start(self) -> None:
        """Start serving."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()

    def close(self) -> None:
        """Give the port back; also of a server that never started."""
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    control: Control
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path.startswith("/frame.png"):
            self._answer(HTTPStatus.OK, "image/png", self.control.frame())
        elif self.path == "/state":
            try:
                self._say(HTTPStatus.OK, self.control.state())
            except (JournalError, CacheError) as error:
                self._say(HTTPStatus.SERVICE_UNAVAILABLE, {"detail": str(error)})
        else:
            self._say(HTTPStatus.NOT_FOUND, {"detail": "There is /state and /frame.png."})

    def do_POST(self) -> None:
        actions = {
            "/tap": self.control.tap,
            "/network": self.control.network,
            "/clock": self.control.clock,
            "/button": self.control.button,
        }
        length = min(int(self.headers.get("Content-Length") or 0), _MAX_BODY)
        text = self.rfile.read(length)
        action = actions.get(self.path)
        if action is None:
            self._say(HTTPStatus.NOT_FOUND, {"detail": f"There is {', '.join(actions)}."})
            return
        try:
            self._say(HTTPStatus.OK, action(json.loads(text or b"{}")))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._say(HTTPStatus.BAD_REQUEST, {"detail": f"This cannot be done: {str(error).rstrip('.')}."})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing: the console asks several times a second."""

    def _say(self, status: HTTPStatus, answer: dict[str, Any]) -> None:
        self._answer(status, "application/json", json.dumps(answer).encode())

    def _answer(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)


def _described(answer: Answer) -> dict[str, Any]:
    result = answer.result
    described: dict[str, Any] = {"number": answer.number, "outcome": answer.outcome.value}
    if result is not None:
        described |= {
            "points": result.decision.points,
            "total": result.total,
            "seq": result.seq,
            "at": result.at.isoformat(),
        }
    return described
