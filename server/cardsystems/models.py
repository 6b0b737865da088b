"""Card systems (rules 1.6)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from server.kernel.types import UtcDateTime


class CardSystem(SQLModel, table=True):
    """A region or temporary system that issues cards.

    labels: UiTdatabank labels that stand for it, old and new names alike (rules 15.1d).
    prefixes: the five-digit prefixes of its card numbers (rules 6.5).
    token_key: 32 bytes, sealed by the vault; turns a chip number into a token. key_number: which of
    its keys that is; others are in `CardSystemKey`.
    """

    __tablename__ = "card_system"

    id: int = Field(primary_key=True)
    name: str
    labels: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    permanent: bool = True
    prefixes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    token_key: bytes
    key_number: int = 1


class CardSystemBranding(SQLModel, table=True):
    """How a card system looks; colours as `#61a60e`, empty for none.

    logo: PNG; logo_mark: changes with it. display_bits: the logo of the zuilen, rows of whole bytes.
    """

    __tablename__ = "card_system_branding"

    card_system_id: int = Field(primary_key=True, foreign_key="card_system.id", ondelete="CASCADE")
    primary_color: str = ""
    secondary_color: str = ""
    website: str = ""
    logo: bytes | None = None
    logo_mark: str = ""
    display_width: int = 0
    display_height: int = 0
    display_bits: bytes | None = None


class CardSystemKey(SQLModel, table=True):
    """A token key that is not the one in use, sealed: a higher number is the next, a lower one a former.

    Former keys stay as long as a zuil may hand in taps with tokens under them (`server.kiosks.former_keys`).
    retired_at: when a former key went out of use.
    """

    __tablename__ = "card_system_key"

    card_system_id: int = Field(primary_key=True, foreign_key="card_system.id", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    token_key: bytes
    retired_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class PermissionGroup(SQLModel, table=True):
    """What the counters in it may do in its card system (rules 2.3); `rights` are `CounterRight` values.

    is_default: a counter that joins the card system joins this group; one of each card system is.
    """

    __tablename__ = "permission_group"

    id: int | None = Field(default=None, primary_key=True)
    card_system_id: int = Field(foreign_key="card_system.id", index=True, ondelete="CASCADE")
    name: str
    rights: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    is_default: bool = False
    is_school: bool = False
