"""The config: checked once, then asked for the settings of each rule."""

import re
from collections.abc import Iterable
from pathlib import Path

import yaml

from purereid.config_schema import check_schema, check_sections, with_systems
from purereid.configuration_checks import check
from purereid.dataset_sources import FILE_KEYS, MERGED, RENDERED, state_of
from purereid.networks.registry import description, maps_needed
from purereid.purification.purifiers.registry import RULES
from purereid.report.training_sets import REAL_ALONE

OTHER_RULES = ("render_people", "keypoints", "import_keypoints")  # keys of a data set that do not concern its index


class Configuration:
    """Data sets, experiments and sections of a config.

    Args:
        config: as Snakemake hands it over: config.yaml with override files merged into it.
        schema: path of its JSON schema (YAML).

    Raises:
        UserError: unknown keys, wrong types or values, names that do not exist, folders that are missing.
    """

    def __init__(self, config: dict, schema: str | Path):
        self.config = _without_nulls(config)
        definition = with_systems(yaml.safe_load(Path(schema).read_text(encoding="utf-8")))
        check_schema(self.config, definition)
        check_sections(self.config, definition)
        self.datasets, self.experiments = self.config["datasets"], self.config["experiments"]
        self.generators, self.purifiers = self.config["generators"], self.config["purifiers"]
        self.pictures = self.config["generate_one"]
        check(self)

    def section(self, rule: str, experiment: str) -> dict:
        """Settings of a rule for one experiment: the section, overridden by the experiment's."""
        return canonical(self.config[rule] | self.experiments[experiment].get(rule, {}))

    def train(self, experiment: str) -> str:
        """Data set that an experiment trains on."""
        return self.experiments[experiment].get("train", self.config["dataset"])

    def tests(self, experiment: str) -> list[str]:
        """Data sets that an experiment is tested on."""
        named = self.experiments[experiment].get("test", self.config["dataset"])
        return [named] if isinstance(named, str) else named

    def seeds(self, experiment: str) -> list[int]:
        """Seeds with which an experiment is run."""
        return self.experiments[experiment].get("seeds", self.config["seeds"])

    def gpus(self, experiment: str) -> int:
        """GPUs of an experiment's jobs."""
        return self.experiments[experiment].get("gpus", self.config["gpus"])

    def learns(self, experiment: str) -> bool:
        """Whether an experiment trains at all (yardsticks have 0 epochs)."""
        return self.section("train_reid", experiment)["epochs"] > 0

    def generator(self, experiment: str) -> str | None:
        """Generator whose images an experiment trains on besides the real ones."""
        return self.experiments[experiment].get("generator")

    def generators_in_use(self) -> list[tuple[str, str]]:
        """Data set and generator of the experiments that use one, each once."""
        used = [(self.train(experiment), self.generator(experiment)) for experiment in self.experiments]
        return list(dict.fromkeys((dataset, generator) for dataset, generator in used if generator))

    def networks_in_use(self) -> list[tuple[str, str]]:
        """Data set and generator of the trained networks behind them, each once."""
        return list(dict.fromkeys((dataset, self.trained(name)) for dataset, name in self.generators_in_use()))

    def trained(self, generator: str) -> str:
        """Generator whose network a generator uses: its own, or that of another."""
        return self.generators[generator].get("trained_as", generator)

    def purifier(self, experiment: str) -> str | None:
        """Purifier that chooses among the images of an experiment's generator; None: all are used."""
        return self.experiments[experiment].get("purifier")

    def kind_of_training_set(self, experiment: str, *, name_the_network: bool) -> str:
        """In words, what an experiment is trained on, whatever the number of its real images."""
        if not self.uses_generated(experiment):
            return REAL_ALONE
        network = self.trained(self.generator(experiment)) if name_the_network else None
        return ", ".join(filter(None, [network, "generated", self.purifier(experiment)]))

    def uses_generated(self, experiment: str) -> bool:
        """Whether generated images are in its batches, and not the real part of its training set alone."""
        return self.section("train_reid", experiment)["generated_per_batch"] > 0

    def is_few(self, generator: str) -> bool:
        """Whether its images replace real ones."""
        return self.generating(generator)["train"]["setup"] == "few"

    def purified_in_use(self) -> list[tuple[str, str, str]]:
        """Data set, generator and purifier of the experiments that use one, and of further comparisons, each once."""
        used = [(self.train(e), self.generator(e), self.purifier(e)) for e in self.experiments if self.purifier(e)]
        compared = self.config["compare_purifiers"]["generators"]
        more = [(d, g, purifier) for d, g in self.generators_in_use() if g in compared for purifier in self.purifiers]
        return list(dict.fromkeys(used + more))

    def purifying(self, purifier: str) -> dict:
        """Settings of a purifier: those of the section ``purify`` that concern its rule, overridden by its entry."""
        entry = self.purifiers[purifier]
        settings = self.config["purify"] | ({"share_of": ""} if "share" in entry else {}) | entry
        unused = "share" if settings["share_of"] else "share_of"
        names = [name for name in RULES[settings["rule"]].settings if name != unused]
        return canonical({name: settings[name] for name in ("rule", *names)})

    def of_generator(self, rule: str, generator: str) -> dict:
        """Settings of a rule for one generator: the section, overridden by the generator's."""
        return canonical(_merged(self.config[rule], self.generators[generator].get(rule, {})))

    def system(self, generator: str) -> str:
        """Sub-package of ``systems`` that holds a generator's code."""
        return self.generators[self.trained(generator)]["system"]

    def takes(self, generator: str) -> list[str]:
        """What an image of a generator is made from: source, joints, parts; empty: noise alone."""
        return description(self.system(generator))["conditions"]

    def needs_poses(self, generator: str) -> bool:
        """Whether a generator takes or learns from heat maps or pairs, for which key points are needed."""
        inputs = description(self.system(generator))["inputs"]
        return bool(maps_needed(self.takes(generator))) or any(name != "encoder" for name in inputs)

    def learns_from(self, generator: str) -> list[str]:
        """What the training of a generator reads besides the index: joints, parts, pairs, encoder."""
        settings = self.training(generator)
        wanted = settings.get("encoder") and settings.get("identity_weight", 1)
        return [name for name in description(self.system(generator))["inputs"] if name != "encoder" or wanted]

    def training(self, generator: str) -> dict:
        """Settings with which a generator is trained: its system's section, overridden by its entry."""
        entry = self.generators[self.trained(generator)].get("train_gan", {})
        return canonical(self.config["train_gan"][self.system(generator)] | entry)

    def generating(self, generator: str) -> dict:
        """Settings with which it makes images."""
        return self.of_generator("generate", generator)

    def generator_gpus(self, generator: str) -> int:
        """GPUs of a generator's jobs: one, or 0 for the CPU."""
        return min(1, self.generators[generator].get("gpus", self.config["gpus"]))

    def pose_list(self, generator: str) -> str | None:
        """File with the images whose poses are asked for."""
        return self.generating(generator)["train"]["pose_list"] or None

    def pictures_of(self, dataset: str, generator: str) -> list[str]:
        """Pictures of ``generate_one`` that are drawn of a data set by a generator."""
        wanted = {"dataset": dataset, "generator": generator}
        return [
            name
            for name, entry in self.pictures.items()
            if "source" in self.takes(generator) and all(entry.get(key, own) == own for key, own in wanted.items())
        ]

    def named_files(self, picture: str) -> list[str]:
        """Files that a picture of ``generate_one`` names; other names are images of the index."""
        named = [self.pictures[picture][key] for key in ("sources", "poses")]
        return [name for names in named if isinstance(names, list) for name in names if Path(name).is_file()]

    def tested(self) -> list[str]:
        """All data sets that some experiment is tested on, in order of first use."""
        return list(dict.fromkeys(dataset for experiment in self.experiments for dataset in self.tests(experiment)))

    def tested_on(self, dataset: str) -> list[str]:
        """Experiments that are tested on a data set: the reference first, the others in the config's order."""
        reference = self.config["compare"]["reference"]
        names = sorted(self.experiments, key=lambda experiment: experiment != reference)
        return [experiment for experiment in names if dataset in self.tests(experiment)]

    def rendering(self, dataset: str) -> dict:
        """Settings with which a rendered data set is made; its entry overrides the section."""
        return canonical(self.config["render_people"] | self.datasets[dataset].get("render_people", {}))

    def indexing(self, dataset: str, rendered: str, sources: list[str]) -> dict:
        """Settings with which a data set is read.

        Args:
            dataset: its name.
            rendered: folder of the rendered people of that name.
            sources: indexes of the data sets that it merges.
        """
        entry = {key: value for key, value in self.datasets[dataset].items() if key not in OTHER_RULES}
        if entry["format"] == RENDERED:
            entry |= {"format": "market1501", "folder": rendered}
        if entry["format"] == MERGED:
            entry |= {"sources": sources}
        return canonical(self.config["index_dataset"] | {"name": dataset} | entry)

    def importing(self, dataset: str) -> dict:
        """Settings with which key points are read; the data set's entry overrides the section."""
        return canonical(self.config["import_keypoints"] | self.datasets[dataset].get("import_keypoints", {}))

    def source_paths(self, dataset: str) -> list[str]:
        """Files and folders that a data set is read from."""
        return [self.datasets[dataset][key] for key in FILE_KEYS if key in self.datasets[dataset]]

    def source_state(self, dataset: str) -> str:
        """Digest that changes when files of a data set's images come, go or are replaced, see ``state_of``."""
        return state_of(self.source_paths(dataset))

    def has_keypoints(self, dataset: str) -> bool:
        """Whether a data set brings key points."""
        return self.datasets[dataset]["format"] == RENDERED or "keypoints" in self.datasets[dataset]

    def keypoint_state(self, dataset: str) -> str:
        """The same of the files that hold a data set's key points."""
        return state_of(self.datasets[dataset].get("keypoints", []))

    def resources(self, rule: str) -> dict:
        """Threads, mem_mb and runtime (minutes) of a rule."""
        return self.config["resources"]["default"] | self.config["resources"].get(rule, {})

    @staticmethod
    def pattern(names: Iterable[str]) -> str:
        """Regular expression of some names."""
        return "|".join(re.escape(name) for name in names)


def canonical(value: object) -> object:
    """The same value with the keys of its dicts in alphabetical order.

    Snakemake compares params as texts: without this, settings in another order would count as changed.
    """
    if isinstance(value, dict):
        return {key: canonical(value[key]) for key in sorted(value)}
    return value


def _merged(section: dict, entry: dict) -> dict:
    """A section whose settings an entry overrides, also those of the sections inside it."""
    both = [key for key in section if isinstance(section[key], dict) and key in entry]
    return section | entry | {key: _merged(section[key], entry[key]) for key in both}


def _without_nulls(config: dict) -> dict:
    """Data sets, experiments and other parts with names that an override file sets to null are removed."""
    parts = {
        key: config[key] or {}
        for key in ("datasets", "experiments", "generators", "purifiers", "generate_one")
        if key in config and isinstance(config[key], dict | None)
    }
    return config | {
        key: {name: value for name, value in entries.items() if value is not None} for key, entries in parts.items()
    }
