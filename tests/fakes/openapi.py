"""The public OpenAPI document of the UiTPAS JSON API as a judge of our answers."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft4Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

FILE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "uitpas-openapi.json"
ERROR_MODEL = "https://raw.githubusercontent.com/cultuurnet/apidocs/main/projects/errors/models/Error.json"
TEXTS = {language: {"type": "string"} for language in ("nl", "fr", "de", "en")}
ERROR = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string", "minLength": 1},
        "status": {"type": "integer"},
        "detail": {"type": "string", "minLength": 1},
        "endUserMessage": {"type": "object", "required": ["nl"], "properties": TEXTS},
        "schemaErrors": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["jsonPointer", "error"],
                "properties": {"jsonPointer": {"type": "string"}, "error": {"type": "string"}},
            },
        },
        # Of invalid-card-status alone (json-api 7.2).
        "cardStatus": {"type": "string"},
        "passholderId": {"type": "string"},
        "passType": {"type": "string"},
        "groupPass": {"type": "boolean"},
    },
}
"""Where the document refers to the error model of another project: its shape, from json-api 2 and 7.2."""
EVERYWHERE = {401, 403, 405, 429, 503}
"""Statuses that the document does not repeat with each operation."""


class Document:
    """Judges answers; a member that the document does not have is as wrong as one that is missing."""

    def __init__(self, content):
        self.content = _strict(content)
        error = Resource(_strict(ERROR), DRAFT4)
        self._registry = Registry().with_resources(
            [("urn:uitpas", Resource(self.content, DRAFT4)), (ERROR_MODEL, error)]
        )
        self._paths = [
            (_pattern(path), path) for path in sorted(content["paths"], key=lambda path: "{" in path)
        ]

    def check(self, method, path, answer):
        """Raise AssertionError when an answer is not one the document allows for this operation."""
        template = next((template for pattern, template in self._paths if pattern.fullmatch(path)), None)
        assert template, f"{path} is no path of the document"
        operation = self.content["paths"][template].get(method.lower())
        if operation is None:
            assert answer.status_code == 405, f"{method} {template} is not in the document"
            return self._check_problem(answer)
        where = f"{method} {template} {answer.status_code}"
        described = operation["responses"].get(str(answer.status_code))
        if answer.status_code >= 400:
            assert described or answer.status_code in EVERYWHERE, f"{where} is not in the document"
            return self._check_problem(answer)
        assert described, f"{where} is not in the document"
        content = described.get("content")
        if not content:
            assert answer.content == b"", f"{where} has a body"
            return None
        kind = answer.headers["content-type"].partition(";")[0]
        assert kind in content, f"{where} is {kind}"
        if kind == "application/json":
            self._validate(content[kind]["schema"], answer.json(), where)
        return None

    def _check_problem(self, answer):
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        self._validate({"$ref": ERROR_MODEL}, answer.json(), f"problem {answer.status_code}")
        assert answer.json()["status"] == answer.status_code

    def _validate(self, schema, value, where):
        rooted = json.loads(json.dumps(schema).replace('"#/', '"urn:uitpas#/'))
        validator = Draft4Validator(rooted, registry=self._registry, format_checker=FormatChecker())
        wrong = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
        assert not wrong, f"{where}: {wrong}"


@cache
def document():
    """Return the document, or skip the test where it is not on this machine."""
    if not FILE.is_file():
        pytest.skip(f"the OpenAPI document is not on this machine ({FILE})")
    return Document(json.loads(FILE.read_text(encoding="utf-8")))


def _pattern(path):
    return re.compile(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(path)))


def _strict(schema):
    """Return a schema that knows null as OpenAPI says it, and refuses members it does not describe."""
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _strict(value) for key, value in schema.items()}
    if strict.get("nullable") is True and isinstance(strict.get("type"), str):
        strict["type"] = [strict["type"], "null"]
    if isinstance(schema.get("allOf"), list):
        return {**strict, "allOf": schema["allOf"]}
    is_object = schema.get("type") == "object" and isinstance(schema.get("properties"), dict)
    if is_object:
        strict.setdefault("additionalProperties", False)
    return strict
