"""The demo on a database that is filled once for all tests of a process: filling takes seconds."""

import shutil

from server.demo.__main__ import Demo


class PreparedDemo(Demo):
    """A demo whose data is a copy of that of `filled`, a folder and the codes in it."""

    def __init__(self, folder, port, filled):
        super().__init__(folder, port)
        self._filled = filled

    def fill(self):
        data, codes = self._filled
        shutil.copytree(data, self.server.environment["ZUIL_DATA_DIR"], dirs_exist_ok=True)
        return dict(codes)
