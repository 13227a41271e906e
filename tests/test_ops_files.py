# SPDX-License-Identifier: MIT
"""The dashboard and the alert rules ask only for metrics that /metrics gives."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import yaml

from alerts.console.metrics import exposition, families
from alerts.store.engine import Store

OPS = Path(__file__).resolve().parents[1] / "ops"


def _asked() -> set[str]:
    dashboard = json.loads((OPS / "grafana-dashboard.json").read_text())
    rules = yaml.safe_load((OPS / "alerts.rules.yml").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    return {name for text in asked for name in re.findall(r"oncowire_\w+", text)}


def test_every_metric_that_is_asked_for_is_given(store: Store) -> None:
    with store.read() as session:
        text = exposition(list(families(session, datetime.now(UTC)))).decode()
    given = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE)) | set(
        re.findall(r"^(oncowire_\w+)", text, re.MULTILINE)
    )
    assert _asked() - given == set()


def test_every_alert_rule_says_what_is_wrong() -> None:
    rules = yaml.safe_load((OPS / "alerts.rules.yml").read_text())
    for rule in rules["groups"][0]["rules"]:
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in {"page", "warn", "info"}
