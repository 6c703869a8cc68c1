"""
Generation: train image generators, generate people, score them.

INPUT   results/{dataset}/index_dataset/index.parquet, import_keypoints, make_heatmaps, sample_pairs
OUTPUT  results/{dataset}/train_gan/{generator}/{stage}/networks.safetensors
        results/{dataset}/generate/{generator}/{images}/{shard}-of-{shards}/images.parquet
        results/{dataset}/index_generated/{generator}/index.parquet, score_images/{generator}/scores.json
"""


def train_gan_inputs(wildcards):
    training = setup.making(wildcards.generator)
    return {"index": index_of(wildcards.dataset)} | stage_inputs(training, wildcards.stage, wildcards.dataset)


def train_gan_settings(wildcards):
    training, stage = setup.making(wildcards.generator), wildcards.stage
    return canonical(training.names(stage) | {"settings": learnt(training.settings(stage))})


def train_gan_code(wildcards):
    return stage_code("train_gan", setup.making(wildcards.generator), wildcards.stage)


def generate_inputs(wildcards):
    """The index, the generator, and the poses and pairs that it is asked for."""
    dataset, generator = wildcards.dataset, wildcards.generator
    found = {"index": index_of(dataset), "generator": generator_file(dataset, generator)}
    found |= guides_of(dataset, guides_needed(setup.takes(generator)))
    if setup.needs_poses(generator):
        found |= {"keypoints": keypoints_of(dataset)}
    if wildcards.images == "train" and setup.pose_list(generator):
        found |= {"pose_list": local(setup.pose_list(generator))}
    if wildcards.images == "test":
        found |= {"pairs": rules.sample_pairs.output.pairs.format(dataset=dataset, pairs="test")}
    return found


def generate_settings(wildcards):
    """Settings of a shard; those of the other purpose do not concern it."""
    generator, purpose = wildcards.generator, wildcards.images
    names = {"name": generator, "conditions": list(setup.takes(generator)), "purpose": purpose}
    settings = {key: value for key, value in setup.generating(generator).items() if key not in ("train", "test")}
    settings |= {purpose: setup.generating(generator)[purpose]}
    return canonical(names | shard_of(wildcards) | {"settings": settings})


def index_generated_settings(wildcards):
    return {"name": wildcards.dataset, "settings": setup.generating(wildcards.generator)["train"]}


def score_images_inputs(wildcards):
    """The images for training, and, of a generator that takes a source, those of the test pairs."""
    dataset, generator = wildcards.dataset, wildcards.generator
    found = {
        "index": index_of(dataset),
        "encoder": judge(),
        "train": generated_shards(dataset, generator, "train"),
        "test": generated_shards(dataset, generator, "test") if "source" in setup.takes(generator) else [],
    }
    return found | (known_keypoints(dataset) if found["test"] else {}) | scene_of(dataset)


def score_images_settings(wildcards):
    generator = wildcards.generator
    names = {"dataset": wildcards.dataset, "generator": generator, "system": setup.making(generator).system}
    splits = setup.generating(generator)["train"]["splits"]
    sections = {"settings": config["score_images"], "estimator": estimator()}
    about = {"own_encoder": setup.judged_by_its_teacher(generator)}
    about |= {"sees_targets": "pose_image" in setup.takes(generator)}
    return canonical(names | sections | about | {"splits": splits})


def score_images_code(wildcards):
    return code_of_encoder("score_images", config["score_images"]["encoder"])


def generate_one_inputs(wildcards):
    """The generator, the data set, and whatever files the picture names."""
    files = {"index": index_of(wildcards.dataset), "named": of_user(setup.named_files(wildcards.picture))}
    files |= {"generator": generator_file(wildcards.dataset, wildcards.generator)}
    return files | known_keypoints(wildcards.dataset)


def generate_one_settings(wildcards):
    names = {"name": wildcards.generator, "conditions": list(setup.takes(wildcards.generator))}
    more = {"estimator": estimator(), "mixes": setup.making(wildcards.generator).about.mixes}
    more |= {key: setup.generating(wildcards.generator)[key] for key in ("precision", "network")}
    entry = {key: value for key, value in setup.pictures[wildcards.picture].items() if key not in wildcards.keys()}
    return canonical(entry | names | more)


rule train_gan:
    """Train one stage of a system that only generates."""
    input:
        unpack(train_gan_inputs),
    output:
        networks="results/{dataset}/train_gan/{generator}/{stage}/networks.safetensors",
        curves="results/{dataset}/train_gan/{generator}/{stage}/curves.csv",
        samples="results/{dataset}/train_gan/{generator}/{stage}/samples.parquet",
    log:
        "logs/{dataset}/train_gan/{generator}/{stage}.log",
    benchmark:
        "benchmarks/{dataset}/train_gan/{generator}/{stage}.tsv"
    wildcard_constraints:
        generator=setup.pattern(setup.own_generators()) or "none",
        stage=setup.pattern(setup.stages("train_gan")),
    priority: 1  # trainings wait for it
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("train_gan")
    resources:
        gpu=generator_gpu,
        mem_mb=memory("train_gan"),
        runtime=runtime("train_gan"),
    params:
        settings=train_gan_settings,
        code=train_gan_code,
    script:
        "../workflow_scripts/train_gan.py"


rule generate:
    """Generate one shard of the images for training, or of those for scores."""
    input:
        unpack(generate_inputs),
    output:
        images="results/{dataset}/generate/{generator}/{images}/{shard}-of-{shards}/images.parquet",
    log:
        "logs/{dataset}/generate/{generator}/{images}/{shard}-of-{shards}.log",
    benchmark:
        "benchmarks/{dataset}/generate/{generator}/{images}/{shard}-of-{shards}.tsv"
    priority: 1  # trainings wait for it
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("generate")
    resources:
        gpu=generator_gpu,
        mem_mb=memory("generate"),
        runtime=runtime("generate"),
    params:
        settings=generate_settings,
        code=code_of_generator("generate"),
    script:
        "../workflow_scripts/generate.py"


rule index_generated:
    """List the real training images that stay and all generated ones as one index."""
    input:
        index=rules.index_dataset.output.index,
        shards=generated_for_training,
    output:
        generated="results/{dataset}/index_generated/{generator}/index.parquet",
    log:
        "logs/{dataset}/index_generated/{generator}.log",
    benchmark:
        "benchmarks/{dataset}/index_generated/{generator}.tsv"
    priority: 1  # trainings wait for it
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("index_generated")
    resources:
        mem_mb=memory("index_generated"),
        runtime=runtime("index_generated"),
    params:
        settings=index_generated_settings,
        code=code_digest("index_generated"),
    script:
        "../workflow_scripts/index_generated.py"


rule score_images:
    """Score what a generator made, beside trivial generators and real images."""
    input:
        unpack(score_images_inputs),
    output:
        scores="results/{dataset}/score_images/{generator}/scores.json",
    log:
        "logs/{dataset}/score_images/{generator}.log",
    benchmark:
        "benchmarks/{dataset}/score_images/{generator}.tsv"
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("score_images")
    resources:
        gpu=generator_gpu,
        mem_mb=memory("score_images"),
        runtime=runtime("score_images"),
    params:
        settings=score_images_settings,
        code=score_images_code,
    script:
        "../workflow_scripts/score_images.py"


rule generate_one:
    """Draw chosen persons in chosen poses, one by one and as a grid."""
    input:
        unpack(generate_one_inputs),
    output:
        grid=report(
            "results/{dataset}/generate_one/{generator}/{picture}/grid.png",
            caption="report/generate_one.rst",
            category="5 Generated images",
            labels={"data set": "{dataset}", "generator": "{generator}", "what": "grid {picture}"},
        ),
        pictures=directory("results/{dataset}/generate_one/{generator}/{picture}/pictures"),
    log:
        "logs/{dataset}/generate_one/{generator}/{picture}.log",
    benchmark:
        "benchmarks/{dataset}/generate_one/{generator}/{picture}.tsv"
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("generate_one")
    resources:
        gpu=generator_gpu,
        mem_mb=memory("generate_one"),
        runtime=runtime("generate_one"),
    params:
        settings=generate_one_settings,
        code=code_of_generator("generate_one"),
    script:
        "../workflow_scripts/generate_one.py"
