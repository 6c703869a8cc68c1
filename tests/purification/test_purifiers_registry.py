"""What the workflow knows of the rules of purification: settings, inputs and who decides how many images stay."""

from pathlib import Path

import pytest
import yaml

from purereid.purification.purifiers.registry import DECIDING, NETWORKS, RULES

FILES = {"features", "confidence", "graph", *NETWORKS}


@pytest.fixture
def properties(root: Path) -> dict:
    """The section ``purify`` of the schema."""
    schema = yaml.safe_load((root / "rules/schemas/config.schema.yaml").read_text())
    return schema["$defs"]["purify"]["properties"]


def test_the_config_has_the_settings_of_the_rules_and_no_other(root: Path, properties: dict):
    named = {name for rule in RULES for name in RULES[rule].settings}
    assert {"rule", *named} == set(properties)
    assert set(yaml.safe_load((root / "config.yaml").read_text())["purify"]) == set(properties)


def test_the_config_knows_the_same_rules(properties: dict):
    assert properties["rule"]["enum"] == list(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_every_input_is_known_and_settings_are_named_once(rule: str):
    about = RULES[rule]
    assert set(about.inputs) <= {*FILES, "shards"} and len(set(about.settings)) == len(about.settings)
    assert about.networks == [name for name in NETWORKS if name in about.inputs]
    assert not about.networks or {"features", "graph"} <= set(about.inputs)  # networks look at both


def test_a_rule_decides_how_many_stay_or_takes_a_share():
    assert DECIDING == ["published", "strict", "clusters", "gcn_v", "gcn_e"]
    for rule in RULES:
        shares = {"share", "share_of"} & set(RULES[rule].settings)
        assert shares == (set() if rule in DECIDING else {"share", "share_of"})


def test_gcn_e_reads_both_networks_that_it_needs():
    assert RULES["gcn_e"].networks == ["gcn_v", "gcn_e"] and RULES["published"].networks == ["gcn"]
    assert RULES["random"].inputs == () and RULES["classifier"].networks == []
