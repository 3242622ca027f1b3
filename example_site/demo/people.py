"""Who may log in to the demo, under which mandate."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, Group, Permission
from wagtail.models import GroupPagePermission, Page

from wagtail_bin.conf import conf
from wagtail_bin.mandates.groups import sync_groups
from wagtail_bin.models import Mandate, Municipality, Network, PoliceZone, Role

PASSWORD = "heidebeek-demo"
# Writes pages, and whoever edits also publishes them.
WRITES = ("add_page", "change_page")
EDITS = (*WRITES, "publish_page")


@dataclasses.dataclass(frozen=True)
class Person:
    """A log-in, the office held, and what it covers (one of three scopes)."""

    username: str
    name: str
    office: str
    role: Role | None = None
    municipalities: tuple[str, ...] = ()
    network: str = ""
    police_zone: str = ""
    page_permissions: tuple[str, ...] = ()


PEOPLE = (
    Person(
        "web",
        "Wim Webers",
        "municipal web editor of Heidebeek",
        Role.WEB_EDITOR,
        municipalities=("99001",),
        page_permissions=EDITS,
    ),
    Person(
        "preventie",
        "Petra Preventiers",
        "prevention officer of the three municipalities",
        Role.PREVENTION_OFFICER,
        municipalities=("99001", "99002", "99003"),
        page_permissions=EDITS,
    ),
    Person(
        "coordinator",
        "Cor Dinants",
        "coordinator of BIN Bosrand",
        Role.COORDINATOR,
        network="heidebeek-bosrand",
    ),
    Person(
        "politie",
        "Paula Politiers",
        "mandated police officer of zone 5991",
        Role.MANDATED_OFFICER,
        police_zone="5991",
        page_permissions=WRITES,
    ),
    Person("admin", "Ada Admins", "superuser"),
)


def load_people(homes: list[Page]) -> None:
    """Make the log-ins and the mandates; the groups of the offices are there.

    Args:
        homes: the home page in each language, below which some offices write.
    """
    for person in PEOPLE:
        first, last = person.name.split(" ", 1)
        user = get_user_model().objects.create_user(
            person.username,
            f"{person.username}@heidebeek.example",
            PASSWORD,
            first_name=first,
            last_name=last,
            is_superuser=person.role is None,
            is_staff=person.role is None,
        )
        if person.role:
            _give_mandates(person, user)
            _open_pages(person, homes)
    sync_groups()


def _open_pages(person: Person, homes: list[Page]) -> None:
    """Let the group of the office write pages: that is the site's to decide."""
    group = Group.objects.get(name=conf.OFFICE_GROUPS[person.role])
    for codename in person.page_permissions:
        permission = Permission.objects.get(
            content_type__app_label="wagtailcore", codename=codename
        )
        for home in homes:
            GroupPagePermission.objects.create(
                group=group, page=home, permission=permission
            )


def _give_mandates(person: Person, user: AbstractUser) -> None:
    scopes: list[dict[str, object]] = [
        {"municipality": town}
        for town in Municipality.objects.filter(nis_code__in=person.municipalities)
    ]
    if person.network:
        scopes.append({"network": Network.objects.get(slug=person.network)})
    if person.police_zone:
        zone = PoliceZone.objects.get(number=person.police_zone)
        scopes.append({"police_zone": zone})
    for scope in scopes:
        Mandate.objects.create(
            role=person.role,
            name=person.name,
            user=user,
            starts_on=dt.date(2024, 1, 1),
            public_email=user.email,
            **scope,
        )
