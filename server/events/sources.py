"""Where event documents come from: a file, a folder of files, or the pages of a search API."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx

from server.events.jsonld import Reason, as_object

PAGE_LIMIT: Final = 100
TIMEOUT_SECONDS: Final = 30.0
ATTEMPTS: Final = 4
UNREADABLE: Final = "onleesbaar"
_SCHEMES: Final = ("http://", "https://")
_SUFFIXES: Final = frozenset({".json", ".jsonld"})
_AGAIN: Final = frozenset({429, 500, 502, 503, 504})
_LONGEST_PAUSE: Final = 60.0


class SourceError(Exception):
    """The source itself cannot be read; its text is one sentence."""


@dataclass(frozen=True, slots=True)
class Document:
    """One decoded document and what to call it in a report; `problem` when it could not be decoded."""

    name: str
    content: object = None
    problem: Reason | None = None


@dataclass(frozen=True, slots=True)
class UnchangedPage:
    """A page of which the server said that nothing in it changed since the last run."""

    name: str
    members: int


@dataclass(frozen=True, slots=True)
class SeenPage:
    """What is remembered of a page: its ETag, and enough to find the next page without reading it."""

    etag: str
    members: int
    total: int


def is_address(source: str) -> bool:
    """Tell whether a source is the address of a search API rather than a path."""
    return source.lower().startswith(_SCHEMES)


def path_of(source: str) -> Path:
    """Return the path that a source is.

    Raises:
        SourceError: it is an address, and none that can be read.
    """
    if "://" in source:
        raise SourceError(f"{source} cannot be read: an address begins with {' or '.join(_SCHEMES)}.")
    return Path(source)


def read_path(path: Path) -> Iterator[Document]:
    """Yield the documents of a file, or of every `.json` and `.jsonld` file in a folder, by name.

    Raises:
        SourceError: there is no such file, or no documents in the folder.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file())
        if not files:
            raise SourceError(f"There are no .json files in {path}.")
        for file in files:
            yield from _read_file(file, str(file.relative_to(path)))
    elif path.is_file():
        for document in _read_file(path, path.name):
            if document.problem is not None and document.problem.code == UNREADABLE:
                raise SourceError(document.problem.sentence)
            yield document
    else:
        raise SourceError(f"There is no file or folder {path}.")


def _read_file(file: Path, name: str) -> Iterator[Document]:
    try:
        content = json.loads(file.read_bytes())
    except OSError as error:
        yield Document(name, problem=Reason(UNREADABLE, f"The file cannot be read: {error.strerror}."))
    except UnicodeDecodeError:
        yield Document(name, problem=Reason("geen-json", "This is not JSON: it is not UTF-8 text."))
    except json.JSONDecodeError as error:
        wrong = error.msg.removesuffix(" at")  # as of "Unterminated string starting at"
        sentence = f"This is not JSON: {wrong} at line {error.lineno}, column {error.colno}."
        yield Document(name, problem=Reason("geen-json", sentence))
    except (RecursionError, ValueError):
        yield Document(
            name, problem=Reason("geen-json", "This is not usable JSON: nested too deep or too large.")
        )
    else:
        members = _members(content)
        for index, member in enumerate(members):
            yield Document(f"{name}[{index}]" if len(members) > 1 else name, member)


def _members(content: object) -> list[object]:
    if isinstance(content, list):
        return content
    members = as_object(content).get("member")
    return members if isinstance(members, list) else [content]


@dataclass(slots=True)
class SearchApi:
    """The pages of a UiTdatabank search address: `member` lists, paged with `start` and `limit`.

    known: url -> what an earlier run learned, so that a page is asked for with its ETag; `learned`: the
    same of the pages read whole in this run, None for one without ETag. `pause` waits between attempts.
    """

    url: str
    known: Mapping[str, SeenPage] = field(default_factory=dict)
    client_id: str = ""
    limit: int = PAGE_LIMIT
    pause: Callable[[float], None] = field(default=time.sleep)
    learned: dict[str, SeenPage | None] = field(default_factory=dict)

    def read(self) -> Iterator[Document | UnchangedPage]:
        """Yield every document; a page is learned only after all of its documents were taken.

        Raises:
            SourceError: the address does not answer, refuses, or answers something else than pages.
        """
        headers = {"Accept": "application/ld+json, application/json"}
        if self.client_id:
            headers["X-Client-Id"] = self.client_id
        start = 0
        with httpx.Client(timeout=TIMEOUT_SECONDS, headers=headers, follow_redirects=True) as client:
            while True:
                url = _page_url(self.url, start, self.limit)
                seen = self.known.get(url)
                response = self._get(client, url, seen)
                if response.status_code == httpx.codes.NOT_MODIFIED and seen is not None:
                    yield UnchangedPage(f"start={start}", seen.members)
                    page = seen
                else:
                    members, page = _page(response, url)
                    for index, member in enumerate(members):
                        yield Document(_name(member, start + index), member)
                    self.learned[url] = page if page.etag else None
                start += page.members
                if page.members == 0 or start >= page.total:
                    return

    def _get(self, client: httpx.Client, url: str, seen: SeenPage | None) -> httpx.Response:
        conditional = {"If-None-Match": seen.etag} if seen else {}
        problem = ""
        for attempt in range(ATTEMPTS):
            wait = 2.0**attempt
            try:
                response = client.get(url, headers=conditional)
            except httpx.HTTPError as error:
                problem = str(error) or type(error).__name__
            else:
                if response.is_success or response.status_code == httpx.codes.NOT_MODIFIED:
                    return response
                problem = f"status {response.status_code}"
                if response.status_code not in _AGAIN:
                    break
                wait = _retry_after(response, wait)
            if attempt + 1 < ATTEMPTS:
                self.pause(wait)
        raise SourceError(f"{url} could not be read: {problem}.")


def _retry_after(response: httpx.Response, otherwise: float) -> float:
    given = response.headers.get("Retry-After", "")
    return min(float(given), _LONGEST_PAUSE) if given.isdigit() else otherwise


def _page_url(url: str, start: int, limit: int) -> str:
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name not in ("start", "limit")]
    if "embed" not in dict(query):
        query.append(("embed", "true"))
    query += [("start", str(start)), ("limit", str(limit))]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _page(response: httpx.Response, url: str) -> tuple[list[object], SeenPage]:
    try:
        content = response.json()
    except (ValueError, RecursionError):
        raise SourceError(f"{url} did not answer with JSON.") from None
    members = as_object(content).get("member")
    if not isinstance(members, list):
        raise SourceError(f"{url} did not answer with a `member` list.")
    total = as_object(content).get("totalItems")
    # Without a total there may always be one page more.
    known_total = total if isinstance(total, int) else 1 << 62
    return members, SeenPage(response.headers.get("ETag", ""), len(members), known_total)


def _name(member: object, position: int) -> str:
    given: Mapping[str, object] = as_object(member)
    return str(given.get("@id", "")).rstrip("/").rpartition("/")[2] or f"[{position}]"
