"""The config: checked once, then asked for the settings of each rule."""

import difflib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from purereid.config_schema import check_schema, check_sections, with_systems
from purereid.errors import UserError
from purereid.provenance import digest
from purereid.systems.registry import description, maps_needed

RENDERED, MERGED = "rendered_people", "merge"
OTHER_RULES = ("render_people", "keypoints", "import_keypoints")  # keys of a data set that do not concern its index
SOURCES = ("folder", "table", "split_file")  # keys of a data set that name files


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
        definition = with_systems(yaml.safe_load(Path(schema).read_text()))
        check_schema(self.config, definition)
        check_sections(self.config, definition)
        self.datasets, self.experiments = self.config["datasets"], self.config["experiments"]
        self.generators, self.pictures = self.config["generators"], self.config["generate_one"]
        self._check_names()
        self._check_generators()
        self._check_weights()
        self._check_data()

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

    def system(self, generator: str) -> str:
        """Sub-package of ``systems`` that holds a generator's code."""
        return self.generators[generator]["system"]

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
        entry = self.generators[generator].get("train_gan", {})
        return canonical(self.config["train_gan"][self.system(generator)] | entry)

    def generating(self, generator: str) -> dict:
        """Settings with which it makes images; the entry overrides the section and the two sections inside it."""
        section, entry = self.config["generate"], self.generators[generator].get("generate", {})
        inner = {key: section[key] | entry.get(key, {}) for key in ("train", "test")}
        return canonical(section | entry | inner)

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
        return [self.datasets[dataset][key] for key in SOURCES if key in self.datasets[dataset]]

    def source_state(self, dataset: str) -> str:
        """Digest of the names, sizes and times of all files below a data set's files and folders.

        It shows that images came, went or were replaced. Images that a table names are not looked at.
        """
        return digest([_file_state(Path(path)) for path in self.source_paths(dataset)])

    def has_keypoints(self, dataset: str) -> bool:
        """Whether a data set brings key points."""
        return self.datasets[dataset]["format"] == RENDERED or "keypoints" in self.datasets[dataset]

    def keypoint_state(self, dataset: str) -> str:
        """The same of the files and folders that hold a data set's key points."""
        return digest([_file_state(Path(path)) for path in self.datasets[dataset].get("keypoints", [])])

    def resources(self, rule: str) -> dict:
        """Threads, mem_mb and runtime (minutes) of a rule."""
        return self.config["resources"]["default"] | self.config["resources"].get(rule, {})

    @staticmethod
    def pattern(names: Iterable[str]) -> str:
        """Regular expression of some names."""
        return "|".join(re.escape(name) for name in names)

    def _check_names(self) -> None:
        _check_known(self.config["compare"]["reference"], self.experiments, "compare.reference", "experiment")
        for experiment, entry in self.experiments.items():
            for key, named in (("train", [self.train(experiment)]), ("test", self.tests(experiment))):
                where = f"experiments.{experiment}.{key}" if key in entry else "dataset"
                for dataset in named:
                    _check_known(dataset, self.datasets, where, "data set")

    def _check_generators(self) -> None:
        """Generators in use, and what experiments expect of them."""
        for experiment, entry in self.experiments.items():
            where, settings = f"experiments.{experiment}", self.section("train_reid", experiment)
            if "generator" in entry:
                _check_known(entry["generator"], self.generators, f"{where}.generator", "generator")
                self._check_labels(experiment, settings["generated_labels"])
            elif settings["generated_per_batch"]:
                raise UserError(
                    f"no generator is named, and generated_per_batch is {settings['generated_per_batch']}",
                    where=where,
                    expected="a generator whose images these are",
                    do="name one (generator: of the experiment), or set generated_per_batch to 0",
                )
        if self.generators_in_use():
            self._check_encoder(self.config["score_images"]["encoder"], "score_images.encoder")
        for _, generator in self.generators_in_use():
            where = f"generate.train.pose_list of the generator {generator}"
            if self.pose_list(generator) and not Path(self.pose_list(generator)).is_file():
                raise UserError(f"file not found: {self.pose_list(generator)}", where=where, do="correct the path")
            named = self.training(generator).get("encoder")
            if named:
                self._check_encoder(named, f"train_gan.{self.system(generator)}.encoder of the generator {generator}")

    def _check_poses(self, dataset: str, generator: str) -> None:
        known = self.has_keypoints(dataset) or self.config["estimate_keypoints"]["weights"]
        if self.needs_poses(generator) and not known:
            raise UserError(
                f"the generator {generator} needs key points, and the data set {dataset} has none",
                where=f"datasets.{dataset}.keypoints",
                expected="key-point files of the data set, or estimate_keypoints.weights to find them with",
                do="name them, or do without the experiments that use this generator (experiments: {NAME: null})",
            )

    def _check_labels(self, experiment: str, labels: str) -> None:
        generator = self.generator(experiment)
        if labels == "identity" and "source" not in self.takes(generator):
            raise UserError(
                f"the generator {generator} makes people without identity",
                where=f"experiments.{experiment}.train_reid.generated_labels",
                expected="uniform, extra_class or pseudo",
            )

    def _check_encoder(self, experiment: str, where: str) -> None:
        """Encoders that generators and scores use must not themselves wait for generated images."""
        _check_known(experiment, self.experiments, where, "experiment")
        if self.generator(experiment):
            raise UserError(
                f"the experiment {experiment} is itself trained on generated images",
                where=where,
                expected="an experiment without a generator",
            )

    def _check_weights(self) -> None:
        """Before any job removes an artifact that it then cannot make again."""
        named = {f"the experiment {name}": self.section("train_reid", name) for name in self.experiments}
        named |= {f"the generator {name}": self.training(name) for _, name in self.generators_in_use()}
        named |= {name: self.config[name] for name in ("estimate_keypoints", "score_images")}
        for owner, settings in named.items():
            for key in settings:
                if f"{key}_sha256" in settings and settings[key] and not Path(settings[key]).is_file():
                    raise UserError(
                        f"weights file not found: {settings[key]}",
                        where=f"{key} of {owner}",
                        do="correct the path, or leave it empty to go without these weights",
                    )

    def _check_data(self) -> None:
        """Data sets in use; entries that nothing uses may point anywhere."""
        used = [*self.tested(), *(self.train(experiment) for experiment in self.experiments)]
        for dataset in dict.fromkeys(used):
            self._check_dataset(dataset, ())
        for dataset, generator in self.generators_in_use():
            self._check_poses(dataset, generator)

    def _check_dataset(self, dataset: str, within: tuple[str, ...]) -> None:
        entry = self.datasets[dataset]
        if dataset in within:
            raise UserError("a data set cannot be merged from itself", where=f"datasets.{dataset}.sources")
        if entry["format"] == MERGED:
            for source in entry["sources"]:
                _check_known(source, self.datasets, f"datasets.{dataset}.sources", "data set")
                self._check_dataset(source, (*within, dataset))
        elif entry["format"] != RENDERED:
            _check_sources(dataset, entry)
        if entry["format"] == RENDERED and "keypoints" in entry:
            where = f"datasets.{dataset}.keypoints"
            raise UserError("rendered people bring their own key points", where=where, do="remove the key")
        _check_files(dataset, [("keypoints", path) for path in entry.get("keypoints", [])])


def canonical(value: object) -> object:
    """The same value with the keys of its dicts in alphabetical order.

    Snakemake compares params as texts: without this, settings in another order would count as changed.
    """
    if isinstance(value, dict):
        return {key: canonical(value[key]) for key in sorted(value)}
    return value


def _check_known(name: str, known: Iterable[str], where: str, kind: str) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, list(known), 1)
        raise UserError(
            f"unknown {kind} {name!r}",
            where=where,
            expected=f"one of {', '.join(known)}",
            do=f"did you mean {near[0]}?" if near else f"name one of these, or add it under {kind.replace(' ', '')}s",
        )


def _check_sources(dataset: str, entry: dict) -> None:
    needed = "table" if entry["format"] == "table" else "folder"
    if needed not in entry:
        raise UserError(
            f"data set {dataset!r} has no {needed}",
            where=f"datasets.{dataset}.{needed}",
            expected=f"the path of its {'table' if needed == 'table' else 'images'}",
        )
    try:
        re.compile(entry.get("camera_pattern", ""))
    except re.error as error:
        where = f"datasets.{dataset}.camera_pattern"
        raise UserError(f"unusable pattern {entry['camera_pattern']!r}: {error}", where=where) from None
    _check_files(dataset, [(key, entry[key]) for key in SOURCES if key in entry])


def _check_files(dataset: str, named: list[tuple[str, str]]) -> None:
    for key, path in named:
        if not Path(path).exists():
            raise UserError(
                f"{key.replace('_', ' ')} not found: {path}",
                where=f"datasets.{dataset}.{key}",
                expected="a file or folder that exists",
                do="correct the path, or put the data there",
            )


def _file_state(path: Path) -> list:
    """Relative name, size and time (ns) of a file, or of all files below a folder, linked folders too."""
    files = [path] if path.is_file() else (Path(folder, name) for folder, names in _walk(path) for name in names)
    states = ((file, file.stat()) for file in files if file.is_file() and not file.name.startswith(".snakemake"))
    return sorted([file.relative_to(path).as_posix(), state.st_size, state.st_mtime_ns] for file, state in states)


def _walk(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Folders and the names of their files; a folder that was met already, through a link, is not entered again."""
    met: set[Path] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        met.add(Path(folder).resolve())
        folders[:] = [name for name in folders if Path(folder, name).resolve() not in met]
        yield folder, names


def _without_nulls(config: dict) -> dict:
    """Data sets, experiments and other parts with names that an override file sets to null are removed."""
    parts = {
        key: config[key]
        for key in ("datasets", "experiments", "generators", "generate_one")
        if isinstance(config.get(key), dict)
    }
    return config | {
        key: {name: value for name, value in entries.items() if value is not None} for key, entries in parts.items()
    }
