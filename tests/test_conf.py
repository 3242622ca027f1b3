"""Settings that others are made from."""

from __future__ import annotations

import ast
import re
from typing import Any

from tests.test_docs import DOCS
from wagtail_bin.conf import conf, safe_q_cluster


def test_what_safe_q_cluster_gives_is_what_the_documentation_shows() -> None:
    text = (DOCS / "settings.md").read_text()
    found = re.search(r"^Q_CLUSTER = (\{.*?^\})$", text, re.DOTALL | re.MULTILINE)
    assert found
    assert ast.literal_eval(found[1]) == safe_q_cluster("bin")


def test_other_settings_of_django_q2_win() -> None:
    queue = safe_q_cluster(
        "site",
        cluster_name="mail",
        redis="redis://localhost/1",
        retry=1000,
        ALT_CLUSTERS={"reports": {"workers": 7}},
    )
    assert "orm" not in queue
    assert queue["redis"] == "redis://localhost/1"
    assert queue["retry"] == 1000
    assert set(queue["ALT_CLUSTERS"]) == {"mail-urgent", "reports"}


def test_the_urgent_cluster_is_named_after_the_default_one(settings: Any) -> None:
    settings.Q_CLUSTER = safe_q_cluster("site")
    assert (conf.default_cluster, conf.urgent_cluster) == ("site", "site-urgent")
    settings.Q_CLUSTER = safe_q_cluster("site", cluster_name="mail")
    assert (conf.default_cluster, conf.urgent_cluster) == ("mail", "mail-urgent")
    settings.Q_CLUSTER = {}
    assert conf.default_cluster == "default"
