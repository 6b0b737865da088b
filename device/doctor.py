"""`zuil doctor`, the network: each step of the way to the server, so that the first bad one is the cause."""

from __future__ import annotations

import socket
import sqlite3
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from device.settings import Settings, proxy_address

_SECONDS: Final = 10.0
_CLOCK_SECONDS: Final = 300
_PORTS: Final = {"https": 443, "http": 80}
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class StepError(Exception):
    """A step of the way does not work; its text is one clause."""


class Way(NamedTuple):
    """The way to a server; `proxy` is (host, port), None for a direct one."""

    host: str
    port: int
    is_tls: bool
    proxy: tuple[str, int] | None

    @property
    def first(self) -> tuple[str, int]:
        """The machine that is connected to."""
        return self.proxy or (self.host, self.port)


def way_to(url: str, proxy_set: str = "") -> Way:
    """Return the way to a server: through the proxy of the settings, else that of the environment, if any."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    proxy = proxy_address(proxy_set) if proxy_set else None
    if proxy is None and host not in _LOOPBACK and not urllib.request.proxy_bypass(host):
        named = urllib.request.getproxies().get(parts.scheme)
        if named:
            hop = urlsplit(named if "//" in named else f"http://{named}")
            proxy = (hop.hostname or "", hop.port or 8080)
    return Way(host, port, parts.scheme == "https", proxy)


def steps(settings: Settings, state: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield the steps to the server in their order, each with its check, which raises when it is bad."""
    way = way_to(settings.server.url, settings.network.proxy)
    yield "proxy", lambda: "none" if way.proxy is None else f"{way.proxy[0]}:{way.proxy[1]}"
    yield "DNS", lambda: _dns(way)
    yield "TCP", lambda: _tcp(way)
    if way.is_tls and way.proxy is None:
        yield "TLS", lambda: _tls(way)
    yield "server", lambda: _http(settings.server.url, settings.network.proxy)
    yield "OAuth", lambda: _oauth(settings, state)


def _dns(way: Way) -> str:
    host, port = way.first
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise StepError(
            f"{host} is not known ({error.strerror or error}); is the name server right?"
        ) from error
    return f"{host} is {', '.join(sorted(found))}"


def _tcp(way: Way) -> str:
    host, port = way.first
    begin = time.monotonic()
    try:
        socket.create_connection((host, port), _SECONDS).close()
    except OSError as error:
        raise StepError(
            f"no connection to {host} port {port} ({error}); does a firewall let 443 out?"
        ) from error
    return f"{host} port {port} in {1000 * (time.monotonic() - begin):.0f} ms"


def _tls(way: Way) -> str:
    from device.adapters.link import NO_TLS

    context = ssl.create_default_context()
    try:
        with (
            socket.create_connection((way.host, way.port), _SECONDS) as link,
            context.wrap_socket(link, server_hostname=way.host) as secure,
        ):
            until = str((secure.getpeercert() or {}).get("notAfter", "?"))
            return f"{secure.version()}, certificate good until {until}"
    except ssl.SSLCertVerificationError as error:
        year = time.gmtime().tm_year
        raise StepError(
            f"the certificate was not accepted ({error.verify_message}); this clock says {year}"
        ) from error
    except OSError as error:
        if isinstance(error, ssl.SSLError) and error.reason == NO_TLS:
            raise StepError(f"{way.host} port {way.port} does not speak https; is the port right?") from error
        raise StepError(f"no secure connection ({error}); does something look into the traffic?") from error


def _http(url: str, proxy: str) -> str:
    import httpx

    through_proxy = urlsplit(url).hostname not in _LOOPBACK
    try:
        response = httpx.get(url, timeout=_SECONDS, proxy=proxy or None, trust_env=through_proxy)
    except httpx.HTTPError as error:
        raise StepError(f"{url} does not answer ({error})") from error
    date = response.headers.get("Date")
    if date is None:
        return f"{url} answers"
    behind = parsedate_to_datetime(date).timestamp() - time.time()
    if abs(behind) > _CLOCK_SECONDS:
        raise StepError(f"answers, but this clock is {behind:.0f} seconds behind it (a zuil copes with that)")
    return f"{url} answers; the clocks differ {abs(behind):.0f} seconds"


def _oauth(settings: Settings, state: Path) -> str:
    """Ask something small with the zuil's own signature."""
    from device.adapters.link import HttpLink
    from device.core.clock import ServerClock, boot_id
    from device.ports import LinkError

    link = HttpLink(
        settings.server.url,
        state,
        ServerClock(boot_id()),
        agent="zuil-doctor",
        proxy=settings.network.proxy,
    )
    try:
        if not link.enrolled:
            return "not enrolled yet, nothing to sign with"
        facts = _facts(state)
        link.changes(facts.get("cursor", ""), facts.get("config_version", ""))
    except LinkError as error:
        raise StepError(str(error)) from error
    finally:
        link.close()
    return "the server knows this zuil"


def _facts(state: Path) -> dict[str, str]:
    try:
        with closing(sqlite3.connect(f"file:{state / 'cache.db'}?mode=ro", uri=True)) as cache:
            return dict(cache.execute("SELECT name, value FROM fact"))
    except sqlite3.Error:
        return {}
