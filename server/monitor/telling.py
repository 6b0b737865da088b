"""Incidents in words, for pages and mails alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlmodel import Session, col, select

from server.counters.models import Counter
from server.kiosks.models import Kiosk
from server.monitor.board import counter_names
from server.monitor.models import Incident
from server.releases.models import Release, Rollout
from server.web.i18n import Translator
from shared.domain.rootcause import Scope


class Names(NamedTuple):
    """What zuilen and counters are called: number -> name, id -> name, number -> names of its counters.

    rollouts: id -> version.
    """

    kiosks: Mapping[int, str]
    counters: Mapping[int, str]
    stands: Mapping[int, tuple[str, ...]]
    rollouts: Mapping[int, str]


def read_names(session: Session, incidents: Sequence[Incident]) -> Names:
    """Return the names that these incidents need."""
    kiosks = [int(one.key) for one in incidents if one.scope == Scope.KIOSK]
    counters = [int(one.key) for one in incidents if one.scope == Scope.COUNTER]
    return Names(
        {
            number or 0: name
            for number, name in session.exec(
                select(Kiosk.number, Kiosk.name).where(col(Kiosk.number).in_(kiosks))
            )
        },
        {
            id_ or 0: name
            for id_, name in session.exec(
                select(Counter.id, Counter.name).where(col(Counter.id).in_(counters))
            )
        },
        counter_names(session, kiosks),
        _versions(session, [int(one.key) for one in incidents if one.scope == Scope.ROLLOUT]),
    )


def _versions(session: Session, rollouts: Sequence[int]) -> Mapping[int, str]:
    """Return roll-out -> version."""
    query = select(Rollout.id, Release.version).join(Release, col(Release.id) == col(Rollout.release_id))
    return {id_ or 0: version for id_, version in session.exec(query.where(col(Rollout.id).in_(rollouts)))}


def incident_title(_: Translator, incident: Incident, names: Names) -> str:
    """Return what an incident is about and where, in one line: of several counters of a zuil the first."""
    name, stands = incident_name(_, incident, names), incident_place(incident, names)
    if not stands:
        return name
    return f"{name} · {stands[0]}" + (f" +{len(stands) - 1}" if stands[1:] else "")


def incident_place(incident: Incident, names: Names) -> tuple[str, ...]:
    """Return the counters of the zuil that an incident is about; none when it is about several."""
    return names.stands.get(int(incident.key), ()) if incident.scope == Scope.KIOSK else ()


def incident_name(_: Translator, incident: Incident, names: Names) -> str:
    """Return what an incident is about: a zuil, or all of them that share the cause."""
    if incident.scope == Scope.KIOSK:
        number = int(incident.key)
        return names.kiosks.get(number, _("zuil {number}", number=number))
    if incident.scope == Scope.COUNTER:
        counter = names.counters.get(int(incident.key), incident.key)
        return _("Alle {n} zuilen van {counter}", n=incident.kiosks, counter=counter)
    if incident.scope == Scope.ADDRESS:
        return _("Alle {n} zuilen achter netwerk {address}", n=incident.kiosks, address=incident.key)
    if incident.scope == Scope.ROLLOUT:
        version = names.rollouts.get(int(incident.key), incident.key)
        return _("De uitrol van versie {version}", version=version)
    return _("{n} zuilen tegelijk", n=incident.kiosks)


def incident_advice(_: Translator, incident: Incident) -> str:
    """Return what a shared cause means; empty for a zuil of its own."""
    if incident.scope == Scope.COUNTER:
        return _("Geen enkele zuil van deze balie antwoordt: kijk eerst naar haar internet en haar stroom.")
    if incident.scope == Scope.ADDRESS:
        return _("Deze zuilen delen één internetverbinding: kijk eerst of die werkt.")
    if incident.scope == Scope.ALL:
        return _("Zo veel zuilen tegelijk: het ligt wellicht aan de server of aan de internetprovider.")
    return ""
