"""Member lists as Belgian offices make them. Run it to make the files anew.

    python -m tests.data.lists.make

Nobody in them exists: names are invented, addresses end in example.org, telephone
numbers have zeros where a real one has digits. What must come out of each file
stands in ``expected.py``.
"""

from __future__ import annotations

from pathlib import Path

from tests.data.lists import cells
from tests.data.lists.writers import ods, table, text, typed, workbook, xlsx

HERE = Path(__file__).parent

FLEMISH = table(
    """
    Naam | Voornaam | Straat | Huisnr. | Bus | Postcode | Gemeente | GSM | Telefoon | E-mailadres | Taal
    Peeters | An | Dorpsstraat | 12 | | 2920 | Kalmthout | 0470/00.00.01 | | an.peeters@example.org | N
    Van den Broeck | Zoë | Heidestatiestraat | 7A | 3 | 2920 | Kalmthout | 0470 00 00 02 | 03 600 00 02 | zoe@example.org | N
    D’Hondt | André | Kapellensteenweg | 241 | | 2920 | Kalmthout | | 03/600.00.03 | | N
    Verstraeten | Noëlla | Max Temmermanlaan | 5 | 0201 | 2920 | Kalmthout | 0470000004 | | noella@example.org | F
    Maes | Koen | Beauvoislaan | 18-20 | | 2920 | Kalmthout | | | | N
    """
)
WALLOON = table(
    """
    Nom | Prénom | Rue | N° | Bte | CP | Localité | GSM | Tél. privé | Courriel | Langue
    Dupont | Hélène | Rue de l'Église | 12 | 3 | 1330 | Rixensart | 0470/00.00.11 | 02/600.00.11 | helene.dupont@example.org | F
    Lefèbvre | François | Avenue des Combattants | 44 | | 1332 | Genval | 0470 00 00 12 | | f.lefebvre@example.org | F
    Cœur | Gaëtan | Place Communale | 1bis | | 1331 | Rosières | | 02 600 00 13 | | F
    Van Houtte | Maïté | Rue du Bois | 7 | A2 | 1330 | Rixensart | +32 470 00 00 14 | | MAITE@EXAMPLE.ORG | N
    """
)
GERMAN = table(
    """
    Nachname | Vorname | Straße | Hausnummer | Bfk. | PLZ | Wohnort | Handy | Telefon | E-Mail-Adresse | Sprache
    Groß | Jürgen | Aachener Straße | 10 | | 4700 | Eupen | 0470/00 00 21 | 087/50 00 21 | juergen.gross@example.org | D
    Müller | Käthe | Schulstraße | 3a | 2 | 4730 | Raeren | | 087 50 00 22 | | Deutsch
    Strauß-Niessen | Björn | Klosterstr. | 14 | | 4780 | St. Vith | +32 470 00 00 23 | | bjoern@example.org | D
    Lambertz | Zoé | Hauptstraße | 7 | B | 4760 | Büllingen | 0470000024 | 080 50 00 24 | zoe.lambertz@example.org | Französisch
    """
)


def in_every_program() -> dict[str, bytes]:
    """The same kind of list out of one program or another."""
    excel_2 = "sep=;\n" + text(FLEMISH, "utf-8", newline="\n").decode()
    return {
        "excel-nl.csv": text(FLEMISH),
        "excel-fr.csv": text(WALLOON),
        "excel-de.csv": text(GERMAN),
        "excel-utf8-bom.csv": text(WALLOON, "utf-8-sig"),
        "excel-sep-line.csv": text(excel_2, "utf-8"),
        "excel-unicode-text.txt": text(GERMAN, "utf-16", "\t"),
        "excel-tab-separated.txt": text(FLEMISH, "cp1252", "\t"),
        "excel-ms-dos.csv": text(GERMAN, "cp850"),
        "excel-macintosh.csv": text(WALLOON, "mac_roman", newline="\r"),
        "libreoffice.csv": text(GERMAN, "utf-8", ",", "\n"),
        "libreoffice.ods": ods(Blad1=FLEMISH),
        "google-sheets.csv": text(WALLOON, "utf-8", ","),
        "google-forms.csv": text(
            table(
                """
                Tijdstempel | E-mailadres | Naam en voornaam | Straat en huisnummer | Postcode en gemeente | GSM | Ik ga akkoord met het huishoudelijk reglement
                12/03/2024 20:15:44 | an.peeters@example.org | Peeters An | Dorpsstraat 12 bus 3 | 2920 Kalmthout | 0470 00 00 01 | Ja, ik ga akkoord
                13/03/2024 7:02:10 | koen@example.org | Koen Maes | Beauvoislaan 18 | 2920 Kalmthout | 470000002 | Ja, ik ga akkoord
                13/03/2024 7:31:55 | zoe@example.org | Van den Broeck, Zoë | Heide 7, 2920 Kalmthout | Heide | +32470000003 | Ja, ik ga akkoord
                """
            ),
            "utf-8",
            ",",
        ),
        "outlook-contacts.csv": text(
            [
                ["Voornaam", "Achternaam", "E-mailadres"]
                + [f"Door gebruiker gedefinieerd veld {n}" for n in range(1, 86)],
                ["An", "Peeters", "an.peeters@example.org", *[""] * 84, "x"],
            ]
        ),
    }


def above_below_and_beside() -> dict[str, bytes]:
    """What stands around the list."""
    titled = workbook(
        Leden=typed(
            """
            Ledenlijst BIN Heide - Kalmthout
            bijgewerkt op 01/03/2024 door de coördinator
            |
            Nr | Naam | Voornaam | | Straat | Nr | PC | Gemeente | GSM
            1 | Peeters | An | | Dorpsstraat | 12 | 2920 | Kalmthout | 0470 00 00 01
            2 | Maes | Koen | | Beauvoislaan | 18A | 2920 | Kalmthout | 470000002
            |
            3 | Claes | Veerle | | Heide | 7 | 2920 | Kalmthout | 0470/000003
            4 | Wouters | Rik | | Heide | 9 | 2920 | Kalmthout |
            |
            Totaal | =COUNTA(B5:B9) | leden
            """
        )
    )
    titled["Leden"].merge_cells("A1:I1")
    titled["Leden"].merge_cells("A2:I2")
    hidden = workbook(Archief2019=FLEMISH[:3], Leden=[FLEMISH[0], *FLEMISH[3:]])
    hidden["Archief2019"].sheet_state = "hidden"
    instructions = [
        ["Hoe vult u deze lijst in?"],
        ["Naam", "verplicht"],
        ["GSM", "of e-mailadres, één van de twee"],
        ["Vragen?", "Jan Janssens", "0470 00 00 99"],
    ]
    return {
        "title-rows.xlsx": xlsx(titled, B11="4"),
        "two-sheets.xlsx": xlsx(workbook(Uitleg=instructions, Leden=FLEMISH)),
        "first-sheet-only-header.xlsx": xlsx(
            workbook(Nieuw=FLEMISH[:1], Leden=FLEMISH, Oud=FLEMISH[:2])
        ),
        "hidden-sheet.xlsx": xlsx(hidden),
        "three-sheets.ods": ods(
            Inhalt=[["NIN Eupen", "Mitglieder 2024"]], Mitglieder=GERMAN, Alt=GERMAN[:2]
        ),
        "totals-and-pages.csv": text(
            """
Liste des membres du PLP Genval;;;
;;;
Nom et prénom;Adresse;GSM;E-mail
Dupont Hélène;Rue Haute 5;0470 00 00 11;helene@example.org
Lefèbvre François;Rue Haute 7;0470 00 00 12;
;;;
Nom et prénom;Adresse;GSM;E-mail
Total Station Genval;Rue Haute 9;0470 00 00 13;
 ; ;;
Total;4 membres;;
Nombre de membres : 3;;;
"""
        ),
        "empty-columns.csv": text(
            """
;;Naam;;Voornaam;;;GSM;;E-mail;;;;
;;Peeters;;An;;;0470 00 00 01;;an@example.org;;;;
;;;;;;;;;;;;;
;;Maes;;Koen;;;0470 00 00 02;;;;;;
;;Totaal: 2 leden;;;;;;;;;;;
"""
        ),
        "lines-in-cells.csv": text(
            """
"Naam
Voornaam";"Adres
(straat, nr, postcode)";"Tel./
GSM"
"Peeters
An";"Dorpsstraat 12 bus 3
2920 Kalmthout";"0470 00 00 01
03 600 00 01"
"Maes ""Koentje"" Koen";"Heide 7; 2920 Kalmthout";0470 00 00 02
"""
        ),
        "empty.csv": b"",
        "blank.xlsx": xlsx(workbook(Blad1=[], Blad2=[])),
        "only-header.csv": text(FLEMISH[:1]),
        "prose.csv": text(
            """
Beste, in bijlage de leden van onze BIN.
Jan woont in de Dorpsstraat en is bereikbaar na 18 u.
"""
        ),
    }


def files() -> dict[str, bytes]:
    """Every file by its name."""
    return (
        in_every_program()
        | above_below_and_beside()
        | cells.numbers()
        | cells.names_and_places()
        | cells.words_and_addresses()
        | cells.headers()
    )


if __name__ == "__main__":
    for name, content in files().items():
        (HERE / name).write_bytes(content)
