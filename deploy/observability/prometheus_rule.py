"""Writes deploy/k8s/components/monitoring/prometheus-rule.yaml: rules.yaml as the Prometheus operator wants it."""

from pathlib import Path

HERE = Path(__file__).resolve().parent
RULES = HERE / "rules.yaml"
TARGET = HERE.parent / "k8s" / "components" / "monitoring" / "prometheus-rule.yaml"

HEAD = """\
# Generated from deploy/observability/rules.yaml by `make prometheus-rule`: change it there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: clickstream
spec:
"""


def document(rules: str) -> str:
    """The same groups below `spec`, comments included."""
    return HEAD + "".join(f"  {line}".rstrip() + "\n" for line in rules.splitlines())


if __name__ == "__main__":
    TARGET.write_text(document(RULES.read_text(encoding="utf-8")), encoding="utf-8")
