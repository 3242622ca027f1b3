"""Three municipalities, two police zones, six BINs. All fictional.

NIS codes of a province 99, postcodes and numbers ``0x 00 …`` that nobody has.
"""

from __future__ import annotations

import dataclasses

from wagtail.models import Site

from wagtail_bin.models import (
    Municipality,
    Network,
    NetworkStreet,
    PoliceZone,
    Postcode,
)

Street = dict[str, str | int]


@dataclasses.dataclass(frozen=True)
class Place:
    """One BIN: where it is and what is said of it, per language."""

    slug: str
    name: str
    municipality: str
    kind: str
    contact_name: str
    contact_phone: str
    members: int
    streets: tuple[Street, ...]
    introduction: dict[str, str]


ZONES = {
    "5991": {"name": "Politiezone Heide en Linde", "phone": "+3214000101"},
    "5992": {"name": "Zone de police du Tilleul", "phone": "+3242000101"},
}
MUNICIPALITIES = {
    "99001": {
        "name_nl": "Heidebeek",
        "name_fr": "Ruisseau-des-Landes",
        "languages": "nl,fr",
        "message_language": Municipality.MessageLanguage.OWN,
        "zone": "5991",
        "postcode": "2929",
    },
    "99002": {
        "name_nl": "Lindedal",
        "name_fr": "Val-Tilleul",
        "languages": "fr,nl",
        "message_language": Municipality.MessageLanguage.ALL,
        "zone": "5992",
        "postcode": "4899",
    },
    "99003": {
        "name_fr": "Val-des-Tilleuls",
        "name_de": "Lindental",
        "languages": "de,fr",
        "message_language": Municipality.MessageLanguage.OWN,
        "zone": "5991",
        "postcode": "4799",
    },
}
PLACES = (
    Place(
        slug="heidebeek-centrum",
        name="BIN Heidebeek Centrum",
        municipality="99001",
        kind=Network.Kind.RESIDENTS,
        contact_name="Coördinator BIN Centrum",
        contact_phone="+32470000001",
        members=340,
        streets=(
            {"name_nl": "Dorpsplein"},
            {
                "name_nl": "Kerkstraat",
                "parity": "even",
                "number_from": 2,
                "number_to": 148,
            },
            {"name_nl": "Beekstraat", "parity": "odd", "number_from": 47},
            {"name_nl": "Schoolstraat"},
            {"name_nl": "Molenweg", "number_to": 60},
        ),
        introduction={
            "nl": "De buren rond het dorpsplein, samen met de politie en de gemeente.",
            "fr": "Les voisins autour de la place, avec la police et la commune.",
            "de": "Die Nachbarn rund um den Dorfplatz, mit Polizei und Gemeinde.",
        },
    ),
    Place(
        slug="heidebeek-bosrand",
        name="BIN Bosrand",
        municipality="99001",
        kind=Network.Kind.RESIDENTS,
        contact_name="Coördinator BIN Bosrand",
        contact_phone="+32470000002",
        members=260,
        streets=(
            {"name_nl": "Dennenlaan"},
            {"name_nl": "Berkenlaan"},
            {"name_nl": "Heidestraat", "number_from": 100},
            {"name_nl": "Vossenpad", "parity": "odd"},
        ),
        introduction={
            "nl": "De wijk aan het bos: verspreide huizen, lange lanen, weinig verlichting.",
            "fr": "Le quartier au bord du bois : des maisons dispersées, peu d’éclairage.",
            "de": "Das Viertel am Wald: verstreute Häuser, wenig Beleuchtung.",
        },
    ),
    Place(
        slug="heidebeek-bin-z",
        name="BIN-Z Heidebeek",
        municipality="99001",
        kind=Network.Kind.BUSINESS,
        contact_name="Coördinator BIN-Z",
        contact_phone="+32470000003",
        members=90,
        streets=(
            {"name_nl": "Stationsstraat"},
            {"name_nl": "Ambachtenlaan", "number_from": 1, "number_to": 45},
        ),
        introduction={
            "nl": "Voor winkels, horeca en bedrijven in de Stationsstraat en op het ambachtenpark.",
            "fr": "Pour les commerces et entreprises de la Stationsstraat et du parc artisanal.",
            "de": "Für Läden und Betriebe in der Stationsstraat und im Gewerbepark.",
        },
    ),
    Place(
        slug="val-tilleul",
        name="PLP Val-Tilleul",
        municipality="99002",
        kind=Network.Kind.RESIDENTS,
        contact_name="Coordination PLP Val-Tilleul",
        contact_phone="+32470000004",
        members=240,
        streets=(
            {"name_fr": "Rue du Moulin", "name_nl": "Molenstraat"},
            {"name_fr": "Rue des Tilleuls", "name_nl": "Lindestraat", "parity": "even"},
            {"name_fr": "Place Communale", "name_nl": "Gemeenteplein"},
        ),
        introduction={
            "nl": "De buurt rond het gemeenteplein van Lindedal.",
            "fr": "Le quartier de la place communale de Val-Tilleul.",
            "de": "Das Viertel rund um den Gemeindeplatz von Val-Tilleul.",
        },
    ),
    Place(
        slug="val-tilleul-plp-i",
        name="PLP-I Val-Tilleul",
        municipality="99002",
        kind=Network.Kind.BUSINESS,
        contact_name="Coordination PLP-I Val-Tilleul",
        contact_phone="+32470000005",
        members=90,
        streets=(
            {"name_fr": "Rue de la Gare", "name_nl": "Stationsstraat"},
            {
                "name_fr": "Chaussée de l’Ouest",
                "name_nl": "Westersteenweg",
                "number_to": 210,
            },
        ),
        introduction={
            "nl": "Voor zelfstandigen en handelaars van Lindedal.",
            "fr": "Pour les indépendants et les commerçants de Val-Tilleul.",
            "de": "Für Selbständige und Händler von Val-Tilleul.",
        },
    ),
    Place(
        slug="lindental",
        name="NIN Lindental",
        municipality="99003",
        kind=Network.Kind.RESIDENTS,
        contact_name="Koordination NIN Lindental",
        contact_phone="+32470000006",
        members=180,
        streets=(
            {"name_de": "Lindenstraße", "name_fr": "Rue des Tilleuls"},
            {"name_de": "Am Bach", "name_fr": "Au Ruisseau"},
            {"name_de": "Kirchweg", "name_fr": "Chemin de l’Église", "parity": "odd"},
        ),
        introduction={
            "nl": "Buren in Lindental die op elkaar letten.",
            "fr": "Des voisins attentifs les uns aux autres à Lindental.",
            "de": "Nachbarn in Lindental, die aufeinander achtgeben.",
        },
    ),
)


def load_places(site: Site) -> list[Network]:
    """Make the municipalities, zones and BINs. The site is that of Heidebeek.

    Returns:
        The networks, in the order of ``PLACES``.
    """
    zones = {
        number: PoliceZone.objects.create(number=number, **zone)
        for number, zone in ZONES.items()
    }
    towns = {}
    for nis_code, data in MUNICIPALITIES.items():
        fields = {k: v for k, v in data.items() if k not in {"zone", "postcode"}}
        towns[nis_code] = Municipality.objects.create(
            nis_code=nis_code, police_zone=zones[data["zone"]], **fields
        )
        postcode = Postcode.objects.create(code=data["postcode"])
        towns[nis_code].postcodes.add(postcode)
    Municipality.objects.filter(nis_code="99001").update(site=site)
    return [_load(place, towns[place.municipality]) for place in PLACES]


def _load(place: Place, town: Municipality) -> Network:
    network = Network.objects.create(
        name=place.name,
        slug=place.slug,
        kind=place.kind,
        municipality=town,
        police_zone=town.police_zone,
        contact_name=place.contact_name,
        contact_email=f"{place.slug}@heidebeek.example",
        contact_phone=place.contact_phone,
    )
    postcode = MUNICIPALITIES[place.municipality]["postcode"]
    for street in place.streets:
        NetworkStreet.objects.create(network=network, postcode=postcode, **street)
    return network
