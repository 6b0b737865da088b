"""Instants and periods as people say them, in Brussels time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from babel.dates import format_date, format_time

from server.web.i18n import Translator
from shared.domain.zones import BRUSSELS, local_day


@dataclass(frozen=True)
class Moments:
    """Words for aware instants as seen at `now`."""

    speak: Translator
    now: datetime

    def clock(self, at: datetime) -> str:
        """Return the hour, `14:05`."""
        return format_time(at.astimezone(BRUSSELS), "HH:mm", locale=self.speak.language)

    def exact(self, at: datetime) -> str:
        """Return the hour with seconds, `14:05:09`."""
        return format_time(at.astimezone(BRUSSELS), "HH:mm:ss", locale=self.speak.language)

    def day(self, at: datetime) -> str:
        """Return `vandaag`, `morgen`, `gisteren` or the date."""
        day, today = local_day(at), local_day(self.now)
        near = {-1: self.speak("gisteren"), 0: self.speak("vandaag"), 1: self.speak("morgen")}
        return near.get((day - today).days) or format_date(day, "EEE d MMM y", locale=self.speak.language)

    def date(self, day: date) -> str:
        """Return a day with its month and year: `1 december 2026`."""
        return format_date(day, "d MMMM y", locale=self.speak.language)

    def date_of(self, at: datetime) -> str:
        """Return the day of an instant with its month and year."""
        return self.date(local_day(at))

    def short_day(self, at: datetime, *, month: bool = False) -> str:
        """Return the day as it stands under a chart: `ma 23/11`, or the month."""
        pattern = "MMM" if month else "EEEEEE d/M"
        return format_date(local_day(at), pattern, locale=self.speak.language)

    def moment(self, at: datetime) -> str:
        """Return day and hour, `vandaag om 14:05`."""
        return self.speak("{day} om {clock}", day=self.day(at), clock=self.clock(at))

    def until(self, at: datetime) -> str:
        """Return the end of something: the last minute of an hour is the next hour, midnight has its name."""
        last, at = at - timedelta(seconds=1), _whole(at)
        if self.clock(at) != "00:00":
            return self.moment(at)
        if local_day(last) == local_day(self.now):
            return self.speak("middernacht")
        return self.speak("{day} om middernacht", day=self.day(last))

    def window(self, opens: datetime, closes: datetime) -> str:
        """Return from when to when, the day said once when it is the same."""
        if local_day(opens) != local_day(closes - timedelta(seconds=1)):
            return self.speak("van {opens} tot {closes}", opens=self.moment(opens), closes=self.until(closes))
        end = self.clock(_whole(closes))
        return self.speak(
            "{day} van {opens} tot {closes}",
            day=self.day(opens),
            opens=self.clock(opens),
            closes=self.speak("middernacht") if end == "00:00" else end,
        )

    def ago(self, at: datetime) -> str:
        """Return how long ago; seconds by ten, so that a live page is calm."""
        seconds = max(0, int((self.now - at).total_seconds()))
        if seconds < 20:  # noqa: PLR2004 - just now
            return self.speak("zonet")
        if seconds < 60:  # noqa: PLR2004 - a minute
            return self.speak("{n} seconden geleden", n=seconds // 10 * 10)
        if seconds < 3600:  # noqa: PLR2004 - an hour
            return self.speak.plural("{n} minuut geleden", "{n} minuten geleden", seconds // 60)
        if seconds < 86400:  # noqa: PLR2004 - a day
            return self.speak.plural("{n} uur geleden", "{n} uren geleden", seconds // 3600)
        return self.speak.plural("{n} dag geleden", "{n} dagen geleden", seconds // 86400)

    def offset(self, milliseconds: int) -> str:
        """Return a clock difference in words: right, `+12 s` or `-3 min`."""
        seconds = milliseconds / 1000
        if abs(seconds) < 1:
            return self.speak("juist")
        if abs(seconds) < 120:  # noqa: PLR2004 - from two minutes on seconds say little
            return f"{seconds:+.0f} s"
        return f"{seconds / 60:+.0f} min"


def _whole(at: datetime) -> datetime:
    """Return the next hour for its last minute, as UiTdatabank says until the end of an hour."""
    is_last = at.astimezone(BRUSSELS).minute == 59  # noqa: PLR2004 - of sixty
    return (at + timedelta(minutes=1)).replace(second=0) if is_last else at
