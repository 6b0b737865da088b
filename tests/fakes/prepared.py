"""The demo on a database that is filled once for all tests of a process: filling takes seconds."""

import shutil
from pathlib import Path

from server.demo.installation import Demo


class PreparedDemo(Demo):
    """A demo whose data is a copy of that of `filled`, a folder and the codes in it."""

    def __init__(self, folder, port, filled):
        super().__init__(folder, port)
        self._filled = filled

    def fill(self):
        folder = Path(self.server.environment["ZUIL_DATA_DIR"])
        if (folder / "server.db").exists():
            return super().fill()  # a second start, on what happened in the first
        data, codes = self._filled
        shutil.copytree(data, folder, dirs_exist_ok=True)
        return dict(codes)
