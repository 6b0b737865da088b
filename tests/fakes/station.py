"""The other side of the protocol: a zuil as the server sees it, written from docs/protocol.md alone."""

import time
import uuid

import msgspec
import zstandard
from nacl.public import PublicKey, SealedBox

from server.kernel.ids import new_id
from shared.wire import messages, signing
from shared.wire.cards import add_checksums, card_token, decode_block, format_checksum, row_hash
from shared.wire.chain import GENESIS, chain_link

BOOT = "boot-1"


class RefusalError(Exception):
    """The server answered with a problem."""

    def __init__(self, response):
        self.status = response.status_code
        self.problem = msgspec.json.decode(response.content, type=messages.Problem)
        super().__init__(f"{self.status} {self.problem}")


def clock(wall=None, *, offset=0):
    wall = wall or int(time.time() * 1000)
    return messages.Clock(wall=wall, monotonic=wall - 1_700_000_000_000, boot=BOOT, offset=offset)


class Station:
    """A zuil with its journal and its cards in memory. `client` is httpx-like, with a base_url."""

    def __init__(self, client, code=None, enrolment=None, *, last_seq=0):
        self.client = client
        if enrolment is None:
            body = msgspec.json.encode(messages.EnrolmentRequest(code=code, last_seq=last_seq))
            response = client.post("/device/v1/enrolments", content=body)
            enrolment = self._read(response, messages.Enrolment)
        self.enrolment = enrolment
        self.base = str(client.base_url).rstrip("/")
        self.seq = 0
        self.chain = GENESIS
        self.cursor = ""
        self.config = None
        self.cards = {}
        self.checkins = {}
        self.clock_offset = 0

    # --- signed calls ----------------------------------------------------------------------

    def headers(self, method, path, body=b"", *, secret=None, nonce=None):
        return {
            "Authorization": signing.authorization(
                method,
                self.base + path,
                body,
                key=self.enrolment.consumer_key,
                secret=secret or self.enrolment.consumer_secret,
                timestamp=int(time.time() + self.clock_offset),
                nonce=nonce or uuid.uuid4().hex,
            )
        }

    def get(self, path, **headers):
        return self.client.get(path, headers=self.headers("GET", path) | headers)

    def post(self, path, message, *, compressed=False):
        body = message if isinstance(message, bytes) else msgspec.json.encode(message)
        extra = {"Content-Type": "application/json"}
        if compressed:
            body = zstandard.ZstdCompressor().compress(body)
            extra["Content-Encoding"] = "zstd"
        return self.client.post(path, content=body, headers=self.headers("POST", path, body) | extra)

    def _read(self, response, kind):
        if response.status_code >= 400:
            raise RefusalError(response)
        return msgspec.json.decode(response.content, type=kind)

    # --- the journal -----------------------------------------------------------------------

    def token(self, chip_number):
        system = self.config.systems[0]
        return system.id, f"{card_token(system.token_key, chip_number) % 2**64:016x}"

    def tap(self, chip_number, event, *, outcome="ok", at=None, sealed=False, **fields):
        """Return a tap as it stands in the journal."""
        if sealed:
            box = SealedBox(PublicKey(self.enrolment.sealing_key))
            fields["sealed"] = box.encrypt(chip_number.encode())
        elif chip_number:
            fields["system"], fields["card"] = self.token(chip_number)
        return messages.Tap(id=new_id(), clock=clock(at), outcome=outcome, event=event, **fields)

    def journal(self, *taps):
        """Append taps (or raw bytes) to the journal; return the upload that carries them."""
        previous, items = self.chain.hex(), []
        for tap in taps:
            payload = tap if isinstance(tap, bytes) else msgspec.json.encode(tap)
            self.seq += 1
            self.chain = chain_link(self.chain, payload)
            items.append(messages.UploadItem(seq=self.seq, chain=self.chain.hex(), tap=msgspec.Raw(payload)))
        return messages.Upload(items=items, previous=previous, clock=clock())

    def upload(self, upload, **options):
        return self._read(self.post("/device/v1/taps", upload, **options), messages.UploadAnswer)

    # --- what the server has to say --------------------------------------------------------

    def changes(self):
        version = self.config.version if self.config else ""
        path = f"/device/v1/changes?cursor={self.cursor}&config={version}"
        return self._read(self.get(path), messages.Changes)

    def follow(self):
        """Read changes to the end; return the last answer."""
        while True:
            answer = self.changes()
            if answer.config is not None:
                self.config = answer.config
                self.checkins.clear()
            self.checkins.update((one.id, one) for one in answer.checkins)
            if answer.snapshot_needed:
                self.take_snapshots()
                continue
            for system, block in answer.cards.items():
                self.cards.setdefault(system, {}).update((row.token, row) for row in decode_block(block))
            self.cursor = answer.cursor
            if not answer.more:
                return answer

    def take_snapshots(self):
        import io

        from shared.wire.cards import read_snapshot

        infos = self._read(self.get("/device/v1/snapshots"), list[messages.SnapshotInfo])
        for info in infos:
            content = self.get(info.url).content
            rows = [row for block in read_snapshot(io.BytesIO(content)) for row in block]
            self.cards[str(info.system)] = {row.token: row for row in rows}
        self.cursor = min((info.cursor for info in infos), key=lambda cursor: int(cursor.split(".")[1]))
        return infos

    def checksums(self):
        return {
            system: format_checksum(add_checksums(*map(row_hash, rows.values())))
            for system, rows in self.cards.items()
        }

    def heartbeat(self, **fields):
        fields = {"version": "1", "queue": 0} | fields
        beat = messages.Heartbeat(clock=clock(), **fields)
        return self._read(self.post("/device/v1/heartbeat", beat), messages.HeartbeatAnswer)

    def lookup(self, chip_number, event=None):
        box = SealedBox(PublicKey(self.enrolment.sealing_key))
        request = messages.LookupRequest(sealed=box.encrypt(chip_number.encode()), event=event)
        return self._read(self.post("/device/v1/lookup", request), messages.LookupAnswer)
