"""What a run in a process of its own must not depend on."""

import os
import subprocess
import sys
from pathlib import Path


def test_another_process_with_another_hash_seed_gives_the_same_file(tmp_path: Path) -> None:
    files = []
    for hash_seed in ("0", "1"):
        out, answers = tmp_path / f"{hash_seed}.jsonl", tmp_path / f"{hash_seed}.json"
        command = ["-c", "from clickstream.cli import main; main()", "generate", "--events", "3000"]
        options = ["--start", "2026-01-01T00:00:00Z", "--out", str(out), "--answers", str(answers)]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, *command, *options], check=True, env=environment, capture_output=True)
        files.append((out.read_bytes(), answers.read_bytes()))
    assert files[0] == files[1]
    assert files[0][0].count(b"\n") == 3000
