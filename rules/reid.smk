"""
reID: train encoders, extract features, score them, compare experiments.

INPUT   results/{dataset}/index_dataset/index.parquet
OUTPUT  results/{dataset}/train_reid/{experiment}/seed{seed}/encoder.safetensors
        results/{dataset}/extract_features/{experiment}/seed{seed}/{shard}-of-{shards}/features.parquet
        results/{dataset}/evaluate/{experiment}/seed{seed}/scores.json, ranks.parquet
        results/{dataset}/compare/table.csv
"""


rule train_reid:
    """Train one encoder: one experiment, one seed."""
    input:
        index=training_index,
        generated=training_shards,
    output:
        encoder="results/{dataset}/train_reid/{experiment}/seed{seed}/encoder.safetensors",
        curves="results/{dataset}/train_reid/{experiment}/seed{seed}/curves.csv",
    log:
        "logs/{dataset}/train_reid/{experiment}/seed{seed}.log",
    benchmark:
        "benchmarks/{dataset}/train_reid/{experiment}/seed{seed}.tsv"
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
        code=code_digest("train_reid"),
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
        code=code_digest("extract_features"),
    script:
        "../workflow_scripts/extract_features.py"


rule evaluate:
    """Rank the gallery for every query and score the ranking."""
    input:
        index=rules.index_dataset.output.index,
        features=test_features,
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
        code=code_digest("evaluate"),
    script:
        "../workflow_scripts/evaluate.py"


rule compare:
    """Compare all experiments on a data set, over their seeds."""
    input:
        scores=scores,
        ranks=ranks,
    output:
        table="results/{dataset}/compare/table.csv",
        text="results/{dataset}/compare/table.txt",
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
        settings=section("compare"),
        order=tested_experiments,
        code=code_digest("compare"),
    script:
        "../workflow_scripts/compare.py"
