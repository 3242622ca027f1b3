"""A list of tips that other websites show in a frame."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.clickjacking import xframe_options_exempt

from wagtail_bin.web.feeds import title_of
from wagtail_bin.web.public import public_view
from wagtail_bin.web.tips import choose_tips

MOST_TIPS = 10


# Outermost, so that it holds for a 304 too: caches take over its headers.
@xframe_options_exempt
@public_view
def embedded_tips(request: HttpRequest) -> HttpResponse:
    """The newest tips as a document of its own, chosen as those of a feed.

    Raises:
        Http404: nothing that is known was asked for.
    """
    choice = choose_tips(request)
    with translation.override(choice.words_in):
        tips = choice.tips(MOST_TIPS)
        for tip in tips:
            tip.address = tip.get_full_url(request)
        # Without the request: nothing in it is of whoever asks.
        text = render_to_string(
            "wagtail_bin/embed/tips.html",
            {
                "title": title_of(choice),
                "language": choice.words_in,
                "tips": tips,
                "library_url": choice.library_url(),
            },
        )
    return HttpResponse(text, headers={"Content-Language": choice.words_in})
