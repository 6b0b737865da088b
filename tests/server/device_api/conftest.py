"""Zuilen that speak the protocol to a real application."""

from fakes.zuilen import client, new_station, region, settings, station  # noqa: F401 - fixtures
