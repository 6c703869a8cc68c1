"""The record beside an artifact."""

import json
from datetime import UTC, datetime
from pathlib import Path

from purereid.provenance import write_provenance


def test_provenance_tells_settings_versions_and_duration(tmp_path: Path):
    write_provenance(tmp_path, {"rule": "r", "settings": {"seed": 1}}, datetime.now(UTC))
    record = json.loads((tmp_path / "provenance.json").read_text())
    assert record["rule"] == "r" and record["settings"] == {"seed": 1}
    assert record["libraries"]["torch"].startswith("2.")
    assert set(record["package"]) == {"version", "commit", "dirty"}
    assert record["seconds"] >= 0 and record["machine"]["python"]
