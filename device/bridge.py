"""`zuil bridge`: lends the card reader of a counter's computer to the balie page in its browser.

It listens on the loopback and answers pages of one server only. A chip number goes to the page that asked
last and is kept nowhere; without such a page it goes nowhere. An identity card is read when a page asks.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import msgspec

from device.core.health import Health
from device.core.presence import Presence, Presented
from device.core.watch import ReaderWatch
from device.ports import CardReader, IdentityError, IdentityReader

_LOOK_SECONDS: Final = 1.0
_BEATS: Final = 15
"""Looks without news before the page hears that the bridge is there: only a write tells that a page went."""
_THERE_IS: Final = "There is GET /cards, POST /identity and POST /photo."
log = logging.getLogger(__name__)


class Bridge:
    """The readers of this computer, and the pages that listen."""

    def __init__(self, reader: CardReader, identity: IdentityReader) -> None:
        self.health = Health()
        self.identity = identity
        self._watch = ReaderWatch(reader, self.health, self._present)
        self._pages: list[queue.SimpleQueue[str]] = []
        self._guard = threading.Lock()

    def start(self) -> None:
        """Start watching the reader."""
        self._watch.start()

    def stop(self) -> None:
        """Let go of the reader."""
        self._watch.stop()

    @contextmanager
    def listening(self) -> Iterator[queue.SimpleQueue[str]]:
        """Yield the chip numbers that come as long as this page is the last that asked."""
        cards: queue.SimpleQueue[str] = queue.SimpleQueue()
        with self._guard:
            self._pages.append(cards)
        try:
            yield cards
        finally:
            with self._guard:
                self._pages.remove(cards)

    def _present(self, presented: Presented) -> None:
        with self._guard:
            if presented.presence is Presence.CARD and self._pages:
                self._pages[-1].put(presented.chip_number)


class BridgeServer:
    """Serves a bridge on 127.0.0.1 to the pages of `origin`. Raises OSError when the port is in use."""

    def __init__(self, bridge: Bridge, origin: str, port: int) -> None:
        class Handler(_Handler):
            pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        Handler.bridge, Handler.origin, Handler.ended = bridge, origin, threading.Event()
        # A page elsewhere whose name was pointed at this computer asks for another host.
        Handler.hosts = frozenset({f"127.0.0.1:{self.port}", f"localhost:{self.port}"})
        self._ended = Handler.ended
        self._thread = threading.Thread(target=self._server.serve_forever, name="bridge", daemon=True)

    def start(self) -> None:
        """Start serving."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and give the port back."""
        self._ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    bridge: Bridge
    origin: str
    hosts: frozenset[str]
    ended: threading.Event
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_OPTIONS(self) -> None:
        """Answer the browser, which asks first: from an outer network to the loopback."""
        if not self._may_ask():
            return
        self.send_response(HTTPStatus.NO_CONTENT)
        self._allow()
        self.send_header("Access-Control-Allow-Methods", "GET, POST")
        self.send_header("Access-Control-Allow-Headers", "Content-Type")
        self.send_header("Access-Control-Allow-Private-Network", "true")
        self.end_headers()

    def do_GET(self) -> None:
        if not self._may_ask():
            return
        if self.path == "/cards":
            self._stream()
        else:
            self._say(HTTPStatus.NOT_FOUND, {"detail": _THERE_IS})

    def do_POST(self) -> None:
        # Nobody reads a body here; what came with one cannot be taken for the next request.
        self.close_connection = True
        if not self._may_ask():
            return
        identity = self.bridge.identity
        try:
            if self.path == "/identity":
                self._answer(HTTPStatus.OK, "application/json", msgspec.json.encode(identity.read()))
            elif self.path == "/photo":
                self._answer(HTTPStatus.OK, "image/jpeg", identity.photo())
            else:
                self._say(HTTPStatus.NOT_FOUND, {"detail": _THERE_IS})
        except IdentityError as error:
            self._say(HTTPStatus.CONFLICT, {"fault": error.fault.value})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing: what a page asked is nobody's business."""

    def _may_ask(self) -> bool:
        """Tell whether a page of our server asks; refuse every other."""
        if self.headers.get("Host") in self.hosts and self.headers.get("Origin") == self.origin:
            return True
        log.warning("A page of %s was refused.", self.headers.get("Origin") or "no origin")
        self._say(HTTPStatus.FORBIDDEN, {"detail": f"This bridge answers pages of {self.origin} only."})
        return False

    def _allow(self) -> None:
        self.send_header("Access-Control-Allow-Origin", self.origin)
        self.send_header("Vary", "Origin")
        self.send_header("Cache-Control", "no-store")

    def _say(self, status: HTTPStatus, answer: dict[str, str]) -> None:
        self._answer(status, "application/json", json.dumps(answer).encode())

    def _answer(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        if status != HTTPStatus.FORBIDDEN:
            self._allow()
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self) -> None:
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self._allow()
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            with self.bridge.listening() as cards:
                self._follow(cards)
        except OSError:
            pass  # the page was left

    def _follow(self, cards: queue.SimpleQueue[str]) -> None:
        state, quiet = "", 0
        while not self.ended.is_set():
            if state != self.bridge.health.reader:
                state, quiet = self.bridge.health.reader, 0
                self._send("reader", state)
            try:
                self._send("card", cards.get(timeout=_LOOK_SECONDS))
            except queue.Empty:
                quiet += 1
                if quiet % _BEATS == 0:
                    self.wfile.write(b": here\n\n")

    def _send(self, event: str, text: str) -> None:
        self.wfile.write(f"event: {event}\ndata: {json.dumps(text)}\n\n".encode())
