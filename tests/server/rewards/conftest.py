"""A town with counters."""

import pytest

from fakes.town import Town


@pytest.fixture
def town(database):
    return Town(database)
