"""Objects for tests. Addresses are in reserved example domains only."""

from __future__ import annotations

import datetime as dt

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from factory.django import DjangoModelFactory

from wagtail_bin import models


class UserFactory(DjangoModelFactory):
    """A user who may enter the Wagtail admin and nothing else."""

    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@city.example")
    is_active = True

    @factory.post_generation
    def admin_access(
        self, create: bool, extracted: bool | None, **kwargs: object
    ) -> None:
        if extracted is not False:
            self.user_permissions.add(Permission.objects.get(codename="access_admin"))


class PostcodeFactory(DjangoModelFactory):
    class Meta:
        model = models.Postcode
        django_get_or_create = ("code",)

    code = "2920"


class PoliceZoneFactory(DjangoModelFactory):
    class Meta:
        model = models.PoliceZone

    number = factory.Sequence(lambda n: f"{5000 + n % 4999}")
    name = factory.Sequence(lambda n: f"Politiezone {n}")
    phone = "+3236202929"


class MunicipalityFactory(DjangoModelFactory):
    class Meta:
        model = models.Municipality

    nis_code = factory.Sequence(lambda n: f"{11000 + n % 88999}")
    name_nl = factory.Sequence(lambda n: f"Heidebeek {n}")
    police_zone = factory.SubFactory(PoliceZoneFactory)
    languages = "nl,fr,de"


class NetworkFactory(DjangoModelFactory):
    class Meta:
        model = models.Network

    name = factory.Sequence(lambda n: f"BIN Heide {n}")
    slug = factory.Sequence(lambda n: f"heide-{n}")
    municipality = factory.SubFactory(MunicipalityFactory)
    police_zone = factory.SelfAttribute("municipality.police_zone")
    contact_name = "Coördinator"
    contact_email = "coordinator@heidebeek.example"


class CharterFactory(DjangoModelFactory):
    """A charter that was signed and approved."""

    class Meta:
        model = models.Charter

    network = factory.SubFactory(NetworkFactory)
    text = "<p>Wie elkaar wat meldt.</p>"
    signed_on = dt.date(2025, 3, 1)
    approved_on = dt.date(2025, 6, 1)


class NetworkStreetFactory(DjangoModelFactory):
    class Meta:
        model = models.NetworkStreet

    network = factory.SubFactory(NetworkFactory)
    name_nl = factory.Sequence(lambda n: f"Dorpsstraat {n}")
    postcode = "2920"


class MandateFactory(DjangoModelFactory):
    """A mandate for ``network``; pass another scope and ``network=None`` for others."""

    class Meta:
        model = models.Mandate

    role = models.Role.COORDINATOR
    name = factory.Faker("name", locale="nl_BE")
    user = factory.SubFactory(UserFactory)
    network = factory.SubFactory(NetworkFactory)
    starts_on = dt.date(2020, 1, 1)


class MemberFactory(DjangoModelFactory):
    """An active member who consented to tips by e-mail (``consent=False``: who did not)."""

    class Meta:
        model = models.Member
        skip_postgeneration_save = True

    network = factory.SubFactory(NetworkFactory)
    first_name = factory.Faker("first_name", locale="nl_BE")
    last_name = factory.Faker("last_name", locale="nl_BE")
    email = factory.Sequence(lambda n: f"member{n}@example.org")
    language = models.Language.NL
    state = models.Member.State.ACTIVE

    @factory.post_generation
    def consent(self, create: bool, extracted: bool | None, **kwargs: object) -> None:
        if extracted is not False:
            models.Consent.objects.create(
                member=self,
                purpose=models.Purpose.TIPS,
                channel=models.ChannelName.EMAIL,
                is_given=True,
                basis=models.Consent.Basis.ENROLMENT,
            )


class SanctionFactory(DjangoModelFactory):
    """A reprimand, written down without touching the member's state."""

    class Meta:
        model = models.Sanction

    member = factory.SubFactory(MemberFactory)
    kind = models.Sanction.Kind.REPRIMAND
    reason = "Gaf adressen door aan een verkoper."
    decided_on = dt.date(2026, 1, 5)
    notified_on = dt.date(2026, 1, 6)
    state_before = models.Member.State.ACTIVE


class ThemeFactory(DjangoModelFactory):
    class Meta:
        model = models.Theme

    name = factory.Sequence(lambda n: f"Thema {n}")
    slug = factory.Sequence(lambda n: f"thema-{n}")
