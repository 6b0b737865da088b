"""Tolerant reading of UiTdatabank's JSON-LD: names per language or plain, ids as addresses, placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

LANGUAGES: Final = ("nl", "fr", "en", "de")
_PLACEHOLDER: Final = re.compile(r"%\{(\w+)\}")
_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,63}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


class Reason(NamedTuple):
    """Why a document, or a part of it, is not used: a code people can search for and one English sentence."""

    code: str
    sentence: str


class UnusableError(ValueError):
    """A part without which the event cannot be used."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = Reason(code, sentence)


def as_object(value: object) -> Mapping[str, object]:
    """Return a JSON object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """Return a JSON array, an object or a string as its only element, and nothing for anything else."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, (dict, str)) else []


def clean_text(value: object) -> str:
    """Return a string on one line, without NUL and lone surrogates; "" for what is no string."""
    return _CONTROL.sub(" ", value).strip() if isinstance(value, str) else ""


def quoted(value: object) -> str:
    """Return the beginning of a value for in a sentence; of an array or object only what it is."""
    return repr(value)[:40] if isinstance(value, (str, int, float)) else f"a {type(value).__name__}"


def clean_texts(values: object) -> tuple[str, ...]:
    """Return the distinct non-empty strings of an array, in order."""
    return tuple(dict.fromkeys(text for text in map(clean_text, as_list(values)) if text))


def by_language(value: object, main_language: str) -> dict[str, str]:
    """Return language -> text of a name that is a string or an object per language; empty texts left out."""
    named = value if isinstance(value, dict) else {main_language: value}
    return {str(language): text for language in named if (text := clean_text(named[language]))}


def one_text(value: object, main_language: str) -> str | None:
    """Return a name in the main language, else in Dutch, French, English, German, else any."""
    texts = by_language(value, main_language)
    order = (main_language, *LANGUAGES, *sorted(texts))
    return next((texts[language] for language in order if language in texts), None)


def resource_id(node: Mapping[str, object]) -> str | None:
    """Return the last part of a resource's `@id`, else its `id` or `cdbid`; None when unusable."""
    for key in ("@id", "id", "cdbid"):
        tail = clean_text(node.get(key)).rstrip("/").rpartition("/")[2]
        if _ID.fullmatch(tail):
            return tail
    return None


def placeholders(value: object) -> list[str]:
    """Return the names of the `%{name}` placeholders left anywhere in a JSON value, sorted."""
    return sorted({name for text in _strings(value) for name in _PLACEHOLDER.findall(text)})


def fill(value: object, values: Mapping[str, str]) -> object:
    """Return a JSON value in which the placeholders named in `values` are filled in."""
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), value)
    if isinstance(value, list):
        return [fill(item, values) for item in value]
    if isinstance(value, dict):
        return {key: fill(item, values) for key, item in value.items()}
    return value


def _strings(value: object) -> Iterable[str]:
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, list):
            pending.extend(current)
        elif isinstance(current, dict):
            pending.extend(current.values())
