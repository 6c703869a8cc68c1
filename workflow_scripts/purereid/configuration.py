"""The config: checked once, then asked for the settings of each rule."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import yaml

from purereid.config_schema import check_schema, check_sections, with_systems
from purereid.data.image_folders import with_folders
from purereid.dataset_sources import FILE_KEYS, MERGED, PIT, RENDERED, state_of
from purereid.experiment_grids import with_grids
from purereid.generator_seeds import with_seeds
from purereid.networks.registry import DEFAULT_SYSTEM, OF_KEYPOINTS, System, description, guides_needed, system_names
from purereid.purification.purifiers.registry import RULES
from purereid.report.training_sets import REAL_ALONE, set_name
from purereid.strict_yaml import at_home
from purereid.training.logged import logged

APART = 1_000_003  # draws of a seed and of its next repetition
COMPARING = ("compare_images", "compare_purifiers", "sensitivity")  # rules whose sections name generators
OTHER_RULES = ("render_people", "keypoints", "import_keypoints")  # keys of a data set that do not concern its index


class Training(NamedTuple):
    """How a system is trained for a generator or an experiment of the config.

    Attributes:
        rule: ``train_gan`` for a generator, ``train_reid`` for an experiment.
        name: of the generator or experiment.
        system: its system.
        section: all settings; those of a stage alone stand under the stage's name.
    """

    rule: str
    name: str
    system: str
    section: dict

    @property
    def about(self) -> System:
        """What the system's ``system.yaml`` says."""
        return description(self.system)

    def stage_with(self, role: str) -> str | None:
        """The last stage that yields a network of a role."""
        return self.about.stage_with(role)

    def stages_of(self, role: str) -> list[str]:
        """The stages up to the last that yields a network of a role."""
        return self.until(self.stage_with(role))

    def until(self, last: str) -> list[str]:
        """A stage and those that it continues, in running order, without those that settings leave out."""
        return [stage for stage in self.about.until(last) if stage == last or self._runs(stage)]

    def _runs(self, stage: str) -> bool:
        return all(self.section[name] == value for name, value in self.about.stages[stage].where.items())

    def names(self, stage: str) -> dict:
        """What of ``system.yaml`` a stage acts upon."""
        roles, conditions = list(self.about.stages[stage].roles), list(self.about.conditions)
        return {"system": self.system, "stage": stage, "roles": roles, "conditions": conditions}

    def settings(self, stage: str) -> dict:
        """Settings of a stage."""
        about = self.about
        unread = set() if about.stages[stage].reads is None else set(about.settings) - set(about.stages[stage].reads)
        shared = {name: value for name, value in self.section.items() if name not in {*about.stages, *unread}}
        return canonical(shared | self.section.get(stage, {}))

    def inputs(self, stage: str) -> list[str]:
        """What a stage reads besides the index, without what its weight makes needless or an encoder without a name."""
        settings, about = self.settings(stage), self.about.stages[stage]
        weights = about.needed_for.items()
        needless = [name for name, names in weights if not any(settings[weight] for weight in names)]
        needless += [] if settings.get("teacher") else ["encoder"]
        return [name for name in about.inputs if name not in needless]

    def any_input(self) -> list[str]:
        """What any of the stages reads besides the index."""
        return list(dict.fromkeys(name for stage in self.about.stages for name in self.inputs(stage)))

    def values(self, name: str) -> list:
        """A setting in each of the stages that have it."""
        found = [self.settings(stage) for stage in self.about.stages]
        return [settings[name] for settings in found if name in settings]


class Configuration:
    """Data sets, experiments and sections of a config.

    Args:
        config: as Snakemake hands it over: config.yaml with override files merged into it.
        schema: path of its JSON schema (YAML).

    Raises:
        UserError: unknown keys, wrong types or values. ``checks.check`` looks further.
    """

    def __init__(self, config: dict, schema: str | Path):
        self.config = _without_nulls(at_home(config))
        self.grids: dict[str, list[str]] = {}
        if isinstance(self.config.get("experiments"), dict):
            experiments, self.grids = with_grids(self.config["experiments"])
            self.config = self.config | {"experiments": experiments}
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the first is ten times as fast, and not everywhere
        definition = with_systems(yaml.load(Path(schema).read_text(encoding="utf-8"), loader))
        check_schema(self.config, definition)
        check_sections(self.config, definition)
        self.datasets, self.all_experiments = self.config["datasets"], self.config["experiments"]
        self.left_out = [each for name in self.config["leave_out"] for each in self.grids.get(name, [name])]
        self.experiments = {name: entry for name, entry in self.all_experiments.items() if name not in self.left_out}
        self.purifiers, self.pictures = self.config["purifiers"], self.config["generate_one"]
        named = [name for rule in COMPARING for name in self.config[rule]["generators"]]
        self.generators, self.draws = with_seeds(self._generators(), self.experiments, self.config["seeds"], named)
        self._behind = {each: (name, seed) for name, of in self.draws.items() for seed, each in of.items()}

    def _generators(self) -> dict[str, dict]:
        """Those of the config but for those of experiments that are left out."""
        entries = self.config["generators"]
        return {name: each for name, each in entries.items() if each.get("from_experiment") not in self.left_out}

    def left_out_on(self, dataset: str) -> list[str]:
        """Experiments that are left out and would be tested on a data set."""
        return [name for name in self.left_out if dataset in self.tests(name)]

    def section(self, rule: str, experiment: str) -> dict:
        """Settings of ``extract_features`` or ``evaluate`` for one experiment: its own before those of the section."""
        return canonical(self.config[rule] | self.experiments[experiment].get(rule, {}))

    def extracting(self, experiment: str) -> dict:
        """Settings of ``extract_features``; under ``network`` those that the encoder is rebuilt with."""
        about = self.training(experiment).about
        return _for_network(self.section("extract_features", experiment), about.at_test, self.at_test())

    @staticmethod
    def at_test() -> set[str]:
        """Settings of ``extract_features`` that encoders of some system are rebuilt with."""
        return {name for system in system_names("train_reid") for name in description(system).at_test}

    def trained_by(self, experiment: str) -> str:
        """The experiment itself, or the one whose networks it uses (``from_experiment``)."""
        return self.experiments[experiment].get("from_experiment", experiment)

    def train(self, experiment: str) -> str:
        """Data set that an experiment trains on."""
        return self.experiments[self.trained_by(experiment)].get("train", self.config["dataset"])

    def tests(self, experiment: str) -> list[str]:
        """Data sets that an experiment is tested on, or would be if it were not left out."""
        named = self.all_experiments[experiment].get("test", self.config["dataset"])
        return [named] if isinstance(named, str) else named

    def seeds(self, experiment: str) -> list[int]:
        """Seeds with which an experiment is run, sorted: its own, or those of the one whose networks it uses."""
        entry, training = self.experiments[experiment], self.experiments[self.trained_by(experiment)]
        return sorted(entry.get("seeds", training.get("seeds", self.config["seeds"])))

    def draws_with(self, experiment: str, seed: int) -> int:
        """Number from which the draws of a training follow: the seed, or with ``repeat`` one that no seed is near."""
        repeat = self.experiments[self.trained_by(experiment)].get("repeat", 0)
        return (seed + repeat * APART) % 2**32

    def all_seeds(self) -> list[int]:
        """Seeds of all experiments, each once."""
        return sorted({seed for experiment in self.experiments for seed in self.seeds(experiment)})

    def gpus(self, experiment: str) -> int:
        """GPUs of an experiment's jobs, or of the one whose networks it uses."""
        return self.experiments[self.trained_by(experiment)].get("gpus", self.config["gpus"])

    def training(self, experiment: str) -> Training:
        """How the encoder of an experiment is trained."""
        name = self.trained_by(experiment)
        entry = self.experiments[name]
        system = entry.get("system", DEFAULT_SYSTEM)
        return self._training("train_reid", name, system, entry.get("train_reid", {}))

    def encoder_stage(self, experiment: str) -> str:
        """Stage whose encoder an experiment is about: the one that it names, or the last that yields one."""
        return self.experiments[experiment].get("stage", self.training(experiment).stage_with("encoder"))

    def has_verifier(self, experiment: str) -> bool:
        """Whether a verifier was trained with the encoder of an experiment, and is in its file."""
        return "verifier" in self.training(experiment).about.stages[self.encoder_stage(experiment)].roles

    def learns(self, experiment: str) -> bool:
        """Whether an experiment trains at all (yardsticks have 0 epochs)."""
        return any(self.training(experiment).values("epochs"))

    def stages(self, rule: str) -> list[str]:
        """Names of the stages of all systems of a rule, each once."""
        return list(dict.fromkeys(stage for name in system_names(rule) for stage in description(name).stages))

    def own_experiments(self) -> list[str]:
        """Experiments that do not use the networks of another."""
        return [name for name in self.experiments if self.trained_by(name) == name]

    def own_generators(self) -> list[str]:
        """Generators that name a system, and so are trained by themselves."""
        return [name for name, entry in self.generators.items() if "system" in entry]

    def stages_in_use(self, experiment: str) -> list[str]:
        """Stages of an experiment that its encoder, or a generator in use, comes from; none if it trains none."""
        training = self.training(experiment)
        if training.name != experiment:
            return []
        generators = [name for _, name in self.generators_in_use() if self.experiment_behind(name) == experiment]
        last = [self.encoder_stage(experiment), *([training.stage_with("generator")] if generators else [])]
        return list(dict.fromkeys(stage for name in last for stage in training.until(name)))

    def views(self, experiment: str) -> str | None:
        """Generator in whose views of each test image features are averaged, for a ranking beside the plain one.

        It may stand for one of each seed, see ``of_seed``.
        """
        settings = self.section("evaluate", experiment)
        return settings["views"] if settings["protocol"] in ("market", "openreid") and settings["views"] else None

    def named_generator(self, experiment: str) -> str | None:
        """Generator that the config names for an experiment; it may stand for one of each seed."""
        return self.experiments[self.trained_by(experiment)].get("generator")

    def generator(self, experiment: str, seed: int) -> str | None:
        """Generator whose images a seed of an experiment trains on besides the real ones."""
        named = self.named_generator(experiment)
        return named and self.of_seed(named, seed)

    def generators_of(self, experiment: str) -> list[str]:
        """Generators whose images any seed of an experiment trains on, each once; none for real images alone."""
        found = [self.generator(experiment, seed) for seed in self.seeds(experiment)]
        return list(dict.fromkeys(filter(None, found)))

    def of_seed(self, generator: str, seed: int) -> str:
        """That of a seed, if a name in the config stands for one of each seed (``per_seed``), or else itself."""
        return self.draws.get(generator, {}).get(seed, generator)

    def all_of(self, generator: str) -> list[str]:
        """Generators that a name in the config stands for: those of all seeds, or itself."""
        return list(self.draws[generator].values()) if generator in self.draws else [generator]

    def name_of(self, generator: str) -> str:
        """Name that stands in the config for a generator: the opposite of ``all_of``."""
        return self._behind.get(generator, (generator, None))[0]

    def generators_in_use(self) -> list[tuple[str, str]]:
        """Data set and generator of the experiments that use one, and of those that are compared anyway, each once."""
        used = [
            (self.train(experiment), name) for experiment in self.experiments for name in self.generators_of(experiment)
        ]
        compared = self.config["compare_images"]["generators"]
        return list(
            dict.fromkeys(used + [(self.config["dataset"], each) for name in compared for each in self.all_of(name)])
        )

    def networks_in_use(self) -> list[tuple[str, str]]:
        """Data set and generator of the trained networks behind them, each once."""
        return list(dict.fromkeys((dataset, self.trained(name)) for dataset, name in self.generators_in_use()))

    def trained(self, generator: str) -> str:
        """Generator whose network a generator uses: its own, or that of another."""
        return self.generators[generator].get("trained_as", generator)

    def purifier(self, experiment: str) -> str | None:
        """Purifier that chooses among the images of an experiment's generator; None: all are used."""
        return self.experiments[self.trained_by(experiment)].get("purifier")

    def kind_of_training_set(self, experiment: str, *, name_the_network: bool) -> str:
        """In words, what an experiment is trained on, whatever the number of its real images."""
        if not self.uses_generated(experiment):
            return REAL_ALONE
        network = self.name_of(self.trained(self.generators_of(experiment)[0])) if name_the_network else None
        return ", ".join(filter(None, [network, "generated", self.purifier(experiment)]))

    def uses_generated(self, experiment: str) -> bool:
        """Whether generated images are in its batches, and not the real part of its training set alone."""
        return any(self.training(experiment).values("generated_per_batch"))

    def is_few(self, generator: str) -> bool:
        """Whether its images replace real ones."""
        return self.generating(generator)["train"]["setup"] == "few"

    def purified_in_use(self) -> list[tuple[str, str, str]]:
        """Data set, generator and purifier of the experiments that use one, and of further comparisons, each once."""
        choosing = [(self.train(name), name, self.purifier(name)) for name in self.experiments if self.purifier(name)]
        used = [(dataset, each, purifier) for dataset, name, purifier in choosing for each in self.generators_of(name)]
        compared = [each for name in self.config["compare_purifiers"]["generators"] for each in self.all_of(name)]
        more = [(d, g, purifier) for d, g in self.generators_in_use() if g in compared for purifier in self.purifiers]
        return list(dict.fromkeys(used + more))

    def purified_on(self, dataset: str) -> list[tuple[str, str]]:
        """Generator and purifier of those that are used on a data set."""
        return [(generator, purifier) for other, generator, purifier in self.purified_in_use() if other == dataset]

    def measured_sets(self) -> list[tuple[str, str]]:
        """Generator and purifier of those whose failures the rule ``sensitivity`` counts."""
        named = self.config["sensitivity"]
        generators = [each for name in named["generators"] for each in self.all_of(name)]
        return [(g, p) for g in generators for p in named["purifiers"] or self.purifiers]

    def about_set(self, generator: str, purifier: str) -> dict:
        """What decides how many failures a purifier finds among the images of a generator.

        generator, trained (share of its training in percent), kinds (of images spoiled on purpose, in words) and
        injected (their share, in percent), steps (of the GCN; None: as many as its images fill), purifier, its rule,
        and link (in words, what decides its links; "" if it looks at none).
        """
        making, train = self.making(generator), self.generating(generator)["train"]
        injected, gcn, settings = train["injected"], self.of_generator("train_gcn", generator), self.purifying(purifier)
        stage = making.settings(making.stage_with("generator"))
        precision = settings.get("link_precision")
        threshold = f"{settings['threshold']:g}" if "threshold" in settings else ""
        return {
            "generator": generator,
            "trained": 100 * stage.get("stop_at", 1.0),
            "kinds": " ".join(injected["kinds"]) if injected["share"] else "",
            "injected": 100 * injected["share"],
            "steps": gcn["epochs"] * gcn["steps_per_epoch"] or None,
            "purifier": purifier,
            "rule": settings["rule"],
            "link": f"p {precision:g}" if precision else threshold,
        }

    def graph_networks_on(self, dataset: str) -> list[tuple[str, str]]:
        """Generator and network of those that purify on a data set, each once."""
        used = [(generator, self.purifying(purifier)["rule"]) for generator, purifier in self.purified_on(dataset)]
        return list(dict.fromkeys((generator, name) for generator, rule in used for name in RULES[rule].networks))

    def learning_on(self, dataset: str) -> list[str]:
        """Experiments that learn on a data set and are tested on it."""
        tested = self.tested_on(dataset)
        return [name for name in tested if self.train(name) == dataset and self.learns(name)]

    def purifying(self, purifier: str) -> dict:
        """Settings of a purifier: those of the section ``purify`` that concern its rule, overridden by its entry."""
        entry = self.purifiers[purifier]
        settings = self.config["purify"] | ({"share_of": ""} if "share" in entry else {}) | entry
        unused = "share" if settings["share_of"] else "share_of"
        names = [name for name in RULES[settings["rule"]].settings if name != unused]
        return canonical({name: settings[name] for name in ("rule", *names)})

    def purifying_images(self, purifier: str, generator: str) -> dict:
        """The same for the images of a generator: those of each seed are drawn among with another seed."""
        settings, (_, seed) = self.purifying(purifier), self._behind.get(generator, (generator, 0))
        return settings | ({"seed": settings["seed"] + seed} if "seed" in settings else {})

    def of_generator(self, rule: str, generator: str) -> dict:
        """Settings of a rule for one generator: the section, overridden by the generator's."""
        return canonical(_merged(self.config[rule], self.generators[generator].get(rule, {})))

    def experiment_behind(self, generator: str) -> str | None:
        """Experiment that trains the network of a generator; None: it has a training of its own."""
        return self.generators[self.trained(generator)].get("from_experiment")

    def making(self, generator: str) -> Training:
        """How the network of a generator is trained."""
        experiment = self.experiment_behind(generator)
        if experiment:
            return self.training(experiment)
        name = self.trained(generator)
        entry = self.generators[name]
        return self._training("train_gan", name, entry["system"], entry.get("train_gan", {}))

    def logged(self, rule: str, *, generator: str = "", experiment: str = "", stage: str = "", **_: str) -> dict:
        """What the job of a training is to log and draw.

        Args:
            rule: that trains.
            generator, experiment, stage: wildcards of the job, as far as it has them.
        """
        if not stage:
            return logged(self.of_generator(rule, generator))
        training = self.training(experiment) if experiment else self.making(generator)
        return logged(training.settings(stage))

    def seed_behind(self, generator: str) -> int | None:
        """Seed of that experiment whose network is used: the entry's, or the smallest."""
        experiment = self.experiment_behind(generator)
        entry = self.generators[self.trained(generator)]
        return entry.get("seed", min(self.seeds(experiment))) if experiment else None

    def teacher(self, training: Training, stage: str) -> tuple[str, int]:
        """Experiment and seed of the encoder that a stage learns from: the smallest seed."""
        experiment = training.settings(stage)["teacher"]
        return experiment, min(self.seeds(experiment))

    def judge(self) -> tuple[str, int]:
        """Experiment and seed of the encoder that scores generated images: the largest seed.

        With several seeds it is another than the teacher, so that no generator is scored by what it learnt from.
        """
        experiment = self.config["score_images"]["encoder"]
        return experiment, max(self.seeds(experiment))

    def purifying_encoder(self, generator: str) -> tuple[str, int]:
        """Experiment and seed of the encoder whose features purify: the largest seed but one.

        With three seeds it is another than teacher and judge, so that no purifier is scored by its own features.
        """
        return self._last_but_one(self.of_generator("embed_generated", generator)["encoder"])

    def purifying_classifier(self, generator: str) -> tuple[str, int]:
        """The same of the encoder whose classifier the rule ``classifier`` asks."""
        settings = self.of_generator("embed_generated", generator)
        return self._last_but_one(settings["classifier"] or settings["encoder"])

    def _last_but_one(self, experiment: str) -> tuple[str, int]:
        seeds = self.seeds(experiment)
        return experiment, max([seed for seed in seeds if seed < max(seeds)] or seeds)

    def holds_out(self, experiment: str) -> bool:
        """Whether an experiment leaves identities out of its training, for others to be judged on."""
        return bool(self.training(experiment).settings(self.encoder_stage(experiment)).get("held_out"))

    def judged_by_its_teacher(self, generator: str) -> bool:
        """Whether a generator learnt from the encoder that scores its images, or together with it."""
        training, judge = self.making(generator), self._run(*self.judge())
        if (self.experiment_behind(generator), self.seed_behind(generator)) == judge:
            return True
        stages = [stage for stage in training.stages_of("generator") if "encoder" in training.inputs(stage)]
        return any(self._run(*self.teacher(training, stage)) == judge for stage in stages)

    def judged_by_its_purifier(self, generator: str) -> bool:
        """Whether the features that purify a generator's images are those that the kept ones are judged by."""
        return self._run(*self.purifying_encoder(generator)) == self._run(*self.judge())

    def _run(self, experiment: str, seed: int) -> tuple[str, int]:
        """Experiment and seed of the training that an encoder comes from."""
        return self.trained_by(experiment), seed

    def takes(self, generator: str) -> tuple[str, ...]:
        """What an image of a generator is made from: source, joints, parts; empty: noise alone."""
        return self.making(generator).about.conditions

    def needs_poses(self, generator: str) -> bool:
        """Whether a generator takes or learns from what is made from key points."""
        inputs = self.making(generator).any_input()
        return bool(guides_needed(self.takes(generator))) or any(name in OF_KEYPOINTS for name in inputs)

    def generating(self, generator: str) -> dict:
        """Settings with which it makes images; under ``network`` those that the generator is rebuilt with."""
        about = self.making(generator).about
        return _for_network(self.of_generator("generate", generator), about.at_drawing, self.at_drawing())

    @staticmethod
    def at_drawing() -> set[str]:
        """Settings of ``generate`` that generators of some system are rebuilt with."""
        return {name for system in system_names() for name in description(system).at_drawing}

    def generator_gpus(self, generator: str) -> int:
        """GPUs of a generator's jobs: one, or 0 for the CPU."""
        return min(1, self.generators[generator].get("gpus", self.config["gpus"]))

    def pose_list(self, generator: str) -> str | None:
        """File with the images whose poses are asked for."""
        return self.generating(generator)["train"]["pose_list"] or None

    def pictures_of(self, dataset: str, generator: str) -> list[str]:
        """Pictures of ``generate_one`` that are drawn of a data set by a generator."""
        return [
            name
            for name, entry in self.pictures.items()
            if "source" in self.takes(generator)
            and (not entry.get("between") or self.making(generator).about.mixes)
            and entry.get("dataset", dataset) == dataset
            and entry.get("generator", generator) in (generator, self.name_of(generator))
        ]

    def named_files(self, picture: str) -> list[str]:
        """Files that a picture of ``generate_one`` names; other names are images of the index."""
        named = [self.pictures[picture][key] for key in ("sources", "poses")]
        files = [with_folders(names) for names in named if isinstance(names, list)]
        return [name for names in files for name in names if Path(name).is_file()]

    def tested(self) -> list[str]:
        """All data sets that some experiment is tested on, in order of first use."""
        return list(dict.fromkeys(dataset for experiment in self.experiments for dataset in self.tests(experiment)))

    def tested_on(self, dataset: str) -> list[str]:
        """Experiments that are tested on a data set: the reference first, the others in the config's order."""
        reference = self.config["compare"]["reference"]
        names = sorted(self.experiments, key=lambda experiment: experiment != reference)
        return [experiment for experiment in names if dataset in self.tests(experiment)]

    def shown(self, rule: str) -> list[str]:
        """Experiments of which a picture is drawn: the reference, and those that the section of its rule names."""
        names = dict.fromkeys([self.config["compare"]["reference"], *self.config[rule]["experiments"]])
        return [name for name in names if name in self.experiments]

    def has_map(self, experiment: str) -> bool:
        """Whether the backbone of an experiment yields a map of places."""
        section = self.training(experiment).section
        own_pooling = section["backbone"].startswith("timm:") and section.get("pooling") == "own"
        return section["backbone"] != "colour_histogram" and not own_pooling

    def datasets_in_use(self) -> list[str]:
        """Data sets that are tested or trained on, or whose textures are learnt, each once."""
        trained = [self.train(experiment) for experiment in self.experiments]
        paired = [
            self.pairs_for(name, stage)
            for name in self.own_experiments()
            for stage in self.stages_in_use(name)
            if "texture_pairs" in self.training(name).inputs(stage)
        ]
        return list(dict.fromkeys([*self.tested(), *trained, *paired]))

    def stages_behind(self, experiment: str) -> list[str]:
        """Stages that the encoder of an experiment comes from, in running order."""
        return self.training(experiment).until(self.encoder_stage(experiment))

    def trained_on(self, experiment: str) -> dict:
        """What an experiment is, in the words of the comparison: system, backbone, size, weights and training set."""
        training, generated = self.training(experiment), self.uses_generated(experiment)
        names = {"generator": self.named_generator(experiment) or "", "purifier": self.purifier(experiment) or ""}
        section = training.section
        return {
            "experiment": experiment,
            "system": training.system,
            "backbone": section["backbone"],
            "size": f"{section['height']} x {section['width']}",
            "weights": Path(section["weights"]).name,
            "train": self.train(experiment),
            "images": set_name(names) if generated else REAL_ALONE,
            "splits": section["splits"],
            "held_out": section.get("held_out", 0.0),
            "uses_generated": generated,
            "seeds": len(self.seeds(experiment)),
            "stages": len(self.stages_behind(experiment)),
        }

    def across(self, experiment: str) -> dict:
        """What the comparison across data sets says of an experiment."""
        about = self.trained_on(experiment)
        found = {name: about[name] for name in ("experiment", "system", "backbone", "size", "images", "train")}
        return found | {"sources": self._sources(about["train"]), "learns": self.learns(experiment)}

    def _sources(self, dataset: str) -> list[str]:
        """The data sets that one is merged from, and those that these are merged from."""
        direct = self.datasets[dataset].get("sources", [])
        return [name for source in direct for name in (source, *self._sources(source))]

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

    def can_have_keypoints(self, dataset: str) -> bool:
        """Whether a data set brings key points, or they can be estimated."""
        return self.has_keypoints(dataset) or bool(self.config["estimate_keypoints"]["weights"])

    def has_keypoints(self, dataset: str) -> bool:
        """Whether a data set brings key points."""
        return self.datasets[dataset]["format"] == RENDERED or "keypoints" in self.datasets[dataset]

    def is_rendered(self, dataset: str) -> bool:
        """Whether a data set is of rendered people."""
        return self.datasets[dataset]["format"] == RENDERED

    def has_textures(self, dataset: str) -> bool:
        """Whether a data set brings textures."""
        return self.datasets[dataset]["format"] in (RENDERED, PIT)

    def pairs_for(self, experiment: str, stage: str) -> str:
        """Data set whose textures a stage learns to paint: the one that is named, or its own."""
        return self.training(experiment).settings(stage)["trained_on"] or self.train(experiment)

    def index_for(self, experiment: str, stage: str) -> str:
        """Data set whose index a stage reads: of a stage that learns from pairs alone, theirs."""
        alone = self.training(experiment).inputs(stage) == ["texture_pairs"]
        return self.pairs_for(experiment, stage) if alone else self.train(experiment)

    def painting(self) -> list[str]:
        """Experiments that train a painter."""
        own = [(name, self.training(name)) for name in self.own_experiments()]
        return [name for name, training in own if training.stage_with("painter") in self.stages_in_use(name)]

    def holding_out(self) -> list[str]:
        """Those of them whose painters can be scored, as persons are held out."""
        trainings = [self.training(name) for name in self.painting()]
        return [each.name for each in trainings if each.settings(each.stage_with("painter"))["held_out"]]

    def textures_for(self, experiment: str) -> str:
        """What the textures of an experiment's training images are: painted, given or exchanged."""
        return self.training(experiment).section["textures"]

    def keypoint_state(self, dataset: str) -> str:
        """The same of the files that hold a data set's key points."""
        return state_of(self.datasets[dataset].get("keypoints", []))

    def resources(self, rule: str) -> dict:
        """Threads, mem_mb and runtime (minutes) of a rule."""
        return self.config["resources"]["default"] | self.config["resources"].get(rule, {})

    def _training(self, rule: str, name: str, system: str, entry: dict) -> Training:
        """The section of a system and what is common to all systems of the rule, overridden by an entry's settings."""
        section, systems = self.config[rule], system_names(rule)
        common = {key: value for key, value in section.items() if key not in systems}
        return Training(rule, name, system, canonical(_merged(common | section[system], entry)))

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


def _for_network(settings: dict, own: Iterable[str], of_networks: set[str]) -> dict:
    """Settings, those with which a network is rebuilt under ``network``; those of other systems' networks go."""
    common = {name: value for name, value in settings.items() if name not in of_networks}
    return canonical(common | {"network": {name: settings[name] for name in own}})


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
