"""Which BIN is mine? Answered from the streets of networks."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from wagtail_bin.models.networks import Network, NetworkStreet
from wagtail_bin.validators import street_key

# So many streets are offered when none is called what was typed.
SIMILAR = 3
# How much of a name must be right (difflib's ratio).
ALIKE = 0.75
_NUMBER = re.compile(r"\d+")
_ENDS_IN_A_NUMBER = re.compile(r"^(?P<street>.*\D)\s*\b(?P<number>\d+)\s*\w{0,3}$")


class Outcome(StrEnum):
    """What came of looking for an address.

    ``FOUND``: one BIN. ``SEVERAL``: a number or a town would tell which.
    ``OUTSIDE``: the street has a BIN, but not at this number. ``UNKNOWN``: no BIN
    has the street.
    """

    FOUND = "found"
    SEVERAL = "several"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a visitor is told.

    Attributes:
        outcome: see :class:`Outcome`.
        streets: of the BINs it is about; of ``OUTSIDE`` the nearest ones.
        similar: names of streets that may have been meant, the likeliest first.
    """

    outcome: Outcome
    streets: tuple[NetworkStreet, ...] = ()
    similar: tuple[str, ...] = ()

    @property
    def networks(self) -> set[int]:
        """Primary keys of the networks it is about."""
        return {street.network_id for street in self.streets}


def find_network(
    streets: Iterable[NetworkStreet], street: str, number: str = ""
) -> Answer:
    """Look an address up.

    Args:
        streets: of all networks that may be meant.
        street: as typed, in any language, abbreviated or not; may end in the number.
        number: as typed; letters and box after it do not count.
    """
    streets = tuple(streets)
    name, house = _parts(street, number)
    key = street_key(name)
    same = tuple(one for one in streets if key in _keys(one))
    if not same:
        return Answer(Outcome.UNKNOWN, similar=_similar(streets, key))
    there = same if house is None else tuple(one for one in same if one.holds(house))
    if not there:
        return Answer(Outcome.OUTSIDE, _one_per_network(same))
    found = _one_per_network(there)
    return Answer(Outcome.FOUND if len(found) == 1 else Outcome.SEVERAL, found)


def _parts(street: str, number: str) -> tuple[str, int | None]:
    text = street.strip()
    if not number.strip():
        ends = _ENDS_IN_A_NUMBER.match(text)
        if ends:
            text, number = ends["street"], ends["number"]
    digits = _NUMBER.search(number)
    return text, int(digits[0]) if digits and len(digits[0]) < 7 else None


def _keys(street: NetworkStreet) -> set[str]:
    names = (street.name_nl, street.name_fr, street.name_de)
    return {street_key(name) for name in names if name}


def _similar(streets: Sequence[NetworkStreet], key: str) -> tuple[str, ...]:
    names = {
        street_key(name): name
        for one in streets
        for name in (one.name_nl, one.name_fr, one.name_de)
        if name
    }
    near = difflib.get_close_matches(key, names, n=SIMILAR, cutoff=ALIKE)
    # Half a name is meant as one, too.
    near += [one for one in names if len(key) > 2 and one.startswith(key)]
    return tuple(names[one] for one in dict.fromkeys(near))[:SIMILAR]


def _one_per_network(streets: Iterable[NetworkStreet]) -> tuple[NetworkStreet, ...]:
    first: dict[int, NetworkStreet] = {}
    for street in streets:
        first.setdefault(street.network_id, street)
    return tuple(first.values())


def street_names(networks: Iterable[Network], language: str) -> list[str]:
    """Names of all streets of networks in a language, each once, in order."""
    return sorted(
        {one.name_in(language) for network in networks for one in network.streets.all()}
    )
