"""The config: checked once, then asked for the settings of each rule."""

import difflib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from purereid.config_schema import check_schema, check_sections, with_systems
from purereid.errors import UserError
from purereid.graph.purifiers.registry import DECIDING, RULES
from purereid.provenance import digest
from purereid.report.training_sets import REAL_ALONE
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
        self.generators, self.purifiers = self.config["generators"], self.config["purifiers"]
        self.pictures = self.config["generate_one"]
        self._check_names()
        self._check_generators()
        self._check_purifiers()
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
        for generator, entry in self.generators.items():
            self._check_trained_as(generator, entry)
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
            self._check_injected(generator)
            named = self.training(generator).get("encoder")
            if named:
                self._check_encoder(named, f"train_gan.{self.system(generator)}.encoder of the generator {generator}")

    def _check_injected(self, generator: str) -> None:
        """Images spoiled on purpose can show a wrong person or pose only where one is asked for."""
        injected, takes = self.generating(generator)["train"]["injected"], self.takes(generator)
        lacking = {} if "source" in takes else {"wrong_identity": "identity"}
        lacking |= {} if any(name != "source" for name in takes) else {"off_pose": "pose"}
        named = [kind for kind in lacking if kind in injected["kinds"]]
        if injected["share"] and named:
            raise UserError(
                f"the generator {generator} is asked for no {lacking[named[0]]}, so that none can be wrong",
                where=f"generate.train.injected.kinds of the generator {generator}",
                expected=f"kinds other than {' and '.join(lacking)}, or the share 0",
                do=f"name those that remain in generators.{generator}.generate.train.injected, or set its share to 0",
            )

    def _check_trained_as(self, generator: str, entry: dict) -> None:
        where, other = f"generators.{generator}.trained_as", entry.get("trained_as")
        if ("system" in entry) == (other is not None):
            named = "both a system and" if other else "neither a system nor"
            raise UserError(
                f"the generator {generator} names {named} trained_as",
                where=f"generators.{generator}",
                expected="one of them: a system that is trained, or a generator whose network is used",
            )
        if other is None:
            return
        _check_known(other, self.generators, where, "generator")
        if "trained_as" in self.generators[other]:
            what = f"the generator {other} has no network of its own"
            raise UserError(what, where=where, expected="a generator that names a system")
        if "train_gan" in entry:
            raise UserError(
                "a generator that uses the network of another is not trained",
                where=f"generators.{generator}.train_gan",
                do=f"move these settings to the generator {other}, or name a system instead of trained_as",
            )

    def _check_purifiers(self) -> None:
        """All purifiers, and what those in use need."""
        for purifier, entry in self.purifiers.items():
            self._check_purifier(purifier, entry)
        for experiment in self.experiments:
            if self.purifier(experiment):
                where = f"experiments.{experiment}.purifier"
                _check_known(self.purifier(experiment), self.purifiers, where, "purifier")
                self._check_pool(self.generator(experiment), where)
                if not self.uses_generated(experiment):
                    what = "generated images are purified, and generated_per_batch is 0"
                    raise UserError(
                        what, where=where, do="raise train_reid.generated_per_batch, or remove the purifier"
                    )
        used = [generator for _, generator in self.generators_in_use()]
        for generator in self.config["compare_purifiers"]["generators"]:
            _check_known(generator, used, "compare_purifiers.generators", "generator of an experiment")
            self._check_pool(generator, "compare_purifiers.generators")
        for _, generator, purifier in self.purified_in_use():
            counted = self.purifying(purifier).get("share_of")
            for name in filter(None, (purifier, counted)):
                self._check_graph(generator, self.purifying(name)["rule"])

    def _check_purifier(self, purifier: str, entry: dict) -> None:
        where = f"purifiers.{purifier}"
        settings = self.purifying(purifier)
        strange = [name for name in entry if name not in ("rule", *RULES[settings["rule"]].settings)]
        if "share" in entry and entry.get("share_of"):
            what = "both share and share_of say how many images stay"
            raise UserError(what, where=where, expected="one of them")
        if strange:
            raise UserError(
                f"the rule {settings['rule']} has no setting {strange[0]}",
                where=where,
                expected=", ".join(("rule", *RULES[settings["rule"]].settings)),
            )
        other = settings.get("share_of")
        if other:
            _check_known(other, self.purifiers, f"{where}.share_of", "purifier")
            if self.purifying(other)["rule"] not in DECIDING:
                raise UserError(
                    f"the purifier {other} does not decide by itself how many images it keeps",
                    where=f"{where}.share_of",
                    expected=f"a purifier with one of the rules {', '.join(DECIDING)}",
                )

    def _check_pool(self, generator: str | None, where: str) -> None:
        """Images that can be purified, and an encoder to do it with."""
        if generator is None:
            what = "no generator is named, and so there is nothing to purify"
            raise UserError(what, where=where, do="name one (generator: of the experiment), or remove the purifier")
        if "source" not in self.takes(generator):
            raise UserError(
                f"the generator {generator} makes people without identity, whom no rule can compare with one",
                where=where,
                expected="a generator that takes a source image",
            )
        encoder = self.of_generator("embed_generated", generator)["encoder"]
        named = f"embed_generated.encoder of the generator {generator}"
        _check_known(encoder, self.experiments, named, "experiment")
        if self.uses_generated(encoder):
            raise UserError(
                f"the experiment {encoder} is itself trained on generated images",
                where=named,
                expected="an experiment that learns from real images alone",
            )
        if not self.learns(encoder):
            what = f"the experiment {encoder} does not learn (epochs: 0), so that its features tell no persons apart"
            raise UserError(what, where=named, expected="an experiment that learns from real images")

    def _check_graph(self, generator: str, rule: str) -> None:
        """The graph must hold the neighbours that the networks look at."""
        found = self.of_generator("build_graph", generator)["k"]
        for network in RULES[rule].networks:
            settings = self.of_generator(f"train_{network}", generator)
            needed = {name: settings[name] for name in ("k1", "k2", "u", "k") if name in settings}
            name = max(needed, key=needed.get)
            if needed[name] > found:
                raise UserError(
                    f"build_graph.k is {found}, and train_{network}.{name} is {needed[name]}",
                    where=f"generator {generator}, purified by the rule {rule}",
                    expected="a graph with as many neighbours as the network looks at",
                    do=f"raise build_graph.k to {needed[name]}, or lower train_{network}.{name}",
                )

    def _check_poses(self, dataset: str, generator: str) -> None:
        known = self.has_keypoints(dataset) or self.config["estimate_keypoints"]["weights"]
        if self.needs_poses(generator) and not known:
            using = [name for name in self.experiments if self.generator(name) == generator]
            raise UserError(
                f"the generator {generator} needs key points, and the data set {dataset} has none",
                where=f"datasets.{dataset}.keypoints",
                expected="key-point files of the data set, or estimate_keypoints.weights to find them with",
                do="name them, or do without the experiments that use this generator: "
                f"experiments: {{{', '.join(f'{name}: null' for name in using)}}}",
            )

    def _check_few(self, dataset: str, generator: str) -> None:
        """Scores with few real images are compared with those of the reference."""
        reference = self.config["compare"]["reference"]
        tested = dataset in self.tests(reference) and self.train(reference) == dataset and self.learns(reference)
        if self.is_few(generator) and dataset in self.tested() and not tested:
            raise UserError(
                f"the experiment {reference} does not learn on {dataset} and is not tested on it",
                where="compare.reference",
                expected=f"the experiment with all real images, as the generator {generator} takes some away",
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
            self._check_few(dataset, generator)

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


def _merged(section: dict, entry: dict) -> dict:
    """A section whose settings an entry overrides, also those of the sections inside it."""
    both = [key for key in section if isinstance(section[key], dict) and key in entry]
    return section | entry | {key: _merged(section[key], entry[key]) for key in both}


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
        key: config[key] or {}
        for key in ("datasets", "experiments", "generators", "purifiers", "generate_one")
        if key in config and isinstance(config[key], dict | None)
    }
    return config | {
        key: {name: value for name, value in entries.items() if value is not None} for key, entries in parts.items()
    }
