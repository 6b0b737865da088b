"""What a counter and a pashouder read about a welcome reward (messages 3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from babel.dates import format_date

from server.rewards.redeeming import OwnReward
from server.web.i18n import Translator, later
from shared.domain.rewards import RewardVerdict
from shared.domain.zones import local_day

_WORDS: Final[Mapping[RewardVerdict, str]] = MappingProxyType(
    {
        RewardVerdict.POSSIBLE: later("Dit voordeel kan je nu meegeven."),
        RewardVerdict.UNKNOWN: later("Dit voordeel bestaat niet (meer)."),
        RewardVerdict.CARD_INVALID: later("Deze UiTPAS is niet bruikbaar."),
        RewardVerdict.NO_ACTIVE_SYSTEM: later("Je pas hoort momenteel bij geen enkele actieve UiTPAS-regio."),
        RewardVerdict.TARIFF_EXPIRED: later("Je kansenstatuut is verlopen; laat het eerst verlengen."),
        RewardVerdict.NOT_FOR_PERSON: later("Dit voordeel geldt niet voor je gemeente of UiTPAS-regio."),
        RewardVerdict.SWITCHED_OFF: later("Omruilen staat in deze regio even uit."),
        RewardVerdict.SOLD_OUT: later("Dit voordeel is op."),
        RewardVerdict.TAKEN: later("Dit welkomstvoordeel heb je al gekregen."),
        RewardVerdict.ONLY_AT_COUNTER: later("Dit voordeel haal je af aan een balie."),
    }
)


def verdict_sentence(_: Translator, own: OwnReward) -> str:
    """Return whether somebody gets a reward now, or why not."""
    reward = own.reward
    if own.verdict is RewardVerdict.NOT_HERE:
        names = ", ".join(counter.name for counter in own.counters)
        if names:
            return _("Dit voordeel kan je hier niet afhalen, wel bij: {counters}.", counters=names)
        return _("Dit voordeel kan je hier niet afhalen, wel bij een andere balie.")
    if own.verdict is RewardVerdict.OUTSIDE_PERIOD:
        return _outside(_, reward.redeem_begin, reward.redeem_end)
    return sentence_of(_, own.verdict)


def sentence_of(_: Translator, verdict: RewardVerdict) -> str:
    """Return a verdict that is the same of every reward in words."""
    return _(_WORDS[verdict])


def _outside(_: Translator, begin: datetime | None, end: datetime | None) -> str:
    days = [format_date(local_day(at), "d MMMM y", locale=_.language) if at else "" for at in (begin, end)]
    if all(days):
        return _(
            "Dit voordeel kan je nu niet omruilen. Het loopt van {begin} tot {end}.",
            begin=days[0],
            end=days[1],
        )
    if begin:
        return _("Dit voordeel kan je nog niet omruilen. Het loopt vanaf {begin}.", begin=days[0])
    return _("Dit voordeel kan je niet meer omruilen. Het liep tot {end}.", end=days[1])
