"""
reID: train encoders, extract features, score them, compare experiments.

INPUT   results/{dataset}/index_dataset/index.parquet
OUTPUT  results/{dataset}/train_reid/{experiment}/seed{seed}/{stage}/networks.safetensors
        results/{dataset}/extract_features/{experiment}/seed{seed}/{shard}-of-{shards}/features.parquet
        results/{dataset}/extract_views/{experiment}/seed{seed}/{shard}-of-{shards}/features.parquet
        results/{dataset}/evaluate/{experiment}/seed{seed}/scores.json, ranks.parquet
        results/{dataset}/calibrate/{experiment}/seed{seed}/calibration.json
        results/{dataset}/export_encoder/{experiment}/seed{seed}/encoder.onnx, features.mat, encoder.json
        results/{dataset}/compare/table.csv
"""


def training_index(dataset, experiment, seed):
    """What a model is trained on: the index of its data set, or that with generated images, or with purified ones."""
    names = {"dataset": dataset, "generator": setup.generator(experiment, seed), "purifier": setup.purifier(experiment)}
    if names["generator"] is None:
        return index_of(dataset)
    if names["purifier"] is None:
        return rules.index_generated.output.generated.format(**names)
    return rules.index_purified.output.purified.format(**names)


def training_indexes(experiment):
    """The same of all seeds of an experiment, each once: one, or those with the images of each seed's generator."""
    dataset = setup.train(experiment)
    return list(dict.fromkeys(training_index(dataset, experiment, seed) for seed in setup.seeds(experiment)))


def number_of_indexes(experiment):
    """How many there are, where there are several."""
    number = len(training_indexes(experiment))
    return {"indexes": number} if number > 1 else {}


def train_reid_inputs(wildcards):
    """The training set, with the files of its generated images, and what else the stage reads."""
    dataset, experiment, stage = wildcards.dataset, wildcards.experiment, wildcards.stage
    training, generator = setup.training(experiment), setup.generator(experiment, int(wildcards.seed))
    found = {"index": index_of(setup.index_for(experiment, stage))}
    if generator and "generated" in training.inputs(stage):
        found = {"index": training_index(dataset, experiment, int(wildcards.seed))}
        found |= {"generated": generated_shards(dataset, generator, "train")}
    return found | stage_inputs(training, stage, dataset, wildcards.seed)


def train_reid_settings(wildcards):
    training, stage = setup.training(wildcards.experiment), wildcards.stage
    drawn = setup.draws_with(wildcards.experiment, int(wildcards.seed))
    settings = learnt(training.settings(stage)) | {"seed": drawn}
    return canonical(training.names(stage) | {"settings": settings, "gpus": setup.gpus(wildcards.experiment)})


def train_reid_code(wildcards):
    return stage_code("train_reid", setup.training(wildcards.experiment), wildcards.stage)


def encoder(wildcards):
    return encoder_file(wildcards.experiment, wildcards.seed)


def extract_features_settings(wildcards):
    return canonical(setup.extracting(wildcards.experiment) | shard_of(wildcards))


def extract_features_code(wildcards):
    return code_of_encoder("extract_features", wildcards.experiment)


def all_features(dataset, experiment, seed):
    """All shards of the features of the test images by one model."""
    shards = setup.section("extract_features", experiment)["shards"]
    names = {"dataset": dataset, "experiment": experiment, "seed": seed, "shards": shards}
    return expand(rules.extract_features.output.features, **names, shard=range(shards))


def test_features(wildcards):
    return all_features(wildcards.dataset, wildcards.experiment, wildcards.seed)


def averaged_features(wildcards):
    """All shards of the same, averaged over generated views."""
    shards = setup.section("extract_features", wildcards.experiment)["shards"]
    return expand(rules.extract_views.output.views, **dict(wildcards), shards=shards, shard=range(shards))


def views_by(wildcards):
    """The generator in whose views of test images the features of a model are averaged, if there is one."""
    generator = setup.views(wildcards.experiment)
    return generator and setup.of_seed(generator, int(wildcards.seed))


def extract_views_inputs(wildcards):
    """Features of one shard, their encoder, the generator, and the poses that it is asked for."""
    dataset, experiment = wildcards.dataset, wildcards.experiment
    generator = views_by(wildcards)
    if generator is None:
        raise WorkflowError(f"evaluate.views of the experiment {experiment} names no generator")
    found = {"index": index_of(dataset), "encoder": encoder(wildcards), "keypoints": keypoints_of(dataset)}
    found |= {"features": rules.extract_features.output.features.format(**dict(wildcards))}
    found |= {"generator": generator_file(setup.train(experiment), generator)}
    return found | guides_of(dataset, guides_needed(setup.takes(generator)))


def extract_views_settings(wildcards):
    generator = views_by(wildcards)
    extracting = {name: setup.extracting(wildcards.experiment)[name] for name in ("flip", "network")}
    drawn = {"conditions": list(setup.takes(generator)), "drawing": setup.generating(generator)["network"]}
    return canonical(config["extract_views"] | extracting | drawn)


def extract_views_code(wildcards):
    systems = setup.training(wildcards.experiment).system, setup.making(views_by(wildcards)).system
    return code_digest("extract_views", *(code_of(system, "networks") for system in dict.fromkeys(systems)))


def evaluate_inputs(wildcards):
    """The features of the test images, and the verifier that was trained with their encoder, if there is one."""
    found = {"index": index_of(wildcards.dataset), "features": test_features(wildcards)}
    found |= {"views": averaged_features(wildcards)} if setup.views(wildcards.experiment) else {}
    return found | ({"verifier": encoder(wildcards)} if verifies(wildcards.experiment) else {})


def verifies(experiment):
    settings = setup.section("evaluate", experiment)
    possible = setup.has_verifier(experiment) and settings["protocol"] != "single_gallery_shot"
    return possible and settings["verified"]


def evaluate_settings(wildcards):
    names = {"dataset": wildcards.dataset, "experiment": wildcards.experiment, "seed": int(wildcards.seed)}
    settings = setup.section("evaluate", wildcards.experiment)
    unused = {"verified", "views"} | (set() if verifies(wildcards.experiment) else {"candidates"})
    return canonical({name: value for name, value in settings.items() if name not in unused} | names)


def evaluate_code(wildcards):
    verifies_too = verifies(wildcards.experiment)
    return code_of_encoder("evaluate", wildcards.experiment) if verifies_too else code_digest("evaluate")


def score_group():
    """One job of a cluster for features and their ranking.

    Not where shards are to run side by side, or where a GPU would wait for the ranking.
    """
    alone = all(
        setup.section("extract_features", experiment)["shards"] == 1 and setup.gpus(experiment) == 0
        for experiment in setup.experiments
    )
    return "score" if alone else None


rule train_reid:
    """Train one stage of a system that yields an encoder: one experiment, one seed."""
    input:
        unpack(train_reid_inputs),
    output:
        networks="results/{dataset}/train_reid/{experiment}/seed{seed}/{stage}/networks.safetensors",
        curves="results/{dataset}/train_reid/{experiment}/seed{seed}/{stage}/curves.csv",
        samples="results/{dataset}/train_reid/{experiment}/seed{seed}/{stage}/samples.parquet",
    log:
        "logs/{dataset}/train_reid/{experiment}/seed{seed}/{stage}.log",
    benchmark:
        "benchmarks/{dataset}/train_reid/{experiment}/seed{seed}/{stage}.tsv"
    wildcard_constraints:
        experiment=setup.pattern(setup.own_experiments()),
        stage=setup.pattern(setup.stages("train_reid")),
    priority: 1  # trainings wait for it
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("train_reid")
    resources:
        gpu=gpus,
        mem_mb=memory("train_reid"),
        runtime=runtime("train_reid"),
    params:
        settings=train_reid_settings,
        code=train_reid_code,
    script:
        "../workflow_scripts/train_reid.py"


rule extract_features:
    """Turn one shard of the test images of a data set into features of one encoder."""
    input:
        index=rules.index_dataset.output.index,
        encoder=encoder,
    output:
        features="results/{dataset}/extract_features/{experiment}/seed{seed}/{shard}-of-{shards}/features.parquet",
    log:
        "logs/{dataset}/extract_features/{experiment}/seed{seed}/{shard}-of-{shards}.log",
    benchmark:
        "benchmarks/{dataset}/extract_features/{experiment}/seed{seed}/{shard}-of-{shards}.tsv"
    group:
        score_group()
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("extract_features")
    resources:
        gpu=one_gpu,
        mem_mb=memory("extract_features"),
        runtime=runtime("extract_features"),
    params:
        settings=extract_features_settings,
        code=extract_features_code,
    script:
        "../workflow_scripts/extract_features.py"


rule extract_views:
    """Average the features of one shard of the test images over generated views of each."""
    input:
        unpack(extract_views_inputs),
    output:
        views="results/{dataset}/extract_views/{experiment}/seed{seed}/{shard}-of-{shards}/features.parquet",
    log:
        "logs/{dataset}/extract_views/{experiment}/seed{seed}/{shard}-of-{shards}.log",
    benchmark:
        "benchmarks/{dataset}/extract_views/{experiment}/seed{seed}/{shard}-of-{shards}.tsv"
    group:
        score_group()
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("extract_views")
    resources:
        gpu=one_gpu,
        mem_mb=memory("extract_views"),
        runtime=runtime("extract_views"),
    params:
        settings=extract_views_settings,
        code=extract_views_code,
    script:
        "../workflow_scripts/extract_views.py"


rule evaluate:
    """Rank the gallery for every query and score the ranking."""
    input:
        unpack(evaluate_inputs),
    output:
        scores="results/{dataset}/evaluate/{experiment}/seed{seed}/scores.json",
        ranks="results/{dataset}/evaluate/{experiment}/seed{seed}/ranks.parquet",
    log:
        "logs/{dataset}/evaluate/{experiment}/seed{seed}.log",
    benchmark:
        "benchmarks/{dataset}/evaluate/{experiment}/seed{seed}.tsv"
    group:
        score_group()
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("evaluate")
    resources:
        mem_mb=memory("evaluate"),
        runtime=runtime("evaluate"),
    params:
        settings=evaluate_settings,
        code=evaluate_code,
    script:
        "../workflow_scripts/evaluate.py"


def settings_with_extraction(rule, wildcards):
    """Settings of a rule, and with which the features were made."""
    extracting = setup.extracting(wildcards.experiment)
    return besides_experiments(rule) | {name: extracting[name] for name in ("flip", "network")}


def calibrate_settings(wildcards):
    settings = settings_with_extraction("calibrate", wildcards)
    return canonical(settings | {"experiment": wildcards.experiment, "seed": int(wildcards.seed)})


rule calibrate:
    """Say how sure one may be that two images show one person."""
    input:
        index=rules.index_dataset.output.index,
        features=test_features,
    output:
        calibration="results/{dataset}/calibrate/{experiment}/seed{seed}/calibration.json",
        plot=report(
            "results/{dataset}/calibrate/{experiment}/seed{seed}/calibration.png",
            caption="report/calibrate.rst",
            category="3 Results",
            labels={"data set": "{dataset}", "what": "same or different: {experiment}, seed {seed}"},
        ),
    log:
        "logs/{dataset}/calibrate/{experiment}/seed{seed}.log",
    benchmark:
        "benchmarks/{dataset}/calibrate/{experiment}/seed{seed}.tsv"
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("calibrate")
    resources:
        mem_mb=memory("calibrate"),
        runtime=runtime("calibrate"),
    params:
        settings=calibrate_settings,
        code=code_digest("calibrate"),
    script:
        "../workflow_scripts/calibrate.py"


def export_encoder_settings(wildcards):
    return canonical(settings_with_extraction("export_encoder", wildcards))


def export_encoder_code(wildcards):
    return code_of_encoder("export_encoder", wildcards.experiment)


rule export_encoder:
    """Write an encoder as ONNX, and its features of the test images as .mat."""
    input:
        index=rules.index_dataset.output.index,
        encoder=encoder,
        features=test_features,
    output:
        onnx="results/{dataset}/export_encoder/{experiment}/seed{seed}/encoder.onnx",
        mat="results/{dataset}/export_encoder/{experiment}/seed{seed}/features.mat",
        about="results/{dataset}/export_encoder/{experiment}/seed{seed}/encoder.json",
    log:
        "logs/{dataset}/export_encoder/{experiment}/seed{seed}.log",
    benchmark:
        "benchmarks/{dataset}/export_encoder/{experiment}/seed{seed}.tsv"
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("export_encoder")
    resources:
        mem_mb=memory("export_encoder"),
        runtime=runtime("export_encoder"),
    params:
        settings=export_encoder_settings,
        code=export_encoder_code,
    script:
        "../workflow_scripts/export_encoder.py"


def compared_indexes(wildcards):
    """What each experiment that learns was trained on."""
    return [path for name in _compared(wildcards.dataset) for path in training_indexes(name)]


def compared_stages(output):
    """A file of each stage behind the encoder of each experiment that learns, of all seeds, in the order of both."""

    def files(wildcards):
        return [
            stage_file(setup.training(name), stage, setup.train(name), seed, output)
            for name in _compared(wildcards.dataset)
            for seed in setup.seeds(name)
            for stage in setup.stages_behind(name)
        ]

    return files


def compare_settings(wildcards):
    """How experiments are compared, what they are, on whom, and which were left out."""
    trained = [setup.trained_on(name) | number_of_indexes(name) for name in _compared(wildcards.dataset)]
    about = {"trained": trained, "left_out": setup.left_out_on(wildcards.dataset)}
    return canonical(config["compare"] | about | {"rendered": setup.is_rendered(wildcards.dataset)})


def _compared(dataset):
    return [name for name in setup.tested_on(dataset) if setup.learns(name)]


rule compare:
    """Compare all experiments on a data set, over their seeds."""
    input:
        scores=scores,
        ranks=ranks,
        indexes=compared_indexes,
        networks=compared_stages("networks"),
        curves=compared_stages("curves"),
    output:
        table="results/{dataset}/compare/table.csv",
        text="results/{dataset}/compare/table.txt",
        first_page="results/{dataset}/compare/first_page.rst",
        page=report(
            "results/{dataset}/compare/table.html",
            caption="report/compare.rst",
            category="3 Results",
            labels={"data set": "{dataset}", "what": "comparison (table)"},
        ),
        plot=report(
            "results/{dataset}/compare/table.png",
            caption="report/compare.rst",
            category="3 Results",
            labels={"data set": "{dataset}", "what": "comparison (plot)"},
        ),
    log:
        "logs/{dataset}/compare.log",
    benchmark:
        "benchmarks/{dataset}/compare.tsv"
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("compare")
    resources:
        mem_mb=memory("compare"),
        runtime=runtime("compare"),
    params:
        settings=compare_settings,
        order=tested_experiments,
        code=code_digest("compare"),
    script:
        "../workflow_scripts/compare.py"
