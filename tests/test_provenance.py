"""The record beside an artifact."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from purereid.provenance import write_provenance


def test_provenance_tells_settings_versions_and_duration(tmp_path: Path):
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "folder").mkdir()
    outputs = [tmp_path / "a.txt", tmp_path / "folder", tmp_path / "not made"]
    write_provenance(tmp_path, {"rule": "r", "settings": {"seed": 1}}, datetime.now(UTC), outputs)
    record = json.loads((tmp_path / "provenance.json").read_text())
    assert record["rule"] == "r" and record["settings"] == {"seed": 1}
    assert record["libraries"]["torch"].startswith("2.")
    assert set(record["package"]) == {"version", "commit", "dirty"}
    assert record["outputs"].keys() == {"a.txt", "folder"}
    assert record["outputs"]["a.txt"] == {"bytes": 4, "sha256": hashlib.sha256(b"text").hexdigest()}
    assert record["seconds"] >= 0 and record["machine"]["python"]
