"""The form of a welcome reward: what was typed, and what it means."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Final

from pydantic import BaseModel
from sqlmodel import Session

from server.passholders.names import words_of
from server.passholders.places import municipalities
from server.rewards.keeping import RewardFacts
from server.web.headers import PICTURE
from server.web.i18n import Translator
from shared.domain.rewards import Period
from shared.domain.zones import end_of_day, local_day, start_of_day

LONGEST_TITLE: Final = 80
LONGEST_TEXT: Final = 2_000
MOST_PICTURES: Final = 10
MOST_UNITS: Final = 1_000_000
LINK: Final = re.compile(r"https?://[^\s<>\"]{3,500}")
_COUNT: Final = re.compile(r"[0-9]{1,7}")
_PERIODS: Final = ("granting", "redeem", "publication")
_SECOND: Final = timedelta(seconds=1)


class RewardForm(BaseModel):
    """What was typed. everywhere: for all card systems. cities, pictures: one a line. Days: first, last."""

    title: str = ""
    description: str = ""
    practical_info: str = ""
    more_info_url: str = ""
    pictures: str = ""
    units: str = ""
    everywhere: str = ""
    system: list[int] = []
    counter: list[int] = []
    cities: str = ""
    granting_from: str = ""
    granting_to: str = ""
    redeem_from: str = ""
    redeem_to: str = ""
    publication_from: str = ""
    publication_to: str = ""


def form_of(facts: RewardFacts) -> RewardForm:
    """Return the form filled in with what a reward is."""
    days = {}
    for name in _PERIODS:
        begin, end = getattr(facts, name)
        days[f"{name}_from"] = local_day(begin).isoformat() if begin else ""
        days[f"{name}_to"] = local_day(end).isoformat() if end else ""
    return RewardForm(
        title=facts.title,
        description=facts.description,
        practical_info=facts.practical_info,
        more_info_url=facts.more_info_url,
        pictures="\n".join(facts.pictures),
        units="" if facts.units is None else str(facts.units),
        everywhere="" if facts.systems else "yes",
        system=sorted(facts.systems),
        counter=sorted(facts.counters),
        cities="\n".join(sorted(facts.cities)),
        **days,
    )


def read_form(
    session: Session, form: RewardForm, before: RewardFacts, allowed: Collection[int], _: Translator
) -> tuple[RewardFacts | None, Mapping[str, str]]:
    """Return what was meant, or None and a sentence for each field that is wrong.

    before: what it was; a moment within a day that was left as it is stays. allowed: counters to choose from.
    """
    cities, unknown = _cities(session, form.cities)
    errors = _wrong_texts(form, before, _)
    if form.units.strip() and (_COUNT.fullmatch(form.units.strip()) is None or int(form.units) > MOST_UNITS):
        errors["units"] = _("Vul een aantal in van 0 tot {n}, of laat het leeg.", n=MOST_UNITS)
    if unknown:
        errors["cities"] = _("“{name}” is geen gemeente die we kennen.", name=unknown)
    if not form.everywhere and not form.system:
        errors["system"] = _("Kies minstens één kaartsysteem.")
    periods = {name: _period(form, name, getattr(before, name), errors, _) for name in _PERIODS}
    if errors:
        return None, errors
    facts = RewardFacts(
        title=" ".join(form.title.split()),
        description=form.description.strip(),
        practical_info=form.practical_info.strip(),
        more_info_url=form.more_info_url.strip(),
        pictures=_pictures(form),
        units=int(form.units) if form.units.strip() else None,
        cities=cities,
        systems=frozenset() if form.everywhere else frozenset(form.system),
        counters=frozenset(form.counter) & (frozenset(allowed) | before.counters),
        **periods,
    )
    return facts, {}


def _wrong_texts(form: RewardForm, before: RewardFacts, _: Translator) -> dict[str, str]:
    errors = {}
    if not 0 < len(" ".join(form.title.split())) <= LONGEST_TITLE:
        errors["title"] = _("Geef het voordeel een titel van hoogstens {n} tekens.", n=LONGEST_TITLE)
    if not form.description.strip():
        errors["description"] = _("Vertel wat iemand krijgt.")
    for name in ("description", "practical_info"):
        if len(getattr(form, name)) > LONGEST_TEXT:
            errors[name] = _("Dat is te lang.")
    if form.more_info_url.strip() and LINK.fullmatch(form.more_info_url.strip()) is None:
        errors["more_info_url"] = _("Dit is geen webadres. Het lijkt op https://www.voorbeeld.be.")
    if any(one not in before.pictures and not PICTURE.fullmatch(one) for one in _pictures(form)):
        errors["pictures"] = _("Dit is geen webadres van een foto. Het begint met https://.")
    elif len(_pictures(form)) > MOST_PICTURES:
        errors["pictures"] = _("Hoogstens {n} foto's.", n=MOST_PICTURES)
    return errors


def _pictures(form: RewardForm) -> tuple[str, ...]:
    return tuple(line.strip() for line in form.pictures.splitlines() if line.strip())


def _cities(session: Session, text: str) -> tuple[frozenset[str], str]:
    """Return the municipalities on the lines of a text, and the first that is none."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return frozenset(), ""
    known = {" ".join(words_of(name)): name for name in municipalities(session)}
    unknown = next((line for line in lines if " ".join(words_of(line)) not in known), "")
    return frozenset(known.get(" ".join(words_of(line)), "") for line in lines), unknown


def _period(form: RewardForm, name: str, before: Period, errors: dict[str, str], _: Translator) -> Period:
    """Return a period of whole days; what is wrong with it is added to `errors`."""
    days = {}
    for edge in ("from", "to"):
        typed = getattr(form, f"{name}_{edge}").strip()
        try:
            days[edge] = date.fromisoformat(typed) if typed else None
        except ValueError:
            errors[f"{name}_{edge}"] = _("Dit is geen dag.")
            days[edge] = None
    first, last = days["from"], days["to"]
    if first and last and last < first:
        errors[f"{name}_to"] = _("De laatste dag komt voor de eerste.")
    if name == "publication" and first is None:
        errors.setdefault("publication_from", _("Vul de eerste dag in."))
    begin = start_of_day(first) if first else None
    end = end_of_day(last) - _SECOND if last else None
    return Period(
        before.begin if before.begin and first == local_day(before.begin) else begin,
        before.end if before.end and last == local_day(before.end) else end,
    )
