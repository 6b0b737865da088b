"""Zuilen that speak the protocol to a real application, and releases to offer them."""

from datetime import UTC, datetime

import pytest

from fakes.releases import PUBLIC, tiny_bundle
from fakes.zuilen import client, new_station, region, station  # noqa: F401 - fixtures
from server.releases.models import Release
from server.releases.rollouts import start_rollout
from server.releases.store import add_release
from server.settings import Settings


@pytest.fixture
def settings(database_url, tmp_path):
    return Settings(
        database_url=database_url, secret_key=bytes(range(32)), data_dir=tmp_path, release_keys=(PUBLIC,)
    )


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    return {version: tiny_bundle(folder / version, version) for version in ("1.4.0", "1.5.0")}


@pytest.fixture
def kept(database, bundles):
    """Return the id of each release by version, all kept at the server."""
    with database.writing() as session:
        return {
            version: add_release(session, content, [PUBLIC], datetime.now(UTC)).id
            for version, content in bundles.items()
        }


@pytest.fixture
def roll_out(database, kept):
    """Begin a roll-out of a version; return its id."""

    def begin(version, **how):
        with database.writing() as session:
            return start_rollout(
                session, session.get_one(Release, kept[version]), datetime.now(UTC), **how
            ).id

    return begin
