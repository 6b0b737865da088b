"""`zuil-server` as a person runs it, in the test's own process: another one takes seconds to start."""

import contextlib
import io
import os
from typing import NamedTuple
from unittest import mock

from server.__main__ import main


class Done(NamedTuple):
    """What a command said and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def environment_of(database_url, secret_key, folder):
    """Return the settings of an installation, as its service file gives them."""
    return {
        "ZUIL_DATABASE_URL": database_url,
        "ZUIL_SECRET_KEY": secret_key.hex(),
        "ZUIL_DATA_DIR": str(folder),
    }


def run_command(environment, *arguments):
    """Run one command to its end; the logs of the test's process stay as they are."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, environment),
        mock.patch("server.__main__.install_logs"),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code
    return Done(code, out.getvalue(), err.getvalue())
