"""What the experiments of a config need of a data set, for the rule ``check_experiments``."""

from purereid.configuration import Configuration, Training, canonical

SIZES = {"train_gcn": ("k1", "k2", "u"), "train_gcn_v": ("k",), "train_gcn_e": ("k",)}


def experiment_needs(setup: Configuration, dataset: str) -> dict:
    """Settings of ``check_experiments.check_experiments``."""
    purified = setup.purified_on(dataset)
    whole = {generator: rule for generator, rule in purified if not setup.is_few(generator)}
    return canonical(
        {
            "dataset": dataset,
            "trained": [each for name in sorted(setup.experiments) for each in _trainings(setup, name, dataset)],
            "tested": sorted(setup.tested_on(dataset)),
            "graphs": [_graph(setup, generator) for generator in whole],
            "networks": _networks(setup, dataset, list(whole)),
        }
    )


def learns_from_pairs(setup: Configuration, dataset: str) -> bool:
    """Whether a generator that is trained on a data set takes pairs."""
    own = [setup.making(name) for other, name in setup.networks_in_use() if other == dataset]
    return any("pairs" in training.any_input() for training in own if training.rule == "train_gan")


def _trainings(setup: Configuration, experiment: str, dataset: str) -> list[dict]:
    if experiment not in setup.own_experiments() or setup.train(experiment) != dataset or not setup.learns(experiment):
        return []
    training = setup.training(experiment)
    return [_training(training, stage, experiment) for stage in setup.stages_in_use(experiment)]


def _training(training: Training, stage: str, experiment: str) -> dict:
    settings = training.settings(stage)
    section = f"train_reid.{training.system}" + (f".{stage}" if stage in training.section else "")
    found = {
        "experiments": [experiment],
        "section": section,
        "splits": settings["splits"],
        "epochs": settings["epochs"],
    }
    if "identities_per_batch" in settings and settings["sampler"] == "identities":
        found |= {"identities": settings["identities_per_batch"], "images": settings["images_per_identity"]}
        found |= {"steps": settings["steps_per_epoch"]}
    return found


def _graph(setup: Configuration, generator: str) -> dict:
    train, graph = setup.generating(generator)["train"], setup.of_generator("build_graph", generator)
    return {"generator": generator, "splits": train["splits"], "images": train["images_per_identity"], "k": graph["k"]}


def _networks(setup: Configuration, dataset: str, generators: list[str]) -> list[dict]:
    """Networks of graphs that are trained, with the sizes that their settings name."""
    found = []
    for generator, network in setup.graph_networks_on(dataset):
        if generator not in generators:
            continue
        section = f"train_{network}"
        settings = setup.of_generator(section, generator)
        sizes = {name: settings[name] for name in SIZES[section]}
        splits = setup.generating(generator)["train"]["splits"]
        about = {"held_out": settings.get("held_out", 0.0), "seed": settings["seed"]}
        found.append({"section": section, "splits": splits, "sizes": sizes} | about)
    return found
