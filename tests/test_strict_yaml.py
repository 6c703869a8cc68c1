"""Keys that stand twice in a YAML file."""

from pathlib import Path

import pytest

from purereid.errors import UserError
from purereid.strict_yaml import read_yaml

FINE = """
half: &half {epochs: 25, seeds: [1, 2]}
other: {<<: *half, epochs: 50}
list: [{a: 1}, {a: 2}]
1: number
"1": text
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.yaml"


def test_sections_may_be_merged_and_equal_keys_stand_in_different_ones(file: Path):
    file.write_text(FINE)
    found = read_yaml(file)
    assert found["other"] == {"epochs": 50, "seeds": [1, 2]} and found["list"] == [{"a": 1}, {"a": 2}]
    assert (found[1], found["1"]) == ("number", "text")
    file.write_text("")
    assert read_yaml(file) is None


@pytest.mark.parametrize(
    ("text", "key", "lines"),
    [
        ("seeds: [1]\ndataset: a\nseeds: [2]\n", "seeds", "lines 1 and 3"),
        ("train_reid:\n  bot:\n    epochs: 3\n    margin: 1\n    epochs: 4\n", "epochs", "lines 3 and 5"),
        ("parts: [{a: 1, b: 2, a: 3}]\n", "a", "lines 1 and 1"),
        ("'a': 1\na: 2\n", "a", "lines 1 and 2"),
    ],
)
def test_a_key_that_stands_twice_is_told(file: Path, text: str, key: str, lines: str):
    file.write_text(text)
    with pytest.raises(UserError, match=rf"the key {key} stands twice in one section\n.*mine.yaml, {lines}"):
        read_yaml(file)
