"""Zuil and server: upload, download, stream and heartbeat are four loops that fail and recover alone."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Final, TypeVar

from device.core.health import LINK, Fault, Health
from device.core.loops import Loop, jittered
from device.core.notes import Told
from device.ports import (
    Batch,
    CacheError,
    Entrusted,
    Journal,
    LinkError,
    PassCache,
    ServerLink,
    Standing,
    TrustedClock,
)
from shared.domain.commands import CommandKind, CommandOutcome
from shared.domain.sayings import Saying, english
from shared.wire import problems
from shared.wire.cards import format_checksum, key_mark
from shared.wire.messages import (
    Changes,
    Command,
    Heartbeat,
    KioskConfig,
    SnapshotInfo,
    Upload,
    VerdictMessage,
)

HEARD: Final = "heard"
COMMAND_EVENT: Final = "command"
"""The event of the stream that says that the next heartbeat brings a command."""
_BEFORE_CONFIG: Final = KioskConfig(version="", kiosk=0, name="")
_DISTRUST_SECONDS: Final = 600
_STREAM_PAUSE: Final = 2.0
_RETURN_PAUSE: Final = 10.0
"""Between two moments at which everybody tries because the server is back."""
_SNAPSHOTS_AT_ONCE: Final = 2
_UNREADABLE: Final = frozenset({problems.MALFORMED, problems.TOO_LARGE})
_NO_CARDS: Final = format_checksum(0)
_UNWANTED: Final = frozenset({Standing.BLOCKED, Standing.ERASING})
_Result = TypeVar("_Result")
log = logging.getLogger(__name__)


class Sync:
    """The four loops of one zuil.

    configured: called with every new configuration. dismissed: when the keys were destroyed and there
    is no configuration any more. describe: returns the heartbeat of now. ordered: called with the
    commands of the server, those of earlier answers too.
    """

    def __init__(
        self,
        link: ServerLink,
        journal: Journal,
        cache: PassCache,
        clock: TrustedClock,
        health: Health,
        *,
        entrusted: Entrusted,
        configured: Callable[[KioskConfig], None],
        dismissed: Callable[[], None],
        describe: Callable[[], Heartbeat],
        ordered: Callable[[Sequence[Command]], None] = lambda _: None,
    ) -> None:
        self._link = link
        self._journal = journal
        self._cache = cache
        self._clock = clock
        self._health = health
        self._entrusted = entrusted
        self._configured = configured
        self._dismissed = dismissed
        self._describe = describe
        self._ordered = ordered
        self._resyncing: list[Callable[[Told], None]] = []
        self._config = cache.config() or _BEFORE_CONFIG
        self._batch_limit = self._config.upload_batch
        self._distrusted: float | None = None
        self._snapshots_in_a_row = 0
        self._next_return = 0.0
        self.upload = Loop("upload", self.upload_step, self._unreachable)
        self.download = Loop("download", self.download_step, self._unreachable)
        self.stream = Loop("stream", self.stream_step, self._unreachable)
        self.heartbeat = Loop("heartbeat", self.heartbeat_step, self._unreachable)
        self._loops = (self.upload, self.download, self.stream, self.heartbeat)

    def start(self) -> None:
        """Start the loops; each begins at once. Called again, everything is tried now."""
        for loop in self._loops:
            if loop.is_alive():
                loop.wake()
            else:
                loop.start()

    def stop(self, seconds: float) -> None:
        """End the loops; a request that hangs, and the stream, are left to the end of the process."""
        for loop in self._loops:
            loop.end()
        deadline = time.monotonic() + seconds
        for loop in (self.upload, self.download, self.heartbeat):
            if loop.is_alive():
                loop.join(max(0.0, deadline - time.monotonic()))

    def wake(self) -> None:
        """Try everything now: the network is back."""
        for loop in self._loops:
            loop.wake()

    def resync(self, told: Callable[[Told], None]) -> None:
        """Fetch every card anew, and call `told` when that is done; any thread may call."""
        self._resyncing.append(told)
        self.download.wake()

    def wipe(self, order: str) -> None:
        """Hand in the journal and destroy keys and cards, as the command with this id orders."""
        self._entrusted.block(order)
        self._health.set_fault(Fault.BLOCKED, present=True)
        self.upload.wake()

    def upload_step(self) -> float:
        """Hand in one batch of the journal; a batch that the server cannot read is halved, never skipped."""
        batch = self._journal.pending(self._batch_limit)
        if not batch.items:
            if self._entrusted.standing in _UNWANTED and (self._entrusted.order or self._is_still_blocked()):
                return self._take_leave()
            self._batch_limit = self._config.upload_batch
            return jittered(self._config.poll_seconds)
        upload = Upload(
            items=batch.items,
            previous=batch.previous,
            clock=self._clock.read().evidence,
            oldest=batch.oldest,
        )
        try:
            answer = self._link.upload(upload)
        except LinkError as error:
            if error.type == problems.KIOSK_BLOCKED:
                # Not even the journal is wanted; it stays here, for a later enrolment.
                self._unreachable(error)
                return self._take_leave()
            if error.type in _UNREADABLE:
                return self._isolate(batch, error)
            if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and len(batch.items) > 1:
                # A proxy on the way, not our server: smaller, but nothing is parked on its word.
                self._batch_limit = len(batch.items) // 2
            raise
        self._reached()
        self._journal.acknowledge(answer.verdicts, answer.through)
        if answer.resend_from is not None:
            self._journal.send_again(answer.resend_from)
            return jittered(_STREAM_PAUSE)
        if answer.through < batch.items[0].seq:
            raise LinkError("The server took a batch and acknowledged nothing of it.")
        return 0

    def download_step(self) -> float:
        """Read what is new; a cache that turns out to be damaged is fetched again."""
        return self._mending(self._follow)

    def stream_step(self) -> float:
        """Listen until the stream breaks off; every event only wakes another loop."""
        for event in self._link.listen():
            self._reached()
            (self.heartbeat if event == COMMAND_EVENT else self.download).wake()
        return jittered(_STREAM_PAUSE)

    def heartbeat_step(self) -> float:
        """Say how this zuil is, and take the server's time."""
        heartbeat = self._mending(self._describe)
        sent = time.monotonic()
        answer = self._link.heartbeat(heartbeat)
        received = time.monotonic()
        self._clock.learn(answer.now, sent, received)
        self._health.round_trip = round((received - sent) * 1000)
        self._reached()
        self._wanted()
        if answer.resend_from is not None:
            self._journal.send_again(answer.resend_from)
            self.upload.wake()
        # Only now: housekeeping goes by it, and nothing may go that the server asks again.
        self._health.heard = answer.now
        self._cache.remember(HEARD, str(answer.now))
        if answer.config != heartbeat.config or answer.cursor != heartbeat.cursor:
            self.download.wake()
        self._ordered(answer.commands)
        if answer.renew and all(command.kind != CommandKind.ROTATE_KEY for command in answer.commands):
            self._link.renew()
            log.info("This zuil has fresh credentials.")
        return jittered(self._config.heartbeat_seconds)

    def _wanted(self) -> None:
        """Note that the server speaks with this zuil; what is being destroyed stays destroyed."""
        if self._entrusted.standing is Standing.BLOCKED and not self._entrusted.order:
            self._entrusted.allow()
        if self._entrusted.standing is Standing.GOOD:
            self._health.set_fault(Fault.BLOCKED, present=False)

    def _is_still_blocked(self) -> bool:
        """Ask once more before keys are destroyed: handing in may have taken months."""
        try:
            self.heartbeat_step()
        except LinkError as error:
            if error.type != problems.KIOSK_BLOCKED:
                raise
            return True
        return False

    def _take_leave(self) -> float:
        """Destroy keys and cards now that the journal is handed in (`design/sync.md` 7)."""
        self._entrusted.destroy()
        self._entrusted.parting(self._clock.read().evidence)
        self._dismissed()
        log.warning("The keys and cards of this zuil are destroyed, its journal is kept.")
        for loop in self._loops:
            loop.end()
        return jittered(_STREAM_PAUSE)

    def _mending(self, use: Callable[[], _Result]) -> _Result:
        """Use the cache; a damaged one is thrown away, and the download fetches another."""
        try:
            return use()
        except CacheError as error:
            if error.damaged:
                self._cache.start_over()
                self.download.wake()
            raise

    def _follow(self) -> float:
        """Read what is new; prove that both sides hold the same when there is no more."""
        state = self._cache.state()
        changes = self._link.changes(state.cursor, state.config)
        self._reached()
        if changes.snapshot_needed:
            return self._load_snapshots(changes)
        self._cache.apply(changes)
        self._use(changes.config)
        self._snapshots_in_a_row = 0
        if self._cache.former_keys() or self._resyncing:
            return self._load_snapshots(changes)
        if changes.more:
            return 0
        self._health.followed = time.monotonic()
        return jittered(self._config.poll_seconds) if self._is_equal(changes) else self._distrust(changes)

    def _is_equal(self, changes: Changes) -> bool:
        here = self._cache.checksums()
        theirs = changes.checksums or {}
        equal = all(here.get(system, _NO_CARDS) == checksum for system, checksum in theirs.items())
        if equal:
            self._health.notice("checksum", None)
        return equal

    def _isolate(self, batch: Batch, error: LinkError) -> float:
        """Find the row that the server cannot read by halving, and park it (`design/sync.md` 4)."""
        if len(batch.items) > 1:
            self._batch_limit = len(batch.items) // 2
            return 0
        seq = batch.items[0].seq
        log.error("Tap %s is parked, the server cannot read it: %s", seq, error)
        self._journal.acknowledge([VerdictMessage(seq=seq, verdict="refused", detail=str(error))], seq)
        self._batch_limit = self._config.upload_batch
        return 0

    def _load_snapshots(self, changes: Changes) -> float:
        """Fetch every card system anew and swap; then the changes after the snapshots are read."""
        self._take_config(changes)
        offered = self._link.snapshots()
        if self._is_under_another_key(offered):
            # The key was replaced between the configuration and this list: first the key, then its cards.
            self._take_config(self._link.changes(self._cache.state().cursor, ""))
            if self._is_under_another_key(offered):
                return jittered(_STREAM_PAUSE)
        fetched = [(snapshot, self._link.fetch(snapshot)) for snapshot in offered]
        if not fetched:
            return jittered(self._config.poll_seconds)
        self._cache.replace(fetched)
        self._snapshots_in_a_row += 1
        self._resynced()
        for _, path in fetched:
            path.unlink(missing_ok=True)
        log.info("New cache: %s cards.", self._cache.state().cards)
        # A server that is not content with what it handed out must not have it fetched without end.
        return 0 if self._snapshots_in_a_row <= _SNAPSHOTS_AT_ONCE else jittered(self._config.poll_seconds)

    def _take_config(self, changes: Changes) -> None:
        """Use the configuration of an answer, and leave the cards and the cursor as they are."""
        if changes.config is not None:
            here = self._cache.state().cursor
            self._cache.apply(Changes(cursor=here, config=changes.config, checkins=changes.checkins))
            self._use(changes.config)

    def _is_under_another_key(self, offered: Iterable[SnapshotInfo]) -> bool:
        """Return whether cards are offered that the keys of the configuration do not find."""
        config = self._cache.config()
        marks = {system.id: key_mark(system.token_key) for system in config.systems} if config else {}
        return any(info.key and marks.get(info.system, info.key) != info.key for info in offered)

    def _resynced(self) -> None:
        asked, self._resyncing = self._resyncing, []
        for told in asked:
            told(Told(CommandOutcome.DONE, english(Saying.FETCHED, cards=self._cache.state().cards)))

    def _distrust(self, changes: Changes) -> float:
        """Fetch a fresh snapshot when the checksums differ; not again and again within ten minutes."""
        now = time.monotonic()
        if self._distrusted is not None and now - self._distrusted < _DISTRUST_SECONDS:
            self._health.notice("checksum", english(Saying.CARDS_DIFFER))
            return jittered(self._config.poll_seconds)
        log.warning("The cards here are not those of the server; a fresh snapshot is fetched.")
        self._distrusted = now
        return self._load_snapshots(changes)

    def _use(self, config: KioskConfig | None) -> None:
        if config is not None:
            self._config = config
            self._batch_limit = config.upload_batch
            self._configured(config)
            # Whoever changed it sees that this zuil follows.
            self.heartbeat.wake()

    def _reached(self) -> None:
        """Note that the server answered; when it is back, every loop tries at once.

        Not again and again on a line that lets one loop through and breaks the others off.
        """
        back, now = not self._health.online, time.monotonic()
        self._health.online = True
        self._health.notice(LINK, None)
        if back and now >= self._next_return:
            self._next_return = now + jittered(_RETURN_PAUSE)
            self.wake()

    def _unreachable(self, error: LinkError) -> None:
        """Note why the server cannot be asked; a refusal is an answer too."""
        self._health.notice(LINK, str(error))
        self._health.online = not error.again
        if error.type == problems.KIOSK_BLOCKED:
            self._health.set_fault(Fault.BLOCKED, present=True)
            self._entrusted.block()
            self.upload.wake()
