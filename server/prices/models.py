"""Price tables (rules 6.10)."""

from __future__ import annotations

from datetime import date

from sqlmodel import Field, SQLModel

from shared.domain.prices import PriceLine, PriceReason


class PriceTable(SQLModel, table=True):
    """What cards of a card system cost from a day on, until the next table begins.

    voucher_type_id: for who has a voucher of this type; None: for everyone else.
    """

    __tablename__ = "price_table"

    id: int | None = Field(default=None, primary_key=True)
    card_system_id: int = Field(foreign_key="card_system.id", index=True, ondelete="CASCADE")
    voucher_type_id: int | None = Field(
        default=None, foreign_key="voucher_type.id", index=True, ondelete="CASCADE"
    )
    valid_from: date


class PriceRow(SQLModel, table=True):
    """A line of a price table; see `shared.domain.prices.PriceLine`."""

    __tablename__ = "price_row"

    id: int | None = Field(default=None, primary_key=True)
    table_id: int = Field(foreign_key="price_table.id", index=True, ondelete="CASCADE")
    reason: str
    cents: int
    label: str = ""
    description: str = ""
    age_from: int | None = None
    age_to: int | None = None
    is_for_unknown_age: bool = False
    social_tariff: bool | None = None
    is_resident: bool | None = None
    carrier: str = ""

    @property
    def line(self) -> PriceLine:
        """The line as the rule reads it."""
        facts = {name: getattr(self, name) for name in PriceLine._fields}
        return PriceLine(**facts | {"reason": PriceReason(self.reason)})
