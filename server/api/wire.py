"""What all messages of the JSON API have in common: names in camel case, instants with an offset, pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel
from starlette.requests import Request

from server.settings import Settings

LIMIT: Final = 20
MOST: Final = 500

T = TypeVar("T")


class Wire(BaseModel):
    """A message. A field that is None is left out of an answer; members nobody knows are ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


Instant = Annotated[datetime, PlainSerializer(_instant, return_type=str)]
"""An aware instant; goes out as `2019-08-24T14:15:22+00:00`."""


class UserMessage(Wire):
    """A sentence that may be shown as it is (`endUserMessage`)."""

    nl: str
    fr: str | None = None
    en: str | None = None


class Page(Wire, Generic[T]):
    """Part of a list. total_items: how many there are in all."""

    total_items: int
    member: Sequence[T]


class Paging(Wire):
    """Which part of a list is asked for."""

    start: int = 0
    limit: int = LIMIT

    def cut(self, found: Sequence[T]) -> Page[T]:
        """Return the asked part of a list that is all here; for lists that never grow long."""
        return Page(total_items=len(found), member=found[self.start : self.start + self.limit])


def paging(
    start: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0, limit: Annotated[int, Query(ge=0, le=MOST)] = LIMIT
) -> Paging:
    """Read `start` and `limit`; a limit above 500 is `url/query-limit-exceeded`."""
    return Paging(start=start, limit=limit)


def address_of(request: Request) -> str:
    """Return scheme and host of this server as the world sees them."""
    settings: Settings = request.app.state.settings
    return settings.public_url or str(request.base_url).rstrip("/")


AskedPage = Annotated[Paging, Depends(paging)]


class Operations(APIRouter):
    """The operations of one capability. What is None is left out of their answers."""

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - FastAPI's options
        """Add an operation."""
        super().add_api_route(path, endpoint, **options | {"response_model_exclude_none": True})
