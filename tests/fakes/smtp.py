"""A real SMTP server on loopback that keeps what it is given; it can refuse, and it can be away."""

import socketserver
import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy


@dataclass
class Inbox:
    """What was delivered: (recipient, message), in order."""

    url: str = ""
    letters: list = field(default_factory=list)
    refuse: dict = field(default_factory=dict)

    def to(self, recipient):
        return [message for one, message in self.letters if one == recipient]


class _Session(socketserver.StreamRequestHandler):
    def handle(self):
        self._say("220 inbox.test ESMTP")
        recipients = []
        while line := self.rfile.readline():
            verb = line.decode().strip()
            upper = verb.upper()
            if upper.startswith("DATA"):
                self._say("354 go on")
                self._deliver(recipients)
                recipients = []
            elif upper.startswith("RCPT TO:"):
                address = verb.split("<")[1].split(">")[0]
                code = self.server.inbox.refuse.get(address)
                if code is None:
                    recipients.append(address)
                self._say(f"{code} not here" if code else "250 fine")
            elif upper.startswith("QUIT"):
                self._say("221 bye")
                return
            else:
                self._say("250 inbox.test")

    def _deliver(self, recipients):
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        self.server.inbox.letters += [(recipient, message) for recipient in recipients]
        self._say("250 kept")

    def _say(self, text):
        self.wfile.write(text.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class SmtpServer:
    """`with SmtpServer() as inbox:`: an inbox behind a listening port."""

    def __enter__(self):
        self._server = _Server(("127.0.0.1", 0), _Session)
        self._server.inbox = Inbox(f"smtp://127.0.0.1:{self._server.server_address[1]}")
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self._server.inbox

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
