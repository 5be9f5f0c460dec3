"""The form in which every benchmark writes what it measured."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

OUT = Path(__file__).resolve().parent / "out"


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to do the work.

    Attributes:
        name: of the variant.
        events: how many the rate was measured over.
        seconds: how long those took.
        events_per_s: the rate.
        verified: whether the result was checked after the run, and right.
    """

    name: str
    events: int
    seconds: float
    events_per_s: float
    verified: bool


def write(name: str, variants: list[Variant]) -> Path:
    """Write bench/out/NAME.json."""
    OUT.mkdir(exist_ok=True)
    path = OUT / f"{name}.json"
    document = {"cores": os.cpu_count(), "variants": [asdict(variant) for variant in variants]}
    path.write_text(json.dumps(document, indent=1) + "\n")
    return path
