"""
What the rule files share: the checked config, digests, settings, files that several of them read, resources.
"""

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.utils import update_config

ROOT = Path(workflow.current_basedir).parent  # of this repository, also where another workflow uses it as a module
SCRIPTS = ROOT / "workflow_scripts"
sys.path.append(str(SCRIPTS))

from purereid.installed import check_installed

check_installed(SCRIPTS / "purereid")

from purereid.checks.check import check, check_deployment
from purereid.checks.schedules import unreached
from purereid.config_files import read_config
from purereid.configuration import Configuration, canonical
from purereid.digests.code import code_digest as digest_of_script
from purereid.digests.values import digest, file_digest
from purereid.errors import UserError
from purereid.experiment_needs import experiment_needs, learns_from_pairs
from purereid.networks.registry import code_of, guides_needed
from purereid.openmp import sleep_while_waiting
from purereid.purification.purifiers.registry import NETWORKS, RULES
from purereid.stop import SHELL_PREFIX, Stop
from purereid.upkeep.stock import take_stock
from purereid.strict_yaml import at_home
from purereid.targets import Suggestions
from purereid.training.made import forget
from purereid.training.logged import learnt
from purereid.unfinished import without_the_failed

sleep_while_waiting()

# Where this is a module, config.yaml was not read, and config is that of the other workflow, to be left as it is.
overrides = config
try:
    config = read_config(ROOT / "config.yaml")
    for file in map(Path, workflow.configfiles):
        if file.resolve() != ROOT / "config.yaml":
            read_config(file)  # of two equal keys Snakemake took the last
    update_config(config, overrides)
    config = at_home(config)
    setup = Configuration(config, ROOT / "rules/schemas/config.schema.yaml")
    check(setup)
    check_deployment(setup.config, [str(method) for method in workflow.deployment_settings.deployment_method])
except UserError as error:
    raise WorkflowError(str(error)) from None

logger.addFilter(Suggestions(workflow, setup))
for note in unreached(setup) if workflow.is_main_process else []:
    logger.warning(note)

if workflow.is_main_process:
    try:
        take_stock(Path("results"), Path(".snakemake").resolve(), logger.warning)
    except UserError as error:
        raise WorkflowError(str(error)) from None

here = Path("config.yaml").resolve()
if workflow.is_main_process and here.is_file() and here not in (Path(file).resolve() for file in workflow.configfiles):
    logger.warning(f"{here} is not read; if it is meant to be: --configfile config.yaml")


wildcard_constraints:
    dataset=setup.pattern(setup.datasets),
    experiment=setup.pattern(setup.experiments),
    seed=setup.pattern(map(str, setup.all_seeds())),
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
    return digest_of_script(SCRIPTS / f"{rule}.py", *modules) if config["code_digest"] else "off"


def besides_experiments(rule):
    """The section of a rule, without those whom it is asked for with every run."""
    return {name: value for name, value in config[rule].items() if name != "experiments"}


def code_of_encoder(rule, experiment):
    """The same of a rule that loads the encoder of an experiment."""
    return code_digest(rule, code_of(setup.training(experiment).system, "networks"))


def code_of_generator(rule):
    """The same of a rule that loads a generator."""

    def of_job(wildcards):
        return code_digest(rule, code_of(setup.making(wildcards.generator).system, "networks"))

    return of_job


def section(rule):
    """Settings of a rule that are the same for all its jobs."""
    return canonical(config[rule])


def shard_of(wildcards):
    """Which part of the work a job does."""
    return {"shard": int(wildcards.shard), "shards": int(wildcards.shards)}


def estimator():
    """What poses in images are found with, or nothing."""
    settings = config["estimate_keypoints"]
    names = ("weights", "weights_sha256", "short_side", "least_person", "least_joint", "batch")
    return {name: settings[name] for name in names} if settings["weights"] else None


# --- files that several rule files read ------------------------------------------------------------------------------


def of_user(files):
    """The user's files: they are where the config says, also beside a module whose results have a prefix."""
    return [local(file) for file in files]


def index_of(dataset):
    """The index of a data set."""
    return rules.index_dataset.output.index.format(dataset=dataset)


def keypoints_of(dataset):
    """Key points of a data set: those that it brings, or else those that are estimated."""
    maker = rules.import_keypoints if setup.has_keypoints(dataset) else rules.estimate_keypoints
    return maker.output.keypoints.format(dataset=dataset)


def known_keypoints(dataset):
    """The same where there are any."""
    return {"keypoints": keypoints_of(dataset)} if setup.can_have_keypoints(dataset) else {}


def guides_of(dataset, names):
    """What is made from the key points of a data set, of heat maps, pairs of training images and the key points."""
    files = {name: rules.make_heatmaps.output[name].format(dataset=dataset) for name in ("joints", "parts")}
    files |= {"pairs": rules.sample_pairs.output.pairs.format(dataset=dataset, pairs="train")}
    files |= {"keypoints": keypoints_of(dataset)}
    return {name: files[name] for name in names if name in files}


def scene_of(dataset):
    """The scene of rendered people, which tells true pictures; nothing of other data sets."""
    rendered = setup.is_rendered(dataset)
    return {"scene": rules.render_people.output.scene.format(dataset=dataset)} if rendered else {}


def stage_file(training, stage, dataset, seed=None, output="networks"):
    """A file that a stage of a training writes: its networks, curves or samples."""
    names = {"dataset": dataset, "stage": stage}
    if training.rule == "train_gan":
        return rules.train_gan.output[output].format(generator=training.name, **names)
    return rules.train_reid.output[output].format(experiment=training.name, seed=seed, **names)


def generator_file(dataset, generator, output="networks"):
    """A file of the stage that trains the network of a generator."""
    training, experiment = setup.making(generator), setup.experiment_behind(generator)
    names = {"dataset": setup.train(experiment) if experiment else dataset, "seed": setup.seed_behind(generator)}
    return stage_file(training, training.stage_with("generator"), **names, output=output)


def encoder_file(experiment, seed, output="networks"):
    """A file of the stage that trains the encoder of an experiment, wherever it was trained."""
    names = {"dataset": setup.train(experiment), "seed": seed, "output": output}
    return stage_file(setup.training(experiment), setup.encoder_stage(experiment), **names)


def teacher_of(training, stage):
    """The encoder that a stage learns from."""
    return encoder_file(*setup.teacher(training, stage))


def judge():
    """The encoder in whose features generated images are scored."""
    return encoder_file(*setup.judge())


def stage_inputs(training, stage, dataset, seed=None):
    """What a stage reads besides its index."""
    if stage not in training.about.stages:
        raise WorkflowError(f"{training.name} has no stage {stage}; it has {', '.join(training.about.stages)}")
    wanted = training.inputs(stage)
    found = guides_of(dataset, wanted) | ({"encoder": teacher_of(training, stage)} if "encoder" in wanted else {})
    found |= {"texture_pairs": texture_pairs_of(training, stage)} if "texture_pairs" in wanted else {}
    found |= {"textures": textures_of(training, dataset, seed)} if "textures" in wanted else {}
    *former, _ = training.until(stage)
    return found | ({"former": [stage_file(training, before, dataset, seed) for before in former]} if former else {})


def texture_pairs_of(training, stage):
    """Images and their textures that a stage learns to paint from."""
    return rules.import_textures.output.textures.format(dataset=setup.pairs_for(training.name, stage))


def textures_of(training, dataset, seed):
    """Textures of the images that an experiment is trained on: painted ones, or those that the data set brings."""
    if setup.textures_for(training.name) == "painted":
        return rules.paint_textures.output.textures.format(dataset=dataset, experiment=training.name, seed=seed)
    return rules.import_textures.output.textures.format(dataset=dataset)


def stage_code(rule, training, stage):
    """Digest of the code of a stage, and of the networks that it loads."""
    modules = [code_of(training.system, stage), code_of(training.system, "networks")]
    if "encoder" in training.inputs(stage):
        experiment, _ = setup.teacher(training, stage)
        modules.append(code_of(setup.training(experiment).system, "networks"))
    return code_digest(rule, *modules)


def generated_shards(dataset, generator, images):
    """All shards of the images of a generator."""
    shards = setup.generating(generator)[images]["shards"]
    names = {"dataset": dataset, "generator": generator, "images": images, "shards": shards}
    return expand(rules.generate.output.images, **names, shard=range(shards))


def generated_for_training(wildcards):
    return generated_shards(wildcards.dataset, wildcards.generator, "train")


def tested_experiments(wildcards):
    """Experiments that are tested on a data set; their order decides the order of tables and plots."""
    return setup.tested_on(wildcards.dataset)


def scores(wildcards):
    """Scores of all models that are tested on a data set, in the order of the config."""
    return of_tested_models(rules.evaluate.output.scores, wildcards.dataset)


def ranks(wildcards):
    """Ranked lists of all models that are tested on a data set, in the order of the config."""
    return of_tested_models(rules.evaluate.output.ranks, wildcards.dataset)


def scored_and_failed(dag):
    """Experiments of a run that compares them: those that have their scores, and those that have not."""
    evaluations = [job for job in dag.jobs if job.rule.name.endswith("evaluate")]
    lacking = {job.wildcards.experiment for job in evaluations if dag.needrun(job) and not dag.finished(job)}
    if not any(job.rule.name.endswith("compare") for job in dag.jobs):
        return [], []
    return [name for name in setup.experiments if name not in lacking], [n for n in setup.experiments if n in lacking]


def holds_without(left_out):
    """Whether the config is one without some experiments."""
    try:
        check(Configuration(config | {"leave_out": left_out}, ROOT / "rules/schemas/config.schema.yaml"))
    except UserError:
        return False
    return True


def of_tested_models(pattern, dataset):
    """A file of each model that is tested on a data set."""
    return [
        path
        for experiment in setup.tested_on(dataset)
        for path in expand(pattern, dataset=dataset, experiment=experiment, seed=setup.seeds(experiment))
    ]


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
