"""Fixtures: the application over a real database, a small region, and zuilen that speak the protocol."""

import pytest
from starlette.testclient import TestClient

from fakes.scene import add_holders, add_kiosk, add_region
from fakes.station import Station
from server.app import create_app
from server.settings import Settings

SECRET_KEY = bytes(range(32))


@pytest.fixture
def settings(database_url, tmp_path):
    return Settings(database_url=database_url, secret_key=SECRET_KEY, data_dir=tmp_path)


@pytest.fixture
def region(database):
    """Return the counter of a region with ten pashouders."""
    with database.writing() as session:
        counter = add_region(session)
        add_holders(session, 10)
    return counter


@pytest.fixture
def client(settings):
    with TestClient(create_app(settings), base_url="http://zuil.test") as client:
        yield client


@pytest.fixture
def new_station(database, region, client):
    """Make another zuil, enrolled and up to date."""

    def make():
        with database.writing() as session:
            _, code = add_kiosk(session, region)
        station = Station(client, code)
        station.follow()
        return station

    return make


@pytest.fixture
def station(new_station):
    return new_station()
