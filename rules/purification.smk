"""
Purification: choose among generated images by a graph of their features, or by simpler rules.

INPUT   results/{dataset}/index_generated/{generator}/index.parquet, generate/{generator}/train
OUTPUT  results/{dataset}/embed_generated/{generator}/{shard}-of-{shards}/features.parquet, confidence.parquet
        results/{dataset}/build_graph/{generator}/graph.parquet, judge_generated/{generator}/truth.parquet
        results/{dataset}/train_gcn/{generator}/networks.safetensors; train_gcn_v and train_gcn_e likewise
        results/{dataset}/purify/{generator}/{purifier}/kept.parquet, index_purified/{generator}/{purifier}/index.parquet
"""


def build_graph_settings(wildcards):
    return setup.of_generator("build_graph", wildcards.generator)


def graph_network_settings(rule):
    """Settings of a rule that trains a network of graphs, for one generator."""

    def settings(wildcards):
        return learnt(setup.of_generator(rule, wildcards.generator))

    return settings


def embedding_encoders(wildcards):
    """The encoder whose features make up the graph, and that whose classifier judges, if it is another."""
    named = {"encoder": setup.purifying_encoder(wildcards.generator)}
    if setup.purifying_classifier(wildcards.generator) != named["encoder"]:
        named |= {"classifier": setup.purifying_classifier(wildcards.generator)}
    return {name: encoder_file(*run) for name, run in named.items()}


def encoder_of_persons(wildcards):
    """The encoder whose features make up the graph, where the persons that it learnt from are those of the data set."""
    experiment, seed = setup.purifying_encoder(wildcards.generator)
    return {"encoder": encoder_file(experiment, seed)} if setup.train(experiment) == wildcards.dataset else {}


def embed_generated_settings(wildcards):
    settings = setup.of_generator("embed_generated", wildcards.generator)
    splits = setup.generating(wildcards.generator)["train"]["splits"]
    own = {name: value for name, value in settings.items() if name not in ("encoder", "classifier")}
    return canonical(own | {"splits": splits} | shard_of(wildcards))


def embed_generated_code(wildcards):
    runs = setup.purifying_encoder(wildcards.generator), setup.purifying_classifier(wildcards.generator)
    systems = dict.fromkeys(setup.training(experiment).system for experiment, _ in runs)
    return code_digest("embed_generated", *(code_of(system, "networks") for system in systems))


def code_of_graph_networks(rule):
    """Digest of the code of a rule that loads networks of graphs."""
    return code_digest(rule, code_of("purification", "networks"))


def embedded(dataset, generator):
    """All shards of the features of a generator's training images, and of their confidences."""
    shards = setup.of_generator("embed_generated", generator)["shards"]
    names = {"dataset": dataset, "generator": generator, "shards": shards}
    files = {name: rules.embed_generated.output[name] for name in ("features", "confidence")}
    return {name: expand(path, **names, shard=range(shards)) for name, path in files.items()}


def training_features(wildcards):
    """Features of real and generated training images: all shards."""
    return embedded(wildcards.dataset, wildcards.generator)["features"]


def of_purifier(dataset, generator, purifier):
    """What the rule of a purifier reads besides the index, by name."""
    settings = setup.purifying(purifier)
    wanted = RULES[settings["rule"]].inputs
    names = {"dataset": dataset, "generator": generator}
    files = {"graph": rules.build_graph.output.graph.format(**names)}
    files |= {name: maker.output.networks.format(**names) for name, maker in GRAPH_NETWORKS.items()}
    files |= embedded(**names) | {"shards": generated_shards(**names, images="train")}
    found = {name: path for name, path in files.items() if name in wanted}
    if settings.get("share_of"):
        found |= {"as_many_as": rules.purify.output.kept.format(**names, purifier=settings["share_of"])}
    return found


def purify_inputs(wildcards):
    """The generated images, and what the rule of the purifier reads."""
    index = rules.index_generated.output.generated.format(**dict(wildcards))
    return {"index": index} | of_purifier(**dict(wildcards))


def purify_settings(wildcards):
    return setup.purifying_images(wildcards.purifier, wildcards.generator)


def judge_generated_inputs(wildcards):
    """The generated images, the real ones, and the scene of rendered people."""
    files = {"index": index_of(wildcards.dataset), "shards": generated_for_training(wildcards), "encoder": judge()}
    return files | scene_of(wildcards.dataset)


def judge_generated_settings(wildcards):
    splits = setup.generating(wildcards.generator)["train"]["splits"]
    more = {"splits": splits, "look_alikes": config["score_images"]["look_alikes"]}
    return canonical(config["judge_generated"] | more)


def judge_generated_code(wildcards):
    return code_of_encoder("judge_generated", config["score_images"]["encoder"])


rule embed_generated:
    """Turn one shard of the real and generated training images into features of one encoder."""
    input:
        unpack(embedding_encoders),
        index=rules.index_generated.output.generated,
        shards=generated_for_training,
    output:
        features="results/{dataset}/embed_generated/{generator}/{shard}-of-{shards}/features.parquet",
        confidence="results/{dataset}/embed_generated/{generator}/{shard}-of-{shards}/confidence.parquet",
    log:
        "logs/{dataset}/embed_generated/{generator}/{shard}-of-{shards}.log",
    benchmark:
        "benchmarks/{dataset}/embed_generated/{generator}/{shard}-of-{shards}.tsv"
    priority: 1  # trainings wait for it
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("embed_generated")
    resources:
        gpu=generator_gpu,
        mem_mb=memory("embed_generated"),
        runtime=runtime("embed_generated"),
    params:
        settings=embed_generated_settings,
        code=embed_generated_code,
    script:
        "../workflow_scripts/embed_generated.py"


rule build_graph:
    """Find the nearest generated images of each generated image."""
    input:
        index=rules.index_generated.output.generated,
        features=training_features,
    output:
        graph="results/{dataset}/build_graph/{generator}/graph.parquet",
    log:
        "logs/{dataset}/build_graph/{generator}.log",
    benchmark:
        "benchmarks/{dataset}/build_graph/{generator}.tsv"
    priority: 1  # trainings wait for it
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("build_graph")
    resources:
        gpu=generator_gpu,
        mem_mb=memory("build_graph"),
        runtime=runtime("build_graph"),
    params:
        settings=build_graph_settings,
        code=code_digest("build_graph"),
    script:
        "../workflow_scripts/build_graph.py"


rule train_gcn:
    """Learn from real images which neighbours show one person."""
    input:
        unpack(encoder_of_persons),
        index=rules.index_generated.output.generated,
        features=training_features,
    output:
        networks="results/{dataset}/train_gcn/{generator}/networks.safetensors",
        curves="results/{dataset}/train_gcn/{generator}/curves.csv",
        scores="results/{dataset}/train_gcn/{generator}/scores.json",
    log:
        "logs/{dataset}/train_gcn/{generator}.log",
    benchmark:
        "benchmarks/{dataset}/train_gcn/{generator}.tsv"
    priority: 1  # trainings wait for it
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("train_gcn")
    resources:
        gpu=generator_gpu,
        mem_mb=memory("train_gcn"),
        runtime=runtime("train_gcn"),
    params:
        settings=graph_network_settings("train_gcn"),
        code=code_digest("train_gcn"),
    script:
        "../workflow_scripts/train_gcn.py"


rule train_gcn_v:
    """Learn from real images how well an image lies among others of its person."""
    input:
        unpack(encoder_of_persons),
        index=rules.index_generated.output.generated,
        features=training_features,
    output:
        networks="results/{dataset}/train_gcn_v/{generator}/networks.safetensors",
        curves="results/{dataset}/train_gcn_v/{generator}/curves.csv",
        scores="results/{dataset}/train_gcn_v/{generator}/scores.json",
    log:
        "logs/{dataset}/train_gcn_v/{generator}.log",
    benchmark:
        "benchmarks/{dataset}/train_gcn_v/{generator}.tsv"
    priority: 1  # trainings wait for it
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("train_gcn_v")
    resources:
        gpu=generator_gpu,
        mem_mb=memory("train_gcn_v"),
        runtime=runtime("train_gcn_v"),
    params:
        settings=graph_network_settings("train_gcn_v"),
        code=code_digest("train_gcn_v"),
    script:
        "../workflow_scripts/train_gcn_v.py"


rule train_gcn_e:
    """Learn from real images to which of its neighbours an image belongs."""
    input:
        unpack(encoder_of_persons),
        index=rules.index_generated.output.generated,
        features=training_features,
        gcn_v=rules.train_gcn_v.output.networks,
    output:
        networks="results/{dataset}/train_gcn_e/{generator}/networks.safetensors",
        curves="results/{dataset}/train_gcn_e/{generator}/curves.csv",
        scores="results/{dataset}/train_gcn_e/{generator}/scores.json",
    log:
        "logs/{dataset}/train_gcn_e/{generator}.log",
    benchmark:
        "benchmarks/{dataset}/train_gcn_e/{generator}.tsv"
    priority: 1  # trainings wait for it
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("train_gcn_e")
    resources:
        gpu=generator_gpu,
        mem_mb=memory("train_gcn_e"),
        runtime=runtime("train_gcn_e"),
    params:
        settings=graph_network_settings("train_gcn_e"),
        code=code_of_graph_networks("train_gcn_e"),
    script:
        "../workflow_scripts/train_gcn_e.py"


GRAPH_NETWORKS = {"gcn": rules.train_gcn, "gcn_v": rules.train_gcn_v, "gcn_e": rules.train_gcn_e}


rule purify:
    """Decide which generated images stay."""
    input:
        unpack(purify_inputs),
    output:
        kept="results/{dataset}/purify/{generator}/{purifier}/kept.parquet",
    log:
        "logs/{dataset}/purify/{generator}/{purifier}.log",
    benchmark:
        "benchmarks/{dataset}/purify/{generator}/{purifier}.tsv"
    priority: 1  # trainings wait for it
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("purify")
    resources:
        gpu=generator_gpu,
        mem_mb=memory("purify"),
        runtime=runtime("purify"),
    params:
        settings=purify_settings,
        code=code_of_graph_networks("purify"),
    script:
        "../workflow_scripts/purify.py"


rule index_purified:
    """List the real training images and the generated ones that stay as one index."""
    input:
        index=rules.index_generated.output.generated,
        kept=rules.purify.output.kept,
    output:
        purified="results/{dataset}/index_purified/{generator}/{purifier}/index.parquet",
    log:
        "logs/{dataset}/index_purified/{generator}/{purifier}.log",
    benchmark:
        "benchmarks/{dataset}/index_purified/{generator}/{purifier}.tsv"
    priority: 1  # trainings wait for it
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("index_purified")
    resources:
        mem_mb=memory("index_purified"),
        runtime=runtime("index_purified"),
    params:
        settings={},
        code=code_digest("index_purified"),
    script:
        "../workflow_scripts/index_purified.py"


rule judge_generated:
    """Find out whom generated images look like, and how near they are to the true picture."""
    input:
        unpack(judge_generated_inputs),
    output:
        truth="results/{dataset}/judge_generated/{generator}/truth.parquet",
    log:
        "logs/{dataset}/judge_generated/{generator}.log",
    benchmark:
        "benchmarks/{dataset}/judge_generated/{generator}.tsv"
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("judge_generated")
    resources:
        gpu=generator_gpu,
        mem_mb=memory("judge_generated"),
        runtime=runtime("judge_generated"),
    params:
        settings=judge_generated_settings,
        code=judge_generated_code,
    script:
        "../workflow_scripts/judge_generated.py"
