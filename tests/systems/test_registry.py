"""What a mistake in a system's folder is answered with: before any job, with the file and what is wrong."""

import shutil
from pathlib import Path

import pytest
import yaml

from purereid.config_schema import check_sections, with_systems
from purereid.errors import UserError
from purereid.networks import registry

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "rules/schemas/config.schema.yaml"


@pytest.fixture
def duo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of systems, and in it the ``system.yaml`` of a system of two stages."""
    shutil.copytree(registry.FOLDER, tmp_path / "systems", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests/duo", tmp_path / "systems/duo")
    monkeypatch.setattr(registry, "FOLDER", tmp_path / "systems")
    registry.description.cache_clear()
    yield tmp_path / "systems/duo/system.yaml"
    registry.description.cache_clear()


def change(file: Path, path: str, value: object) -> None:
    """Set a value by its dotted path; None removes it."""
    text = section = yaml.safe_load(file.read_text())
    *above, key = path.split(".")
    for name in above:
        section = section[name]
    section.pop(key, None)
    if value is not None:
        section[key] = value
    file.write_text(yaml.safe_dump(text, sort_keys=False))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("rule", "train", "rule train, expected one of train_gan, train_reid"),
        ("gpus", None, "lacks 'gpus'"),
        ("gpus", "two", "gpus two"),
        ("conditions", ["sketch"], "unknown condition sketch"),
        ("conditions", ["source_parts"], "the stage mix draws from parts and lacks this input"),
        ("sections", {}, "unknown key sections"),
        ("stages.mix.setings", {}, "unknown key setings of the stage mix"),
        ("stages.mix.after", "knew", "stage mix is after knew"),
        ("stages.know.after", "mix", "stage know is after mix"),
        ("stages.mix.inputs", ["noises"], "unknown input noises of the stage mix"),
        ("stages.mix.inputs", ["texture_pairs"], "the stage mix lacks the setting trained_on"),
        ("stages.mix.where", {"colour": 1}, "the stage mix lacks the setting colour"),
        ("stages.mix.reads", ["colour"], "the stage mix reads colour, which is no setting"),
        ("stages.mix.inputs", "pairs", "a list in place of 'pairs'"),
        ("stages.mix.roles", "encoder", "a list in place of 'encoder'"),
        ("stages.mix.settings.samples", None, "the stage mix lacks the setting samples"),
        ("settings.epochs", None, "the stage know lacks the setting epochs"),
        ("settings.mix", {}, "the stage mix is called like a setting"),
        ("stages.mix-it", {"after": None, "inputs": [], "roles": []}, "mix-it of a stage is no name of a module"),
        ("stages.blend", {"after": None, "inputs": [], "roles": []}, "there is no blend.py"),
        ("stages", {"mix": {"after": None, "inputs": [], "roles": []}}, "no stage has the role encoder"),
    ],
)
def test_mistakes_are_told(duo: Path, path: str, value: object, message: str):
    change(duo, path, value)
    with pytest.raises(ValueError, match=r"duo/system\.yaml") as told:
        registry.description("duo")
    assert message in str(told.value)


def test_a_system_without_a_mistake_is_taken(duo: Path):
    assert list(registry.description("duo").stages) == ["know", "mix"]


def test_names_of_common_settings_are_not_taken_twice(duo: Path):
    schema = yaml.safe_load(SCHEMA.read_text())
    change(duo, "settings.height", {})
    with pytest.raises(ValueError, match="the system duo has the setting or stage height"):
        with_systems(schema)
    change(duo, "settings.height", None)
    registry.description.cache_clear()
    with_systems(schema)
    change(duo, "stages.width", {"after": None, "inputs": [], "roles": [], "settings": {"batch_size": {}}})
    duo.with_name("width.py").touch()
    registry.description.cache_clear()
    with pytest.raises(ValueError, match="the system duo has the setting or stage width"):
        with_systems(schema)


def test_a_setting_that_is_missing_from_a_stages_section_is_told(duo: Path):
    schema = with_systems(yaml.safe_load(SCHEMA.read_text()))
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    common = {"batch": 2, "images_per_epoch": 2, "epochs": 1, "learning_rate": 0.1}
    config["train_reid"]["duo"] = common | {"mix": {"feature_weight": 1.0, "samples": 1, "samples_over_time": 1}}
    check_sections(config, schema)
    del config["train_reid"]["duo"]["mix"]["feature_weight"]
    with pytest.raises(UserError, match=r"a setting is missing: train_reid\.duo\.mix\.feature_weight"):
        check_sections(config, schema)
