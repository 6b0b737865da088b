"""Card systems (rules 1.6)."""

from __future__ import annotations

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class CardSystem(SQLModel, table=True):
    """A region or temporary system that issues cards.

    labels: UiTdatabank labels that stand for it, old and new names alike (rules 15.1d).
    prefixes: the five-digit prefixes of its card numbers (rules 6.5).
    token_key: 32 bytes, sealed by the vault; turns a chip number into a token.
    """

    __tablename__ = "card_system"

    id: int = Field(primary_key=True)
    name: str
    labels: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    permanent: bool = True
    prefixes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    token_key: bytes
