"""A container of a manifest as a process of this machine: its command, its environment and its volumes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy.image.installed import Image
from tests.deploy.rendering import Manifest, of_kind

Secrets = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Machine:
    """Where an image and the volumes of its containers lie here.

    Attributes:
        image: installed below a folder.
        folder: of the volumes: each below it under the path at which it is mounted.
    """

    image: Image
    folder: Path

    def volume(self, mounted: str) -> Path:
        """The folder of a volume, by its path in the container."""
        path = self.folder / mounted.lstrip("/")
        path.mkdir(parents=True, exist_ok=True)
        return path

    def path(self, text: str, container: Mapping[str, Any]) -> str:
        """A path in the container as one of this machine; other text as it is."""
        for mount in container.get("volumeMounts") or []:
            mounted = mount["mountPath"]
            if text == mounted or text.startswith(f"{mounted}/"):
                return f"{self.volume(mounted)}{text.removeprefix(mounted)}"
        return self.image.path(text)

    def command(self, container: Mapping[str, Any]) -> list[str]:
        """What the container starts. Ours leave the image's entry point as it is."""
        assert "command" not in container, "the image's entry point is replaced"
        return [str(self.image.entrypoint), *(self.path(word, container) for word in container["args"])]

    def environment(self, container: Mapping[str, Any], manifests: list[Manifest], secrets: Secrets) -> dict[str, str]:
        """All that its envFrom and env say.

        Args:
            container: of a rendered manifest.
            manifests: of the same overlay, for the ConfigMaps.
            secrets: content by name, as who deploys would have made them.
        """
        maps = {each["metadata"]["name"]: each["data"] for each in of_kind(manifests, "ConfigMap")}
        found = self.image.bare()
        for source in container.get("envFrom") or []:
            if "configMapRef" in source:
                found |= maps[source["configMapRef"]["name"]]
            elif source["secretRef"]["name"] in secrets or not source["secretRef"].get("optional"):
                found |= secrets[source["secretRef"]["name"]]
        found |= {each["name"]: each["value"] for each in container.get("env") or []}
        return {name: self.path(value, container) for name, value in found.items()}


def main_container(manifest: Manifest) -> dict[str, Any]:
    """The container of a Deployment or Job."""
    containers = manifest["spec"]["template"]["spec"]["containers"]
    assert len(containers) == 1
    return dict(containers[0])


def named(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """One manifest."""
    return next(each for each in of_kind(manifests, kind) if each["metadata"]["name"] == name)
