"""Pashouders and their memberships (rules 4, 5)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    text,
    true,
)
from sqlmodel import Field, SQLModel

from server.kernel.types import BigKey, UtcDateTime


class MembershipStatus(StrEnum):
    """The state of a membership (rules 4.2)."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    DELETED = "deleted"


class Gender(StrEnum):
    """As an identity card and the JSON API say it; nobody has to (rules 4.5)."""

    MALE = "MALE"
    FEMALE = "FEMALE"
    X = "X"


class Passholder(SQLModel, table=True):
    """A person with a UiTPAS. `points` is the running sum of the ledger, never set by hand.

    Every check-in writes this row: what only registration needs is in `PassholderDetails`.
    Of who was deleted a row without a name is left, so that nobody else gets the reference, and with it
    the history.
    """

    __tablename__ = "passholder"
    __table_args__ = (
        Index("ix_passholder_name", "last_name", "first_name", "ref"),
        # Room beside each row for its next version: a new balance then leaves the indexes alone.
        {"postgresql_with": {"fillfactor": 50}},
    )

    ref: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    first_name: str
    last_name: str
    birth_date: date
    postcode: str = ""
    points: int = 0
    language: str = "nl"

    @property
    def is_deleted(self) -> bool:
        """Whether there is nobody behind this reference any more."""
        return not self.last_name and not self.first_name


class PassholderDetails(SQLModel, table=True):
    """What a counter writes down of a pashouder (rules 4.3-4.10).

    insz_digest: keyed hash of the national number (`server.passholders.insz`); None: not known.
    municipality: the main one, whatever place was given (rules 4.10); `ABROAD` of `.places` elsewhere.
    email: None when it was deliberately left out (rules 4.7). opt_ins: the values of `OptIn` that were given.
    legal_terms: how he was given the terms, values of `LegalTerms`.
    counter_id, made_at: where and when this person was registered.
    """

    __tablename__ = "passholder_details"

    passholder_ref: int = Field(
        sa_column=Column(BigInteger, ForeignKey("passholder.ref", ondelete="CASCADE"), primary_key=True)
    )
    insz_digest: bytes | None = Field(default=None, unique=True)
    gender: str | None = None
    nationality: str = ""
    street: str = ""
    house_number: str = ""
    box: str = ""
    municipality: str = ""
    country: str = "BE"
    email: str | None = Field(default=None, index=True)
    phone: str = ""
    opt_ins: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    parental_consent: bool = False
    legal_terms: list[str] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]")
    )
    note: str = ""
    counter_id: int | None = Field(default=None, foreign_key="counter.id", ondelete="SET NULL")
    made_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class PassholderPicture(SQLModel, table=True):
    """What somebody looks like, away from the rows that taps read.

    jpeg: a small one, of `server.registration.pictures`. mark: changes with it.
    """

    __tablename__ = "passholder_picture"

    passholder_ref: int = Field(
        sa_column=Column(BigInteger, ForeignKey("passholder.ref", ondelete="CASCADE"), primary_key=True)
    )
    jpeg: bytes
    mark: str


class PassholderSchool(SQLModel, table=True):
    """The school somebody goes to, which is a counter (rules 4.19)."""

    __tablename__ = "passholder_school"

    passholder_ref: int = Field(
        sa_column=Column(BigInteger, ForeignKey("passholder.ref", ondelete="CASCADE"), primary_key=True)
    )
    counter_id: int = Field(foreign_key="counter.id", index=True, ondelete="CASCADE")


class OptIn(StrEnum):
    """What a pashouder wants to receive; nothing below the age of 16 (rules 4.9)."""

    SERVICE_MAILS = "serviceMails"
    MILESTONE_MAILS = "milestoneMails"
    INFO_MAILS = "infoMails"
    SMS = "sms"
    POST = "post"


class LegalTerms(StrEnum):
    """How somebody was given the terms (json-api 5)."""

    PAPER = "paper"
    DIGITAL = "digital"


class NameWord(SQLModel, table=True):
    """A word of a member's name, folded: how members are found by the beginning of any of their names.

    By card system first: a name that half the country has is found at once among a hundred members.
    """

    __tablename__ = "name_word"
    __table_args__ = (
        ForeignKeyConstraint(
            ["passholder_ref", "card_system_id"],
            ["membership.passholder_ref", "membership.card_system_id"],
            ondelete="CASCADE",
        ),
    )

    card_system_id: int = Field(primary_key=True)
    # On PostgreSQL its collation is "C": a range of words is what begins so, in whatever language it runs.
    word: str = Field(primary_key=True)
    passholder_ref: int = Field(sa_column=Column(BigInteger, primary_key=True, index=True))


class NamePart(SQLModel, table=True):
    """An ending, of three letters or more, of a name that members have: how a name is found by its middle.

    Once for a name in a card system, whoever has it: another Peeters adds nothing. What nobody has any more
    is forgotten with the last of them, or by `server.passholders.names.forget_names`.
    """

    __tablename__ = "name_part"

    card_system_id: int = Field(primary_key=True, foreign_key="card_system.id", ondelete="CASCADE")
    # Both in collation "C" on PostgreSQL, as the words of `NameWord`.
    part: str = Field(primary_key=True)
    word: str = Field(primary_key=True)


class Place(SQLModel, table=True):
    """A place with a postcode, and the municipality it is part of (rules 4.10)."""

    __tablename__ = "place"

    postcode: str = Field(primary_key=True, max_length=4)
    name: str = Field(primary_key=True)
    municipality: str = Field(index=True)


class Membership(SQLModel, table=True):
    """A pashouder in a card system; expired after `social_tariff_end` plus `grace_days` (rules 5.4, 5.5).

    suspended_until: the last day on which a valid kansenstatuut gives no kansentarief (rules 5.10).
    """

    __tablename__ = "membership"
    __table_args__ = (
        Index(
            "ix_membership_tariff",
            "passholder_ref",
            sqlite_where=text("social_tariff AND status = 'active'"),
            postgresql_where=text("social_tariff AND status = 'active'"),
        ),
        # The other way round than its key: a card system's members, counted without looking anybody up.
        Index("ix_membership_members", "card_system_id", "passholder_ref"),
    )

    passholder_ref: int = Field(
        sa_column=Column(BigInteger, ForeignKey("passholder.ref", ondelete="CASCADE"), primary_key=True)
    )
    card_system_id: int = Field(primary_key=True, foreign_key="card_system.id", ondelete="CASCADE")
    status: str = MembershipStatus.ACTIVE
    social_tariff: bool = False
    social_tariff_end: date | None = None
    grace_days: int = 0
    suspended_until: date | None = None
    made_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class Cardless(StrEnum):
    """Who can become a member with a digital card, which is nothing to hold (json-api 6)."""

    NONE = "NONE"
    REGULAR = "REGULAR"
    SOCIALTARIFF = "SOCIALTARIFF"
    ALL = "ALL"

    def allows(self, *, tariff: bool) -> bool:
        """Tell whether that is possible with, or without, the kansenstatuut."""
        return self in {Cardless.ALL, Cardless.SOCIALTARIFF if tariff else Cardless.REGULAR}


class RegistrationRules(SQLModel, table=True):
    """How a card system registers (rules 4.11, 5.4, 6.9e, 14.6); without a row the defaults hold.

    municipalities: its own; none: everyone's. is_strict: also who pays the full price
    must live there, not only who has the kansenstatuut (rules 16.2). sends_mails: who joins gets one.
    cardless: a `Cardless`. tariff_info: who has a right to the kansenstatuut here, in a sentence or two.
    """

    __tablename__ = "registration_rules"

    card_system_id: int = Field(primary_key=True, foreign_key="card_system.id", ondelete="CASCADE")
    grace_days: int = 0
    welcome_points: int = 0
    municipalities: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    is_strict: bool = False
    cardless: str = Field(default=Cardless.NONE, sa_column_kwargs={"server_default": Cardless.NONE.value})
    sends_mails: bool = Field(default=True, sa_column=Column(Boolean, nullable=False, server_default=true()))
    tariff_info: str = Field(default="", sa_column_kwargs={"server_default": ""})


class CitySettings(SQLModel, table=True):
    """What holds in one municipality of a card system (json-api 5); without a row the defaults hold.

    contact_email: for who asks something there, empty for none. cardless: whether who lives there can get a
    digital card with the kansenstatuut, where the card system gives them.
    """

    __tablename__ = "city_settings"

    card_system_id: int = Field(primary_key=True, foreign_key="card_system.id", ondelete="CASCADE")
    municipality: str = Field(primary_key=True)
    contact_email: str = ""
    cardless: bool = True
