"""A small real HTTP server that speaks the messages of the wire, with faults that a test switches on."""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
import threading
import time
import uuid
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import msgspec
import zstandard
from nacl.public import PrivateKey, SealedBox
from nacl.signing import SigningKey
from oauthlib.oauth1.rfc5849.signature import collect_parameters, verify_hmac_sha256

from fakes.zuil import SYSTEM, concert, config
from shared.wire import problems
from shared.wire.cards import encode_block, format_checksum, key_mark, row_hash, write_snapshot
from shared.wire.chain import chain_link
from shared.wire.messages import (
    PREFIX,
    Changes,
    Command,
    CommandReport,
    Enrolment,
    EnrolmentCheck,
    EnrolmentRequest,
    Heartbeat,
    HeartbeatAnswer,
    LookupAnswer,
    LookupRequest,
    Parting,
    Problem,
    Receipt,
    SnapshotInfo,
    Tap,
    Upload,
    UploadAnswer,
    VerdictMessage,
)

CODE = "ABCD2345"
WINDOW_SECONDS = 300


class Refused(Exception):  # noqa: N818 - an answer, not an error of ours
    """An answer that is a problem."""

    def __init__(self, status, type_="", detail="refused"):
        super().__init__(detail)
        self.status, self.type = status, type_


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Say nothing of a zuil that was killed in the middle of a word; other errors are bugs."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class WireServer:
    """One server with one card system. Its fields are what a test sets and reads."""

    def __init__(self, rows=(), events=None):
        self.config = config(*(events if events is not None else [concert(starts=_now())]))
        self.rows = {row.token: row for row in rows}
        self.position = 1
        self.signing, self.sealing = SigningKey.generate(), PrivateKey.generate()
        self.secret, self.codes, self.key = secrets.token_hex(16), {CODE}, "zuil-7"
        self.release_keys = []
        self.taps, self.chain, self.through, self.refuse = {}, "", 0, set()
        self.uploads, self.heartbeats, self.asked = [], [], []
        self.nonces, self.requests = set(), []
        self.time_shift = 0.0
        self.break_after, self.broken = None, 0
        self.unreadable, self.lookup_seconds, self.resend_from = set(), 0.0, None
        self.known_cards, self.changes_fail = {}, False
        self.deltas, self.wakeups = [], []
        self.blocked = self.renew = self.away = False
        self.enrolments, self.next_secret = [], None
        self.public_url = None
        self.attempts, self.repeats = set(), True
        self.commands, self.reports, self.partings, self.event = [], [], [], "changed"
        self.hears_partings = True
        self.lock = threading.RLock()
        handler = type("Handler", (_Handler,), {"wire": self})
        self._http = _Http(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        for wakeup in self.wakeups:
            wakeup.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def cursor(self):
        return f"1.{self.position}"

    @property
    def checksum(self):
        return format_checksum(sum(map(row_hash, self.rows.values())) % 2**64)

    def change(self, *rows):
        """Change cards, as somebody at a counter does, and wake the streams."""
        with self.lock:
            self.position += 1
            self.rows |= {row.token: row for row in rows}
            self.deltas.append((self.position, rows))
        self.wake()

    def configure(self, changed):
        with self.lock:
            self.config = changed
            self.position += 1
        self.wake()

    def wake(self):
        for wakeup in self.wakeups:
            wakeup.set()

    # --- the calls ---------------------------------------------------------------------------

    def enrol(self, body):
        asked = msgspec.json.decode(body, type=EnrolmentRequest)
        if not (self.repeats and asked.attempt and asked.attempt in self.attempts):
            self.codes.discard(self._known_code(body))
        self.attempts.add(asked.attempt)
        self.enrolments.append(asked)
        if len(self.enrolments) > 1:
            self.key, self.secret = f"zuil-7-{len(self.enrolments)}", secrets.token_hex(16)
        return self._enrolment()

    def renewed(self):
        """Hand out fresh credentials; the old ones stay good until the new ones are used."""
        self.next_secret = (f"{self.key}-renewed", secrets.token_hex(16))
        key, secret = self.next_secret
        return msgspec.structs.replace(self._enrolment(), consumer_key=key, consumer_secret=secret)

    def block(self):
        self.blocked = True
        self.wake()

    def order(self, kind, *, seconds=600, id_=None):
        """Order something, and tell the stream; return the id."""
        expires = int((time.time() + self.time_shift + seconds) * 1000)
        command = Command(id=id_ or str(uuid.uuid4()), kind=kind, expires=expires)
        self.commands.append(command)
        self.event = "command"
        self.wake()
        return command.id

    def report(self, name, body):
        report = msgspec.json.decode(body, type=CommandReport)
        id_ = name.removeprefix("commands/")
        self.reports.append((id_, report))
        self.commands = [command for command in self.commands if command.id != id_]
        return Receipt()

    def reported(self, id_):
        return [report for known, report in self.reports if known == id_]

    def part(self, body):
        if not self.hears_partings:
            raise Refused(503, problems.BUSY, "Later, please.")
        self.partings.append(msgspec.json.decode(body, type=Parting))
        return Receipt()

    def _enrolment(self):
        return Enrolment(
            kiosk=7,
            name="Bib Aalst",
            consumer_key=self.key,
            consumer_secret=self.secret,
            sealing_key=bytes(self.sealing.public_key),
            signing_key=bytes(self.signing.verify_key),
        )

    def check(self, body):
        self._known_code(body)
        return EnrolmentCheck(
            kiosk=7, name="Bib Aalst", expires=1_800_000_000_000, release_keys=self.release_keys
        )

    def _known_code(self, body):
        code = msgspec.json.decode(body, type=EnrolmentRequest).code
        if code not in self.codes:
            raise Refused(403, problems.CODE_REFUSED, "This code is unknown, used or expired.")
        return code

    def changes(self, query):
        if self.changes_fail:
            raise Refused(503, problems.BUSY, "Later, please.")
        with self.lock:
            cursor = query.get("cursor", [""])[0]
            is_new = query.get("config", [""])[0] != self.config.version
            wanted = self.config if is_new else None
            if not cursor.startswith("1.") or int(cursor[2:]) > self.position:
                return Changes(cursor=self.cursor, snapshot_needed=True, config=wanted)
            rows = [row for position, changed in self.deltas if position > int(cursor[2:]) for row in changed]
            latest = {row.token: self.rows[row.token] for row in rows}
            return Changes(
                cursor=self.cursor,
                config=wanted,
                cards={str(SYSTEM): encode_block(latest.values())} if latest else {},
                checksums={str(SYSTEM): self.checksum},
            )

    def snapshots(self):
        content = self.snapshot()
        digest = hashlib.sha256(content).digest()
        return [
            SnapshotInfo(
                system=SYSTEM,
                cursor=self.cursor,
                cards=len(self.rows),
                size=len(content),
                sha256=digest.hex(),
                signature=self.signing.sign(digest).signature,
                checksum=self.checksum,
                url=f"{PREFIX}/snapshots/{digest.hex()}.cards",
                key=key_mark(self.config.systems[0].token_key),
            )
        ]

    def snapshot(self):
        with self.lock:
            file = BytesIO()
            write_snapshot(file, SYSTEM, sorted(self.rows.values()))
            return file.getvalue()

    def take(self, body):
        upload = msgspec.json.decode(body, type=Upload)
        with self.lock:
            self.uploads.append(upload)
            if any(item.seq in self.unreadable for item in upload.items):
                raise Refused(400, problems.MALFORMED, "This cannot be read.")
            previous = bytes.fromhex(upload.previous)
            verdicts = []
            for item in upload.items:
                previous = chain_link(previous, bytes(item.tap))
                assert item.chain == previous.hex()
                verdicts.append(self._judge(item))
            self.through = max(self.through, upload.items[-1].seq)
            resend, self.resend_from = self.resend_from, None
            return UploadAnswer(verdicts=verdicts, through=self.through, resend_from=resend)

    def _judge(self, item):
        tap = msgspec.json.decode(item.tap, type=Tap)
        known = tap.id in self.taps
        self.taps[tap.id] = tap
        verdict = "refused" if item.seq in self.refuse else ("granted" if tap.outcome == "ok" else "noted")
        return VerdictMessage(seq=item.seq, verdict=verdict, outcome=tap.outcome, known=known)

    def lookup(self, body):
        request = msgspec.json.decode(body, type=LookupRequest)
        chip = SealedBox(self.sealing).decrypt(request.sealed).decode()
        self.asked.append(chip)
        time.sleep(self.lookup_seconds)
        return self.known_cards.get(chip, LookupAnswer(known=False))

    def beat(self, body):
        self.heartbeats.append(msgspec.json.decode(body, type=Heartbeat))
        now = int((time.time() + self.time_shift) * 1000)
        resend, self.resend_from = self.resend_from, None
        return HeartbeatAnswer(
            now=now,
            config=self.config.version,
            cursor=self.cursor,
            resend_from=resend,
            renew=self.renew,
            commands=list(self.commands),
        )

    def require_allowed(self, name):
        if self.blocked and name != "taps":
            raise Refused(403, problems.KIOSK_BLOCKED, "This zuil is blocked.")

    # --- the door ----------------------------------------------------------------------------

    def let_in(self, method, path, headers, body):
        query = urlsplit(path).query
        pairs = collect_parameters(uri_query=query, headers=dict(headers), exclude_oauth_signature=False)
        given = dict(pairs)
        now = time.time() + self.time_shift
        if abs(now - int(given.get("oauth_timestamp", 0))) > WINDOW_SECONDS:
            raise Refused(401, problems.TIMESTAMP_REFUSED, "The clock of this device is wrong.")
        signed = SimpleNamespace(
            http_method=method,
            uri=(self.public_url or self.url) + path,
            params=[(name, value) for name, value in pairs if name != "oauth_signature"],
            signature=given.get("oauth_signature", ""),
        )
        if self.next_secret and given.get("oauth_consumer_key") == self.next_secret[0]:
            (self.key, self.secret), self.next_secret, self.renew = self.next_secret, None, False
        if given.get("oauth_consumer_key") != self.key:
            raise Refused(401, problems.KEY_UNKNOWN, "This consumer key is not known.")
        if not verify_hmac_sha256(signed, self.secret):
            raise Refused(401, problems.SIGNATURE_REFUSED, "The signature is wrong.")
        if given["oauth_nonce"] in self.nonces:
            raise Refused(401, problems.NONCE_USED, "This request came before.")
        self.nonces.add(given["oauth_nonce"])
        if body:
            import base64

            assert given["oauth_body_hash"] == base64.b64encode(hashlib.sha256(body).digest()).decode()


class _Handler(BaseHTTPRequestHandler):
    wire: WireServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self._serve("GET", b"")

    def do_POST(self):
        self._serve("POST", self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, *args):
        """Say nothing."""

    def date_time_string(self, timestamp=None):
        return formatdate(time.time() + self.wire.time_shift, usegmt=True)

    def _serve(self, method, body):
        if self.wire.away or len(body) < int(self.headers.get("Content-Length") or 0):
            self.close_connection = True
            return  # the network is down, or the zuil was killed while it spoke
        parts = urlsplit(self.path)
        name = parts.path.removeprefix(f"{PREFIX}/")
        self.wire.requests.append((method, name, dict(self.headers)))
        try:
            if not name.startswith(("enrolments", "partings")):
                self.wire.let_in(method, self.path, self.headers, body)
                self.wire.require_allowed(name)
            if self.headers.get("Content-Encoding") == "zstd":
                body = zstandard.ZstdDecompressor().decompress(body)
            if name == "stream":
                self._stream()
            elif name.startswith("snapshots/"):
                self._file(self.wire.snapshot())
            else:
                self._say(200, msgspec.json.encode(self._answer(name, parse_qs(parts.query), body)))
        except Refused as refused:
            problem = Problem(type=refused.type, status=refused.status, detail=str(refused))
            self._say(refused.status, msgspec.json.encode(problem))

    def _answer(self, name, query, body):
        calls = {
            "enrolments": lambda: self.wire.enrol(body),
            "enrolments/check": lambda: self.wire.check(body),
            "credentials": self.wire.renewed,
            "changes": lambda: self.wire.changes(query),
            "snapshots": self.wire.snapshots,
            "taps": lambda: self.wire.take(body),
            "lookup": lambda: self.wire.lookup(body),
            "heartbeat": lambda: self.wire.beat(body),
            "partings": lambda: self.wire.part(body),
        }
        if name.startswith("commands/"):
            return self.wire.report(name, body)
        if name not in calls:
            raise Refused(404, detail="not here")
        return calls[name]()

    def _file(self, content):
        tag, begin = f'"{hashlib.sha256(content).hexdigest()[:16]}"', 0
        if self.headers.get("If-Range") == tag and self.headers.get("Range"):
            begin = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if begin else 200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        piece = content[begin:]
        if self.wire.break_after is not None and len(piece) > self.wire.break_after:
            self.wire.broken += 1
            self.wfile.write(piece[: self.wire.break_after])
            self.close_connection = True
        else:
            self.wfile.write(piece)

    def _stream(self):
        wakeup = threading.Event()
        self.wire.wakeups.append(wakeup)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.close_connection = True
        try:
            while wakeup.wait(20) and not self.wire.blocked:
                wakeup.clear()
                message = json.dumps({"position": self.wire.position})
                event, self.wire.event = self.wire.event, "changed"
                self.wfile.write(f"event: {event}\ndata: {message}\n\n".encode())
                self.wfile.flush()
        except OSError:
            self.wire.wakeups.remove(wakeup)

    def _say(self, status, content):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _now():
    from datetime import UTC, datetime

    return datetime.now(UTC)
