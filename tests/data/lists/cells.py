"""Lists of which the cells themselves are the difficulty."""

from __future__ import annotations

import datetime as dt
import re

from tests.data.lists.writers import text, workbook, xlsx


def numbers() -> dict[str, bytes]:
    """Telephone numbers."""
    notations = """
        0470 00 00 01 | 0470/00.00.02 | 0470/000.003 | 0470.00.00.04 | 0470-00-00-05
        0470000006 | +32 470 00 00 07 | +32470000008 | 0032 470 00 00 09
        0032(0)470000010 | +32 (0)470 00 00 11 | (0470) 00.00.12 | 470/00.00.13
        470 00 00 14 | 32470000015 | T 0470 00 00 16 | gsm: 0470/00 00 17
        +31 6 12345678 | 014 00 00 19 | +32 (0)14 00 00 20 | 0470 00 00 | onbekend
    """
    cells = [cell.strip() for cell in re.split(r"[|\n]", notations) if cell.strip()]
    broken = workbook(
        Leden=[
            ["Naam", "GSM", "Telefoon", "Postcode", "Gemeente"],
            ["Peeters An", 470000001, 36000001, 2920, "Kalmthout"],
            ["Maes Koen", 32470000002, None, 2920.0, "Kalmthout"],
            ["Claes Veerle", "4,7E+08", None, "2920", "Kalmthout"],
            ["Wouters Rik", 470000004.0, "014000004", "B-2920", "Kalmthout"],
        ]
    )
    return {
        "mobiles.csv": text(
            [["Naam", "GSM"], *([f"Lid {n}", cell] for n, cell in enumerate(cells, 1))]
        ),
        "liege.csv": text(
            """
Nom;Prénom;Téléphone;Portable
Lambert;Jean;04/200.00.01;0470/00.00.01
Gérard;Anne;04 200 00 02;
Simon;Luc;0470 00 00 03;04 200 00 03
Noël;Rita;04/300.00.04;
Thonnard;Guy;42000005;470000005
Piron;Marc;+32 (0)4 200 00 06;
Remy;Léa;04 200 00 07;04 200 00 08
"""
        ),
        "several-numbers.csv": text(
            """
Naam;Telefoon/GSM;E-mail
Peeters An;0470 00 00 01 / 03 600 00 01;
Maes Koen;0470/00.00.02 - 0470/00.00.03;
Claes Veerle;0470000004, 036000004;
Wouters Rik;0470 00 00 05 (Rik) of 0470 00 00 06 (Els);
Jacobs Lies;thuis: 03/600.00.07  gsm: 0470/00.00.07;
De Smet Bob;0470 00 00 08 & +32 470 00 00 09;
Mertens Ine;0470 00 00 10;0470000010
Goossens Tom;0470 00 00 11 / 0470 00 00 12 / 03 600 00 11;
Aerts Jo;03 600 00 13 of 03 600 00 14;
Smets Lea;0470 00 00 15/16;
"""
        ),
        "excel-broke-numbers.csv": text(
            """
Naam;GSM;E-mailadres
Peeters An;4,7E+08;an@example.org
Maes Koen;1.2E+08;
Claes Veerle;470000003;
Wouters Rik;470000004,0;rik@example.org
Jacobs Lies;36000005;
De Smet Bob;#####;bob@example.org
"""
        ),
        "lost-zeros.xlsx": xlsx(broken),
    }


def names_and_places() -> dict[str, bytes]:
    """Several things in one cell."""
    flemish = """
        Dorpsstraat 12 | Dorpsstraat 12A | Dorpsstraat 12 A | Dorpsstraat 12A bus 3
        Dorpsstraat 12 b3 | Dorpsstraat 12 b. 3 | Dorpsstraat 12/3 | Dorpsstraat 12-14
        Dorpsstraat 12, bus 0302 | Dorpsstraat nr. 12 | Koning Albert I-laan 12
        11 Novemberlaan 5 | 1ste Reperstraat 12 | Steenweg op Turnhout 120 bus A1
        St.-Jansplein 3 | Dorpsstraat | Dorpsstraat z/n | Plein 1940-1945 Zuid
        Dorpsstraat 12 app. 4 | Dorpsstraat 12 (achterbouw)
        Dorpsstraat 12 bus 3 verdieping 2
    """
    walloon = """
        Rue de l'Église 12 bte 3 | Rue Haute, 12 | 12, rue Haute | 12 rue Haute
        Rue Haute 12, boîte B | 12 bte 3, rue Haute | 12, rue Haute bte 3
        Rue Haute n° 12 | Avenue de la Reine 12 D | Rue Haute 12bis
        Rue du 11 Novembre 5 | Place du 20 Août 4 | 4 Place du 20 Août
        Place du 20 Août | Rue Albert 1er 12 | Chaussée de Mons 1234/B12
        Rue Haute 12, 1330 Rixensart | Rue Haute 12 bte 2 - B-1330 Rixensart
        Hauptstraße 7 Bfk. 2 | Hauptstr.7
    """

    def addresses(cells: str) -> list[str]:
        return [cell.strip() for cell in re.split(r"[|\n]", cells) if cell.strip()]

    return {
        "addresses-nl.csv": text(
            [
                ["Naam", "Straat + nr", "PC", "Gemeente", "E-mail"],
                *(
                    [f"Lid {n}", cell, "2920", "Kalmthout", f"lid{n}@example.org"]
                    for n, cell in enumerate(addresses(flemish), 1)
                ),
            ]
        ),
        "addresses-fr.csv": text(
            [
                ["Nom", "Adresse", "E-mail"],
                *(
                    [f"Membre {n}", cell, f"membre{n}@example.org"]
                    for n, cell in enumerate(addresses(walloon), 1)
                ),
            ]
        ),
        "parts-in-other-columns.csv": text(
            """
Naam;Straat;Nummer;Bus;Postcode;Woonplaats;E-mail
Peeters;Dorpsstraat;12 bus 3;;2920 Kalmthout;;p@example.org
Maes;Dorpsstraat 12;;3;2920;Kalmthout;m@example.org
Claes;Dorpsstraat 12 bus 3;;4;;Kalmthout (2920);c@example.org
Wouters;Dorpsstraat 12, 2920 Kalmthout;;;2920;Kalmthout;w@example.org
Jacobs;Dorpsstraat 12, 2920 Kalmthout;;;2910;Essen;j@example.org
De Smet;Dorpsstraat;12;bus 3;B-2920;KALMTHOUT;d@example.org
"""
        ),
        "names.csv": text(
            """
Naam;E-mail
Peeters Jan;n1@example.org
Jan Peeters;n2@example.org
PEETERS, Jan;n3@example.org
PEETERS Jan;n4@example.org
Jan VAN DEN BROECK;n5@example.org
Jan van den BROECK;n6@example.org
PEETERS JAN;n7@example.org
Dhr. en Mevr. Peeters;n8@example.org
De heer Jan Peeters;n9@example.org
De Heer Jan;n10@example.org
Mevr. Peeters-Janssens;n11@example.org
M. et Mme Dupont;n12@example.org
Herr und Frau Groß;n13@example.org
Familie Peeters;n14@example.org
M. Dupont;n15@example.org
BVBA Peeters;n16@example.org
Mevr.;n17@example.org
;n18@example.org
"""
        ),
        "shops.csv": text(
            """
Firma;Contactpersoon;Adres;Tel.;Mail
Bakkerij Peeters bv;An Peeters;Dorpsstraat 12;03 600 00 01;bakkerij@example.org
Café 't Hof;;Dorpsstraat 14;;cafe@example.org
;Koen Maes;Dorpsstraat 16;0470 00 00 03;
Apotheek Claes;Mevr. Veerle Claes;Dorpsstraat 18;;
"""
        ),
    }


def words_and_addresses() -> dict[str, bytes]:
    """E-mail, languages, dates, answers."""
    since = workbook(
        Leden=[
            ["Naam", "GSM", "Geboortedatum", "Lid sinds", "Jaar", "Rijksregisternr"],
            [
                "Peeters An",
                "0470 00 00 01",
                dt.date(1960, 5, 1),
                dt.date(2019, 3, 1),
                2019,
                "60.05.01-000.01",
            ],
            ["Maes Koen", "0470 00 00 02", "12/11/1971", 43525, 2019, "71111200002"],
            ["Claes Veerle", "0470 00 00 03", "03/02/1980", "15/09/2020", 2020, None],
        ]
    )
    return {
        "emails.csv": text(
            [
                ["Naam", "E-mailadres", "GSM"],
                ["Een", "  an@example.org  ", ""],
                ["Twee", "mailto:bob@example.org", ""],
                ["Drie", "Cis Claes <cis@example.org>", ""],
                ["Vier", "Daan <mailto:daan@example.org>", ""],
                ["Vijf", "'els@example.org' <els@example.org>", ""],
                ["Zes", "FRE@EXAMPLE.ORG;", ""],
                ["Zeven", "gust@example.org\xa0", ""],
                ["Acht", "hans@example.org (werk)", ""],
                ["Negen", "ine@example.org; jo@example.org", ""],
                ["Tien", "geen", "0470 00 00 10"],
                ["Elf", "geen", ""],
                ["Twaalf", "lea @example.org", ""],
                ["Dertien", "an peeters@example.org", ""],
                ["Veertien", "mia@example", ""],
                ["Vijftien", "renée@example.org", ""],
                ["Zestien", "o@example.org\nBcc: p@example.org", ""],
            ]
        ),
        "languages.csv": text(
            [
                ["Naam", "E-mail", "Taal"],
                *(
                    [f"Lid {n}", f"lid{n}@example.org", word]
                    for n, word in enumerate(
                        [
                            "N",
                            "F",
                            "D",
                            "E",
                            "NL",
                            "FR",
                            "DE",
                            "EN",
                            "Nederlands",
                            "Frans",
                            "néerlandais",
                            "français",
                            "allemand",
                            "Deutsch",
                            "Niederländisch",
                            "nl-BE",
                            "NL/FR",
                            "FR+NL",
                            "Klingon",
                        ],
                        1,
                    )
                ),
                ["Lid 20", "lid20@example.org", ""],
            ]
        ),
        "dates.xlsx": xlsx(since),
        "consent.csv": text(
            """
Naam;Voornaam;E-mail;GSM;Akkoord;Foto's
Peeters;An;an@example.org;;ja;nee
Maes;Koen;koen@example.org;;x;
Claes;Veerle;veerle@example.org;;nee;ja
Wouters;Rik;rik@example.org;;;
Jacobs;Lies;lies@example.org;;OK 12/03/2024;ja
"""
        ),
        "formulas.csv": text(
            """
Naam;Voornaam;Straat;GSM;E-mail
=cmd|' /C calc'!A0;An;Dorpsstraat 1;;n1@example.org
+Peeters;An;Dorpsstraat 1;;n2@example.org
-Maes;Koen;Dorpsstraat 1;;n3@example.org
@SUM(A1:A9);Veerle;Dorpsstraat 1;;n4@example.org
Wouters;"=HYPERLINK(""http://example.org"";""klik"")";Dorpsstraat 1;;n5@example.org
Jacobs;Lies;"	=1+1";;n6@example.org
De Smet;Bob;-;+32 470 00 00 07;n7@example.org
"""
        ),
    }


def headers() -> dict[str, bytes]:
    """Headers, and lists without."""
    return {
        "no-header.csv": text(
            """
Peeters;An;Dorpsstraat;12;2920;Kalmthout;0470 00 00 01;an@example.org
Maes;Koen;Beauvoislaan;18A;2920;Kalmthout;0470 00 00 02;koen@example.org
Claes;Veerle;Heide;7;2920;Kalmthout;;veerle@example.org
Wouters;Els;Kapellensteenweg;241;2920;Kalmthout;0470 00 00 04;
"""
        ),
        "no-header-title.xlsx": xlsx(
            workbook(
                Blad1=[
                    ["PLP Genval - membres"],
                    [],
                    [
                        "Jean Dupont",
                        "Rue Haute 5",
                        "1332 Genval",
                        "0470 00 00 11",
                        "02 600 00 11",
                        "FR",
                    ],
                    [
                        "Hélène Lefèbvre",
                        "Rue Haute 7 bte 2",
                        "1332 Genval",
                        "0470 00 00 12",
                        None,
                        "FR",
                    ],
                    [
                        "Luc Simon",
                        "Avenue du Lac 9",
                        "1332 Genval",
                        None,
                        "02 600 00 13",
                        "NL",
                    ],
                ]
            )
        ),
        "no-header-contacts.csv": text(
            """
jan@example.org,Jan Peeters
koen@example.org,Koen Maes
veerle@example.org,Veerle Claes
""",
            "utf-8",
        ),
        "half-a-header.csv": text(
            """
Naam;Voornaam;Contactgegevens;Bereikbaar op;Rekening
Peeters;An;an@example.org;0470 00 00 01;geen
Maes;Koen;koen@example.org;0470 00 00 02;geen
Claes;Veerle;;0470 00 00 03;geen
"""
        ),
        "swapped-header.csv": text(
            """
Contact;Naam;Bus;Opmerking
an@example.org;Peeters An;1;ziek
koen@example.org;Maes Koen;2;
"""
        ),
        "duplicate-headers.csv": text(
            """
Nr;Naam;Voornaam;Straat;Nr;Telefoon;Telefoon;Telefoon;E-mail;E-mail
1;Peeters;An;Dorpsstraat;12;03 600 00 01;0470 00 00 01;;;an@example.org
2;Maes;Koen;Dorpsstraat;14;;0470 00 00 02;0470 00 00 12;;koen@example.org
3;Claes;Veerle;Dorpsstraat;16;03 600 00 03;;;;
"""
        ),
        "four-languages.csv": text(
            """
Naam / Nom / Name;Voornaam / Prénom / Vorname;Straat - Rue - Straße;Nr./N°;Postcode / Code postal / PLZ;Gemeente | Commune | Gemeinde;GSM / Portable / Handy;E-mail / Courriel;Taal / Langue / Sprache / Language
Peeters;An;Dorpsstraat;12;1000;Brussel;0470 00 00 01;an@example.org;NL
Dupont;Hélène;Rue Haute;5;1000;Bruxelles;0470 00 00 11;helene@example.org;FR
Groß;Jürgen;Neustraße;7;4700;Eupen;0470 00 00 21;;DE
"""
        ),
        "unusual-headers.csv": text(
            """
Fam.naam;Voorn.;Straat + nr;PC;Woonpl.;Tel. privé;GSM 1;GSM 2;E-mailadres lid (verplicht);Functie
Peeters;An;Dorpsstraat 12 bus 3;2920;Kalmthout;03 600 00 01;0470 00 00 01;;an@example.org;coördinator
Maes;Koen;Beauvoislaan 18;2920;Kalmthout;;0470 00 00 02;0470 00 00 12;koen@example.org;
"""
        ),
        "refused-rows.xlsx": xlsx(
            workbook(
                **{
                    "Geweigerde rijen": [
                        ["\u2751 regel", "\u2751 reden", "Naam", "GSM", "Wijk"],
                        [
                            "3",
                            "gsm: Dit is geen telefoonnummer.",
                            "Maes Koen",
                            "0470 00 00 02",
                            "Heide",
                        ],
                        [
                            "7",
                            "gsm: Dit is geen telefoonnummer.",
                            "Claes Veerle",
                            "0470 00 0",
                            "Heide",
                        ],
                    ]
                }
            )
        ),
    }
