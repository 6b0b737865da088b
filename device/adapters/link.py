"""The server over HTTPS: OAuth 1.0 signed, compressed, resumable (`docs/protocol.md`)."""

from __future__ import annotations

import concurrent.futures
import logging
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import msgspec
import zstandard

from device.adapters.credentials import (
    Credentials,
    attempt_secret,
    keep,
    load_credentials,
    mark_of,
    save_credentials,
)
from device.adapters.download import Open, download, download_release
from device.ports import LinkError, TrustedClock
from shared.domain.sayings import Saying, english
from shared.domain.zones import to_millis
from shared.wire import problems
from shared.wire.messages import (
    PREFIX,
    Changes,
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
    ReleaseOffer,
    SnapshotInfo,
    Upload,
    UploadAnswer,
)
from shared.wire.signing import authorization

_Answer = TypeVar("_Answer")
_COMPRESS_FROM: Final = 1024
_TIMEOUT: Final = httpx.Timeout(15, connect=5)
_STREAM_TIMEOUT: Final = httpx.Timeout(15, connect=5, read=60)
_DATE_PRECISION_MILLIS: Final = 500
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_RETRY: Final = frozenset({problems.TIMESTAMP_REFUSED, problems.NONCE_USED})
_LONGEST_ASKED_PAUSE: Final = 900.0
_LATER: Final = frozenset({408, 425, 429})
NO_TLS: Final = "WRONG_VERSION_NUMBER"
"""What OpenSSL calls an answer that is no TLS at all."""
log = logging.getLogger(__name__)


class HttpLink:
    """The server at `url`; credentials and downloads are kept in `folder`.

    proxy: http://host:port to go through, whatever the environment says; empty for the environment's.
    network: False while the virtual zuil's network is cut.
    """

    def __init__(self, url: str, folder: Path, clock: TrustedClock, *, agent: str, proxy: str = "") -> None:
        self.network = True
        self.credentials = load_credentials(folder)
        self._url = url.rstrip("/")
        self._folder = folder
        self._clock = clock
        # On the machine itself there is no proxy to go through, whatever the environment says.
        through_proxy = urlsplit(url).hostname not in _LOOPBACK
        self._client = httpx.Client(
            timeout=_TIMEOUT,
            headers={"User-Agent": agent},
            proxy=proxy or None,
            trust_env=through_proxy,
            http2=False,
        )
        self._falling_back = threading.Lock()
        self._askers = concurrent.futures.ThreadPoolExecutor(2, thread_name_prefix="lookup")

    @property
    def enrolled(self) -> bool:
        return self.credentials is not None

    @property
    def kiosk(self) -> int | None:
        return None if self.credentials is None else self.credentials.kiosk

    def is_new(self, code: str) -> bool:
        return bool(code) and (self.credentials is None or self.credentials.code != mark_of(code))

    def check(self, request: EnrolmentRequest) -> EnrolmentCheck:
        """Ask whether a one-time code is good, without using it up. Raises LinkError."""
        return self._post("enrolments/check", request, EnrolmentCheck, signed=False)

    def enrol(self, request: EnrolmentRequest) -> Enrolment:
        request = msgspec.structs.replace(request, attempt=attempt_secret(self._folder))
        enrolment = self._post("enrolments", request, Enrolment, signed=False)
        self.credentials = save_credentials(self._folder, enrolment, mark_of(request.code))
        return enrolment

    def renew(self) -> None:
        enrolment = self._ask("POST", f"{PREFIX}/credentials", b"{}", Enrolment)
        before = self._enrolled()
        self.credentials = save_credentials(self._folder, enrolment, before.code, before=before)

    def forget(self) -> None:
        """Be nobody from now on; the file is destroyed by who says so."""
        self.credentials = None

    def upload(self, upload: Upload) -> UploadAnswer:
        return self._post("taps", upload, UploadAnswer)

    def changes(self, cursor: str, config: str) -> Changes:
        query = f"changes?cursor={quote(cursor, safe='')}&config={quote(config, safe='')}"
        return self._ask("GET", f"{PREFIX}/{query}", b"", Changes)

    def snapshots(self) -> list[SnapshotInfo]:
        return self._ask("GET", f"{PREFIX}/snapshots", b"", list[SnapshotInfo])

    def fetch(self, snapshot: SnapshotInfo) -> Path:
        folder = self._folder / "snapshots"
        folder.mkdir(exist_ok=True)
        try:
            return download(snapshot, folder, self._enrolled().signing_key, self._opener(snapshot.url))
        except httpx.HTTPError as error:
            raise LinkError(_sentence(error)) from error

    def fetch_release(self, offer: ReleaseOffer, pace: Callable[[int], None]) -> Path:
        folder = self._folder / "bundles"
        folder.mkdir(exist_ok=True)
        try:
            return download_release(offer, folder, self._opener(offer.url), pace)
        except httpx.HTTPError as error:
            raise LinkError(_sentence(error)) from error

    def _opener(self, path: str) -> Open:
        """Return what asks for a file of the server, from where an earlier attempt stopped."""

        def open_at(headers: dict[str, str]) -> httpx.Response:
            signed = self._signature("GET", f"{self._url}{path}", b"")
            request = self._client.build_request("GET", f"{self._url}{path}", headers={**headers, **signed})
            return self._send(request, stream=True)

        return open_at

    def listen(self) -> Iterator[str]:
        url = f"{self._url}{PREFIX}/stream"
        headers = {"Accept": "text/event-stream", **self._signature("GET", url, b"")}
        request = self._client.build_request("GET", url, headers=headers, timeout=_STREAM_TIMEOUT)
        response = self._send(request, stream=True)
        try:
            _refuse_problem(response)
            if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
                raise LinkError("Something else than the server answered: a network that wants a log-in?")
            yield ""
            event = ""
            for line in response.iter_lines():
                self._require_network()
                if line.startswith("event:"):
                    event = line.removeprefix("event:").strip()
                elif line.startswith("data:"):
                    yield event
        except httpx.HTTPError as error:
            raise LinkError(_sentence(error)) from error
        finally:
            response.close()

    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        return self._post("heartbeat", heartbeat, HeartbeatAnswer)

    def lookup(self, request: LookupRequest, seconds: float) -> LookupAnswer:
        # httpx knows a time-out per step, not for the whole; a person waits for the whole.
        asked = self._askers.submit(
            self._ask,
            "POST",
            f"{PREFIX}/lookup",
            msgspec.json.encode(request),
            LookupAnswer,
            timeout=httpx.Timeout(2 * seconds),
        )
        try:
            return asked.result(seconds)
        except concurrent.futures.TimeoutError:
            asked.cancel()
            raise LinkError(english(Saying.NO_ANSWER, seconds=f"{seconds:g}")) from None

    def report(self, command_id: str, report: CommandReport) -> Receipt:
        return self._post(f"commands/{quote(command_id, safe='')}", report, Receipt)

    def part(self, parting: Parting) -> Receipt:
        return self._post("partings", parting, Receipt, signed=False)

    def seal(self, chip_number: str) -> bytes:
        from nacl.public import PublicKey, SealedBox

        return SealedBox(PublicKey(self._enrolled().sealing_key)).encrypt(chip_number.encode())

    def close(self) -> None:
        """Close the connections."""
        self._askers.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _post(
        self, path: str, message: msgspec.Struct, answer: type[_Answer], *, signed: bool = True
    ) -> _Answer:
        return self._ask("POST", f"{PREFIX}/{path}", msgspec.json.encode(message), answer, signed=signed)

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes,
        answer: type[_Answer],
        *,
        signed: bool = True,
        timeout: httpx.Timeout = _TIMEOUT,
    ) -> _Answer:
        """Ask once, and once more when clock, nonce or credentials were the trouble and are mended."""
        content, headers = _packed(body)
        url = f"{self._url}{path}"
        for attempt in (1, 2):
            used = self.credentials
            signature = self._signature(method, url, content) if signed else {}
            request = self._client.build_request(
                method, url, content=content, headers={**headers, **signature}, timeout=timeout
            )
            sent = time.monotonic()
            response = self._send(request)
            try:
                _refuse_problem(response)
                return msgspec.json.decode(response.content, type=answer)
            except LinkError as error:
                if attempt == 2 or not self._mend(error, response, sent, used):  # noqa: PLR2004 - of two
                    raise
            except msgspec.MsgspecError as error:
                raise LinkError(f"The server's answer to {path} cannot be read: {error}.") from error
        raise AssertionError("both attempts return or raise")

    def _mend(
        self, error: LinkError, response: httpx.Response, sent: float, used: Credentials | None
    ) -> bool:
        """Mend what a request was refused for; return whether it is worth another try."""
        if error.type in _RETRY:
            self._repair_clock(response, sent)
            return True
        return error.type == problems.KEY_UNKNOWN and used is not None and self._fall_back(used)

    def _fall_back(self, used: Credentials) -> bool:
        """Be who this zuil was before its credentials were renewed, unless another request did it."""
        with self._falling_back:
            if self.credentials is used and used.former_key:
                log.warning(
                    "The server does not know these credentials (any more): the former ones are tried."
                )
                self.credentials = used.the_other_way_round()
                with suppress(OSError):
                    # What cannot be kept now is found out again after the next start.
                    keep(self._folder, self.credentials)
            return self.credentials is not used

    def _send(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        self._require_network()
        try:
            return self._client.send(request, stream=stream)
        except httpx.HTTPError as error:
            raise LinkError(_sentence(error)) from error

    def _signature(self, method: str, url: str, content: bytes) -> dict[str, str]:
        enrolment = self._enrolled()
        now = self._clock.read().now
        header = authorization(
            method,
            url,
            content,
            key=enrolment.consumer_key,
            secret=enrolment.consumer_secret,
            timestamp=int(now.timestamp()),
            nonce=secrets.token_hex(16),
        )
        return {"Authorization": header}

    def _repair_clock(self, response: httpx.Response, sent: float) -> None:
        date = response.headers.get("Date")
        if date:
            millis = to_millis(parsedate_to_datetime(date)) + _DATE_PRECISION_MILLIS
            self._clock.learn(millis, sent, time.monotonic())

    def _enrolled(self) -> Credentials:
        if self.credentials is None:
            raise LinkError("This zuil is not enrolled yet.")
        return self.credentials

    def _require_network(self) -> None:
        if not self.network:
            raise LinkError("The network is cut.")


def _packed(body: bytes) -> tuple[bytes, dict[str, str]]:
    """Return the body as it travels, and what to say of it."""
    if not body:
        return body, {}
    headers = {"Content-Type": "application/json"}
    if len(body) < _COMPRESS_FROM:
        return body, headers
    return zstandard.ZstdCompressor().compress(body), {**headers, "Content-Encoding": "zstd"}


def _refuse_problem(response: httpx.Response) -> None:
    if response.is_success:
        return
    again = response.is_server_error or response.status_code in _LATER
    try:
        problem = msgspec.json.decode(response.read(), type=Problem)
    except msgspec.MsgspecError:
        problem = Problem(detail=f"The server answered {response.status_code}.")
    sentence = problem.detail or problem.title or f"The server answered {response.status_code}."
    raise LinkError(
        sentence,
        again=again,
        type_=problem.type,
        status=response.status_code,
        pause=_asked_pause(response),
    )


def _asked_pause(response: httpx.Response) -> float:
    """Return the seconds of a `Retry-After`; a date, which our server never sends, counts for nothing."""
    text = response.headers.get("Retry-After", "")
    return min(float(text), _LONGEST_ASKED_PAUSE) if text.isdecimal() else 0.0


def _sentence(error: httpx.HTTPError) -> str:
    """Return what went wrong; a certificate that fails because of our own clock is told as such."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            year = time.gmtime().tm_year
            return (
                f"The server's certificate was not accepted ({cause.verify_message}); this clock says {year}."
            )
        if isinstance(cause, ssl.SSLError) and cause.reason == NO_TLS:
            return "What answers does not speak https: is the address, with its port, right?"
        cause = cause.__cause__ or cause.__context__
    return english(Saying.NO_SERVER, trouble=error or type(error).__name__)
