"""
Pictures that only the report needs.

INPUT   results/{dataset}/train_reid/{experiment}/seed{seed}/{stage}/*, evaluate/{experiment}/seed{seed}/*
OUTPUT  results/{dataset}/plot_curves, plot_cmc, rank_lists, similarity_maps, plot_features, plot_gan_curves
        results/{dataset}/show_images, compare_images, show_purified, plot_links, plot_gcn_curves, compare_purifiers, few_real
        results/{dataset}/sensitivity/table.csv, table.txt, table.html
        results/{dataset}/compare_datasets, rule_graph, of the first data set that is tested on
"""


def first_page():
    """Text of the report's first page: that with the scores, where there are some."""
    made = Path(rules.compare.output.first_page.format(dataset=setup.tested()[0]))
    return str((made if made.exists() else ROOT / "rules/report/workflow.rst").resolve())


def plot_curves_inputs(wildcards):
    """Curves of all seeds of a stage of an experiment."""
    seeds = setup.seeds(wildcards.experiment)
    return expand(rules.train_reid.output.curves, **dict(wildcards), seed=seeds)


def plot_curves_settings(wildcards):
    return {"labels": [f"seed {seed}" for seed in setup.seeds(wildcards.experiment)]}


def plot_gan_curves_settings(wildcards):
    return {"labels": [wildcards.generator]}


def rank_lists_settings(wildcards):
    return canonical(config["rank_lists"] | {"experiment": wildcards.experiment, "seed": int(wildcards.seed)})


def similarity_maps_settings(wildcards):
    settings = besides_experiments("similarity_maps") | {"network": setup.extracting(wildcards.experiment)["network"]}
    return canonical(settings | {"experiment": wildcards.experiment, "seed": int(wildcards.seed)})


def similarity_maps_code(wildcards):
    return code_of_encoder("similarity_maps", wildcards.experiment)


def plot_features_settings(wildcards):
    settings = besides_experiments("plot_features")
    return canonical(settings | {"experiment": wildcards.experiment, "seed": int(wildcards.seed)})


def show_images_inputs(wildcards):
    """Samples of the training, and generated images with what they were made from."""
    dataset, generator = wildcards.dataset, wildcards.generator
    purpose = "test" if "source" in setup.takes(generator) else "train"
    found = {
        "index": index_of(dataset),
        "samples": generator_file(dataset, generator, "samples"),
        "generated": generated_shards(dataset, generator, purpose),
    }
    return found | ({"keypoints": keypoints_of(dataset)} if setup.needs_poses(generator) else {})


def show_images_settings(wildcards):
    return canonical(config["show_images"] | {"name": wildcards.generator})


def image_scores(wildcards):
    """Scores of all generators whose images are used on a data set."""
    used = [generator for dataset, generator in setup.networks_in_use() if dataset == wildcards.dataset]
    return expand(rules.score_images.output.scores, dataset=wildcards.dataset, generator=used)


def show_purified_settings(wildcards):
    return canonical(config["show_purified"] | {"name": f"{wildcards.generator}, {wildcards.purifier}"})


def plot_links_settings(wildcards):
    return {"name": wildcards.generator}


def plot_gcn_curves_inputs(wildcards):
    names = {"dataset": wildcards.dataset, "generator": wildcards.generator}
    return GRAPH_NETWORKS[wildcards.network].output.curves.format(**names)


def plot_gcn_curves_settings(wildcards):
    return {"labels": [f"{wildcards.network} for {wildcards.generator}"]}


def compare_purifiers_inputs(wildcards):
    """Kept sets, what their images are judged by, the networks behind them, and the models trained on them."""
    dataset, used = wildcards.dataset, setup.purified_on(wildcards.dataset)
    networks = setup.graph_networks_on(dataset)
    return {
        "kept": [rules.purify.output.kept.format(dataset=dataset, generator=g, purifier=p) for g, p in used],
        "truth": [rules.judge_generated.output.truth.format(dataset=dataset, generator=g) for g, _ in used],
        "scores": scores(wildcards),
        "ranks": ranks(wildcards),
        "networks": [GRAPH_NETWORKS[n].output.scores.format(dataset=dataset, generator=g) for g, n in networks],
    }


def compare_purifiers_settings(wildcards):
    """What each table is of, and what the experiments are trained on."""
    dataset = wildcards.dataset
    sets = [
        {
            "generator": generator,
            "purifier": purifier,
            "rule": setup.purifying(purifier)["rule"],
            "own_encoder": setup.judged_by_its_purifier(generator),
        }
        | ({"draw_of": setup.name_of(generator)} if setup.name_of(generator) != generator else {})
        for generator, purifier in setup.purified_on(dataset)
    ]
    experiments = [
        {"experiment": name, "generator": setup.named_generator(name), "purifier": setup.purifier(name)}
        for name in setup.learning_on(dataset)
        if setup.uses_generated(name) or setup.named_generator(name) is None
    ]
    trained = [{"generator": generator, "network": network} for generator, network in setup.graph_networks_on(dataset)]
    return canonical(config["compare"] | {"sets": sets, "experiments": experiments, "trained": trained})


def sensitivity_inputs(wildcards):
    """What is kept of the images of some generators, and what these are judged by."""
    dataset, used = wildcards.dataset, setup.measured_sets()
    return {
        "kept": [rules.purify.output.kept.format(dataset=dataset, generator=g, purifier=p) for g, p in used],
        "truth": [rules.judge_generated.output.truth.format(dataset=dataset, generator=g) for g, _ in used],
    }


def sensitivity_settings():
    """What decides how many failures are found."""
    return canonical({"sets": [setup.about_set(*names) for names in setup.measured_sets()]})


def measured(dataset):
    """Experiments that learn on a data set from all identities: those that hold out some serve to judge purifiers."""
    return [name for name in setup.learning_on(dataset) if not setup.holds_out(name)]


def few_real_inputs(wildcards):
    """What the experiments on a data set are trained on, and their comparison."""
    dataset = wildcards.dataset
    return {
        "indexes": [path for name in measured(dataset) for path in training_indexes(name)],
        "compared": rules.compare.output.table.format(dataset=dataset),
    }


def few_real_settings(wildcards):
    """What is counted of the training set of each experiment, and which of them are of one kind."""
    networks = {setup.name_of(each) for dataset, each in setup.networks_in_use() if dataset == wildcards.dataset}
    experiments = [
        {
            "experiment": name,
            "splits": setup.training(name).section["splits"],
            "kind": setup.kind_of_training_set(name, name_the_network=len(networks) > 1),
            "held_out": 0.0,
            "uses_generated": setup.uses_generated(name),
        }
        | number_of_indexes(name)
        for name in measured(wildcards.dataset)
    ]
    return canonical({"experiments": experiments, "reference": config["compare"]["reference"]})


def compare_datasets_inputs(wildcards):
    """The comparison on each data set that is tested on."""
    return expand(rules.compare.output.table, dataset=setup.tested())


def compare_datasets_settings(wildcards):
    """What the experiments are, and on what they were trained."""
    return canonical({"experiments": [setup.across(name) for name in setup.experiments]})


def rule_graph_settings():
    """What the graph of the rules depends on: their texts and the parts that the config composes."""
    files = [ROOT / "Snakefile", *sorted((ROOT / "rules").glob("*.smk"))]
    texts = digest([file_digest(file) for file in files])
    drawn = {experiment: setup.learns(experiment) for experiment in setup.experiments}
    parts = {"dataset": config["dataset"], "datasets": setup.datasets, "experiments": setup.experiments, "drawn": drawn}
    learnt = {generator: setup.making(generator).any_input() for _, generator in setup.generators_in_use()}
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


rule plot_curves:
    """Draw the training curves of a stage of an experiment, all seeds."""
    input:
        curves=plot_curves_inputs,
    output:
        plot=report(
            "results/{dataset}/plot_curves/{experiment}/{stage}/plot_curves.png",
            caption="report/plot_curves.rst",
            category="2 Training",
            labels={"data set": "{dataset}", "experiment": "{experiment}", "stage": "{stage}"},
        ),
    log:
        "logs/{dataset}/plot_curves/{experiment}/{stage}.log",
    benchmark:
        "benchmarks/{dataset}/plot_curves/{experiment}/{stage}.tsv"
    wildcard_constraints:
        stage=setup.pattern(setup.stages("train_reid")),
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("plot_curves")
    resources:
        mem_mb=memory("plot_curves"),
        runtime=runtime("plot_curves"),
    params:
        settings=plot_curves_settings,
        code=code_digest("plot_curves"),
    script:
        "../workflow_scripts/plot_curves.py"


rule plot_cmc:
    """Draw the CMC curves of all experiments on a data set."""
    input:
        scores=scores,
    output:
        plot=report(
            "results/{dataset}/plot_cmc/plot_cmc.png",
            caption="report/plot_cmc.rst",
            category="3 Results",
            labels={"data set": "{dataset}", "what": "CMC curves"},
        ),
    log:
        "logs/{dataset}/plot_cmc.log",
    benchmark:
        "benchmarks/{dataset}/plot_cmc.tsv"
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("plot_cmc")
    resources:
        mem_mb=memory("plot_cmc"),
        runtime=runtime("plot_cmc"),
    params:
        settings={},
        order=tested_experiments,
        code=code_digest("plot_cmc"),
    script:
        "../workflow_scripts/plot_cmc.py"


rule rank_lists:
    """Show the best, median and worst queries with their ten nearest gallery images."""
    input:
        index=rules.index_dataset.output.index,
        ranks=rules.evaluate.output.ranks,
    output:
        sheet=report(
            "results/{dataset}/rank_lists/{experiment}/seed{seed}/rank_lists-{experiment}-seed{seed}.png",
            caption="report/rank_lists.rst",
            category="4 Ranked lists",
            labels={"data set": "{dataset}", "experiment": "{experiment}", "seed": "{seed}", "what": "lists"},
        ),
    log:
        "logs/{dataset}/rank_lists/{experiment}/seed{seed}.log",
    benchmark:
        "benchmarks/{dataset}/rank_lists/{experiment}/seed{seed}.tsv"
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("rank_lists")
    resources:
        mem_mb=memory("rank_lists"),
        runtime=runtime("rank_lists"),
    params:
        settings=rank_lists_settings,
        code=code_digest("rank_lists"),
    script:
        "../workflow_scripts/rank_lists.py"


rule similarity_maps:
    """Show ranked lists with the places of the images that their cosines come from."""
    input:
        index=rules.index_dataset.output.index,
        ranks=rules.evaluate.output.ranks,
        encoder=encoder,
    output:
        sheet=report(
            "results/{dataset}/similarity_maps/{experiment}/seed{seed}/similarity_maps-{experiment}-seed{seed}.png",
            caption="report/similarity_maps.rst",
            category="4 Ranked lists",
            labels={
                "data set": "{dataset}",
                "experiment": "{experiment}",
                "seed": "{seed}",
                "what": "lists and similarity maps",
            },
        ),
    log:
        "logs/{dataset}/similarity_maps/{experiment}/seed{seed}.log",
    benchmark:
        "benchmarks/{dataset}/similarity_maps/{experiment}/seed{seed}.tsv"
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("similarity_maps")
    resources:
        mem_mb=memory("similarity_maps"),
        runtime=runtime("similarity_maps"),
    params:
        settings=similarity_maps_settings,
        code=similarity_maps_code,
    script:
        "../workflow_scripts/similarity_maps.py"


rule plot_features:
    """Draw the features of some test persons in two dimensions, by person and by camera."""
    input:
        index=rules.index_dataset.output.index,
        features=test_features,
    output:
        points="results/{dataset}/plot_features/{experiment}/seed{seed}/points.csv",
        plot=report(
            "results/{dataset}/plot_features/{experiment}/seed{seed}/plot_features-{experiment}-seed{seed}.png",
            caption="report/plot_features.rst",
            category="3 Results",
            labels={"data set": "{dataset}", "what": "features: {experiment}, seed {seed}"},
        ),
    log:
        "logs/{dataset}/plot_features/{experiment}/seed{seed}.log",
    benchmark:
        "benchmarks/{dataset}/plot_features/{experiment}/seed{seed}.tsv"
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("plot_features")
    resources:
        mem_mb=memory("plot_features"),
        runtime=runtime("plot_features"),
    params:
        settings=plot_features_settings,
        code=code_digest("plot_features"),
    script:
        "../workflow_scripts/plot_features.py"


rule plot_gan_curves:
    """Draw the training curves of a stage of a generator."""
    input:
        curves=rules.train_gan.output.curves,
    output:
        plot=report(
            "results/{dataset}/plot_gan_curves/{generator}/{stage}/plot_gan_curves.png",
            caption="report/plot_gan_curves.rst",
            category="2 Training",
            labels={"data set": "{dataset}", "experiment": "generator {generator}", "stage": "{stage}"},
        ),
    log:
        "logs/{dataset}/plot_gan_curves/{generator}/{stage}.log",
    benchmark:
        "benchmarks/{dataset}/plot_gan_curves/{generator}/{stage}.tsv"
    wildcard_constraints:
        generator=setup.pattern(setup.own_generators()) or "none",
        stage=setup.pattern(setup.stages("train_gan")),
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("plot_gan_curves")
    resources:
        mem_mb=memory("plot_gan_curves"),
        runtime=runtime("plot_gan_curves"),
    params:
        settings=plot_gan_curves_settings,
        code=code_digest("plot_gan_curves"),
    script:
        "../workflow_scripts/plot_gan_curves.py"


rule show_images:
    """Show generated images beside source, pose and target, and how they became what they are."""
    input:
        unpack(show_images_inputs),
    output:
        sheet=report(
            "results/{dataset}/show_images/{generator}/show_images.png",
            caption="report/show_images.rst",
            category="5 Generated images",
            labels={"data set": "{dataset}", "generator": "{generator}", "what": "images"},
        ),
        training=report(
            "results/{dataset}/show_images/{generator}/training.png",
            caption="report/show_images.rst",
            category="5 Generated images",
            labels={"data set": "{dataset}", "generator": "{generator}", "what": "over training"},
        ),
    log:
        "logs/{dataset}/show_images/{generator}.log",
    benchmark:
        "benchmarks/{dataset}/show_images/{generator}.tsv"
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("show_images")
    resources:
        mem_mb=memory("show_images"),
        runtime=runtime("show_images"),
    params:
        settings=show_images_settings,
        code=code_digest("show_images"),
    script:
        "../workflow_scripts/show_images.py"


rule compare_images:
    """Compare the scores of all generators on a data set."""
    input:
        scores=image_scores,
    output:
        table="results/{dataset}/compare_images/table.csv",
        text="results/{dataset}/compare_images/table.txt",
        page=report(
            "results/{dataset}/compare_images/table.html",
            caption="report/compare_images.rst",
            category="5 Generated images",
            labels={"data set": "{dataset}", "generator": "all", "what": "scores"},
        ),
    log:
        "logs/{dataset}/compare_images.log",
    benchmark:
        "benchmarks/{dataset}/compare_images.tsv"
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("compare_images")
    resources:
        mem_mb=memory("compare_images"),
        runtime=runtime("compare_images"),
    params:
        settings={},
        code=code_digest("compare_images"),
    script:
        "../workflow_scripts/compare_images.py"


rule show_purified:
    """Show kept and dropped images, and the graph of generated images."""
    input:
        index=rules.index_generated.output.generated,
        shards=generated_for_training,
        kept=rules.purify.output.kept,
        graph=rules.build_graph.output.graph,
    output:
        sheet=report(
            "results/{dataset}/show_purified/{generator}/{purifier}/show_purified.png",
            caption="report/show_purified.rst",
            category="6 Purification",
            labels={
                "data set": "{dataset}",
                "generator": "{generator}",
                "purifier": "{purifier}",
                "what": "kept and dropped images",
            },
        ),
        picture=report(
            "results/{dataset}/show_purified/{generator}/{purifier}/graph.png",
            caption="report/show_purified.rst",
            category="6 Purification",
            labels={"data set": "{dataset}", "generator": "{generator}", "purifier": "{purifier}", "what": "graph"},
        ),
    log:
        "logs/{dataset}/show_purified/{generator}/{purifier}.log",
    benchmark:
        "benchmarks/{dataset}/show_purified/{generator}/{purifier}.tsv"
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("show_purified")
    resources:
        mem_mb=memory("show_purified"),
        runtime=runtime("show_purified"),
    params:
        settings=show_purified_settings,
        code=code_digest("show_purified"),
    script:
        "../workflow_scripts/show_purified.py"


rule plot_links:
    """Draw precision and recall of the predicted links."""
    input:
        links=rules.train_gcn.output.scores,
    output:
        plot=report(
            "results/{dataset}/plot_links/{generator}/plot_links.png",
            caption="report/plot_links.rst",
            category="6 Purification",
            labels={"data set": "{dataset}", "generator": "{generator}", "purifier": "all", "what": "links"},
        ),
    log:
        "logs/{dataset}/plot_links/{generator}.log",
    benchmark:
        "benchmarks/{dataset}/plot_links/{generator}.tsv"
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("plot_links")
    resources:
        mem_mb=memory("plot_links"),
        runtime=runtime("plot_links"),
    params:
        settings=plot_links_settings,
        code=code_digest("plot_links"),
    script:
        "../workflow_scripts/plot_links.py"


rule plot_gcn_curves:
    """Draw the training curves of a network that purifies."""
    input:
        curves=plot_gcn_curves_inputs,
    output:
        plot=report(
            "results/{dataset}/plot_gcn_curves/{generator}/{network}/plot_gcn_curves.png",
            caption="report/plot_gcn_curves.rst",
            category="2 Training",
            labels={"data set": "{dataset}", "experiment": "{network} for {generator}", "stage": "{network}"},
        ),
    log:
        "logs/{dataset}/plot_gcn_curves/{generator}/{network}.log",
    benchmark:
        "benchmarks/{dataset}/plot_gcn_curves/{generator}/{network}.tsv"
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("plot_gcn_curves")
    resources:
        mem_mb=memory("plot_gcn_curves"),
        runtime=runtime("plot_gcn_curves"),
    params:
        settings=plot_gcn_curves_settings,
        code=code_digest("plot_gcn_curves"),
    script:
        "../workflow_scripts/plot_gcn_curves.py"


rule compare_purifiers:
    """Compare what purifiers keep, and the models that are trained on it."""
    input:
        unpack(compare_purifiers_inputs),
    output:
        table="results/{dataset}/compare_purifiers/table.csv",
        text="results/{dataset}/compare_purifiers/table.txt",
        page=report(
            "results/{dataset}/compare_purifiers/table.html",
            caption="report/compare_purifiers.rst",
            category="6 Purification",
            labels={"data set": "{dataset}", "generator": "all", "purifier": "all", "what": "comparison (table)"},
        ),
        plot=report(
            "results/{dataset}/compare_purifiers/table.png",
            caption="report/compare_purifiers.rst",
            category="6 Purification",
            labels={"data set": "{dataset}", "generator": "all", "purifier": "all", "what": "comparison (plot)"},
        ),
    log:
        "logs/{dataset}/compare_purifiers.log",
    benchmark:
        "benchmarks/{dataset}/compare_purifiers.tsv"
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("compare_purifiers")
    resources:
        mem_mb=memory("compare_purifiers"),
        runtime=runtime("compare_purifiers"),
    params:
        settings=compare_purifiers_settings,
        code=code_digest("compare_purifiers"),
    script:
        "../workflow_scripts/compare_purifiers.py"


rule sensitivity:
    """Tell what purifiers drop of which failures."""
    input:
        unpack(sensitivity_inputs),
    output:
        table="results/{dataset}/sensitivity/table.csv",
        text="results/{dataset}/sensitivity/table.txt",
        page=report(
            "results/{dataset}/sensitivity/table.html",
            caption="report/sensitivity.rst",
            category="6 Purification",
            labels={"data set": "{dataset}", "generator": "some", "purifier": "some", "what": "failures (table)"},
        ),
    log:
        "logs/{dataset}/sensitivity.log",
    benchmark:
        "benchmarks/{dataset}/sensitivity.tsv"
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("sensitivity")
    resources:
        mem_mb=memory("sensitivity"),
        runtime=runtime("sensitivity"),
    params:
        settings=sensitivity_settings(),
        code=code_digest("sensitivity"),
    script:
        "../workflow_scripts/sensitivity.py"


rule few_real:
    """Compare scores with the number of real images behind them."""
    input:
        unpack(few_real_inputs),
    output:
        table="results/{dataset}/few_real/table.csv",
        text="results/{dataset}/few_real/table.txt",
        page=report(
            "results/{dataset}/few_real/table.html",
            caption="report/few_real.rst",
            category="3 Results",
            labels={"data set": "{dataset}", "what": "few real images (table)"},
        ),
        plot=report(
            "results/{dataset}/few_real/table.png",
            caption="report/few_real.rst",
            category="3 Results",
            labels={"data set": "{dataset}", "what": "few real images (plot)"},
        ),
    log:
        "logs/{dataset}/few_real.log",
    benchmark:
        "benchmarks/{dataset}/few_real.tsv"
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("few_real")
    resources:
        mem_mb=memory("few_real"),
        runtime=runtime("few_real"),
    params:
        settings=few_real_settings,
        code=code_digest("few_real"),
    script:
        "../workflow_scripts/few_real.py"


rule compare_datasets:
    """Compare experiments across the data sets that they are trained and tested on."""
    input:
        compared=compare_datasets_inputs,
    output:
        table="results/{dataset}/compare_datasets/table.csv",
        text="results/{dataset}/compare_datasets/table.txt",
        page=report(
            "results/{dataset}/compare_datasets/table.html",
            caption="report/compare_datasets.rst",
            category="3 Results",
            labels={"data set": "all", "what": "trained on one, tested on another"},
        ),
    log:
        "logs/{dataset}/compare_datasets.log",
    benchmark:
        "benchmarks/{dataset}/compare_datasets.tsv"
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("compare_datasets")
    resources:
        mem_mb=memory("compare_datasets"),
        runtime=runtime("compare_datasets"),
    params:
        settings=compare_datasets_settings,
        code=code_digest("compare_datasets"),
    script:
        "../workflow_scripts/compare_datasets.py"


rule rule_graph:
    """Draw which rule feeds which."""
    output:
        plot=report(
            "results/{dataset}/rule_graph/rule_graph.svg",
            caption="report/rule_graph.rst",
            category="7 Workflow",
            labels={"data set": "{dataset}", "what": "rule graph"},
        ),
    log:
        "logs/{dataset}/rule_graph.log",
    benchmark:
        "benchmarks/{dataset}/rule_graph.tsv"
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("rule_graph")
    resources:
        mem_mb=memory("rule_graph"),
        runtime=runtime("rule_graph"),
    params:
        settings=rule_graph_settings(),
        code=code_digest("rule_graph"),
    script:
        "../workflow_scripts/rule_graph.py"
