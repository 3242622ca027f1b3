"""What the demo says about prevention, in Dutch, French and German.

Each text is a triple. Pages are written in the first language; the others
become the translations of wagtail-localize.
"""

from __future__ import annotations

import dataclasses
from typing import Any

LANGUAGES = ("nl", "fr", "de")
Text = tuple[str, str, str]

THEMES: dict[str, Text] = {
    "inbraak": ("Inbraak", "Cambriolage", "Einbruch"),
    "fietsdiefstal": ("Fietsdiefstal", "Vol de vélo", "Fahrraddiebstahl"),
    "phishing": ("Phishing", "Hameçonnage", "Phishing"),
    "vakantie": ("Vakantie", "Vacances", "Ferien"),
}


@dataclasses.dataclass(frozen=True)
class Tip:
    """One tip. ``body`` holds (block, value), with a Text where a page has text."""

    slug: str
    title: Text
    introduction: Text
    body: tuple[tuple[str, Any], ...]
    themes: tuple[str, ...]
    season: str = "all_year"
    source: str = ""

    def body_in(self, language: str) -> list[tuple[str, Any]]:
        """The body in one language, as a StreamField takes it."""
        return [(kind, _pick(value, language)) for kind, value in self.body]

    def dictionary(self, language: str) -> dict[str, str]:
        """Each text of the source language with its translation; the slug stays."""
        texts = [self.title, self.introduction]
        texts += [text for _kind, value in self.body for text in _texts(value)]
        index = LANGUAGES.index(language)
        words = {_plain(text[0]): _plain(text[index]) for text in texts}
        return words | {self.slug: self.slug}


def _is_text(value: Any) -> bool:
    return isinstance(value, tuple)


def _pick(value: Any, language: str) -> Any:
    if _is_text(value):
        return value[LANGUAGES.index(language)]
    if isinstance(value, list):
        return [_pick(item, language) for item in value]
    if isinstance(value, dict):
        return {key: _pick(item, language) for key, item in value.items()}
    return value


def _texts(value: Any) -> list[Text]:
    if _is_text(value):
        return [value]
    items = value.values() if isinstance(value, dict) else value
    if isinstance(items, str):
        return []
    return [text for item in items for text in _texts(item)]


def _plain(text: str) -> str:
    """Rich text is translated by paragraph, without its tags around it."""
    return text.removeprefix("<p>").removesuffix("</p>")


DARK_MONTHS = Tip(
    slug="donkere-maanden",
    title=(
        "Laat inbrekers in de donkere maanden niet in het donker werken",
        "Mois sombres : ne laissez pas les cambrioleurs agir dans le noir",
        "Dunkle Monate: Lassen Sie Einbrecher nicht im Dunkeln arbeiten",
    ),
    introduction=(
        "Van november tot februari wordt er vaker ingebroken, meestal tussen vier en "
        "acht uur ’s avonds. Met licht en goede gewoonten houdt u inbrekers weg.",
        "De novembre à février, les cambriolages sont plus nombreux, surtout entre "
        "seize et vingt heures. De la lumière et de bonnes habitudes les découragent.",
        "Von November bis Februar wird häufiger eingebrochen, meist zwischen sechzehn "
        "und zwanzig Uhr. Licht und gute Gewohnheiten halten Einbrecher fern.",
    ),
    body=(
        (
            "paragraph",
            (
                "<p>Een inbreker kiest een huis waar niemand lijkt te zijn en waar hij "
                "snel binnen kan. Maak het hem moeilijk.</p>",
                "<p>Un cambrioleur choisit une maison qui paraît vide et où il entre "
                "vite. Compliquez-lui la tâche.</p>",
                "<p>Ein Einbrecher wählt ein Haus, in dem niemand zu sein scheint und in "
                "das er schnell hineinkommt. Machen Sie es ihm schwer.</p>",
            ),
        ),
        (
            "steps",
            {
                "heading": (
                    "Voor u de deur uitgaat",
                    "Avant de sortir de chez vous",
                    "Bevor Sie aus dem Haus gehen",
                ),
                "steps": [
                    (
                        "Sluit alle ramen en deuren. Draai het slot twee keer om.",
                        "Fermez fenêtres et portes. Donnez deux tours de clé.",
                        "Schließen Sie alle Fenster und Türen. Schließen Sie zweimal ab.",
                    ),
                    (
                        "Laat binnen een lamp branden, of gebruik een tijdschakelaar.",
                        "Laissez une lampe allumée, ou utilisez une minuterie.",
                        "Lassen Sie innen eine Lampe brennen oder nutzen Sie eine Zeitschaltuhr.",
                    ),
                    (
                        "Berg ladders, vuilnisbakken en gereedschap achter slot.",
                        "Rangez sous clé échelles, poubelles et outils.",
                        "Schließen Sie Leitern, Mülltonnen und Werkzeug weg.",
                    ),
                    (
                        "Vraag een buur om een oogje in het zeil te houden.",
                        "Demandez à un voisin de garder un œil sur la maison.",
                        "Bitten Sie Nachbarn, ein Auge auf das Haus zu haben.",
                    ),
                ],
            },
        ),
        (
            "do_and_dont",
            {
                "do": [
                    (
                        "Bel meteen 112 als u een inbraak ziet gebeuren.",
                        "Appelez tout de suite le 112 si vous voyez un cambriolage.",
                        "Rufen Sie sofort 112 an, wenn Sie einen Einbruch sehen.",
                    ),
                    (
                        "Vraag gratis advies aan de diefstalpreventieadviseur.",
                        "Demandez l’avis gratuit du conseiller en prévention vol.",
                        "Fragen Sie den Berater in Diebstahlprävention, kostenlos.",
                    ),
                ],
                "dont": [
                    (
                        "Zet niet op sociale media dat u weg bent.",
                        "N’annoncez pas votre absence sur les réseaux sociaux.",
                        "Schreiben Sie nicht in sozialen Medien, dass Sie weg sind.",
                    ),
                    (
                        "Houd zelf niemand tegen: laat dat aan de politie.",
                        "N’arrêtez personne vous-même : laissez faire la police.",
                        "Halten Sie niemanden selbst auf: Das macht die Polizei.",
                    ),
                ],
            },
        ),
        (
            "contact",
            {
                "name": (
                    "Politiezone Heide en Linde",
                    "Zone de police Heide en Linde",
                    "Polizeizone Heide en Linde",
                ),
                "phone": ("014 00 01 01",) * 3,
                "url": "",
                "text": (
                    "Voor wat niet dringend is, elke werkdag van 8 tot 18 uur.",
                    "Pour ce qui n’est pas urgent, en semaine de 8 à 18 heures.",
                    "Für alles, was nicht dringend ist, werktags von 8 bis 18 Uhr.",
                ),
            },
        ),
    ),
    themes=("inbraak",),
    season="dark_months",
)
OTHER_TIPS = (
    Tip(
        slug="fiets-op-slot",
        title=(
            "Zo houdt u uw fiets",
            "Gardez votre vélo",
            "So behalten Sie Ihr Fahrrad",
        ),
        introduction=(
            "Een fiets is in tien seconden weg. Twee sloten en een merkteken helpen.",
            "Un vélo disparaît en dix secondes. Deux cadenas et un marquage aident.",
            "Ein Fahrrad ist in zehn Sekunden weg. Zwei Schlösser und eine Codierung helfen.",
        ),
        body=(
            (
                "steps",
                {
                    "heading": ("Doe dit", "Faites ceci", "Tun Sie dies"),
                    "steps": [
                        (
                            "Maak het kader vast aan iets dat niet weg kan.",
                            "Attachez le cadre à un point fixe.",
                            "Schließen Sie den Rahmen an etwas Festes an.",
                        ),
                        (
                            "Laat uw fiets gratis merken bij de gemeente.",
                            "Faites marquer votre vélo à la commune, c’est gratuit.",
                            "Lassen Sie Ihr Fahrrad kostenlos bei der Gemeinde codieren.",
                        ),
                        (
                            "Bewaar een foto en het nummer van het kader.",
                            "Conservez une photo et le numéro du cadre.",
                            "Bewahren Sie ein Foto und die Rahmennummer auf.",
                        ),
                    ],
                },
            ),
        ),
        themes=("fietsdiefstal",),
    ),
    Tip(
        slug="valse-berichten",
        title=(
            "Uw bank vraagt nooit uw codes",
            "Votre banque ne demande jamais vos codes",
            "Ihre Bank fragt nie nach Ihren Codes",
        ),
        introduction=(
            "Een sms of mail met haast erin is bijna altijd vals. Klik niet, bel niet terug.",
            "Un SMS ou un mail pressant est presque toujours faux. Ne cliquez pas.",
            "Eine SMS oder Mail mit Zeitdruck ist fast immer falsch. Klicken Sie nicht.",
        ),
        body=(
            (
                "do_and_dont",
                {
                    "do": [
                        (
                            "Verwijder het bericht.",
                            "Supprimez le message.",
                            "Löschen Sie die Nachricht.",
                        ),
                        (
                            "Bel bij twijfel Card Stop: 078 170 170.",
                            "En cas de doute, appelez Card Stop : 078 170 170.",
                            "Rufen Sie im Zweifel Card Stop an: 078 170 170.",
                        ),
                    ],
                    "dont": [
                        (
                            "Geef nooit een code of een pincode door.",
                            "Ne donnez jamais de code, ni votre code PIN.",
                            "Geben Sie nie einen Code oder eine PIN weiter.",
                        ),
                    ],
                },
            ),
        ),
        themes=("phishing",),
    ),
    Tip(
        slug="op-reis",
        title=(
            "Op reis? Vraag afwezigheidstoezicht",
            "En voyage ? Demandez la surveillance de votre habitation",
            "Auf Reisen? Beantragen Sie die Überwachung Ihrer Wohnung",
        ),
        introduction=(
            "De politie komt gratis langs bij uw huis. Vraag het een week vooraf aan.",
            "La police passe gratuitement devant chez vous. Demandez-le une semaine avant.",
            "Die Polizei kommt kostenlos vorbei. Beantragen Sie es eine Woche vorher.",
        ),
        body=(
            (
                "paragraph",
                (
                    "<p>Vul de aanvraag in op Police-on-web of ga langs bij de politie.</p>",
                    "<p>Remplissez la demande sur Police-on-web ou passez à la police.</p>",
                    "<p>Stellen Sie den Antrag auf Police-on-web oder bei der Polizei.</p>",
                ),
            ),
        ),
        themes=("vakantie", "inbraak"),
        season="summer",
        source="https://www.police.example/afwezigheidstoezicht",
    ),
)
# Left for whoever tries the demo: written, not translated, not sent.
DRAFT = Tip(
    slug="babbeltruc",
    title=("Een vreemde aan de deur? Vraag een legitimatie", "", ""),
    introduction=(
        "Oplichters doen zich voor als agent, loodgieter of bankbediende. Wie echt is, "
        "vindt het niet erg dat u belt om dat na te gaan.",
        "",
        "",
    ),
    body=(
        (
            "do_and_dont",
            {
                "do": [
                    ("Houd de deur op de ketting.", "", ""),
                    ("Bel zelf de firma of de politie om het na te gaan.", "", ""),
                ],
                "dont": [("Geef nooit uw bankkaart of uw code af.", "", "")],
            },
        ),
    ),
    themes=("inbraak",),
)
