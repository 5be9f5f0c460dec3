"""Compiles proto/ to Python: `python proto/generate.py [FOLDER]`; the default is the checkout, which keeps it."""

import sys
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc  # type: ignore[import-untyped]  # it has none

ROOT = Path(__file__).resolve().parent


def main(folder: Path) -> int:
    """Write NAME_pb2.py, NAME_pb2.pyi and NAME_pb2_grpc.py of each file below FOLDER; the compiler's status."""
    sources = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.proto"))
    kinds = [f"--{kind}_out={folder}" for kind in ("python", "pyi", "grpc_python")]
    return int(protoc.main(["protoc", f"-I{ROOT}", f"-I{files('grpc_tools') / '_proto'}", *kinds, *sources]))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent))
