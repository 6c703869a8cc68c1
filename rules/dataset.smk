"""
Data sets: render people, bring every data set to one index, draw its key points, show it.

INPUT   config.yaml, or the user's folder of images
OUTPUT  results/{dataset}/index_dataset/index.parquet, doctor.json, doctor.html
        results/{dataset}/import_keypoints/keypoints.parquet, make_heatmaps/*.arrow, sample_pairs/{pairs}/pairs.parquet
        results/{dataset}/check_experiments/findings.json, findings.html, contact_sheet/contact_sheet.png
"""


def render_people_settings(wildcards):
    return setup.rendering(wildcards.dataset)


def data_source(wildcards):
    """What an index is made from: rendered people, other indexes, or the user's files and folders."""
    entry = setup.datasets[wildcards.dataset]
    if entry["format"] == "rendered_people":
        return expand(rules.render_people.output, dataset=wildcards.dataset)
    if entry["format"] == "merge":
        return expand(rules.index_dataset.output.index, dataset=entry["sources"])
    return of_user(setup.source_paths(wildcards.dataset))


def index_dataset_settings(wildcards):
    entry = setup.datasets[wildcards.dataset]
    merged = expand(rules.index_dataset.output.index, dataset=entry.get("sources", []))
    rendered = Path(rules.render_people.output.scene.format(dataset=wildcards.dataset)).parent
    return setup.indexing(wildcards.dataset, str(rendered), merged)


def index_dataset_state(wildcards):
    """What the user's files look like, so that an added or edited image counts as a change."""
    return setup.source_state(wildcards.dataset)


def keypoint_sources(wildcards):
    """Key-point files of a data set: those of rendered people, or the user's."""
    if setup.is_rendered(wildcards.dataset):
        files = [rules.render_people.output.keypoints_train, rules.render_people.output.keypoints_test]
        return expand(files, dataset=wildcards.dataset)
    return of_user(setup.datasets[wildcards.dataset].get("keypoints", []))


def import_keypoints_settings(wildcards):
    return setup.importing(wildcards.dataset)


def import_keypoints_state(wildcards):
    """What the user's key-point files look like, so that an edited one counts as a change."""
    return setup.keypoint_state(wildcards.dataset)


def keypoints(wildcards):
    return keypoints_of(wildcards.dataset)


def sample_pairs_inputs(wildcards):
    return {"index": index_of(wildcards.dataset)} | known_keypoints(wildcards.dataset)


def sample_pairs_settings(wildcards):
    return canonical(config["sample_pairs"][wildcards.pairs])


def check_experiments_inputs(wildcards):
    """The index, and the pairs where a generator learns from any."""
    dataset = wildcards.dataset
    pairs = rules.sample_pairs.output.pairs.format(dataset=dataset, pairs="train")
    return {"index": index_of(dataset)} | ({"pairs": pairs} if learns_from_pairs(setup, dataset) else {})


def check_experiments_settings(wildcards):
    return experiment_needs(setup, wildcards.dataset)


def dataset_group():
    """One job of a cluster renders and reads a data set, unless several are merged, whose jobs run side by side."""
    return None if any(entry["format"] == "merge" for entry in setup.datasets.values()) else "dataset"


rule render_people:
    """Render people who do not exist, in the layout of Market-1501."""
    output:
        train=directory("results/{dataset}/render_people/bounding_box_train"),
        val=directory("results/{dataset}/render_people/bounding_box_val"),
        query=directory("results/{dataset}/render_people/query"),
        gallery=directory("results/{dataset}/render_people/bounding_box_test"),
        multi=directory("results/{dataset}/render_people/gt_bbox"),
        textures=directory("results/{dataset}/render_people/textures"),
        keypoints_train="results/{dataset}/render_people/keypoints-train.csv",
        keypoints_test="results/{dataset}/render_people/keypoints-test.csv",
        uv="results/{dataset}/render_people/uv.arrow",
        scene="results/{dataset}/render_people/scene.parquet",
    log:
        "logs/{dataset}/render_people.log",
    benchmark:
        "benchmarks/{dataset}/render_people.tsv"
    group:
        dataset_group()
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("render_people")
    resources:
        mem_mb=memory("render_people"),
        runtime=runtime("render_people"),
    params:
        settings=render_people_settings,
        code=code_digest("render_people"),
    script:
        "../workflow_scripts/render_people.py"


rule index_dataset:
    """Bring a data set to one table, a row per image, and say what is wrong with it."""
    input:
        source=data_source,
    output:
        index="results/{dataset}/index_dataset/index.parquet",
        doctor="results/{dataset}/index_dataset/doctor.json",
        report=report(
            "results/{dataset}/index_dataset/doctor.html",
            caption="report/index_dataset.rst",
            category="1 Data",
            labels={"data set": "{dataset}", "what": "doctor"},
        ),
    log:
        "logs/{dataset}/index_dataset.log",
    benchmark:
        "benchmarks/{dataset}/index_dataset.tsv"
    group:
        dataset_group()
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("index_dataset")
    resources:
        mem_mb=memory("index_dataset"),
        runtime=runtime("index_dataset"),
    params:
        settings=index_dataset_settings,
        state=index_dataset_state,
        code=code_digest("index_dataset"),
    script:
        "../workflow_scripts/index_dataset.py"


rule import_keypoints:
    """Bring key points of any format to the images of a data set."""
    input:
        index=rules.index_dataset.output.index,
        sources=keypoint_sources,
    output:
        keypoints="results/{dataset}/import_keypoints/keypoints.parquet",
    log:
        "logs/{dataset}/import_keypoints.log",
    benchmark:
        "benchmarks/{dataset}/import_keypoints.tsv"
    group:
        "poses"
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("import_keypoints")
    resources:
        mem_mb=memory("import_keypoints"),
        runtime=runtime("import_keypoints"),
    params:
        settings=import_keypoints_settings,
        state=import_keypoints_state,
        code=code_digest("import_keypoints"),
    script:
        "../workflow_scripts/import_keypoints.py"


rule estimate_keypoints:
    """Find the key points of a data set that brings none."""
    input:
        index=rules.index_dataset.output.index,
    output:
        keypoints="results/{dataset}/estimate_keypoints/keypoints.parquet",
    log:
        "logs/{dataset}/estimate_keypoints.log",
    benchmark:
        "benchmarks/{dataset}/estimate_keypoints.tsv"
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("estimate_keypoints")
    resources:
        gpu=any_gpu,
        mem_mb=memory("estimate_keypoints"),
        runtime=runtime("estimate_keypoints"),
    params:
        settings=section("estimate_keypoints"),
        code=code_digest("estimate_keypoints"),
    script:
        "../workflow_scripts/estimate_keypoints.py"


rule make_heatmaps:
    """Draw the heat maps of joints and body parts."""
    input:
        keypoints=keypoints,
    output:
        joints="results/{dataset}/make_heatmaps/joints.arrow",
        parts="results/{dataset}/make_heatmaps/parts.arrow",
    log:
        "logs/{dataset}/make_heatmaps.log",
    benchmark:
        "benchmarks/{dataset}/make_heatmaps.tsv"
    group:
        "poses"
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("make_heatmaps")
    resources:
        mem_mb=memory("make_heatmaps"),
        runtime=runtime("make_heatmaps"),
    params:
        settings=section("make_heatmaps"),
        code=code_digest("make_heatmaps"),
    script:
        "../workflow_scripts/make_heatmaps.py"


rule sample_pairs:
    """List pairs of source and target image of a person."""
    input:
        unpack(sample_pairs_inputs),
    output:
        pairs="results/{dataset}/sample_pairs/{pairs}/pairs.parquet",
    log:
        "logs/{dataset}/sample_pairs/{pairs}.log",
    benchmark:
        "benchmarks/{dataset}/sample_pairs/{pairs}.tsv"
    group:
        "poses"
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("sample_pairs")
    resources:
        mem_mb=memory("sample_pairs"),
        runtime=runtime("sample_pairs"),
    params:
        settings=sample_pairs_settings,
        code=code_digest("sample_pairs"),
    script:
        "../workflow_scripts/sample_pairs.py"


rule check_experiments:
    """Say what a data set lacks for the experiments, before anything is trained."""
    input:
        unpack(check_experiments_inputs),
    output:
        findings="results/{dataset}/check_experiments/findings.json",
        report=report(
            "results/{dataset}/check_experiments/findings.html",
            caption="report/check_experiments.rst",
            category="1 Data",
            labels={"data set": "{dataset}", "what": "what experiments need"},
        ),
    log:
        "logs/{dataset}/check_experiments.log",
    benchmark:
        "benchmarks/{dataset}/check_experiments.tsv"
    priority: 2  # what it says should be known first
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("check_experiments")
    resources:
        mem_mb=memory("check_experiments"),
        runtime=runtime("check_experiments"),
    params:
        settings=check_experiments_settings,
        code=code_digest("check_experiments"),
    script:
        "../workflow_scripts/check_experiments.py"


rule contact_sheet:
    """Show some identities of a data set, each in its cameras."""
    input:
        index=rules.index_dataset.output.index,
    output:
        sheet=report(
            "results/{dataset}/contact_sheet/contact_sheet.png",
            caption="report/contact_sheet.rst",
            category="1 Data",
            labels={"data set": "{dataset}", "what": "contact sheet"},
        ),
    log:
        "logs/{dataset}/contact_sheet.log",
    benchmark:
        "benchmarks/{dataset}/contact_sheet.tsv"
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("contact_sheet")
    resources:
        mem_mb=memory("contact_sheet"),
        runtime=runtime("contact_sheet"),
    params:
        settings=section("contact_sheet"),
        code=code_digest("contact_sheet"),
    script:
        "../workflow_scripts/contact_sheet.py"
