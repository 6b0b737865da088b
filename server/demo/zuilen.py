"""The virtual zuilen of the demo, through their control ports."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any, Final

import httpx

TIMEOUT: Final = 3.0
ANSWER_TIMEOUT: Final = 15.0
"""A tap is answered when the zuil has decided, which may take a question to the server."""


def control_client() -> httpx.AsyncClient:
    """Return a client for control ports: plain HTTP, so it need not read every certificate there is first."""
    return httpx.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


class UnreachableError(Exception):
    """The virtual zuil does not answer."""


@dataclass(frozen=True)
class VirtualZuil:
    """A zuil of the demo. `index` counts from 1; `name` is that of the zuil in the database."""

    index: int
    name: str
    url: str

    async def state(self, client: httpx.AsyncClient) -> dict[str, Any]:
        """Return what it says of itself, with `reachable`; never raises."""
        try:
            answer = await client.get(f"{self.url}/state", timeout=TIMEOUT)
            answer.raise_for_status()
            return {**answer.json(), "reachable": True}
        except (httpx.HTTPError, ValueError):
            return {"reachable": False}

    async def frame(self, client: httpx.AsyncClient) -> bytes:
        """Return the picture on its display, a PNG of as many pixels as the panel has.

        Raises:
            UnreachableError: it does not answer.
        """
        try:
            answer = await client.get(f"{self.url}/frame.png", timeout=TIMEOUT)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise UnreachableError(self.name) from error
        return answer.content

    async def send(self, client: httpx.AsyncClient, command: str, body: dict[str, object]) -> None:
        """Do something to it: `tap`, `network` or `clock`.

        Raises:
            UnreachableError: it does not answer, or refuses.
        """
        try:
            answer = await client.post(f"{self.url}/{command}", json=body, timeout=ANSWER_TIMEOUT)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise UnreachableError(self.name) from error
