"""The picture of the rules."""

import re
from pathlib import Path

import pytest

from purereid.errors import UserError
from purereid.report.rule_graph import rule_graph

SNAKEFILE = """
rule first:
    output: "a"
    log: "first.log"
    benchmark: "first.tsv"
    shell: "touch {output}"
rule second:
    input: "a"
    output: config["name"]
    log: "second.log"
    benchmark: "second.tsv"
    shell: "touch {output}"
rule all:
    default_target: True
    input: "c"
"""


@pytest.fixture
def snakefile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("SNAKEMAKE_PROFILE", "of-a-cluster")
    return tmp_path / "Snakefile"


def test_snakemake_is_asked_with_the_config(snakefile: Path):
    rule_graph(config={"name": "c"}, snakefile=snakefile, plot=Path("a.svg"))
    drawn = Path("a.svg").read_text()
    assert set(re.findall(r"<!-- (\w+) -->", drawn)) == {"Snakefile", "first", "second"}
    assert "main road" in drawn and "stroke-width: 3" in drawn


def test_a_workflow_that_cannot_be_read_is_told(snakefile: Path):
    with pytest.raises(UserError, match=r"Missing input files for rule all(.|\n)*c"):
        rule_graph(config={"name": "d"}, snakefile=snakefile, plot=Path("b.svg"))
    assert not Path("b.svg").exists()
