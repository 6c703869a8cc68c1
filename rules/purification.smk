"""
Purification: choose among generated images by a graph of their features, or by simpler rules.

INPUT   results/{dataset}/index_generated/{generator}/index.parquet, generate/{generator}/train
OUTPUT  results/{dataset}/embed_generated/{generator}/{shard}-of-{shards}/features.parquet, confidence.parquet
        results/{dataset}/build_graph/{generator}/graph.parquet, judge_generated/{generator}/truth.parquet
        results/{dataset}/train_gcn/{generator}/gcn.safetensors; train_gcn_v and train_gcn_e likewise
        results/{dataset}/purify/{generator}/{purifier}/kept.parquet, index_purified/{generator}/{purifier}/index.parquet
"""


rule embed_generated:
    """Turn one shard of the real and generated training images into features of one encoder."""
    input:
        index=rules.index_generated.output.generated,
        shards=generated_for_training,
        encoder=graph_encoder,
    output:
        features="results/{dataset}/embed_generated/{generator}/{shard}-of-{shards}/features.parquet",
        confidence="results/{dataset}/embed_generated/{generator}/{shard}-of-{shards}/confidence.parquet",
    log:
        "logs/{dataset}/embed_generated/{generator}/{shard}-of-{shards}.log",
    benchmark:
        "benchmarks/{dataset}/embed_generated/{generator}/{shard}-of-{shards}.tsv"
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
        code=code_digest("embed_generated"),
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
        index=rules.index_generated.output.generated,
        features=training_features,
    output:
        gcn="results/{dataset}/train_gcn/{generator}/gcn.safetensors",
        curves="results/{dataset}/train_gcn/{generator}/curves.csv",
        links="results/{dataset}/train_gcn/{generator}/links.json",
    log:
        "logs/{dataset}/train_gcn/{generator}.log",
    benchmark:
        "benchmarks/{dataset}/train_gcn/{generator}.tsv"
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
        settings=train_gcn_settings,
        code=code_digest("train_gcn"),
    script:
        "../workflow_scripts/train_gcn.py"


rule train_gcn_v:
    """Learn from real images how well an image lies among others of its person."""
    input:
        index=rules.index_generated.output.generated,
        features=training_features,
    output:
        gcn_v="results/{dataset}/train_gcn_v/{generator}/gcn_v.safetensors",
        curves="results/{dataset}/train_gcn_v/{generator}/curves.csv",
        scores="results/{dataset}/train_gcn_v/{generator}/scores.json",
    log:
        "logs/{dataset}/train_gcn_v/{generator}.log",
    benchmark:
        "benchmarks/{dataset}/train_gcn_v/{generator}.tsv"
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
        settings=train_gcn_v_settings,
        code=code_digest("train_gcn_v"),
    script:
        "../workflow_scripts/train_gcn_v.py"


rule train_gcn_e:
    """Learn from real images to which of its neighbours an image belongs."""
    input:
        index=rules.index_generated.output.generated,
        features=training_features,
        gcn_v=rules.train_gcn_v.output.gcn_v,
    output:
        gcn_e="results/{dataset}/train_gcn_e/{generator}/gcn_e.safetensors",
        curves="results/{dataset}/train_gcn_e/{generator}/curves.csv",
        scores="results/{dataset}/train_gcn_e/{generator}/scores.json",
    log:
        "logs/{dataset}/train_gcn_e/{generator}.log",
    benchmark:
        "benchmarks/{dataset}/train_gcn_e/{generator}.tsv"
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
        settings=train_gcn_e_settings,
        code=code_digest("train_gcn_e"),
    script:
        "../workflow_scripts/train_gcn_e.py"


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
        code=code_digest("purify"),
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
        code=code_digest("judge_generated"),
    script:
        "../workflow_scripts/judge_generated.py"
