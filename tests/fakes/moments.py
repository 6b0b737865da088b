"""The power goes at a moment that a test chooses: one at which something reaches the disk, or would."""

import os
from pathlib import Path


class PowerCut(BaseException):
    """The power goes: nothing after this happens."""


class Cut:
    """Cuts the power at the n-th moment at which something reaches the disk, or would."""

    def __init__(self, monkeypatch, moment):
        self.left = moment
        for owner, name in ((os, "fsync"), (os, "urandom"), (Path, "unlink"), (Path, "replace")):
            monkeypatch.setattr(owner, name, self._cutting(getattr(owner, name)))

    def _cutting(self, function):
        def cutting(*arguments, **named):
            self.left -= 1
            if self.left == 0:
                raise PowerCut
            return function(*arguments, **named)

        return cutting
