"""Files that are damaged, or of a newer version: what the panel, the doctor and the status say of them."""

import sqlite3
import threading

import pytest

from device.adapters.cache import SqliteCache
from device.adapters.journal import SqliteJournal
from device.inspect import StateError, examine, status
from device.logs import RecentLines
from device.parts import Place, StartError, Zuil
from device.settings import ServerSettings, Settings

SETTINGS = Settings(ServerSettings("http://127.0.0.1:9", ""))
FILES = ["journal", "cache"]


class LastScreen:
    """Stands where the display stands and keeps what was left on it."""

    def leave(self, screen):
        self.left = screen


@pytest.fixture
def state(tmp_path):
    SqliteJournal(tmp_path / "journal.db").close()
    SqliteCache(tmp_path / "cache.db").close()
    return tmp_path


def make_newer(state, name):
    with sqlite3.connect(state / f"{name}.db") as connection:
        connection.execute("PRAGMA user_version = 99")


def make_rubbish(state, name):
    (state / f"{name}.db").write_bytes(b"rubbish" * 1000)


def told_by_the_doctor(state):
    return {one.subject: one for one in examine(SETTINGS, state) if one.subject in FILES}


def told_by_the_status(state):
    lines = []
    with pytest.raises(StateError, match="left out"):
        lines.extend(status(state))
    return {line[:15].strip(): line[15:] for line in lines}


def left_on_the_panel(state):
    display = LastScreen()
    with pytest.raises(StartError):
        Zuil(Place(SETTINGS, state, control=0), display, threading.Event(), RecentLines(1))
    return display.left


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_a_newer_version_has_a_code_and_words_of_its_own(state, name):
    make_newer(state, name)
    screen = left_on_the_panel(state)
    assert (screen.clock, screen.detail) == ("E24", "Programma te oud")


def test_a_file_that_cannot_be_made_is_still_the_storage(tmp_path):
    (tmp_path / "journal.db").mkdir()
    assert left_on_the_panel(tmp_path).clock == "E20"


@pytest.mark.parametrize("name", FILES)
def test_the_doctor_and_the_status_name_the_file_of_a_newer_version(state, name):
    make_newer(state, name)
    finding = told_by_the_doctor(state)[name]
    assert not finding.good
    assert f"{name}.db was written by a newer version of zuil (schema 99" in finding.sentence
    assert told_by_the_status(state)[name] == finding.sentence


@pytest.mark.parametrize(
    ("name", "other", "lost"), [("journal", "cache", "taps"), ("cache", "journal", "cards")]
)
def test_the_doctor_and_the_status_name_the_damaged_file_and_tell_what_is_in_the_other(
    state, name, other, lost
):
    make_rubbish(state, name)
    findings = told_by_the_doctor(state)
    assert (findings[name].good, findings[other].good) == (False, True)
    assert findings[name].sentence.startswith("it is damaged; at its next start the zuil")
    told = told_by_the_status(state)
    assert (told[name], told[other]) == (findings[name].sentence, "fine")
    assert {"taps", "cards"} - set(told) == {lost}


def test_the_status_says_that_the_credentials_cannot_be_read(state):
    (state / "credentials.json").write_text('{"x')
    told = told_by_the_status(state)
    assert "credentials.json cannot be read" in told["enrolled"]
    assert (told["journal"], told["cache"]) == ("fine", "fine")


def test_files_that_are_fine_or_not_there_yet_are_no_trouble(state, tmp_path):
    told = dict(line.split(maxsplit=1) for line in status(state))
    assert (told["journal"], told["cache"]) == ("fine", "fine")
    findings = told_by_the_doctor(tmp_path / "new")
    assert [findings[name].good for name in FILES] == [True, True]
    assert "none yet" in findings["journal"].sentence
