"""What must come out of each file of this directory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tests.data.lists.writers import table


@dataclass(frozen=True)
class Expected:
    """What a list is read as.

    ``fields``: of each column, ``-`` where it is not read, with a question mark
    when its values told and not its header. ``members``: by line, the values that
    are not empty. ``refused``: by line, the problems as ``field:code``.
    """

    fields: str
    members: str
    refused: dict[int, str] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    header: int = 1
    sheet: str = ""
    others: tuple[str, ...] = ()

    @property
    def values(self) -> dict[int, dict[str, str]]:
        """By line, what is known of a member."""
        names, *rows = table(self.members)
        return {
            int(line): {
                name: value
                for name, value in zip(names[1:], values, strict=False)
                if value
            }
            for line, *values in rows
        }


@dataclass(frozen=True)
class Rejected:
    """How the refusal of a whole file begins."""

    message: str


FLEMISH = Expected(
    "last_name first_name street number box postcode locality mobile phone email language",
    """
        line | first_name | last_name | email | mobile | phone | street | number | box | postcode | locality | language
        2 | An | Peeters | an.peeters@example.org | +32470000001 | | Dorpsstraat | 12 | | 2920 | Kalmthout | nl
        3 | Zoë | Van den Broeck | zoe@example.org | +32470000002 | +3236000002 | Heidestatiestraat | 7A | 3 | 2920 | Kalmthout | nl
        4 | André | D’Hondt | | | +3236000003 | Kapellensteenweg | 241 | | 2920 | Kalmthout | nl
        5 | Noëlla | Verstraeten | noella@example.org | +32470000004 | | Max Temmermanlaan | 5 | 0201 | 2920 | Kalmthout | fr
    """,
    refused={6: "unreachable"},
)
WALLOON = Expected(
    "last_name first_name street number box postcode locality mobile phone email language",
    """
        line | first_name | last_name | email | mobile | phone | street | number | box | postcode | locality | language
        2 | Hélène | Dupont | helene.dupont@example.org | +32470000011 | +3226000011 | Rue de l'Église | 12 | 3 | 1330 | Rixensart | fr
        3 | François | Lefèbvre | f.lefebvre@example.org | +32470000012 | | Avenue des Combattants | 44 | | 1332 | Genval | fr
        4 | Gaëtan | Cœur | | | +3226000013 | Place Communale | 1bis | | 1331 | Rosières | fr
        5 | Maïté | Van Houtte | maite@example.org | +32470000014 | | Rue du Bois | 7 | A2 | 1330 | Rixensart | nl
    """,
)
GERMAN = Expected(
    "last_name first_name street number box postcode locality mobile phone email language",
    """
        line | first_name | last_name | email | mobile | phone | street | number | box | postcode | locality | language
        2 | Jürgen | Groß | juergen.gross@example.org | +32470000021 | +3287500021 | Aachener Straße | 10 | | 4700 | Eupen | de
        3 | Käthe | Müller | | | +3287500022 | Schulstraße | 3a | 2 | 4730 | Raeren | de
        4 | Björn | Strauß-Niessen | bjoern@example.org | +32470000023 | | Klosterstr. | 14 | | 4780 | St. Vith | de
        5 | Zoé | Lambertz | zoe.lambertz@example.org | +32470000024 | +3280500024 | Hauptstraße | 7 | B | 4760 | Büllingen | fr
    """,
)
EXPECTED: dict[str, Expected | Rejected] = {
    "excel-nl.csv": FLEMISH,
    "excel-fr.csv": WALLOON,
    "excel-de.csv": GERMAN,
    "excel-utf8-bom.csv": WALLOON,
    "excel-sep-line.csv": Expected(
        "last_name first_name street number box postcode locality mobile phone email language",
        """
            line | first_name | last_name | email | mobile | phone | street | number | box | postcode | locality | language
            3 | An | Peeters | an.peeters@example.org | +32470000001 | | Dorpsstraat | 12 | | 2920 | Kalmthout | nl
            4 | Zoë | Van den Broeck | zoe@example.org | +32470000002 | +3236000002 | Heidestatiestraat | 7A | 3 | 2920 | Kalmthout | nl
            5 | André | D’Hondt | | | +3236000003 | Kapellensteenweg | 241 | | 2920 | Kalmthout | nl
            6 | Noëlla | Verstraeten | noella@example.org | +32470000004 | | Max Temmermanlaan | 5 | 0201 | 2920 | Kalmthout | fr
        """,
        refused={7: "unreachable"},
        header=2,
    ),
    "excel-unicode-text.txt": GERMAN,
    "excel-tab-separated.txt": FLEMISH,
    "excel-ms-dos.csv": GERMAN,
    "excel-macintosh.csv": WALLOON,
    "libreoffice.csv": GERMAN,
    "libreoffice.ods": replace(FLEMISH, sheet="Blad1"),
    "google-sheets.csv": WALLOON,
    "google-forms.csv": Expected(
        "- email full_name address locality mobile -",
        """
            line | first_name | last_name | email | mobile | street | number | box | postcode | locality
            2 | | Peeters An | an.peeters@example.org | +32470000001 | Dorpsstraat | 12 | 3 | 2920 | Kalmthout
            3 | | Koen Maes | koen@example.org | +32470000002 | Beauvoislaan | 18 | | 2920 | Kalmthout
            4 | Zoë | Van den Broeck | zoe@example.org | +32470000003 | Heide 7, 2920 Kalmthout | | | | Heide
        """,
    ),
    "outlook-contacts.csv": Rejected("This list has more than 50 columns"),
    "title-rows.xlsx": Expected(
        "- last_name first_name - street number postcode locality mobile",
        """
            line | first_name | last_name | mobile | street | number | postcode | locality
            5 | An | Peeters | +32470000001 | Dorpsstraat | 12 | 2920 | Kalmthout
            6 | Koen | Maes | +32470000002 | Beauvoislaan | 18A | 2920 | Kalmthout
            8 | Veerle | Claes | +32470000003 | Heide | 7 | 2920 | Kalmthout
        """,
        refused={9: "unreachable"},
        skipped={"empty": 2, "total": 1},
        header=4,
        sheet="Leden",
    ),
    "two-sheets.xlsx": replace(FLEMISH, sheet="Leden", others=("Uitleg",)),
    "first-sheet-only-header.xlsx": replace(
        FLEMISH, sheet="Leden", others=("Nieuw", "Oud")
    ),
    "hidden-sheet.xlsx": Expected(
        "last_name first_name street number box postcode locality mobile phone email language",
        """
            line | first_name | last_name | email | mobile | phone | street | number | box | postcode | locality | language
            2 | André | D’Hondt | | | +3236000003 | Kapellensteenweg | 241 | | 2920 | Kalmthout | nl
            3 | Noëlla | Verstraeten | noella@example.org | +32470000004 | | Max Temmermanlaan | 5 | 0201 | 2920 | Kalmthout | fr
        """,
        refused={4: "unreachable"},
        sheet="Leden",
    ),
    "three-sheets.ods": replace(GERMAN, sheet="Mitglieder", others=("Inhalt", "Alt")),
    "totals-and-pages.csv": Expected(
        "full_name address mobile email",
        """
            line | last_name | email | mobile | street | number
            4 | Dupont Hélène | helene@example.org | +32470000011 | Rue Haute | 5
            5 | Lefèbvre François | | +32470000012 | Rue Haute | 7
            8 | Total Station Genval | | +32470000013 | Rue Haute | 9
        """,
        skipped={"empty": 2, "header": 1, "total": 2},
        header=3,
    ),
    "empty-columns.csv": Expected(
        "- - last_name - first_name - - mobile - email",
        """
            line | first_name | last_name | email | mobile
            2 | An | Peeters | an@example.org | +32470000001
            4 | Koen | Maes | | +32470000002
        """,
        skipped={"empty": 1, "total": 1},
    ),
    "lines-in-cells.csv": Expected(
        "full_name address mobile",
        """
            line | last_name | mobile | phone | street | number | box | postcode | locality
            5 | Peeters An | +32470000001 | +3236000001 | Dorpsstraat | 12 | 3 | 2920 | Kalmthout
            9 | Maes "Koentje" Koen | +32470000002 | | Heide | 7 | | 2920 | Kalmthout
        """,
    ),
    "empty.csv": Rejected("This file is empty"),
    "blank.xlsx": Rejected("No column with names was found"),
    "only-header.csv": Rejected("This list has a header, and nobody below it"),
    "prose.csv": Rejected("No column with names was found"),
    "mobiles.csv": Expected(
        "full_name mobile",
        """
            line | last_name | mobile | phone
            2 | Lid 1 | +32470000001 |
            3 | Lid 2 | +32470000002 |
            4 | Lid 3 | +32470000003 |
            5 | Lid 4 | +32470000004 |
            6 | Lid 5 | +32470000005 |
            7 | Lid 6 | +32470000006 |
            8 | Lid 7 | +32470000007 |
            9 | Lid 8 | +32470000008 |
            10 | Lid 9 | +32470000009 |
            11 | Lid 10 | +32470000010 |
            12 | Lid 11 | +32470000011 |
            13 | Lid 12 | +32470000012 |
            14 | Lid 13 | +32470000013 |
            15 | Lid 14 | +32470000014 |
            16 | Lid 15 | +32470000015 |
            17 | Lid 16 | +32470000016 |
            18 | Lid 17 | +32470000017 |
            19 | Lid 18 | +31612345678 |
            20 | Lid 19 | | +3214000019
            21 | Lid 20 | | +3214000020
        """,
        refused={22: "mobile:phone", 23: "unreachable"},
    ),
    "liege.csv": Expected(
        "last_name first_name phone mobile",
        """
            line | first_name | last_name | mobile | phone
            2 | Jean | Lambert | +32470000001 | +3242000001
            3 | Anne | Gérard | | +3242000002
            4 | Luc | Simon | +32470000003 | +3242000003
            5 | Rita | Noël | | +3243000004
            6 | Guy | Thonnard | +32470000005 | +3242000005
            7 | Marc | Piron | | +3242000006
        """,
        refused={8: "phone:landlines"},
    ),
    "several-numbers.csv": Expected(
        "full_name mobile email",
        """
            line | last_name | mobile | phone
            2 | Peeters An | +32470000001 | +3236000001
            3 | Maes Koen | +32470000002 | +32470000003
            4 | Claes Veerle | +32470000004 | +3236000004
            5 | Wouters Rik | +32470000005 | +32470000006
            6 | Jacobs Lies | +32470000007 | +3236000007
            7 | De Smet Bob | +32470000008 | +32470000009
        """,
        refused={
            8: "email:email",
            9: "mobile:numbers",
            10: "phone:landlines",
            11: "mobile:phone",
        },
    ),
    "excel-broke-numbers.csv": Expected(
        "full_name mobile email",
        """
            line | last_name | email | mobile | phone
            4 | Claes Veerle | | +32470000003 |
            5 | Wouters Rik | rik@example.org | +32470000004 |
            6 | Jacobs Lies | | | +3236000005
        """,
        refused={
            2: "mobile:phone_rounded",
            3: "mobile:phone_rounded",
            7: "mobile:phone",
        },
    ),
    "lost-zeros.xlsx": Expected(
        "full_name mobile phone postcode locality",
        """
            line | last_name | mobile | phone | postcode | locality
            2 | Peeters An | +32470000001 | +3236000001 | 2920 | Kalmthout
            3 | Maes Koen | +32470000002 | | 2920 | Kalmthout
            5 | Wouters Rik | +32470000004 | +3214000004 | 2920 | Kalmthout
        """,
        refused={4: "mobile:phone_rounded"},
        sheet="Leden",
    ),
    "addresses-nl.csv": Expected(
        "full_name address postcode locality email",
        """
            line | last_name | email | street | number | box | postcode | locality
            2 | Lid 1 | lid1@example.org | Dorpsstraat | 12 | | 2920 | Kalmthout
            3 | Lid 2 | lid2@example.org | Dorpsstraat | 12A | | 2920 | Kalmthout
            4 | Lid 3 | lid3@example.org | Dorpsstraat | 12 A | | 2920 | Kalmthout
            5 | Lid 4 | lid4@example.org | Dorpsstraat | 12A | 3 | 2920 | Kalmthout
            6 | Lid 5 | lid5@example.org | Dorpsstraat | 12 | 3 | 2920 | Kalmthout
            7 | Lid 6 | lid6@example.org | Dorpsstraat | 12 | 3 | 2920 | Kalmthout
            8 | Lid 7 | lid7@example.org | Dorpsstraat | 12/3 | | 2920 | Kalmthout
            9 | Lid 8 | lid8@example.org | Dorpsstraat | 12-14 | | 2920 | Kalmthout
            10 | Lid 9 | lid9@example.org | Dorpsstraat | 12 | 0302 | 2920 | Kalmthout
            11 | Lid 10 | lid10@example.org | Dorpsstraat | 12 | | 2920 | Kalmthout
            12 | Lid 11 | lid11@example.org | Koning Albert I-laan | 12 | | 2920 | Kalmthout
            13 | Lid 12 | lid12@example.org | 11 Novemberlaan | 5 | | 2920 | Kalmthout
            14 | Lid 13 | lid13@example.org | 1ste Reperstraat | 12 | | 2920 | Kalmthout
            15 | Lid 14 | lid14@example.org | Steenweg op Turnhout | 120 | A1 | 2920 | Kalmthout
            16 | Lid 15 | lid15@example.org | St.-Jansplein | 3 | | 2920 | Kalmthout
            17 | Lid 16 | lid16@example.org | Dorpsstraat | | | 2920 | Kalmthout
            18 | Lid 17 | lid17@example.org | Dorpsstraat z/n | | | 2920 | Kalmthout
            19 | Lid 18 | lid18@example.org | Plein 1940-1945 Zuid | | | 2920 | Kalmthout
            20 | Lid 19 | lid19@example.org | Dorpsstraat | 12 | app. 4 | 2920 | Kalmthout
            21 | Lid 20 | lid20@example.org | Dorpsstraat 12 (achterbouw) | | | 2920 | Kalmthout
            22 | Lid 21 | lid21@example.org | Dorpsstraat 12 bus 3 verdieping 2 | | | 2920 | Kalmthout
        """,
    ),
    "addresses-fr.csv": Expected(
        "full_name address email",
        """
            line | last_name | email | street | number | box | postcode | locality
            2 | Membre 1 | membre1@example.org | Rue de l'Église | 12 | 3 | |
            3 | Membre 2 | membre2@example.org | Rue Haute | 12 | | |
            4 | Membre 3 | membre3@example.org | rue Haute | 12 | | |
            5 | Membre 4 | membre4@example.org | rue Haute | 12 | | |
            6 | Membre 5 | membre5@example.org | Rue Haute | 12 | B | |
            7 | Membre 6 | membre6@example.org | rue Haute | 12 | 3 | |
            8 | Membre 7 | membre7@example.org | rue Haute | 12 | 3 | |
            9 | Membre 8 | membre8@example.org | Rue Haute | 12 | | |
            10 | Membre 9 | membre9@example.org | Avenue de la Reine | 12 D | | |
            11 | Membre 10 | membre10@example.org | Rue Haute | 12bis | | |
            12 | Membre 11 | membre11@example.org | Rue du 11 Novembre | 5 | | |
            13 | Membre 12 | membre12@example.org | Place du 20 Août | 4 | | |
            14 | Membre 13 | membre13@example.org | Place du 20 Août | 4 | | |
            15 | Membre 14 | membre14@example.org | Place du 20 Août | | | |
            16 | Membre 15 | membre15@example.org | Rue Albert 1er | 12 | | |
            17 | Membre 16 | membre16@example.org | Chaussée de Mons | 1234/B12 | | |
            18 | Membre 17 | membre17@example.org | Rue Haute | 12 | | 1330 | Rixensart
            19 | Membre 18 | membre18@example.org | Rue Haute | 12 | 2 | 1330 | Rixensart
            20 | Membre 19 | membre19@example.org | Hauptstraße | 7 | 2 | |
            21 | Membre 20 | membre20@example.org | Hauptstr. | 7 | | |
        """,
    ),
    "parts-in-other-columns.csv": Expected(
        "full_name street number box postcode locality email",
        """
            line | last_name | email | street | number | box | postcode | locality
            2 | Peeters | p@example.org | Dorpsstraat | 12 | 3 | 2920 | Kalmthout
            3 | Maes | m@example.org | Dorpsstraat | 12 | 3 | 2920 | Kalmthout
            4 | Claes | c@example.org | Dorpsstraat 12 bus 3 | | 4 | 2920 | Kalmthout
            5 | Wouters | w@example.org | Dorpsstraat | 12 | | 2920 | Kalmthout
            6 | Jacobs | j@example.org | Dorpsstraat 12, 2920 Kalmthout | | | 2910 | Essen
            7 | De Smet | d@example.org | Dorpsstraat | 12 | 3 | 2920 | KALMTHOUT
        """,
    ),
    "names.csv": Expected(
        "full_name email",
        """
            line | first_name | last_name | email
            2 | | Peeters Jan | n1@example.org
            3 | | Jan Peeters | n2@example.org
            4 | Jan | PEETERS | n3@example.org
            5 | Jan | PEETERS | n4@example.org
            6 | Jan | VAN DEN BROECK | n5@example.org
            7 | Jan | van den BROECK | n6@example.org
            8 | | PEETERS JAN | n7@example.org
            9 | | Peeters | n8@example.org
            10 | | Jan Peeters | n9@example.org
            11 | | De Heer Jan | n10@example.org
            12 | | Peeters-Janssens | n11@example.org
            13 | | Dupont | n12@example.org
            14 | | Groß | n13@example.org
            15 | | Familie Peeters | n14@example.org
            16 | | M. Dupont | n15@example.org
            17 | | BVBA Peeters | n16@example.org
            18 | | Mevr. | n17@example.org
        """,
        refused={19: "nameless"},
    ),
    "shops.csv": Expected(
        "organisation full_name address phone email",
        """
            line | last_name | organisation | email | mobile | phone | street | number
            2 | An Peeters | Bakkerij Peeters bv | bakkerij@example.org | | +3236000001 | Dorpsstraat | 12
            3 | | Café 't Hof | cafe@example.org | | | Dorpsstraat | 14
            4 | Koen Maes | | | +32470000003 | | Dorpsstraat | 16
        """,
        refused={5: "unreachable"},
    ),
    "emails.csv": Expected(
        "full_name email mobile",
        """
            line | last_name | email | mobile
            2 | Een | an@example.org |
            3 | Twee | bob@example.org |
            4 | Drie | cis@example.org |
            5 | Vier | daan@example.org |
            6 | Vijf | els@example.org |
            7 | Zes | fre@example.org |
            8 | Zeven | gust@example.org |
            9 | Acht | hans@example.org |
            11 | Tien | | +32470000010
        """,
        refused={
            10: "email:email_several",
            12: "unreachable",
            13: "email:email",
            14: "email:email",
            15: "email:email",
            16: "email:email_ascii",
            17: "email:email_control",
        },
    ),
    "languages.csv": Expected(
        "full_name email language",
        """
            line | last_name | email | language
            2 | Lid 1 | lid1@example.org | nl
            3 | Lid 2 | lid2@example.org | fr
            4 | Lid 3 | lid3@example.org | de
            5 | Lid 4 | lid4@example.org | en
            6 | Lid 5 | lid5@example.org | nl
            7 | Lid 6 | lid6@example.org | fr
            8 | Lid 7 | lid7@example.org | de
            9 | Lid 8 | lid8@example.org | en
            10 | Lid 9 | lid9@example.org | nl
            11 | Lid 10 | lid10@example.org | fr
            12 | Lid 11 | lid11@example.org | nl
            13 | Lid 12 | lid12@example.org | fr
            14 | Lid 13 | lid13@example.org | de
            15 | Lid 14 | lid14@example.org | de
            16 | Lid 15 | lid15@example.org | nl
            17 | Lid 16 | lid16@example.org | nl
            18 | Lid 17 | lid17@example.org | nl
            19 | Lid 18 | lid18@example.org | fr
            21 | Lid 20 | lid20@example.org |
        """,
        refused={20: "language:language"},
    ),
    "dates.xlsx": Expected(
        "full_name mobile - - - -",
        """
            line | last_name | mobile
            2 | Peeters An | +32470000001
            3 | Maes Koen | +32470000002
            4 | Claes Veerle | +32470000003
        """,
        sheet="Leden",
    ),
    "consent.csv": Expected(
        "last_name first_name email mobile consent -",
        """
            line | first_name | last_name | email
            2 | An | Peeters | an@example.org
            3 | Koen | Maes | koen@example.org
            5 | Rik | Wouters | rik@example.org
            6 | Lies | Jacobs | lies@example.org
        """,
        refused={4: "consent:consent"},
    ),
    "formulas.csv": Expected(
        "last_name first_name street mobile email",
        """
            line | first_name | last_name | email | mobile
            8 | Bob | De Smet | n7@example.org | +32470000007
        """,
        refused={
            2: "last_name:formula",
            3: "last_name:formula",
            4: "last_name:formula",
            5: "last_name:formula",
            6: "first_name:formula",
            7: "street:formula",
        },
    ),
    "no-header.csv": Expected(
        "last_name? first_name? street? number? postcode? locality? mobile? email?",
        """
            line | first_name | last_name | email | mobile | street | number | postcode | locality
            1 | An | Peeters | an@example.org | +32470000001 | Dorpsstraat | 12 | 2920 | Kalmthout
            2 | Koen | Maes | koen@example.org | +32470000002 | Beauvoislaan | 18A | 2920 | Kalmthout
            3 | Veerle | Claes | veerle@example.org | | Heide | 7 | 2920 | Kalmthout
            4 | Els | Wouters | | +32470000004 | Kapellensteenweg | 241 | 2920 | Kalmthout
        """,
        header=0,
    ),
    "no-header-title.xlsx": Expected(
        "full_name? address? locality? mobile? phone? language?",
        """
            line | last_name | mobile | phone | street | number | box | postcode | locality | language
            3 | Jean Dupont | +32470000011 | +3226000011 | Rue Haute | 5 | | 1332 | Genval | fr
            4 | Hélène Lefèbvre | +32470000012 | | Rue Haute | 7 | 2 | 1332 | Genval | fr
            5 | Luc Simon | | +3226000013 | Avenue du Lac | 9 | | 1332 | Genval | nl
        """,
        skipped={"empty": 1},
        sheet="Blad1",
    ),
    "no-header-contacts.csv": Expected(
        "email? full_name?",
        """
            line | last_name | email
            1 | Jan Peeters | jan@example.org
            2 | Koen Maes | koen@example.org
            3 | Veerle Claes | veerle@example.org
        """,
        header=0,
    ),
    "half-a-header.csv": Expected(
        "last_name first_name email? mobile? -",
        """
            line | first_name | last_name | email | mobile
            2 | An | Peeters | an@example.org | +32470000001
            3 | Koen | Maes | koen@example.org | +32470000002
            4 | Veerle | Claes | | +32470000003
        """,
    ),
    "swapped-header.csv": Expected(
        "email? full_name box -",
        """
            line | last_name | email | box
            2 | Peeters An | an@example.org | 1
            3 | Maes Koen | koen@example.org | 2
        """,
    ),
    "duplicate-headers.csv": Expected(
        "- last_name first_name street number phone mobile - - email",
        """
            line | first_name | last_name | email | mobile | phone | street | number
            2 | An | Peeters | an@example.org | +32470000001 | +3236000001 | Dorpsstraat | 12
            3 | Koen | Maes | koen@example.org | +32470000002 | | Dorpsstraat | 14
            4 | Veerle | Claes | | | +3236000003 | Dorpsstraat | 16
        """,
    ),
    "four-languages.csv": Expected(
        "last_name first_name street number postcode locality mobile email language",
        """
            line | first_name | last_name | email | mobile | street | number | postcode | locality | language
            2 | An | Peeters | an@example.org | +32470000001 | Dorpsstraat | 12 | 1000 | Brussel | nl
            3 | Hélène | Dupont | helene@example.org | +32470000011 | Rue Haute | 5 | 1000 | Bruxelles | fr
            4 | Jürgen | Groß | | +32470000021 | Neustraße | 7 | 4700 | Eupen | de
        """,
    ),
    "unusual-headers.csv": Expected(
        "last_name first_name address postcode locality phone mobile - email -",
        """
            line | first_name | last_name | email | mobile | phone | street | number | box | postcode | locality
            2 | An | Peeters | an@example.org | +32470000001 | +3236000001 | Dorpsstraat | 12 | 3 | 2920 | Kalmthout
            3 | Koen | Maes | koen@example.org | +32470000002 | | Beauvoislaan | 18 | | 2920 | Kalmthout
        """,
    ),
    "refused-rows.xlsx": Expected(
        "- - full_name mobile -",
        """
            line | last_name | mobile
            2 | Maes Koen | +32470000002
        """,
        refused={3: "mobile:phone"},
        sheet="Geweigerde rijen",
    ),
}
