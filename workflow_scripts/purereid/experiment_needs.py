"""What the experiments of a config need of a data set, for the rule ``check_experiments``."""

from purereid.configuration import Configuration, canonical

SIZES = {"train_gcn": ("k1", "k2", "u"), "train_gcn_v": ("k",), "train_gcn_e": ("k",)}  # numbers of neighbours


def experiment_needs(setup: Configuration, dataset: str) -> dict:
    """Settings of ``check_experiments.check_experiments``.

    Of a generator with ``setup: few`` nothing is said but what its experiments need in a batch: how many images it
    replaces is known when they are generated.
    """
    used = dict.fromkeys(generator for generator, _ in setup.purified_on(dataset) if not setup.is_few(generator))
    networks = [names for names in setup.graph_networks_on(dataset) if names[0] in used]
    pairs, tested = setup.config["sample_pairs"]["train"], sorted(setup.tested_on(dataset))
    return canonical(
        {
            "dataset": dataset,
            "trained": [each for name in sorted(setup.experiments) for each in _trainings(setup, name, dataset)],
            "tested": [name for name in tested if not _validates(setup, name)],
            "validated": [name for name in tested if _validates(setup, name)],
            "graphs": [_graph(setup, generator) for generator in used],
            "networks": [_network(setup, *names) for names in networks],
            "paired_splits": [] if pairs["most"] else pairs["splits"],  # a draw may show few persons
        }
    )


def learns_from_pairs(setup: Configuration, dataset: str) -> bool:
    """Whether a generator that is trained on a data set takes pairs."""
    own = [setup.making(name) for other, name in setup.networks_in_use() if other == dataset]
    return any("pairs" in training.any_input() for training in own if training.rule == "train_gan")


def _validates(setup: Configuration, experiment: str) -> bool:
    return setup.section("evaluate", experiment)["protocol"] == "validation"


def _trainings(setup: Configuration, experiment: str, dataset: str) -> list[dict]:
    if experiment not in setup.own_experiments() or setup.train(experiment) != dataset or not setup.learns(experiment):
        return []
    return [_training(setup, experiment, stage) for stage in setup.stages_in_use(experiment)]


def _training(setup: Configuration, experiment: str, stage: str) -> dict:
    training, own = setup.training(experiment), setup.experiments[experiment].get("train_reid", {})
    settings = training.settings(stage)
    where = f"experiments.{experiment}.train_reid" if "identities_per_batch" in own else f"train_reid.{training.system}"
    found = {"experiments": [experiment], "section": where, "splits": settings["splits"], "epochs": settings["epochs"]}
    found |= {"held_out": settings.get("held_out", 0.0)}
    if "identities_per_batch" in settings and settings["sampler"] == "identities":
        counted = settings["steps_per_epoch"] or any(map(setup.is_few, setup.generators_of(experiment)))
        found |= {"identities": settings["identities_per_batch"], "images": settings["images_per_identity"]}
        found |= {"steps_known": bool(counted)}
    return found


def _section(setup: Configuration, section: str, generator: str) -> str:
    """Where the settings of a generator's graph or network stand."""
    name = setup.name_of(generator)
    return f"generators.{name}.{section}" if section in setup.config["generators"][name] else section


def _graph(setup: Configuration, generator: str) -> dict:
    train, graph = setup.generating(generator)["train"], setup.of_generator("build_graph", generator)
    about = {"generator": generator, "section": _section(setup, "build_graph", generator)}
    return about | {"splits": train["splits"], "images": train["images_per_identity"], "k": graph["k"]}


def _network(setup: Configuration, generator: str, network: str) -> dict:
    section = f"train_{network}"
    settings = setup.of_generator(section, generator)
    about = {"generator": generator, "section": _section(setup, section, generator)}
    about |= {"held_out": settings.get("held_out", 0.0), "seed": settings["seed"]}
    splits = setup.generating(generator)["train"]["splits"]
    return about | {"splits": splits, "sizes": {name: settings[name] for name in SIZES[section]}}
