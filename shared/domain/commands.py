"""What the server can tell a zuil to do, and what became of it (rules 8, `docs/protocol.md`)."""

from __future__ import annotations

from enum import StrEnum


class CommandKind(StrEnum):
    """One thing a zuil does when it is told. A kind that a zuil does not know it refuses.

    RESYNC: fetch all cards anew. IDENTIFY: blink and show the name. RESTART: start the program anew;
    REBOOT: the machine. SELF_TEST: check every part. SEND_LOGS: the last lines of the log, without
    personal data. SHOW_SCREEN: the picture on the display. ROTATE_KEY: fetch fresh credentials. WIPE:
    hand in the journal, then destroy keys and cards.
    """

    IDENTIFY = "identify"
    SELF_TEST = "self-test"
    SHOW_SCREEN = "show-screen"
    SEND_LOGS = "send-logs"
    RESYNC = "resync"
    RESTART = "restart"
    REBOOT = "reboot"
    ROTATE_KEY = "rotate-key"
    WIPE = "wipe"


class CommandOutcome(StrEnum):
    """What a zuil reports of a command. FAILED: it tried. REFUSED: it did not even begin."""

    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
