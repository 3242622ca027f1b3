"""The demo's website: pages in three languages, made as an editor makes them.

Pages are drafts until a revision is published. Tips are translated by
wagtail-localize, segment by segment; the pages around them are copied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from wagtail.models import Locale, Page, Site
from wagtail_localize.models import (
    StringSegment,
    StringTranslation,
    Translation,
    TranslationSource,
)

from example_site.demo.places import PLACES
from example_site.demo.tips import (
    DARK_MONTHS,
    DRAFT,
    LANGUAGES,
    OTHER_TIPS,
    THEMES,
    Tip,
)
from example_site.home.models import HomePage
from wagtail_bin.models import (
    BINIndexPage,
    BINPage,
    ContactPage,
    FoundingPage,
    Network,
    Theme,
    TipIndexPage,
    TipPage,
)

Fields = dict[str, Any]
HOME: dict[str, Fields] = {
    "nl": {
        "title": "Welkom in Heidebeek",
        "introduction": "<p>Een dorp aan de beek, met een luisterend gemeentehuis.</p>",
    },
    "fr": {
        "title": "Bienvenue à Heidebeek",
        "introduction": "<p>Un village au bord du ruisseau, une commune à l’écoute.</p>",
    },
    "de": {
        "title": "Willkommen in Heidebeek",
        "introduction": "<p>Ein Dorf am Bach, mit einer Gemeinde, die zuhört.</p>",
    },
}
BIN_INDEX: dict[str, Fields] = {
    "nl": {
        "title": "BIN in uw buurt",
        "search_description": "Buren, politie en gemeente voorkomen samen inbraak.",
        "introduction": "<p>In een buurtinformatienetwerk (BIN) geven buren, politie en gemeente elkaar "
        "informatie en tips om diefstal en inbraak te voorkomen. Heidebeek doet dat "
        "samen met Lindedal (Val-Tilleul) en Lindental.</p>",
    },
    "fr": {
        "title": "PLP dans votre quartier",
        "search_description": "Voisins, police et commune préviennent ensemble les vols.",
        "introduction": "<p>Dans un partenariat local de prévention (PLP), voisins, police et commune échangent des "
        "informations et des conseils pour prévenir les vols. Heidebeek le fait avec "
        "Val-Tilleul et Lindental.</p>",
    },
    "de": {
        "title": "NIN in Ihrer Nachbarschaft",
        "search_description": "Nachbarn, Polizei und Gemeinde beugen gemeinsam vor.",
        "introduction": "<p>In einem Nachbarschaftsinformationsnetz (NIN) tauschen Nachbarn, Polizei und Gemeinde "
        "Informationen und Tipps aus, um Diebstahl vorzubeugen. Heidebeek tut das "
        "gemeinsam mit Val-Tilleul und Lindental.</p>",
    },
}
TIP_INDEX: dict[str, Fields] = {
    "nl": {
        "title": "Preventietips",
        "search_description": "Wat u zelf kunt doen, kort en duidelijk.",
        "introduction": "<p>Wat u zelf kunt doen, kort en duidelijk.</p>",
    },
    "fr": {
        "title": "Conseils de prévention",
        "search_description": "Ce que vous pouvez faire, en bref.",
        "introduction": "<p>Ce que vous pouvez faire vous-même, en bref.</p>",
    },
    "de": {
        "title": "Präventionstipps",
        "search_description": "Was Sie selbst tun können, kurz und klar.",
        "introduction": "<p>Was Sie selbst tun können, kurz und klar.</p>",
    },
}
FOUNDING: dict[str, Fields] = {
    "nl": {
        "title": "Zelf een BIN starten",
        "search_description": "In drie stappen, samen met uw buren en de politie.",
        "introduction": "Nog geen BIN in uw straat? Zo begint u eraan.",
    },
    "fr": {
        "title": "Créer un PLP",
        "search_description": "En trois étapes, avec vos voisins et la police.",
        "introduction": "Pas encore de PLP dans votre rue ? Voici comment commencer.",
    },
    "de": {
        "title": "Ein NIN gründen",
        "search_description": "In drei Schritten, mit Nachbarn und Polizei.",
        "introduction": "Noch kein NIN in Ihrer Straße? So fangen Sie an.",
    },
}
CONTACT: dict[str, Fields] = {
    "nl": {
        "title": "De politie bereiken",
        "search_description": "Dringend: 112. Niet dringend: zo bereikt u ons.",
        "introduction": "Bel nooit te laat en meld nooit te veel: kies hier de juiste weg.",
    },
    "fr": {
        "title": "Joindre la police",
        "search_description": "Urgent : 112. Pas urgent : comment nous joindre.",
        "introduction": "N’appelez jamais trop tard : choisissez ici le bon chemin.",
    },
    "de": {
        "title": "Die Polizei erreichen",
        "search_description": "Dringend: 112. Nicht dringend: So erreichen Sie uns.",
        "introduction": "Rufen Sie nie zu spät an: Wählen Sie hier den richtigen Weg.",
    },
}
HOW_TO_JOIN = {
    "nl": "<p>Woont of werkt u hier en bent u 18 of ouder? Mail of bel het contact "
    "hierboven. Aansluiten is gratis en u kunt altijd stoppen.</p>",
    "fr": "<p>Vous habitez ou travaillez ici et avez 18 ans ou plus ? Écrivez ou "
    "téléphonez au contact ci-dessus. C’est gratuit et vous pouvez toujours arrêter.</p>",
    "de": "<p>Sie wohnen oder arbeiten hier und sind mindestens 18? Schreiben Sie oder "
    "rufen Sie an. Die Teilnahme ist kostenlos und Sie können jederzeit aufhören.</p>",
}


def load_site() -> tuple[Site, list[Page]]:
    """Make the home page in each language and the site.

    Returns:
        The site, and the home pages.
    """
    for code, _name in settings.LANGUAGES:
        Locale.objects.get_or_create(language_code=code)
    placeholder = Page.objects.filter(depth=2).first()
    root = Page.objects.get(depth=1)
    home = _publish(root, HomePage(slug="heidebeek"), HOME)
    address = urlsplit(settings.WAGTAILADMIN_BASE_URL)
    site, _made = Site.objects.update_or_create(
        is_default_site=True,
        defaults={
            "hostname": address.hostname,
            "port": address.port or 80,
            "root_page": home,
            "site_name": "Heidebeek",
        },
    )
    if placeholder:
        placeholder.delete()
    return site, list(home.get_translations(inclusive=True))


def load_content(site: Site, networks: list[Network]) -> TipPage:
    """Make the pages of the BINs and the tips.

    Returns:
        The main tip: a complete draft in Dutch whose translations are live.
    """
    home = site.root_page
    bins = _publish(home, BINIndexPage(slug="bin", show_in_menus=True), BIN_INDEX)
    for network, place in zip(networks, PLACES, strict=True):
        fields = {
            language: {
                "title": network.name,
                "introduction": f"<p>{place.introduction[language]}</p>",
                "how_to_join": HOW_TO_JOIN[language],
            }
            for language in LANGUAGES
        }
        _publish(bins, BINPage(slug=network.slug, network=network), fields)
    tips = _publish(home, TipIndexPage(slug="tips", show_in_menus=True), TIP_INDEX)
    _publish(home, FoundingPage(slug="start"), FOUNDING)
    _publish(home, ContactPage(slug="politie", show_in_menus=True), CONTACT)
    themes = _load_themes()
    for tip in OTHER_TIPS:
        page = _write(tips, tip, themes)
        page.get_latest_revision().publish()
        _translate(page, tip)
    _write(tips, DRAFT, themes)
    main = _write(tips, DARK_MONTHS, themes)
    _translate(main, DARK_MONTHS)
    return main


def _publish(parent: Page, page: Any, fields: dict[str, Fields]) -> Any:
    """Publish a page in the first language and copies of it in the others."""
    first, *others = LANGUAGES
    page.locale = Locale.objects.get(language_code=first)
    page.live = False
    _fill(page, fields[first], lambda: parent.add_child(instance=page))
    for language in others:
        locale = Locale.objects.get(language_code=language)
        _fill(page.copy_for_translation(locale), fields[language])
    return page


def _fill(page: Any, fields: Fields, save: Callable[[], Any] | None = None) -> None:
    for name, value in fields.items():
        setattr(page, name, value)
    if save:
        save()
    page.save_revision().publish()


def _load_themes() -> dict[str, Theme]:
    themes = {}
    for slug, names in THEMES.items():
        first, *others = (
            Locale.objects.get(language_code=language) for language in LANGUAGES
        )
        themes[slug] = Theme.objects.create(name=names[0], slug=slug, locale=first)
        for locale, name in zip(others, names[1:], strict=True):
            copy = themes[slug].copy_for_translation(locale)
            copy.name = name
            copy.save()
    return themes


def _write(parent: TipIndexPage, tip: Tip, themes: dict[str, Theme]) -> TipPage:
    """A draft in the first language."""
    page = TipPage(
        title=tip.title[0],
        slug=tip.slug,
        locale=parent.locale,
        introduction=tip.introduction[0],
        search_description="",
        body=tip.body_in(LANGUAGES[0]),
        season=tip.season,
        source=tip.source,
        themes=[themes[slug] for slug in tip.themes],
        live=False,
    )
    parent.add_child(instance=page)
    page.save_revision()
    return page


def _translate(page: TipPage, tip: Tip) -> None:
    """Translate every segment with wagtail-localize and publish the result."""
    source, _made = TranslationSource.update_or_create_from_instance(page)
    for language in LANGUAGES[1:]:
        locale = Locale.objects.get(language_code=language)
        translation = Translation.objects.create(source=source, target_locale=locale)
        words = tip.dictionary(language)
        for segment in StringSegment.objects.filter(source=source):
            StringTranslation.objects.create(
                translation_of=segment.string,
                locale=locale,
                context=segment.context,
                data=words[segment.string.data],
                translation_type=StringTranslation.TRANSLATION_TYPE_MANUAL,
            )
        translation.save_target(publish=False)
        translation.get_target_instance().get_latest_revision().publish()
