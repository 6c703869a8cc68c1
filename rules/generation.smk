"""
Generation: train image generators, generate people, score them.

INPUT   results/{dataset}/index_dataset/index.parquet, import_keypoints, make_heatmaps, sample_pairs
OUTPUT  results/{dataset}/train_gan/{generator}/generator.safetensors
        results/{dataset}/generate/{generator}/{images}/{shard}-of-{shards}/images.parquet
        results/{dataset}/index_generated/{generator}/index.parquet, score_images/{generator}/scores.json
"""


rule train_gan:
    """Train one image generator of the config."""
    input:
        unpack(train_gan_inputs),
    output:
        generator="results/{dataset}/train_gan/{generator}/generator.safetensors",
        curves="results/{dataset}/train_gan/{generator}/curves.csv",
        samples="results/{dataset}/train_gan/{generator}/samples.parquet",
    log:
        "logs/{dataset}/train_gan/{generator}.log",
    benchmark:
        "benchmarks/{dataset}/train_gan/{generator}.tsv"
    priority: 1  # most of the other jobs wait for it
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
        code=generate_code,
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
        code=code_digest("score_images"),
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
        code=generate_one_code,
    script:
        "../workflow_scripts/generate_one.py"
