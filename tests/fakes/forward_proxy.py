"""A small real HTTP proxy: forwards plain requests, tunnels CONNECT, and may ask who you are."""

from __future__ import annotations

import base64
import socket
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class _Http(ThreadingHTTPServer):
    daemon_threads = True


class ForwardProxy:
    """`met` is what came through: the request lines. user: `name:password`, empty for anybody."""

    def __init__(self, user=""):
        self.met, self.expects = [], ""
        if user:
            self.expects = f"Basic {base64.b64encode(user.encode()).decode()}"
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._http = _Http(("127.0.0.1", 0), handler)
        self.port = self._http.server_port
        self.url = f"http://{user}{'@' if user else ''}127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self._is_known():
            self._forward()

    def do_POST(self):
        self.do_GET()

    def do_CONNECT(self):
        if not self._is_known():
            return
        host, _, port = self.path.rpartition(":")
        try:
            beyond = socket.create_connection((host, int(port)), 5)
        except OSError:
            self.send_error(502)
            return
        self.send_response(200)
        self.end_headers()
        back = threading.Thread(target=_pour, args=(beyond, self.connection), daemon=True)
        back.start()
        _pour(self.connection, beyond)
        back.join(5)
        beyond.close()
        self.close_connection = True

    def log_message(self, *_):
        """Say nothing."""

    def _is_known(self):
        self.proxy.met.append(f"{self.command} {self.path}")
        if not self.proxy.expects or self.headers.get("Proxy-Authorization") == self.proxy.expects:
            return True
        self.send_error(407)
        return False

    def _forward(self):
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {
            name: value for name, value in self.headers.items() if not name.lower().startswith("proxy-")
        }
        onward = HTTPConnection(parts.hostname, parts.port, timeout=5)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        onward.request(self.command, target or "/", body, {**headers, "Connection": "close"})
        answer = onward.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "server", "date"):
                self.send_header(name, value)
        self.send_header("Date", answer.getheader("Date") or "")
        self.send_header("Connection", "close")
        self.end_headers()
        while piece := answer.read1(65536):
            self.wfile.write(piece)
        onward.close()


def _pour(source, target):
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
