"""The home page of a municipality."""

from wagtail.fields import RichTextField
from wagtail.models import Page


class HomePage(Page):
    """A municipal home page."""

    introduction = RichTextField(blank=True)

    content_panels = [*Page.content_panels, "introduction"]
