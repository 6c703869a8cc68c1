"""Targets that no rule makes: what was probably meant."""

import pytest

from configured import configure
from purereid.targets import artifacts, suggestion

PATTERNS = (
    "results/{dataset}/evaluate/{experiment}/seed{seed}/scores.json",
    "results/{dataset}/evaluate/{experiment}/seed{seed}/ranks.parquet",
    "results/{dataset}/generate/{generator}/{images}/{shard}-of-{shards}/images.parquet",
    "results/{dataset}/compare/table.csv",
)


@pytest.fixture
def known(config: dict) -> list[str]:
    config["seeds"] = [1, 2]
    setup = configure(config)
    return list(artifacts(PATTERNS, setup))


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("results/people/evaluat/baseline/seed1/scores.json", "results/people/evaluate/baseline/seed1/scores.json"),
        ("results/people/evaluate/baselin/seed2/scores.json", "results/people/evaluate/baseline/seed2/scores.json"),
        ("results/people/evaluate/baseline/seed9/scores.json", "results/people/evaluate/baseline/seed1/scores.json"),
        ("results/poeple/evaluate/baseline/seed1/scores.json", "results/people/evaluate/baseline/seed1/scores.json"),
        ("results/people/compare/tabel.csv", "results/people/compare/table.csv"),
        ("results/people/compare", "results/people/compare/table.csv"),
        ("results/people/evaluate/baseline/seed1/", "results/people/evaluate/baseline/seed1/ranks.parquet"),
        ("comparee", "did you mean compare?"),
        ("nothing/of/this", "docs/artifacts.md"),
    ],
)
def test_the_nearest_artifact_is_named(known: list[str], asked: str, meant: str):
    assert meant in suggestion(asked, asked.rstrip("/"), ["all", "compare", "evaluate"], known)


def test_artifacts_are_those_of_the_config(known: list[str]):
    assert "results/people/evaluate/colour_histogram/seed1/scores.json" in known
    assert "results/people/evaluate/colour_histogram/seed2/scores.json" not in known  # it has one seed
    assert not any("generate" in path for path in known)  # nobody knows how many shards there are
