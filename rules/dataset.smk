"""
Data sets: render people, bring every data set to one index, show it.

INPUT   config.yaml, or the user's folder of images
OUTPUT  results/{dataset}/index_dataset/index.parquet, doctor.json, doctor.html
        results/{dataset}/contact_sheet/contact_sheet.png
"""


rule render_people:
    """Render people who do not exist, in the layout of Market-1501."""
    output:
        train=directory("results/{dataset}/render_people/bounding_box_train"),
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
    conda:
        "../envs/purereid.yaml"
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
    conda:
        "../envs/purereid.yaml"
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
    conda:
        "../envs/purereid.yaml"
    threads: threads_of("contact_sheet")
    resources:
        mem_mb=memory("contact_sheet"),
        runtime=runtime("contact_sheet"),
    params:
        settings=section("contact_sheet"),
        code=code_digest("contact_sheet"),
    script:
        "../workflow_scripts/contact_sheet.py"
