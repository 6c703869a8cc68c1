"""
What the rules share: the checked config, the settings of each rule, input functions, digests and resources.
"""

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

SCRIPTS = Path(workflow.basedir) / "workflow_scripts"
sys.path.append(str(SCRIPTS))

from purereid import provenance
from purereid.configuration import Configuration, canonical
from purereid.configuration_checks import check_deployment
from purereid.errors import UserError
from purereid.purification.purifiers.registry import NETWORKS, RULES
from purereid.networks.registry import code_of, maps_needed
from purereid.training.made import forget

try:
    setup = Configuration(config, Path(workflow.basedir) / "rules/schemas/config.schema.yaml")
    check_deployment(setup.config, [str(method) for method in workflow.deployment_settings.deployment_method])
except UserError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    dataset=setup.pattern(setup.datasets),
    experiment=setup.pattern(setup.experiments),
    seed=r"\d+",
    pairs="train|test",
    generator=setup.pattern(setup.generators) or "none",
    purifier=setup.pattern(setup.purifiers) or "none",
    network=setup.pattern(NETWORKS),
    images="train|test",
    picture=setup.pattern(setup.pictures) or "none",
    shard=r"\d+",
    shards=r"\d+",


# --- params ----------------------------------------------------------------------------------------------------------


def code_digest(rule, *modules):
    """Digest of the code behind a rule's script, so that an edit of a module counts as a change."""
    return provenance.code_digest(SCRIPTS / f"{rule}.py", *modules) if config["code_digest"] else "off"


def train_gan_code(wildcards):
    return code_digest("train_gan", code_of(setup.system(wildcards.generator), "generator"))


def generate_one_code(wildcards):
    return code_digest("generate_one", code_of(setup.system(wildcards.generator), "networks"))


def generate_code(wildcards):
    return code_digest("generate", code_of(setup.system(wildcards.generator), "networks"))


def section(rule):
    """Settings of a rule that are the same for all its jobs."""
    return canonical(config[rule])


def render_people_settings(wildcards):
    return setup.rendering(wildcards.dataset)


def index_dataset_settings(wildcards):
    entry = setup.datasets[wildcards.dataset]
    merged = expand(rules.index_dataset.output.index, dataset=entry.get("sources", []))
    return setup.indexing(wildcards.dataset, f"results/{wildcards.dataset}/render_people", merged)


def index_dataset_state(wildcards):
    """What the user's files look like, so that an added or edited image counts as a change."""
    return setup.source_state(wildcards.dataset)


def import_keypoints_settings(wildcards):
    return setup.importing(wildcards.dataset)


def import_keypoints_state(wildcards):
    """What the user's key-point files look like, so that an edited one counts as a change."""
    return setup.keypoint_state(wildcards.dataset)


def sample_pairs_settings(wildcards):
    return canonical(config["sample_pairs"][wildcards.pairs])


def train_gan_settings(wildcards):
    generator = wildcards.generator
    return canonical({"system": setup.system(generator), "settings": setup.training(generator)})


def generate_settings(wildcards):
    """Settings of a shard; those of the other purpose do not concern it."""
    generator, purpose = wildcards.generator, wildcards.images
    names = {"name": generator, "system": setup.system(generator), "purpose": purpose}
    settings = {key: value for key, value in setup.generating(generator).items() if key not in ("train", "test")}
    settings |= {purpose: setup.generating(generator)[purpose]}
    return canonical(names | _shard(wildcards) | {"settings": settings})


def index_generated_settings(wildcards):
    return {"name": wildcards.dataset, "settings": setup.generating(wildcards.generator)["train"]}


def score_images_settings(wildcards):
    names = {
        "dataset": wildcards.dataset,
        "generator": wildcards.generator,
        "system": setup.system(wildcards.generator),
    }
    splits = setup.generating(wildcards.generator)["train"]["splits"]
    own = _score_encoder() == train_gan_inputs(wildcards).get("encoder")
    sections = {"settings": config["score_images"], "estimator": _estimator()}
    return canonical(names | sections | {"splits": splits, "own_encoder": own})


def generate_one_settings(wildcards):
    names = {"name": wildcards.generator, "system": setup.system(wildcards.generator)}
    precision = setup.generating(wildcards.generator)["precision"]
    more = {"precision": precision, "estimator": _estimator()}
    entry = {key: value for key, value in setup.pictures[wildcards.picture].items() if key not in wildcards.keys()}
    return canonical(entry | names | more)


def show_images_settings(wildcards):
    return canonical(config["show_images"] | {"name": wildcards.generator})


def plot_gan_curves_settings(wildcards):
    return {"labels": [wildcards.generator]}


def embed_generated_settings(wildcards):
    settings = setup.of_generator("embed_generated", wildcards.generator)
    splits = setup.generating(wildcards.generator)["train"]["splits"]
    own = {name: value for name, value in settings.items() if name != "encoder"}
    return canonical(own | {"splits": splits} | _shard(wildcards))


def build_graph_settings(wildcards):
    return setup.of_generator("build_graph", wildcards.generator)


def train_gcn_settings(wildcards):
    return setup.of_generator("train_gcn", wildcards.generator)


def train_gcn_v_settings(wildcards):
    return setup.of_generator("train_gcn_v", wildcards.generator)


def train_gcn_e_settings(wildcards):
    return setup.of_generator("train_gcn_e", wildcards.generator)


def purify_settings(wildcards):
    return setup.purifying(wildcards.purifier)


def judge_generated_settings(wildcards):
    splits = setup.generating(wildcards.generator)["train"]["splits"]
    return canonical(config["judge_generated"] | {"splits": splits})


def show_purified_settings(wildcards):
    return canonical(config["show_purified"] | {"name": f"{wildcards.generator}, {wildcards.purifier}"})


def plot_links_settings(wildcards):
    return {"name": wildcards.generator}


def plot_gcn_curves_settings(wildcards):
    return {"labels": [f"{wildcards.network} for {wildcards.generator}"]}


def compare_purifiers_settings(wildcards):
    """What each table is of, and what the experiments are trained on."""
    dataset = wildcards.dataset
    sets = [
        {
            "generator": generator,
            "purifier": purifier,
            "rule": setup.purifying(purifier)["rule"],
            "own_encoder": _graph_encoder(generator) == _score_encoder(),
        }
        for generator, purifier in _purified(dataset)
    ]
    experiments = [
        {"experiment": name, "generator": setup.generator(name), "purifier": setup.purifier(name)}
        for name in _learning(dataset)
        if setup.uses_generated(name) or setup.generator(name) is None
    ]
    names = [f"{network} for {generator}" for generator, network in _graph_networks(dataset)]
    return canonical(config["compare"] | {"sets": sets, "experiments": experiments, "network_names": names})


def few_real_settings(wildcards):
    """What is counted of the training set of each experiment, and which of them are of one kind."""
    networks = {network for dataset, network in setup.networks_in_use() if dataset == wildcards.dataset}
    experiments = [
        {
            "experiment": name,
            "splits": setup.section("train_reid", name)["splits"],
            "kind": setup.kind_of_training_set(name, name_the_network=len(networks) > 1),
            "uses_generated": setup.uses_generated(name),
        }
        for name in _learning(wildcards.dataset)
    ]
    return canonical({"experiments": experiments, "reference": config["compare"]["reference"]})


def train_reid_settings(wildcards):
    run = {"seed": int(wildcards.seed), "gpus": setup.gpus(wildcards.experiment)}
    return canonical(setup.section("train_reid", wildcards.experiment) | run)


def extract_features_settings(wildcards):
    return canonical(setup.section("extract_features", wildcards.experiment) | _shard(wildcards))


def evaluate_settings(wildcards):
    names = {"dataset": wildcards.dataset, "experiment": wildcards.experiment, "seed": int(wildcards.seed)}
    return canonical(setup.section("evaluate", wildcards.experiment) | names)


def tested_experiments(wildcards):
    """Experiments that are tested on a data set; their order decides the order of tables and plots."""
    return setup.tested_on(wildcards.dataset)


def plot_curves_settings(wildcards):
    return {"labels": [f"seed {seed}" for seed in setup.seeds(wildcards.experiment)]}


def rule_graph_settings():
    """What the graph of the rules depends on: their texts and the parts that the config composes."""
    files = [Path(workflow.basedir) / "Snakefile", *sorted((Path(workflow.basedir) / "rules").glob("*.smk"))]
    texts = provenance.digest([provenance.file_digest(file) for file in files])
    drawn = {experiment: setup.learns(experiment) for experiment in setup.experiments}
    parts = {"dataset": config["dataset"], "datasets": setup.datasets, "experiments": setup.experiments, "drawn": drawn}
    learnt = {generator: setup.learns_from(generator) for _, generator in setup.generators_in_use()}
    parts |= {"generators": learnt, "pictures": list(setup.pictures), "encoder": config["score_images"]["encoder"]}
    counted = {name: setup.purifying(name).get("share_of") for name in setup.purifiers}
    purified = [[*names, setup.purifying(names[-1])["rule"]] for names in setup.purified_in_use()]
    encoders = [setup.of_generator("embed_generated", generator)["encoder"] for _, generator, _, _ in purified]
    few = [generator for _, generator in setup.generators_in_use() if setup.is_few(generator)]
    parts |= {
        "networks": setup.networks_in_use(),
        "purified": purified,
        "encoders": encoders,
        "few": few,
        "counted": counted,
    }
    return canonical({"rules": texts} | parts)


def _shard(wildcards):
    """Which part of the work a job does."""
    return {"shard": int(wildcards.shard), "shards": int(wildcards.shards)}


# --- inputs ----------------------------------------------------------------------------------------------------------


def data_source(wildcards):
    """What an index is made from: rendered people, other indexes, or the user's files and folders."""
    entry = setup.datasets[wildcards.dataset]
    if entry["format"] == "rendered_people":
        return expand(rules.render_people.output, dataset=wildcards.dataset)
    if entry["format"] == "merge":
        return expand(rules.index_dataset.output.index, dataset=entry["sources"])
    return setup.source_paths(wildcards.dataset)


def keypoint_sources(wildcards):
    """Key-point files of a data set: those of rendered people, or the user's."""
    if setup.datasets[wildcards.dataset]["format"] == "rendered_people":
        files = [rules.render_people.output.keypoints_train, rules.render_people.output.keypoints_test]
        return expand(files, dataset=wildcards.dataset)
    return setup.datasets[wildcards.dataset].get("keypoints", [])


def keypoints(wildcards):
    """Key points of a data set: those that it brings, or else those that are estimated."""
    maker = rules.import_keypoints if setup.has_keypoints(wildcards.dataset) else rules.estimate_keypoints
    return maker.output.keypoints.format(dataset=wildcards.dataset)


def train_gan_inputs(wildcards):
    """The index, and what else the training of a generator reads."""
    files = {name: _generation_files()[name] for name in setup.learns_from(wildcards.generator) if name != "encoder"}
    found = {name: path.format(dataset=wildcards.dataset) for name, path in files.items()}
    if "encoder" in setup.learns_from(wildcards.generator):
        found |= {"encoder": _encoder_of(setup.training(wildcards.generator)["encoder"], 0)}
    return {"index": rules.index_dataset.output.index.format(dataset=wildcards.dataset)} | found


def generate_inputs(wildcards):
    """The index, the generator, and the poses and pairs that it is asked for."""
    files = {name: _generation_files()[name] for name in maps_needed(setup.takes(wildcards.generator))}
    if setup.needs_poses(wildcards.generator):
        files |= {"keypoints": keypoints(wildcards)}
    if wildcards.images == "train" and setup.pose_list(wildcards.generator):
        files |= {"pose_list": setup.pose_list(wildcards.generator)}
    if wildcards.images == "test":
        files |= {"pairs": _pairs("test")}
    files |= {"index": rules.index_dataset.output.index}
    found = {name: path.format(dataset=wildcards.dataset) for name, path in files.items()}
    return found | {"generator": rules.train_gan.output.generator.format(**_network(wildcards))}


def score_images_inputs(wildcards):
    """The images for training, and, of a generator that takes poses, those of the test pairs."""
    dataset, generator = wildcards.dataset, wildcards.generator
    found = {
        "index": rules.index_dataset.output.index.format(dataset=dataset),
        "encoder": _score_encoder(),
        "train": _shards(dataset, generator, "train"),
        "test": _shards(dataset, generator, "test") if "source" in setup.takes(generator) else [],
    }
    if found["test"]:
        found |= {"keypoints": keypoints(wildcards)}
    if setup.datasets[dataset]["format"] == "rendered_people":
        found |= {"scene": rules.render_people.output.scene.format(dataset=dataset)}
    return found


def generate_one_inputs(wildcards):
    """The generator, the data set, and whatever files the picture names."""
    return {
        "index": rules.index_dataset.output.index.format(dataset=wildcards.dataset),
        "keypoints": keypoints(wildcards),
        "generator": rules.train_gan.output.generator.format(**_network(wildcards)),
        "named": setup.named_files(wildcards.picture),
    }


def show_images_inputs(wildcards):
    """Samples of the training, and generated images with what they were made from."""
    dataset, generator = wildcards.dataset, wildcards.generator
    purpose = "test" if "source" in setup.takes(generator) else "train"
    found = {
        "index": rules.index_dataset.output.index.format(dataset=dataset),
        "samples": rules.train_gan.output.samples.format(**_network(wildcards)),
        "generated": _shards(dataset, generator, purpose),
    }
    return found | ({"keypoints": keypoints(wildcards)} if setup.needs_poses(generator) else {})


def image_scores(wildcards):
    """Scores of all generators whose images are used on a data set."""
    used = [generator for dataset, generator in setup.networks_in_use() if dataset == wildcards.dataset]
    return expand(rules.score_images.output.scores, dataset=wildcards.dataset, generator=used)


def generated_for_training(wildcards):
    return _shards(wildcards.dataset, wildcards.generator, "train")


def training_shards(wildcards):
    """The files that hold the generated images of that index."""
    generator = setup.generator(wildcards.experiment)
    return [] if generator is None else _shards(wildcards.dataset, generator, "train")


def training_index(wildcards):
    """What a model is trained on: the index of its data set, or that with generated images, or with purified ones."""
    return _training_index(wildcards.dataset, wildcards.experiment)


def graph_encoder(wildcards):
    """The encoder whose features make up the graph."""
    return _graph_encoder(wildcards.generator)


def training_features(wildcards):
    """Features of real and generated training images: all shards."""
    return _embedded(**_generator(wildcards))["features"]


def purify_inputs(wildcards):
    """The generated images, and what the rule of the purifier reads."""
    settings = setup.purifying(wildcards.purifier)
    wanted = RULES[settings["rule"]].inputs
    files = {name: path for name, path in _purification_files().items() if name in wanted}
    files |= {"index": rules.index_generated.output.generated}
    found = {name: path.format(**_generator(wildcards)) for name, path in files.items()}
    found |= {name: paths for name, paths in _embedded(**_generator(wildcards)).items() if name in wanted}
    if settings.get("share_of"):
        names = _generator(wildcards) | {"purifier": settings["share_of"]}
        found |= {"as_many_as": rules.purify.output.kept.format(**names)}
    return found | ({"shards": generated_for_training(wildcards)} if "shards" in wanted else {})


def judge_generated_inputs(wildcards):
    """The generated images, the real ones, and the scene of rendered people."""
    dataset = wildcards.dataset
    found = {
        "index": rules.index_dataset.output.index.format(dataset=dataset),
        "shards": generated_for_training(wildcards),
        "encoder": _score_encoder(),
    }
    if setup.datasets[dataset]["format"] == "rendered_people":
        found |= {"scene": rules.render_people.output.scene.format(dataset=dataset)}
    return found


def gcn_curves(wildcards):
    """Training curves of one of the networks."""
    return _network_curves()[wildcards.network].format(**_generator(wildcards))


def kept_tables(wildcards):
    """Tables of all purifiers on a data set."""
    used = _purified(wildcards.dataset)
    return [rules.purify.output.kept.format(dataset=wildcards.dataset, generator=g, purifier=p) for g, p in used]


def truth_tables(wildcards):
    """What their images are judged by, in the same order."""
    used = _purified(wildcards.dataset)
    return [rules.judge_generated.output.truth.format(dataset=wildcards.dataset, generator=g) for g, _ in used]


def graph_networks(wildcards):
    """How good the networks behind the purified sets of a data set are."""
    return [
        _network_scores()[network].format(dataset=wildcards.dataset, generator=generator)
        for generator, network in _graph_networks(wildcards.dataset)
    ]


def training_indexes(wildcards):
    """What the experiments on a data set are trained on."""
    return [_training_index(wildcards.dataset, name) for name in _learning(wildcards.dataset)]


def encoder(wildcards):
    """The encoder of an experiment, wherever it was trained."""
    dataset = setup.train(wildcards.experiment)
    return rules.train_reid.output.encoder.format(dataset=dataset, **_model(wildcards))


def curves(wildcards):
    """Curves of all seeds of an experiment."""
    seeds = setup.seeds(wildcards.experiment)
    return expand(rules.train_reid.output.curves, **dict(wildcards), seed=seeds)


def test_features(wildcards):
    """Features of the test images by one model: all shards."""
    return _test_features(wildcards.dataset, wildcards.experiment, wildcards.seed)


def scores(wildcards):
    """Scores of all models that are tested on a data set, in the order of the config."""
    return _of_tested_models(rules.evaluate.output.scores, wildcards.dataset)


def ranks(wildcards):
    """Ranked lists of all models that are tested on a data set, in the order of the config."""
    return _of_tested_models(rules.evaluate.output.ranks, wildcards.dataset)


def comparisons():
    """One comparison per data set that a model is tested on, of models, of purifiers, and of few real images."""
    tested = setup.tested()
    purified = [dataset for dataset, _, _ in setup.purified_in_use() if dataset in tested]
    few = [dataset for dataset, generator in setup.generators_in_use() if setup.is_few(generator) and dataset in tested]
    return [
        *expand(rules.compare.output.table, dataset=tested),
        *expand(rules.compare_purifiers.output.table, dataset=dict.fromkeys(purified)),
        *expand(rules.few_real.output.table, dataset=dict.fromkeys(few)),
    ]


def artifacts():
    """Everything between the data and the comparisons."""
    trained = [(setup.train(e), e, seed) for e in setup.experiments for seed in setup.seeds(e)]
    tested = [(d, e, seed) for e in setup.experiments for d in setup.tests(e) for seed in setup.seeds(e)]
    used, networks = setup.generators_in_use(), setup.networks_in_use()
    datasets = dict.fromkeys([*setup.tested(), *(dataset for dataset, _, _ in trained)])
    return [
        *expand(rules.index_dataset.output.index, dataset=datasets),
        *(rules.train_reid.output.encoder.format(dataset=d, experiment=e, seed=s) for d, e, s in trained),
        *(path for names in tested for path in _test_features(*names)),
        *(rules.train_gan.output.generator.format(dataset=d, generator=g) for d, g in networks),
        *(rules.index_generated.output.generated.format(dataset=d, generator=g) for d, g in used),
        *(path for d, g in used for path in _generated(d, g)),
        *(path for names in setup.purified_in_use() for path in _purification(*names)),
    ]


def pictures():
    """Everything that only the report needs."""
    tested = [(dataset, experiment) for dataset in setup.tested() for experiment in setup.tested_on(dataset)]
    trained = [(setup.train(experiment), experiment) for experiment in setup.experiments if setup.learns(experiment)]
    return [
        *_generator_pictures(),
        *_purifier_pictures(),
        *expand(rules.contact_sheet.output, dataset=setup.tested()),
        *expand(rules.plot_cmc.output, dataset=setup.tested()),
        *(
            path
            for d, e in tested
            for path in expand(rules.rank_lists.output, dataset=d, experiment=e, seed=setup.seeds(e)[0])
        ),
        *(path for d, e in trained for path in expand(rules.plot_curves.output, dataset=d, experiment=e)),
        *expand(rules.rule_graph.output, dataset=setup.tested()[0]),
    ]


def _generator_pictures():
    """Pictures and scores of all trained generators, and the pictures that the config asks for."""
    used = setup.networks_in_use()
    plain = [rules.plot_gan_curves.output, rules.show_images.output]
    return [
        *(path for output in plain for d, g in used for path in expand(output, dataset=d, generator=g)),
        *(
            path
            for d, g in used
            for path in expand(rules.generate_one.output.grid, dataset=d, generator=g, picture=setup.pictures_of(d, g))
        ),
        *expand(rules.compare_images.output.table, dataset=dict.fromkeys(dataset for dataset, _ in used)),
    ]


def _purifier_pictures():
    """Pictures of all purifiers in use, and of the networks behind them."""
    used = setup.purified_in_use()
    trained = [(d, g, network) for d, g, p in used for network in RULES[setup.purifying(p)["rule"]].networks]
    return [
        *(path for d, g, p in used for path in expand(rules.show_purified.output, dataset=d, generator=g, purifier=p)),
        *(
            rules.plot_gcn_curves.output.plot.format(dataset=d, generator=g, network=network)
            for d, g, network in dict.fromkeys(trained)
        ),
        *(
            rules.plot_links.output.plot.format(dataset=d, generator=g)
            for d, g, network in dict.fromkeys(trained)
            if network == "gcn"
        ),
    ]


def _purification_files():
    """Files that rules of purification may ask for, by name, besides those of ``_embedded``."""
    return {
        "graph": rules.build_graph.output.graph,
        "gcn": rules.train_gcn.output.gcn,
        "gcn_v": rules.train_gcn_v.output.gcn_v,
        "gcn_e": rules.train_gcn_e.output.gcn_e,
    }


def _network_curves():
    makers = {"gcn": rules.train_gcn, "gcn_v": rules.train_gcn_v, "gcn_e": rules.train_gcn_e}
    return {network: maker.output.curves for network, maker in makers.items()}


def _network_scores():
    scores = {"gcn": rules.train_gcn.output.links, "gcn_v": rules.train_gcn_v.output.scores}
    return scores | {"gcn_e": rules.train_gcn_e.output.scores}


def _graph_networks(dataset):
    """Generator and network of those that purify on a data set, each once."""
    rules_used = [(generator, setup.purifying(purifier)["rule"]) for generator, purifier in _purified(dataset)]
    return list(dict.fromkeys((generator, name) for generator, used in rules_used for name in RULES[used].networks))


def _purification(dataset, generator, purifier):
    """What lies between the generated images and the training set of a purifier, and what it is judged by."""
    settings = setup.purifying(purifier)
    wanted = RULES[settings["rule"]].inputs
    files = [path for name, path in _purification_files().items() if name in wanted]
    files += [rules.build_graph.output.graph, rules.judge_generated.output.truth]
    files += [rules.purify.output.kept, rules.index_purified.output.purified]
    found = [path for paths in _embedded(dataset, generator).values() for path in paths]
    found += [path.format(dataset=dataset, generator=generator, purifier=purifier) for path in files]
    counted = settings.get("share_of")
    return found + (_purification(dataset, generator, counted)[:-1] if counted else [])


def _training_index(dataset, experiment):
    names = {"dataset": dataset, "generator": setup.generator(experiment), "purifier": setup.purifier(experiment)}
    if names["generator"] is None:
        return rules.index_dataset.output.index.format(**names)
    if names["purifier"] is None:
        return rules.index_generated.output.generated.format(**names)
    return rules.index_purified.output.purified.format(**names)


def _purified(dataset):
    """Generator and purifier of the sets that are used on a data set."""
    return [names for other, *names in setup.purified_in_use() if other == dataset]


def _learning(dataset):
    """Experiments that learn on a data set and are tested on it."""
    tested = setup.tested_on(dataset)
    return [name for name in tested if setup.train(name) == dataset and setup.learns(name)]


def _generation_files():
    """Files that generators may ask for, by name."""
    maps = {name: rules.make_heatmaps.output[name] for name in ("joints", "parts")}
    return maps | {"pairs": _pairs("train")}


def _generator(wildcards):
    return {"dataset": wildcards.dataset, "generator": wildcards.generator}


def _network(wildcards):
    """The generator whose network a generator uses."""
    return _generator(wildcards) | {"generator": setup.trained(wildcards.generator)}


def _pairs(pairs):
    return rules.sample_pairs.output.pairs.replace("{pairs}", pairs)


def _encoder_of(experiment, seed):
    """The encoder of an experiment with one of its seeds, by the place of the seed."""
    names = {"dataset": setup.train(experiment), "experiment": experiment, "seed": setup.seeds(experiment)[seed]}
    return rules.train_reid.output.encoder.format(**names)


def _score_encoder():
    """Another than that from which generators learn, where the experiment has several seeds."""
    return _encoder_of(config["score_images"]["encoder"], -1)


def _graph_encoder(generator):
    """Another than that from which generators learn and than that of scores, where the experiment has three seeds."""
    experiment = setup.of_generator("embed_generated", generator)["encoder"]
    return _encoder_of(experiment, max(0, len(setup.seeds(experiment)) - 2))


def _estimator():
    """What poses in images are found with, or nothing."""
    names = ("weights", "weights_sha256", "short_side", "least_person", "least_joint", "batch")
    return (
        {name: config["estimate_keypoints"][name] for name in names}
        if config["estimate_keypoints"]["weights"]
        else None
    )


def _generated(dataset, generator):
    """What is generated and what it is generated from."""
    needed = [name for name in setup.learns_from(generator) if name != "encoder"]
    files = [_generation_files()[name] for name in {*needed, *maps_needed(setup.takes(generator))}]
    scored = generator == setup.trained(generator) and "source" in setup.takes(generator)
    test = _shards(dataset, generator, "test") if scored else []
    return [*(path.format(dataset=dataset) for path in sorted(files)), *_shards(dataset, generator, "train"), *test]


def _shards(dataset, generator, images):
    """All shards of the images of a generator."""
    shards = setup.generating(generator)[images]["shards"]
    names = {"dataset": dataset, "generator": generator, "images": images, "shards": shards}
    return expand(rules.generate.output.images, **names, shard=range(shards))


def _embedded(dataset, generator):
    """All shards of the features of a generator's training images, and of their confidences."""
    shards = setup.of_generator("embed_generated", generator)["shards"]
    names = {"dataset": dataset, "generator": generator, "shards": shards}
    files = {name: rules.embed_generated.output[name] for name in ("features", "confidence")}
    return {name: expand(path, **names, shard=range(shards)) for name, path in files.items()}


def _test_features(dataset, experiment, seed):
    """All shards of the features of the test images by one model."""
    shards = setup.section("extract_features", experiment)["shards"]
    names = {"dataset": dataset, "experiment": experiment, "seed": seed, "shards": shards}
    return expand(rules.extract_features.output.features, **names, shard=range(shards))


def _model(wildcards):
    return {"experiment": wildcards.experiment, "seed": wildcards.seed}


def _of_tested_models(pattern, dataset):
    return [
        path
        for experiment in setup.tested_on(dataset)
        for path in expand(pattern, dataset=dataset, experiment=experiment, seed=setup.seeds(experiment))
    ]


# --- groups: one job of a cluster for several rules ------------------------------------------------------------------


def dataset_group():
    """Rendering and reading a data set, unless several are merged, whose jobs would then run side by side."""
    return None if any(entry["format"] == "merge" for entry in setup.datasets.values()) else "dataset"


def score_group():
    """Features and their ranking, unless shards are to run side by side, or a GPU would wait for the ranking."""
    alone = all(
        setup.section("extract_features", experiment)["shards"] == 1 and setup.gpus(experiment) == 0
        for experiment in setup.experiments
    )
    return "score" if alone else None


# --- resources -------------------------------------------------------------------------------------------------------


def threads_of(rule):
    return setup.resources(rule)["threads"]


def memory(rule):
    """Memory in MB; grows with each attempt on a cluster."""

    def mem_mb(wildcards, attempt):
        return setup.resources(rule)["mem_mb"] * attempt

    return mem_mb


def runtime(rule):
    """Time in minutes; grows with each attempt on a cluster."""

    def minutes(wildcards, attempt):
        return setup.resources(rule)["runtime"] * attempt

    return minutes


def gpus(wildcards):
    """GPUs of a training, one process each; 0 is the CPU."""
    return setup.gpus(wildcards.experiment)


def generator_gpu(wildcards):
    """One GPU for the jobs of a generator, or none."""
    return setup.generator_gpus(wildcards.generator)


def any_gpu(wildcards):
    """One GPU for a job of a data set, if the config uses any."""
    return min(1, config["gpus"])


def one_gpu(wildcards):
    """One GPU for a job that only applies a network, if its experiment uses any."""
    return min(1, setup.gpus(wildcards.experiment))
