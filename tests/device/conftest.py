"""What the tests of the zuil share: its two real SQLite files, and a clock that stands still."""

from __future__ import annotations

import pytest

from device.adapters.cache import SqliteCache
from device.adapters.journal import SqliteJournal
from fakes.zuil import FakeClock, UnreachableLink, usual_changes


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def link():
    return UnreachableLink()


@pytest.fixture
def journal(tmp_path):
    journal = SqliteJournal(tmp_path / "journal.db")
    yield journal
    journal.close()


@pytest.fixture
def empty_cache(tmp_path):
    cache = SqliteCache(tmp_path / "cache.db")
    yield cache
    cache.close()


@pytest.fixture
def cache(empty_cache):
    """A cache with a concert that runs now, a card that may save, and a blocked one."""
    empty_cache.apply(usual_changes())
    return empty_cache
