"""What schemas and the API server let pass and what fails later: each rule is a function manifests -> complaints."""

from tests.deploy.lint import agreement, flink, pods, secrets
from tests.deploy.rendering import Manifest

RULES = (*flink.RULES, *pods.RULES, *secrets.RULES, *agreement.RULES)


def complaints(manifests: list[Manifest]) -> list[str]:
    """What all rules find."""
    return [found for rule in RULES for found in rule(manifests)]
