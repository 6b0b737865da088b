"""What this zuil does when it is told: one small function for each kind of command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from device.core.commands import Deed
from device.core.notes import DeedError, Told
from device.core.selftest import SelfTest
from device.core.sync import Sync
from device.core.technician import Technician
from device.ports import LinkError, ServerLink
from shared.domain.commands import CommandKind, CommandOutcome
from shared.domain.sayings import Saying, english
from shared.wire.messages import MOST_RESULT

LOG_LINES: Final = 500


def deeds(
    sync: Sync,
    technician: Technician,
    link: ServerLink,
    *,
    test: SelfTest,
    log_lines: Callable[[int], list[str]],
    picture: Callable[[], bytes],
    restart: Callable[[], None],
    reboot: Callable[[], None],
    conclude: Callable[[str, Told], None],
) -> dict[str, Deed]:
    """Return what a zuil of these parts can do, by kind.

    log_lines: returns the last lines, without personal data; picture: the display as PNG. restart and
    reboot end this program; reboot raises DeedError when that cannot be. conclude: tells how a command
    ended that takes its time.
    """
    return {
        CommandKind.IDENTIFY: lambda _: _identify(technician),
        CommandKind.SELF_TEST: lambda _: _test(test),
        CommandKind.SHOW_SCREEN: lambda _: Told(CommandOutcome.DONE, result=picture()),
        CommandKind.SEND_LOGS: lambda _: _send_logs(log_lines),
        CommandKind.RESYNC: lambda id_: sync.resync(lambda told: conclude(id_, told)),
        CommandKind.RESTART: lambda _: restart(),
        CommandKind.REBOOT: lambda _: reboot(),
        CommandKind.ROTATE_KEY: lambda _: _rotate(link),
        CommandKind.WIPE: sync.wipe,
    }


def refuse_reboot() -> None:
    """Refuse to start a machine anew that is not this zuil's own."""
    raise DeedError(english(Saying.NO_MACHINE), CommandOutcome.REFUSED)


def _identify(technician: Technician) -> Told:
    technician.identify()
    return Told(CommandOutcome.DONE)


def _test(test: SelfTest) -> Told:
    findings = test.findings()
    bad = [finding.subject for finding in findings if not finding.good]
    lines = "\n".join(map(str, findings)).encode()
    if bad:
        return Told(CommandOutcome.FAILED, english(Saying.NOT_GOOD, parts=", ".join(bad)), lines)
    return Told(CommandOutcome.DONE, english(Saying.ALL_FINE, parts=len(findings)), lines)


def _send_logs(log_lines: Callable[[int], list[str]]) -> Told:
    lines = log_lines(LOG_LINES)
    text = "\n".join(lines).encode()
    # Of a talkative log the end counts.
    return Told(CommandOutcome.DONE, english(Saying.LINES, lines=len(lines)), text[-MOST_RESULT:])


def _rotate(link: ServerLink) -> Told:
    try:
        link.renew()
    except LinkError as error:
        raise DeedError(str(error)) from error
    return Told(CommandOutcome.DONE)
