"""The 57 permissions of API clients and users: ids, words, who may grant them (json-api 3)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from server.cardsystems.rights import CounterRight


class ApiPermission(StrEnum):
    """One thing a client may do for an organiser; the value is the id on the wire."""

    TARIFFS_READ = "TARIFFS_READ"
    TICKETSALES_SEARCH = "TICKETSALES_SEARCH"
    TICKETSALES_REGISTER = "TICKETSALES_REGISTER"
    EVENTS_READ = "EVENTS_READ"
    EVENTS_READ_ALL = "EVENTS_READ_ALL"
    EVENTS_UPDATE = "EVENTS_UPDATE"
    EVENTS_UPDATE_ALL = "EVENTS_UPDATE_ALL"
    EVENT_SETTINGS_READ = "EVENT_SETTINGS_READ"
    EVENT_SETTINGS_READ_ALL = "EVENT_SETTINGS_READ_ALL"
    EVENT_SETTINGS_UPDATE = "EVENT_SETTINGS_UPDATE"
    EVENT_SETTINGS_UPDATE_ALL = "EVENT_SETTINGS_UPDATE_ALL"
    EVENTS_QR_CHECKINCODE = "EVENTS_QR_CHECKINCODE"
    CHECKINS_READ = "CHECKINS_READ"
    CHECKINS_WRITE = "CHECKINS_WRITE"
    ORGANIZERS_SEARCH = "ORGANIZERS_SEARCH"
    ORGANIZERS_REPORTS = "ORGANIZERS_REPORTS"
    ORGANIZERS_ADMINS_READ = "ORGANIZERS_ADMINS_READ"
    ORGANIZERS_ADMINS_WRITE = "ORGANIZERS_ADMINS_WRITE"
    PASSHOLDERS_SEARCH = "PASSHOLDERS_SEARCH"
    PASSHOLDERS_SEARCH_ALL = "PASSHOLDERS_SEARCH_ALL"
    PASSHOLDERS_SEARCH_BY_ID = "PASSHOLDERS_SEARCH_BY_ID"
    PASSHOLDERS_WRITE = "PASSHOLDERS_WRITE"
    PASSHOLDERS_WRITE_SOCIALTARIFF = "PASSHOLDERS_WRITE_SOCIALTARIFF"
    PASSHOLDERS_WRITE_SOCIALTARIFF_FULL_CARDSYSTEM = "PASSHOLDERS_WRITE_SOCIALTARIFF_FULL_CARDSYSTEM"
    PASSHOLDERS_WRITE_FOREIGN_COUNTRY = "PASSHOLDERS_WRITE_FOREIGN_COUNTRY"
    PASSHOLDERS_UPDATE = "PASSHOLDERS_UPDATE"
    PASSHOLDERS_DELETE = "PASSHOLDERS_DELETE"
    PASSHOLDERS_PICTURE_READ = "PASSHOLDERS_PICTURE_READ"
    PASSHOLDERS_PICTURE_WRITE = "PASSHOLDERS_PICTURE_WRITE"
    PASSHOLDERS_PRIVATE_READ = "PASSHOLDERS_PRIVATE_READ"
    PASSHOLDERS_PRIVATE_WRITE = "PASSHOLDERS_PRIVATE_WRITE"
    PASSHOLDER_COUPONS_READ = "PASSHOLDER_COUPONS_READ"
    GROUPPASS_COUPONS_READ = "GROUPPASS_COUPONS_READ"
    GROUPPASSES_SEARCH = "GROUPPASSES_SEARCH"
    MEMBERSHIP_PRICES_READ = "MEMBERSHIP_PRICES_READ"
    PASSES_READ = "PASSES_READ"
    PASSES_INSZNUMBERS_READ = "PASSES_INSZNUMBERS_READ"
    PASSES_CHIPNUMBERS_READ = "PASSES_CHIPNUMBERS_READ"
    REWARDS_READ = "REWARDS_READ"
    REWARDS_WRITE = "REWARDS_WRITE"
    REWARDS_REDEEM = "REWARDS_REDEEM"
    REWARDS_PASSHOLDERS_READ = "REWARDS_PASSHOLDERS_READ"
    PASSHOLDERS_SELF_REGISTRATION = "PASSHOLDERS_SELF_REGISTRATION"
    PASSHOLDERS_SELF_CHECKIN = "PASSHOLDERS_SELF_CHECKIN"
    PASSHOLDERS_SELF_READ = "PASSHOLDERS_SELF_READ"
    PASSHOLDERS_REGISTER_UITID = "PASSHOLDERS_REGISTER_UITID"
    PASSHOLDERS_TRANSACTION_HISTORY = "PASSHOLDERS_TRANSACTION_HISTORY"
    PASSHOLDERS_FAMILY_MEMBERS = "PASSHOLDERS_FAMILY_MEMBERS"
    ORDERS_READ = "ORDERS_READ"
    ORDERS_CREATE = "ORDERS_CREATE"
    PERMISSIONS_READ = "PERMISSIONS_READ"
    PERMISSIONS_WRITE = "PERMISSIONS_WRITE"
    CARDS_READ = "CARDS_READ"
    ASSOCIATIONS = "ASSOCIATIONS"
    SOCIALTARIFF_EXPORT = "SOCIALTARIFF_EXPORT"
    KIOSKS_READ = "KIOSKS_READ"
    KIOSKS_WRITE = "KIOSKS_WRITE"


class Entry(NamedTuple):
    """What a permission is called. reaches_all: it is not bound to an organiser; administrators grant it."""

    nl: str
    fr: str
    en: str
    reaches_all: bool = False


P = ApiPermission
PERMISSIONS: Final[Mapping[ApiPermission, Entry]] = MappingProxyType(
    {
        P.TARIFFS_READ: Entry("Tarieven opvragen", "Consulter les tarifs", "Read tariffs"),
        P.TICKETSALES_SEARCH: Entry(
            "Ticketsales zoeken", "Rechercher des ventes de tickets", "Search ticket sales"
        ),
        P.TICKETSALES_REGISTER: Entry(
            "Ticketsales registreren", "Enregistrer des ventes de tickets", "Register ticket sales"
        ),
        P.EVENTS_READ: Entry("Eigen activiteiten opvragen", "Consulter ses activités", "Read own events"),
        P.EVENTS_READ_ALL: Entry(
            "Alle activiteiten opvragen",
            "Consulter toutes les activités",
            "Read all events",
            reaches_all=True,
        ),
        P.EVENTS_UPDATE: Entry("Eigen activiteiten aanpassen", "Modifier ses activités", "Update own events"),
        P.EVENTS_UPDATE_ALL: Entry(
            "Alle activiteiten aanpassen",
            "Modifier toutes les activités",
            "Update all events",
            reaches_all=True,
        ),
        P.EVENT_SETTINGS_READ: Entry(
            "Instellingen van eigen activiteiten opvragen",
            "Consulter les réglages de ses activités",
            "Read settings of own events",
        ),
        P.EVENT_SETTINGS_READ_ALL: Entry(
            "Instellingen van alle activiteiten opvragen",
            "Consulter les réglages de toutes les activités",
            "Read settings of all events",
            reaches_all=True,
        ),
        P.EVENT_SETTINGS_UPDATE: Entry(
            "Instellingen van eigen activiteiten aanpassen",
            "Modifier les réglages de ses activités",
            "Update settings of own events",
        ),
        P.EVENT_SETTINGS_UPDATE_ALL: Entry(
            "Instellingen van alle activiteiten aanpassen",
            "Modifier les réglages de toutes les activités",
            "Update settings of all events",
            reaches_all=True,
        ),
        P.EVENTS_QR_CHECKINCODE: Entry(
            "QR-posters van activiteiten ophalen",
            "Télécharger les affiches QR des activités",
            "Download QR check-in posters",
        ),
        P.CHECKINS_READ: Entry("Check-ins opvragen", "Consulter les check-ins", "Read check-ins"),
        P.CHECKINS_WRITE: Entry("Check-ins registreren", "Enregistrer des check-ins", "Register check-ins"),
        P.ORGANIZERS_SEARCH: Entry(
            "Organisators zoeken", "Rechercher des organisateurs", "Search organizers"
        ),
        P.ORGANIZERS_REPORTS: Entry(
            "Financiële rapporten maken", "Établir des rapports financiers", "Make financial reports"
        ),
        P.ORGANIZERS_ADMINS_READ: Entry(
            "Beheerders van organisators opvragen",
            "Consulter les gestionnaires des organisateurs",
            "Read admins of organizers",
        ),
        P.ORGANIZERS_ADMINS_WRITE: Entry(
            "Beheerders van organisators aanpassen",
            "Modifier les gestionnaires des organisateurs",
            "Update admins of organizers",
        ),
        P.PASSHOLDERS_SEARCH: Entry(
            "Pashouders van de kaartsystemen zoeken",
            "Rechercher les titulaires des systèmes de cartes",
            "Search passholders",
        ),
        P.PASSHOLDERS_SEARCH_ALL: Entry(
            "Alle pashouders zoeken",
            "Rechercher tous les titulaires",
            "Search all passholders",
            reaches_all=True,
        ),
        P.PASSHOLDERS_SEARCH_BY_ID: Entry(
            "Pashouders zoeken op nummer",
            "Rechercher des titulaires par numéro",
            "Search passholders by identification number",
        ),
        P.PASSHOLDERS_WRITE: Entry(
            "Pashouders registreren en aanpassen",
            "Inscrire et modifier des titulaires",
            "Register and update passholders",
        ),
        P.PASSHOLDERS_WRITE_SOCIALTARIFF: Entry(
            "Kansenstatuut toekennen", "Accorder le statut à tarif réduit", "Grant the social tariff"
        ),
        P.PASSHOLDERS_WRITE_SOCIALTARIFF_FULL_CARDSYSTEM: Entry(
            "Kansenstatuut toekennen in heel het kaartsysteem",
            "Accorder le statut à tarif réduit dans tout le système de cartes",
            "Grant the social tariff in the full card system",
        ),
        P.PASSHOLDERS_WRITE_FOREIGN_COUNTRY: Entry(
            "Pashouders uit het buitenland registreren",
            "Inscrire des titulaires de l'étranger",
            "Register passholders from abroad",
        ),
        P.PASSHOLDERS_UPDATE: Entry("Pashouders aanpassen", "Modifier des titulaires", "Update passholders"),
        P.PASSHOLDERS_DELETE: Entry(
            "Pashouders verwijderen", "Supprimer des titulaires", "Delete passholders"
        ),
        P.PASSHOLDERS_PICTURE_READ: Entry(
            "Foto's van pashouders bekijken", "Voir les photos des titulaires", "Read pictures of passholders"
        ),
        P.PASSHOLDERS_PICTURE_WRITE: Entry(
            "Foto's van pashouders aanpassen",
            "Modifier les photos des titulaires",
            "Update pictures of passholders",
        ),
        P.PASSHOLDERS_PRIVATE_READ: Entry(
            "Notities over pashouders lezen", "Lire les notes sur les titulaires", "Read notes on passholders"
        ),
        P.PASSHOLDERS_PRIVATE_WRITE: Entry(
            "Notities over pashouders aanpassen",
            "Modifier les notes sur les titulaires",
            "Update notes on passholders",
        ),
        P.PASSHOLDER_COUPONS_READ: Entry(
            "Coupons van pashouders opvragen",
            "Consulter les coupons des titulaires",
            "Read coupons of passholders",
        ),
        P.GROUPPASS_COUPONS_READ: Entry(
            "Coupons van groepspassen opvragen",
            "Consulter les coupons des pass de groupe",
            "Read coupons of group passes",
        ),
        P.GROUPPASSES_SEARCH: Entry(
            "Groepspassen zoeken", "Rechercher des pass de groupe", "Search group passes"
        ),
        P.MEMBERSHIP_PRICES_READ: Entry(
            "Prijzen van lidmaatschappen opvragen",
            "Consulter les prix des affiliations",
            "Read membership prices",
        ),
        P.PASSES_READ: Entry("Passen opvragen", "Consulter les pass", "Read passes"),
        P.PASSES_INSZNUMBERS_READ: Entry(
            "Passen opvragen met rijksregisternummer",
            "Consulter les pass par numéro de registre national",
            "Read passes by INSZ number",
        ),
        P.PASSES_CHIPNUMBERS_READ: Entry(
            "Passen opvragen met chipnummer",
            "Consulter les pass par numéro de puce",
            "Read passes by chip number",
        ),
        P.REWARDS_READ: Entry("Voordelen opvragen", "Consulter les avantages", "Read rewards"),
        P.REWARDS_WRITE: Entry(
            "Voordelen aanmaken en aanpassen", "Créer et modifier des avantages", "Create and update rewards"
        ),
        P.REWARDS_REDEEM: Entry("Voordelen omruilen", "Échanger des avantages", "Redeem rewards"),
        P.REWARDS_PASSHOLDERS_READ: Entry(
            "Voordelen op maat van pashouders opvragen",
            "Consulter les avantages propres aux titulaires",
            "Read rewards for passholders",
        ),
        P.PASSHOLDERS_SELF_REGISTRATION: Entry(
            "Zichzelf registreren", "S'inscrire soi-même", "Register oneself"
        ),
        P.PASSHOLDERS_SELF_CHECKIN: Entry(
            "Zelf inchecken", "Faire son check-in soi-même", "Check in oneself"
        ),
        P.PASSHOLDERS_SELF_READ: Entry(
            "Eigen gegevens opvragen", "Consulter ses propres données", "Read own data"
        ),
        P.PASSHOLDERS_REGISTER_UITID: Entry(
            "UiTPAS aan UiTiD koppelen", "Lier l'UiTPAS à l'UiTiD", "Link UiTPAS to UiTiD"
        ),
        P.PASSHOLDERS_TRANSACTION_HISTORY: Entry(
            "Puntenhistoriek opvragen", "Consulter l'historique des points", "Read the history of points"
        ),
        P.PASSHOLDERS_FAMILY_MEMBERS: Entry(
            "Gezinsleden beheren", "Gérer les membres de la famille", "Manage family members"
        ),
        P.ORDERS_READ: Entry("Bestellingen opvragen", "Consulter les commandes", "Read orders"),
        P.ORDERS_CREATE: Entry("Bestellingen plaatsen", "Passer des commandes", "Create orders"),
        P.PERMISSIONS_READ: Entry(
            "Rechten van clients opvragen",
            "Consulter les droits des clients",
            "Read permissions of clients",
            reaches_all=True,
        ),
        P.PERMISSIONS_WRITE: Entry(
            "Rechten van clients aanpassen",
            "Modifier les droits des clients",
            "Update permissions of clients",
            reaches_all=True,
        ),
        P.CARDS_READ: Entry("Kaarten opvragen", "Consulter les cartes", "Read cards"),
        P.ASSOCIATIONS: Entry(
            "Verenigingslidmaatschappen beheren",
            "Gérer les affiliations aux associations",
            "Manage association memberships",
        ),
        P.SOCIALTARIFF_EXPORT: Entry(
            "Lijst van kansenstatuten ophalen",
            "Télécharger la liste des statuts à tarif réduit",
            "Export active social tariffs",
        ),
        P.KIOSKS_READ: Entry("Zuilen opvragen", "Consulter les bornes", "Read kiosks"),
        P.KIOSKS_WRITE: Entry("Zuilen instellen", "Régler les bornes", "Configure kiosks"),
    }
)

SELF_PERMISSIONS: Final = frozenset(
    {P.PASSHOLDERS_SELF_REGISTRATION, P.PASSHOLDERS_SELF_CHECKIN, P.PASSHOLDERS_SELF_READ}
    | {P.PASSHOLDERS_REGISTER_UITID, P.PASSHOLDERS_TRANSACTION_HISTORY, P.PASSHOLDERS_FAMILY_MEMBERS}
)
"""What a pashouder may do for himself through a program that was granted it."""

MEMBER_PERMISSIONS: Final = frozenset(
    {P.EVENTS_READ, P.EVENT_SETTINGS_READ, P.ORGANIZERS_SEARCH, P.ORGANIZERS_ADMINS_READ}
    | {P.KIOSKS_READ, P.KIOSKS_WRITE}
)
"""What every member of a counter may do for its organiser, whatever the counter's rights."""

ADMIN_PERMISSIONS: Final = frozenset({P.ORGANIZERS_ADMINS_WRITE})
"""What those who say who the members are may do as well."""

OF_RIGHT: Final[Mapping[CounterRight, frozenset[ApiPermission]]] = MappingProxyType(
    {
        CounterRight.CHECK_IN: frozenset(
            {P.CHECKINS_READ, P.CHECKINS_WRITE, P.PASSES_READ, P.PASSES_CHIPNUMBERS_READ}
            | {P.PASSES_INSZNUMBERS_READ, P.PASSHOLDERS_SEARCH, P.EVENTS_QR_CHECKINCODE, P.CARDS_READ}
        ),
        CounterRight.GIVE_REWARDS: frozenset({P.REWARDS_READ, P.REWARDS_REDEEM, P.REWARDS_PASSHOLDERS_READ}),
        CounterRight.SELL_TICKETS: frozenset(
            {P.TARIFFS_READ, P.TICKETSALES_SEARCH, P.TICKETSALES_REGISTER, P.PASSHOLDER_COUPONS_READ}
            | {P.GROUPPASSES_SEARCH, P.GROUPPASS_COUPONS_READ, P.ORGANIZERS_REPORTS}
        ),
        CounterRight.REGISTER: frozenset(
            {P.PASSHOLDERS_WRITE, P.PASSHOLDERS_UPDATE, P.MEMBERSHIP_PRICES_READ, P.ASSOCIATIONS}
            | {P.PASSHOLDERS_PICTURE_READ, P.PASSHOLDERS_PICTURE_WRITE}
            | {P.PASSHOLDERS_PRIVATE_READ, P.PASSHOLDERS_PRIVATE_WRITE, P.PASSHOLDERS_FAMILY_MEMBERS}
        ),
        CounterRight.GRANT_SOCIAL_TARIFF: frozenset({P.PASSHOLDERS_WRITE_SOCIALTARIFF}),
        CounterRight.REGISTER_ELSEWHERE: frozenset({P.PASSHOLDERS_WRITE_SOCIALTARIFF_FULL_CARDSYSTEM}),
        CounterRight.REGISTER_ABROAD: frozenset({P.PASSHOLDERS_WRITE_FOREIGN_COUNTRY}),
    }
)
"""What a right of a counter lets its members do through the API."""
