"""Operations on our concrete pages, left out where a project has a base page of its own."""

from wagtail_bin.conf import conf

PAGES = {
    "binindexpage",
    "binpage",
    "contactpage",
    "foundingpage",
    "tipindexpage",
    "tippage",
}


def _model_of(operation):
    name = getattr(operation, "model_name", None) or getattr(operation, "name", "")
    return name.lower()


def if_they_exist(operations):
    """The operations, without those on pages that this project does not have."""
    if conf.has_own_pages:
        return operations
    return [one for one in operations if _model_of(one) not in PAGES]
