"""A setting that is missing or wrong stops the start with a sentence that says which and why."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from device import VERSION
from device.adapters import entrusted
from device.settings import SettingsError, load_settings
from fakes.wire_server import CODE, WireServer

HERE = Path(__file__).parents[2]


def write(folder, text):
    (folder / "zuil.toml").write_text(text)
    return folder


def test_settings_come_from_the_boot_partition(tmp_path):
    boot = write(
        tmp_path, '[server]\nurl = "https://zuil.example"\n[display]\npanel = "sh1107"\nrotate = 2\n'
    )
    settings = load_settings(boot, {})
    assert settings.server.url == "https://zuil.example"
    assert (settings.display.panel, settings.display.rotate, settings.reader.device) == ("sh1107", 2, "auto")


def test_the_environment_stands_above_the_file(tmp_path):
    boot = write(tmp_path, '[server]\nurl = "https://zuil.example"\n')
    environment = {"ZUIL_SERVER_URL": "https://other.example", "ZUIL_DISPLAY_ADDRESS": "61"}
    settings = load_settings(boot, environment)
    assert (settings.server.url, settings.display.address) == ("https://other.example", 61)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "address of the server is missing"),
        ("[server]\nurl = ", "cannot be read"),
        ('[server]\nurl = "zuil.example"\n', "looks like https://zuil.example"),
        ('[server]\nurl = "http://zuil.example"\n', "only https goes over a network"),
        ('[server]\nurl = "https://a.be"\ncolour = "red"\n', "colour"),
        ('[server]\nurl = "https://a.be"\n[display]\npanel = "vga"\n', "vga"),
        ('[server]\nurl = "https://a.be"\n[display]\nport = "one"\n', "display.port"),
        ('[server]\nurl = "https://a.be"\n[reader]\ndevice = "bluetooth"\n', "reader.device"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, text, says):
    with pytest.raises(SettingsError, match=re.escape(says)):
        load_settings(write(tmp_path, text), {})


def zuil(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "device", *map(str, arguments)],
        cwd=HERE,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_missing_setting_is_exit_code_2_and_one_sentence(tmp_path):
    done = zuil("run", "--virtual", "--boot", tmp_path, "--state", tmp_path / "state")
    assert done.returncode == 2
    assert done.stderr.startswith("zuil: The address of the server is missing")
    assert len(done.stderr.splitlines()) == 1


def test_a_port_in_use_is_exit_code_1_and_one_sentence(tmp_path):
    with WireServer() as server, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        where = ["--boot", tmp_path, "--state", tmp_path / "state", "--control", port]
        done = zuil("run", "--virtual", *where, ZUIL_SERVER_URL=server.url, ZUIL_SERVER_CODE=CODE)
        assert (server.codes, server.requests) == ({CODE}, [])
    assert done.returncode == 1
    assert f"zuil: Port {port}" in done.stderr
    assert "the one-time code was not used" in done.stderr


@pytest.mark.parametrize("last", [-1, 0])
def test_a_log_of_no_lines_is_refused(last):
    done = zuil("logs", "--last", last)
    assert (done.returncode, done.stderr) == (2, f"zuil: --last is {last}; it is 1 line or more.\n")


@pytest.mark.parametrize("said", ["", "-- No entries --"])
def test_a_machine_whose_journal_holds_nothing_of_a_zuil_says_so(tmp_path, said):
    (tmp_path / "journalctl").write_text(f"#!/bin/sh\necho '{said}'\n")
    (tmp_path / "journalctl").chmod(0o755)
    done = zuil("logs", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert (done.returncode, done.stdout) == (1, "")
    assert "holds no line of zuil.service" in done.stderr


def test_a_machine_without_a_journal_says_where_a_virtual_zuil_logs(tmp_path):
    done = zuil("logs", PATH=str(tmp_path))
    assert done.returncode == 1
    assert "A virtual zuil logs to the screen it was started from." in done.stderr


def test_status_of_a_wiped_zuil_says_in_words_whether_the_server_knows(tmp_path):
    for proof, knows in (("", "knows that"), ("Ynk=", "does not know that yet")):
        (tmp_path / entrusted.FILE_NAME).write_text(json.dumps({"standing": "erased", "proof": proof}))
        assert entrusted.told_of_wipe(tmp_path) == (
            "its keys and cards were destroyed on the server's order;"
            f" the server {knows}, and the zuil needs another code"
        )


def test_a_journal_of_a_newer_version_is_exit_code_1_and_one_sentence(tmp_path):
    import sqlite3

    state = tmp_path / "state"
    state.mkdir()
    with sqlite3.connect(state / "journal.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    done = zuil(
        "run", "--virtual", "--state", state, "--boot", tmp_path, ZUIL_SERVER_URL="http://127.0.0.1:9"
    )
    assert done.returncode == 1
    assert "newer version of zuil" in done.stderr


def test_a_state_directory_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    where = ["--boot", tmp_path, "--state", tmp_path / "file" / "state"]
    done = zuil("run", "--virtual", *where, ZUIL_SERVER_URL="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "cannot be used" in done.stderr


def test_status_without_a_zuil_says_so(tmp_path):
    done = zuil("status", "--state", tmp_path)
    assert (done.returncode, done.stderr) == (1, f"zuil: There is no zuil in {tmp_path}.\n")


def test_the_doctor_names_everything_that_is_wrong(tmp_path):
    environment = {"ZUIL_SERVER_URL": "http://127.0.0.1:9", "ZUIL_READER_DEVICE": "tty:ZUILNONE:pn532"}
    done = zuil("doctor", "--boot", tmp_path, "--state", tmp_path / "state", **environment)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    bad = [line.split()[1] for line in lines if line.startswith("BAD")]
    assert bad == ["enrolment:", "TCP:", "server:", "reader:", "display:", "lights:"]
    assert "one-time code" in done.stdout
    assert done.stderr == "", "no log line of a part stands between the findings"


def test_the_version_is_that_of_the_distribution():
    assert tomllib.loads((HERE / "pyproject.toml").read_text())["project"]["version"] == VERSION
