"""A whole zuil that is led step by step: its parts are the real ones, only when they act is decided here.

The daemon is a handful of threads, and a test of random sequences must find the same thing each time
and shrink it. So the loops are not started as threads: they take a turn when their time has come, in
a fixed order; the reader's thread is real and waits in every look; the display's and technician's
threads are real and decide nothing. Time is a `Moment`.
"""

from __future__ import annotations

import queue
import shutil
import tempfile
import threading
import time
from contextlib import ExitStack
from functools import partial

from device.adapters.machine import PiMachine
from device.adapters.oled import open_capture
from device.bootstrap import running
from device.core.clock import ServerClock
from device.core.loops import Loop
from device.parts import Place
from device.ports import NOTHING, CardReader, Lights, ReaderError, Sight
from device.settings import ReaderSettings, ServerSettings, Settings

_MOST_TURNS = 60
_END, _WAKE = Loop.end, Loop.wake
_PATIENCE = 10


class Stage:
    """Takes the turns of the loops that a zuil started, in the order in which they were started."""

    def __init__(self, moment, reader):
        self._moment, self._reader = moment, reader
        self._due, self._ended = {}, set()

    def put_on(self, patch):
        patch.setattr(Loop, "start", lambda loop: self._start(loop))  # noqa: PLW0108 - a bound method gets no loop
        patch.setattr(Loop, "is_alive", lambda loop: loop in self._due)
        patch.setattr(Loop, "join", lambda loop, timeout=None: None)
        patch.setattr(Loop, "end", lambda loop: (_END(loop), self._leave(loop)))
        patch.setattr(Loop, "wake", lambda loop: (_WAKE(loop), self._wake(loop)))
        return self

    def go_on(self):
        """Take every turn that is due at this moment, until all are content to wait for a later one."""
        until = self._moment.monotonic()
        for _ in range(_MOST_TURNS):
            loop = next((loop for loop, due in self._due.items() if due <= until), None)
            if loop is None:
                return
            self._reader.look_again()
            # A turn that wakes its own loop is followed by another.
            self._due[loop] = float("inf")
            seconds = loop.turn()
            if loop in self._due:
                self._due[loop] = min(self._due[loop], self._moment.monotonic() + seconds)
        raise AssertionError(f"the loops do not come to rest: {[loop.name for loop in self._due]}")

    def _start(self, loop):
        if loop in self._ended or loop in self._due:
            raise RuntimeError("threads can only be started once")
        self._due[loop] = self._moment.monotonic()

    def _leave(self, loop):
        self._ended.add(loop)
        self._due.pop(loop, None)

    def _wake(self, loop):
        if loop in self._due:
            self._due[loop] = 0


class LedReader(CardReader):
    """A reader that sees what it is shown, and fails as it is told."""

    def __init__(self):
        self.away, self.hangs, self.stubborn = False, False, False
        self._shown = queue.SimpleQueue()
        self._idle, self._awake = threading.Event(), threading.Event()

    def show(self, *sights):
        """Show sights one by one; return when the last one was dealt with."""
        for sight in sights:
            self.rest()
            self._idle.clear()
            self._shown.put(sight)
        self.rest()

    def look_again(self):
        """Look at the empty field, as a reader does all the time that goes by."""
        if not self.away and not self.hangs:
            self.show(NOTHING)

    def rest(self):
        assert self._idle.wait(_PATIENCE), "nobody looks at the reader"

    def open(self):
        if self.away:
            raise ReaderError("No card reader was found.")

    def look(self):
        self._idle.set()
        sight = self._shown.get()
        if sight == "hang":
            self._awake.wait(_PATIENCE)
            self._awake.clear()
            raise ReaderError("The card reader was reset.")
        if self.away or sight == "pull":
            raise ReaderError("The card reader was unplugged.")
        return sight

    def pull(self):
        """Unplug it."""
        self.rest()
        self.away = True
        self._idle.clear()
        self._shown.put("pull")

    def hang(self):
        self.rest()
        self._idle.clear()
        self.hangs = True
        self._shown.put("hang")

    def reset(self):
        if self.hangs and not self.stubborn:
            self.hangs = False
            self._awake.set()

    def let_go(self):
        """End the look that is under way; from now on there is no reader."""
        self.away, self.hangs, self.stubborn = True, False, False
        self._awake.set()
        self._shown.put("pull")

    def close(self):
        """It is closed."""


class SeenLights(Lights):
    """Lights that are counted."""

    state = "ok"

    def __init__(self, *_):
        self.signals = []

    def open(self):
        """They are there."""

    def signal(self, tone):
        self.signals.append(tone)

    def close(self):
        """They go out."""


class _Board:
    """A panel that goes away and comes back."""

    def __init__(self):
        self.gone = False

    def open(self, settings):
        if self.gone:
            raise OSError("the bus does not answer")
        device, board = open_capture(settings), self
        display = device.display

        def show(image):
            if board.gone:
                raise OSError("the bus does not answer")
            display(image)

        device.display = show
        return device


class _UntilNobodyWaits:
    """What the main loop asks whether to stop: it does when everybody was served."""

    def __init__(self, kiosk, stop):
        self._waiting, self._stop = kiosk._presented, stop

    def is_set(self):
        return self._stop.is_set() or self._waiting.empty()


class SteppedZuil:
    """A zuil with its files in `folder`, on a machine with its /sys and /run in `machine`.

    stop: set when the zuil wants to be started anew. zuil: its parts while it runs.
    """

    def __init__(self, folder, machine, moment, patch):
        self._moment = moment
        self._life = None
        self.sys, self.runtime = machine / "sys", machine / "run"
        self.sys.mkdir(parents=True)
        self.runtime.mkdir()
        self.state = folder / "state"
        self.board = _Board()
        moment.rule_the_zuil(patch)
        for name, seconds in (("_FIRST_PAUSE", 0.002), ("_LONGEST_PAUSE", 0.002), ("_STOP_SECONDS", 0.05)):
            patch.setattr(f"device.core.watch.{name}", seconds)
        patch.setattr("device.adapters.oled._RETRY_SECONDS", 0.01)
        patch.setattr("device.parts.ServerClock", partial(ServerClock, monotonic=moment.monotonic))
        patch.setattr("device.parts.boot_id", lambda: moment.boot_id)
        patch.setattr("device.bootstrap.open_panel", self.board.open)
        patch.setattr("device.parts.GpioLights", SeenLights)
        patch.setattr("device.parts.reader_for", lambda _: self.reader)
        patch.setattr("device.bootstrap.PiMachine", lambda state: PiMachine(state, self.sys, self.runtime))
        self._patch = patch

    @property
    def is_running(self):
        return self._life is not None

    def start(self, url, code):
        """Start the zuil, but let nothing happen yet."""
        assert self._life is None
        self.reader = LedReader()
        self.stage = Stage(self._moment, self.reader).put_on(self._patch)
        self.stop_asked = threading.Event()
        settings = Settings(ServerSettings(url, code), reader=ReaderSettings("usb"))
        life = ExitStack()
        self.zuil = life.enter_context(running(Place(settings, self.state), self.stop_asked))
        self._life = life
        self.lights = self.zuil.lights
        self.seen = 0
        self.serve()

    def stop(self):
        """Stop it as the service manager does."""
        if self._life is not None:
            self.reader.let_go()
            self._life.close()
            self._life = None

    def kill(self):
        """End it without any goodbye: what lies on the disk at this moment is what the next start finds."""
        with tempfile.TemporaryDirectory() as left:
            shutil.copytree(self.state, left, dirs_exist_ok=True)
            self.stop()
            shutil.rmtree(self.state)
            shutil.copytree(left, self.state)

    def serve(self):
        """Let the main loop serve everybody who waits; return the answers."""
        kiosk = self.zuil.kiosk
        kiosk.run(_UntilNobodyWaits(kiosk, self.stop_asked))
        answers = [answer for answer in kiosk.answers if answer.number > self.seen]
        if answers:
            self.seen = answers[-1].number
        return answers

    def hold(self, *sights):
        """Hold cards against the reader, one look each, and take them away; return the answers."""
        self._moment.pass_by(1)
        self.reader.show(NOTHING)
        for sight in sights:
            self._moment.pass_by(0.2)
            self.reader.show(sight)
        answers = self.serve()
        self._moment.pass_by(1)
        self.reader.show(NOTHING)
        return answers + self.serve()

    def go_on(self, seconds=0):
        """Let time pass and everything happen that is due then."""
        self._moment.pass_by(seconds)
        self.stage.go_on()
        self.serve()

    def is_told(self, code):
        return code in {fault.value for fault in self.zuil.health.faults}

    def until(self, true, what):
        """Wait for a thread that is real."""
        deadline = time.monotonic() + _PATIENCE
        while not true():
            assert time.monotonic() < deadline, f"{what} did not happen"
            threading.Event().wait(0.001)


def card(*chips):
    """What the reader sees of cards."""
    return Sight(frozenset(bytes.fromhex(chip) for chip in chips))
