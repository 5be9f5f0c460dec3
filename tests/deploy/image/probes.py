"""Probes of manifests, asked as the kubelet would."""

import http.client
import socket
from collections.abc import Mapping
from typing import Any

HOST = "127.0.0.1"
KINDS = ("startupProbe", "livenessProbe", "readinessProbe")


def answers(probe: Mapping[str, Any], ports: Mapping[str | int, int]) -> bool:
    """Whether a probe succeeds now.

    Args:
        probe: httpGet or tcpSocket.
        ports: of this machine, by the name or number that the probe says.
    """
    seconds = float(probe.get("timeoutSeconds", 1))
    if "tcpSocket" in probe:
        try:
            socket.create_connection((HOST, ports[probe["tcpSocket"]["port"]]), seconds).close()
        except OSError:
            return False
        return True
    asked = probe["httpGet"]
    connection = http.client.HTTPConnection(HOST, ports[asked["port"]], timeout=seconds)
    try:
        connection.request("GET", asked["path"])
        return 200 <= connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def probes(*containers: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All probes of containers that become one: the later ones are put over the earlier ones."""
    merged = {name: each[name] for each in containers for name in KINDS if name in each}
    return list(merged.values())
