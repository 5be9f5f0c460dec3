"""The alert rules by themselves: promtool's tests of them, and that each alert leads to what to do."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from analytics.metrics import Metrics as AnalyticsMetrics
from collector.metrics import Metrics
from devstack.servers.prometheus import RULES, executable
from tests.kit.servers import REPOSITORY
from tests.observability.rules import ALERTS, CASES, FIGURES, metrics, runbook

OPERATIONS = REPOSITORY / "docs" / "operations"


def promtool(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [executable("promtool"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_promtool_accepts_the_rules_and_their_tests_pass() -> None:
    for arguments in (("check", "rules", RULES.name), ("test", "rules", CASES.name)):
        done = promtool(*arguments, folder=RULES.parent)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_the_tests_notice_an_alert_that_never_fires(alert: str, tmp_path: Path) -> None:
    text = RULES.read_text(encoding="utf-8")
    # A label that no series has: whatever the expression gave is gone.
    broken, count = re.subn(
        rf"(alert: {alert}\n\s+expr: (?:\|\n)?)(.*?)(\n\s+(?:for|labels):)",
        lambda found: f"{found[1].replace('|', '').rstrip()} absent(vector(1)){found[3]}",
        text,
        flags=re.DOTALL,
    )
    assert count == 1
    (tmp_path / RULES.name).write_text(broken, encoding="utf-8")
    # Those that name it are enough, and a fraction of the time: if they notice, all together do.
    cases = yaml.safe_load(CASES.read_text(encoding="utf-8"))
    cases["tests"] = [case for case in cases["tests"] if alert in str(case)]
    (tmp_path / CASES.name).write_text(yaml.safe_dump(cases), encoding="utf-8")
    assert promtool("check", "rules", RULES.name, folder=tmp_path).returncode == 0
    done = promtool("test", "rules", CASES.name, folder=tmp_path)
    assert done.returncode != 0
    assert alert in done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_what_happened_and_links_to_what_to_do(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["description"]
    text = runbook(alert, REPOSITORY).read_text(encoding="utf-8")
    assert text.startswith(f"# {alert}\n")
    for section in ("What it means", "Look", "Do", "Over when"):
        assert f"**{section}" in text, f"{alert}'s runbook lacks {section!r}"


def test_there_is_no_runbook_without_its_alert() -> None:
    assert set((OPERATIONS / "runbooks").glob("*.md")) == {runbook(alert, REPOSITORY) for alert in ALERTS}


def test_alerts_and_documents_name_figures_that_there_are() -> None:
    known = {
        *FIGURES,
        "flink_jobmanager_job_numRestarts",
        "flink_jobmanager_job_numberOfCompletedCheckpoints",
        "flink_taskmanager_job_task_operator_redis_retries",
    }
    known |= {
        f"{family.name}_total" if family.type == "counter" else family.name
        for service in (Metrics(), AnalyticsMetrics())
        for family in service.registry.collect()
    }
    for alert, rule in ALERTS.items():
        assert metrics(str(rule["expr"])) <= known, alert
    for document in OPERATIONS.rglob("*.md"):
        assert metrics(document.read_text(encoding="utf-8")) <= known, document


def test_kubernetes_gets_the_same_rules() -> None:
    component = REPOSITORY / "deploy" / "k8s" / "components" / "monitoring"
    carried = yaml.safe_load((component / "prometheus-rule.yaml").read_text(encoding="utf-8"))
    said = "run make prometheus-rule"
    assert carried["spec"] == yaml.safe_load(RULES.read_text(encoding="utf-8")), said
