"""A stand-in for the control port of a virtual zuil: real HTTP, no zuil behind it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Self

from PIL import Image, ImageDraw


class FakeControl:
    """Serves a state and a frame, and remembers what was sent to it."""

    def __init__(self) -> None:
        self.state = {
            "ready": True,
            "screen": "idle",
            "frame": 1,
            "lights": {"green": False, "red": False},
            "buzzer": "",
            "event": None,
            "queue": 0,
            "network": True,
            "clock_offset_seconds": 0,
        }
        self.sent: list[tuple[str, dict]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def take(self, command: str, body: dict) -> None:
        """Do what the console asked."""
        self.sent.append((command, body))
        if command == "network":
            self.state["network"] = body["on"]
        if command == "clock":
            self.state["clock_offset_seconds"] = body["offset_seconds"]
        if command == "tap":
            self.state["screen"] = "result"
        self.state["frame"] += 1

    def frame(self) -> bytes:
        """Draw a panel of 128 by 64 pixels that says which screen this is."""
        picture = Image.new("1", (128, 64))
        draw = ImageDraw.Draw(picture)
        draw.rectangle((0, 0, 127, 63), outline=1)
        draw.text((12, 12), self.state["screen"], fill=1)
        draw.text((12, 34), f"beeld {self.state['frame']}", fill=1)
        file = BytesIO()
        picture.save(file, "PNG")
        return file.getvalue()


def _handler(control: FakeControl) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/frame.png"):
                self._answer(control.frame(), "image/png")
            else:
                self._answer(json.dumps(control.state).encode(), "application/json")

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            control.take(self.path.strip("/"), body)
            self._answer(b"{}", "application/json")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    return Handler
