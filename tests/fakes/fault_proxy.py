"""A TCP proxy between zuil and server that does to one message what networks do to messages."""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit

from shared.wire.messages import PREFIX

PORTAL = b"<!doctype html><title>Gratis wifi</title><form action=/ok><button>Akkoord</button></form>"
FAULTS = {
    "lost": "the request never arrives",
    "reply lost": "the server did it, and nobody heard",
    "duplicated": "the network sends it twice",
    "delayed": "it takes half a second",
    "request cut": "half of the request arrives",
    "reply cut": "half of the answer arrives",
    "500": "an error without a word",
    "401": "refused",
    "403": "refused",
    "409": "refused",
    "413": "too large",
    "429": "too often",
    "portal": "a captive portal answers 200 with HTML",
    "garbage": "200 with half a JSON document",
}


class FaultProxy:
    """Passes everything on to `server`; `break_next` chooses which message meets which fault.

    loss: the part of all connections that is reset, for a bad line; bytes_per_second: how slow it is.
    weather: the fault that every message meets. carried: called for each message on its way.
    brief: whether a stream is hung up on, politely, after its first event.
    """

    def __init__(self, server):
        self.lead_to(server)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        server.public_url = self.url
        self._lock = threading.Lock()
        self._armed = {}
        self._draw = random.Random(3)
        self.met = []
        self.loss, self.bytes_per_second = 0.0, None
        self.weather, self.carried, self.brief = "", lambda: None, False
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def break_next(self, name, fault, times=2):
        """Let the next `times` messages of a name (`taps`, `snapshots/`, …) meet a fault."""
        with self._lock:
            self._armed[name] = [fault, times]

    def lead_to(self, server):
        """Lead to this server from now on."""
        self._upstream = ("127.0.0.1", urlsplit(server.url).port)

    def armed(self, name):
        """Whether a message of this name still has a fault to meet."""
        return self._armed.get(name, ("", 0))[1] > 0

    def calm(self):
        """Let nothing happen to any message any more."""
        with self._lock:
            self._armed.clear()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client, suppress(OSError):
            while request := _read_message(client):
                if not self._pass_on(client, request):
                    return

    def _fault_of(self, request):
        path = request.split(b" ", 2)[1].decode().removeprefix(f"{PREFIX}/").partition("?")[0]
        with self._lock:
            if self._draw.random() < self.loss:
                return self._draw.choice(("lost", "reply lost", "reply cut"))
            for name, armed in self._armed.items():
                if (path == name or (name.endswith("/") and path.startswith(name))) and armed[1] > 0:
                    armed[1] -= 1
                    self.met.append((path, armed[0]))
                    return armed[0]
        return self.weather

    def _pass_on(self, client, request):
        """Do what the fault says; return whether the connection goes on."""
        fault = self._fault_of(request)
        self.carried()
        if fault == "lost":
            return _reset(client)
        if fault.isdigit():
            return _say(client, int(fault), b"", "text/plain")
        if fault == "portal":
            return _say(client, 200, PORTAL, "text/html")
        if fault == "garbage":
            return _say(
                client, 200, json.dumps({"now": 1, "verdicts": [1]}).encode()[:-4], "application/json"
            )
        if fault == "delayed":
            time.sleep(0.5)
        if fault == "request cut":
            with socket.create_connection(self._upstream) as server:
                server.sendall(request[: len(request) // 2])
            return _reset(client)
        if fault == "duplicated":
            with socket.create_connection(self._upstream) as server:
                server.sendall(request)
                _read_message(server)
        return self._forward(client, request, fault)

    def _forward(self, client, request, fault):
        with socket.create_connection(self._upstream) as server:
            self._trickle(server, request)
            if b"/stream" in request.split(b"\r\n", 1)[0] and fault not in ("reply lost", "reply cut"):
                return self._stream(client, server)
            reply = _read_message(server)
        if fault == "reply lost" or not reply:
            return _reset(client)
        if fault == "reply cut":
            client.sendall(reply[: len(reply) // 2])
            return _reset(client)
        self._trickle(client, reply)
        return True

    def _stream(self, client, server):
        if not self.brief:
            while piece := server.recv(65_536):
                client.sendall(piece)
            return False
        content = _read_message(server)
        client.sendall(content)
        if b"text/event-stream" in content.lower():
            while not (b"\ndata:" in content and content.endswith(b"\n\r\n")):
                piece = server.recv(65_536)
                content += piece
                client.sendall(piece)
            client.sendall(b"0\r\n\r\n")
        return False

    def _trickle(self, target, content):
        if self.bytes_per_second is None:
            target.sendall(content)
            return
        step = max(1, self.bytes_per_second // 20)
        for first in range(0, len(content), step):
            target.sendall(content[first : first + step])
            time.sleep(0.05)


def _read_message(link):
    """Return one whole HTTP message, empty at the end of the connection."""
    content = b""
    while b"\r\n\r\n" not in content:
        piece = link.recv(65_536)
        if not piece:
            return b""
        content += piece
    head, _, body = content.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    if fields.get(b"content-type") == b"text/event-stream":
        return content
    left = int(fields.get(b"content-length", 0)) - len(body)
    while left > 0:
        piece = link.recv(min(left, 65_536))
        if not piece:
            break
        content, left = content + piece, left - len(piece)
    return content


def _reset(link):
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def _say(link, status, content, kind):
    head = f"HTTP/1.1 {status} Whatever\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n"
    link.sendall(head.encode() + content)
    return True
