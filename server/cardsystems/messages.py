"""Card systems as the JSON API shows them."""

from __future__ import annotations

from collections.abc import Sequence

from server.api.wire import Wire
from server.cardsystems.branding import Looks, rgb
from server.cardsystems.models import CardSystem
from server.passholders.models import Cardless, Place


class BrandingMessage(Wire):
    """The branding of a `CardSystem`; colours as `rgba(97,166,14,1.0)`."""

    logo: str | None = None
    primary_color: str | None = None
    secondary_color: str | None = None


class LinksMessage(Wire):
    """The links of a `CardSystem`."""

    website: str


class CityMessage(Wire):
    """`City`."""

    postal_code: str
    name: str


class SocialTariffSettings(Wire):
    """`CardSystemSocialTariffSettings`."""

    postal_code: str
    allows_cardless_registration: bool


class CitySettingsMessage(Wire):
    """`CardSystemCitySettings`."""

    city: str
    allows_cardless_registration: bool
    contact_email: str


class CardSystemMessage(Wire):
    """`CardSystem` of the JSON API; in a request only the id counts."""

    id: int
    name: str | None = None
    permanent: bool | None = None
    branding: BrandingMessage | None = None
    links: LinksMessage | None = None
    allows_cardless_registration: bool | None = None
    cardless_registration_type: str | None = None
    cities: list[CityMessage] | None = None
    social_tariff_info: str | None = None


def card_system_message(system: CardSystem) -> CardSystemMessage:
    """Return a card system as it goes over the wire."""
    return CardSystemMessage(id=system.id, name=system.name, permanent=system.permanent)


def branded(message: CardSystemMessage, looks: Looks | None, address: str) -> CardSystemMessage:
    """Return a card system with its looks; address: scheme and host of this server."""
    if looks is None:
        return message
    branding = BrandingMessage(
        logo=f"{address}/merk/{message.id}/logo.png?v={looks.mark}" if looks.mark else None,
        primary_color=_rgba(looks.primary),
        secondary_color=_rgba(looks.secondary),
    )
    links = LinksMessage(website=looks.website) if looks.website else None
    return message.model_copy(update={"branding": branding, "links": links})


def ruled(
    message: CardSystemMessage, cardless: str, tariff_info: str, places: Sequence[Place]
) -> CardSystemMessage:
    """Return a card system that says who can join: from where, and without a card (a `Cardless`)."""
    said = {
        "cardless_registration_type": cardless,
        "allows_cardless_registration": cardless != Cardless.NONE,
        "social_tariff_info": tariff_info or None,
        "cities": [CityMessage(postal_code=place.postcode, name=place.name) for place in places],
    }
    return message.model_copy(update=said)


def _rgba(colour: str) -> str | None:
    return "rgba({},{},{},1.0)".format(*rgb(colour)) if colour else None
