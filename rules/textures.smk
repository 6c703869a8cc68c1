"""
Textures: bring those of a data set to one file, paint those of another, score what is painted.

INPUT   results/{dataset}/render_people/textures, or the user's folder of images and textures
OUTPUT  results/{dataset}/import_textures/textures.arrow
        results/{dataset}/paint_textures/{experiment}/seed{seed}/textures.arrow
        results/{dataset}/score_textures/{experiment}/seed{seed}/scores.json, textures.png
        results/{dataset}/score_alignment/{experiment}/seed{seed}/scores.json, compare_textures/table.csv
"""


def import_textures_inputs(wildcards):
    """The index, and the textures: those of rendered people with their scene, or the user's folder."""
    dataset, people = wildcards.dataset, rules.render_people.output
    if not setup.is_rendered(dataset):
        return {"index": index_of(dataset), "folder": of_user(setup.source_paths(dataset))}
    files = {"scene": people.scene, "uv": people.uv, "rendered": people.textures}
    return {"index": index_of(dataset)} | {name: path.format(dataset=dataset) for name, path in files.items()}


def import_textures_settings(wildcards):
    return section("import_textures")


def import_textures_state(wildcards):
    """What the user's files look like, so that an edited texture counts as a change."""
    return setup.source_state(wildcards.dataset)


def painter(wildcards):
    training = setup.training(wildcards.experiment)
    return stage_file(training, training.stage_with("painter"), wildcards.dataset, wildcards.seed)


def texture_pairs(wildcards):
    training = setup.training(wildcards.experiment)
    return texture_pairs_of(training, training.stage_with("painter"))


def paint_textures_settings(wildcards):
    splits = setup.training(wildcards.experiment).section["splits"]
    return canonical(config["paint_textures"] | {"splits": splits})


def paint_textures_code(wildcards):
    return code_of_encoder("paint_textures", wildcards.experiment)


def score_textures_settings(wildcards):
    training = setup.training(wildcards.experiment)
    held_out = training.settings(training.stage_with("painter"))["held_out"]
    drawn = setup.draws_with(wildcards.experiment, int(wildcards.seed))
    about = {"held_out": held_out, "held_out_seed": drawn}
    about |= {"experiment": wildcards.experiment, "seed": int(wildcards.seed)}
    return canonical(config["score_textures"] | about)


def score_textures_code(wildcards):
    return code_of_encoder("score_textures", wildcards.experiment)


def score_alignment_code(wildcards):
    return code_of_encoder("score_alignment", wildcards.experiment)


def score_alignment_settings(wildcards):
    return canonical(besides_experiments("score_alignment"))


def aligned(dataset):
    """Experiment and seed of the encoders whose maps are scored on a data set."""
    chosen = [e for e in config["score_alignment"]["experiments"] if e in setup.tested_on(dataset)]
    return [(e, seed) for e in chosen for seed in setup.seeds(e)]


def painting(dataset):
    """Experiment and seed of the painters that are trained for a data set, and can be scored."""
    return [(e, seed) for e in setup.holding_out() if setup.train(e) == dataset for seed in setup.seeds(e)]


def compare_textures_inputs(wildcards):
    """Scores of maps and of painters."""
    of_maps, of_painters = (rules.score_alignment.output.scores, rules.score_textures.output.scores)
    return {
        "maps": [
            of_maps.format(dataset=wildcards.dataset, experiment=e, seed=s) for e, s in aligned(wildcards.dataset)
        ],
        "painters": [
            of_painters.format(dataset=wildcards.dataset, experiment=e, seed=s) for e, s in painting(wildcards.dataset)
        ],
    }


def compare_textures_settings(wildcards):
    """Whose scores they are."""
    dataset = wildcards.dataset
    names = {"map_names": [e for e, _ in aligned(dataset)], "painter_names": [e for e, _ in painting(dataset)]}
    return names | {"dataset": dataset}


rule import_textures:
    """Bring the textures that a data set has to one file."""
    input:
        unpack(import_textures_inputs),
    output:
        textures="results/{dataset}/import_textures/textures.arrow",
    log:
        "logs/{dataset}/import_textures.log",
    benchmark:
        "benchmarks/{dataset}/import_textures.tsv"
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("import_textures")
    resources:
        mem_mb=memory("import_textures"),
        runtime=runtime("import_textures"),
    params:
        settings=import_textures_settings,
        state=import_textures_state,
        code=code_digest("import_textures"),
    script:
        "../workflow_scripts/import_textures.py"


rule paint_textures:
    """Paint the textures of the training images of an experiment, once."""
    input:
        index=rules.index_dataset.output.index,
        painter=painter,
        texture_pairs=texture_pairs,
    output:
        textures="results/{dataset}/paint_textures/{experiment}/seed{seed}/textures.arrow",
    log:
        "logs/{dataset}/paint_textures/{experiment}/seed{seed}.log",
    benchmark:
        "benchmarks/{dataset}/paint_textures/{experiment}/seed{seed}.tsv"
    wildcard_constraints:
        experiment=setup.pattern(setup.painting()) or "none",
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("paint_textures")
    resources:
        gpu=one_gpu,
        mem_mb=memory("paint_textures"),
        runtime=runtime("paint_textures"),
    params:
        settings=paint_textures_settings,
        code=paint_textures_code,
    script:
        "../workflow_scripts/paint_textures.py"


rule score_textures:
    """Say how well a painter paints persons that it did not learn from, and show some of them."""
    input:
        painter=painter,
        texture_pairs=texture_pairs,
    output:
        scores="results/{dataset}/score_textures/{experiment}/seed{seed}/scores.json",
        picture=report(
            "results/{dataset}/score_textures/{experiment}/seed{seed}/textures.png",
            caption="report/score_textures.rst",
            category="2 Training",
            labels={"what": "{experiment}: painted textures, seed {seed}", "data set": "{dataset}"},
        ),
    log:
        "logs/{dataset}/score_textures/{experiment}/seed{seed}.log",
    benchmark:
        "benchmarks/{dataset}/score_textures/{experiment}/seed{seed}.tsv"
    wildcard_constraints:
        experiment=setup.pattern(setup.holding_out()) or "none",
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("score_textures")
    resources:
        gpu=one_gpu,
        mem_mb=memory("score_textures"),
        runtime=runtime("score_textures"),
    params:
        settings=score_textures_settings,
        code=score_textures_code,
    script:
        "../workflow_scripts/score_textures.py"


rule score_alignment:
    """Say how well the map of an encoder tells which part of a person lies where."""
    input:
        index=rules.index_dataset.output.index,
        uv=rules.render_people.output.uv,
        encoder=encoder,
    output:
        scores="results/{dataset}/score_alignment/{experiment}/seed{seed}/scores.json",
    log:
        "logs/{dataset}/score_alignment/{experiment}/seed{seed}.log",
    benchmark:
        "benchmarks/{dataset}/score_alignment/{experiment}/seed{seed}.tsv"
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("score_alignment")
    resources:
        gpu=one_gpu,
        mem_mb=memory("score_alignment"),
        runtime=runtime("score_alignment"),
    params:
        settings=score_alignment_settings,
        code=score_alignment_code,
    script:
        "../workflow_scripts/score_alignment.py"


rule compare_textures:
    """Compare encoders by what their maps tell of the body, and painters."""
    input:
        unpack(compare_textures_inputs),
    output:
        table="results/{dataset}/compare_textures/table.csv",
        text="results/{dataset}/compare_textures/table.txt",
        page=report(
            "results/{dataset}/compare_textures/table.html",
            caption="report/compare_textures.rst",
            category="3 Results",
            labels={"data set": "{dataset}", "what": "maps and textures"},
        ),
    log:
        "logs/{dataset}/compare_textures.log",
    benchmark:
        "benchmarks/{dataset}/compare_textures.tsv"
    localrule: True
    conda:
        "../envs/purereid.yaml"
    envmodules:
        *config["envmodules"],
    threads: threads_of("compare_textures")
    resources:
        mem_mb=memory("compare_textures"),
        runtime=runtime("compare_textures"),
    params:
        settings=compare_textures_settings,
        code=code_digest("compare_textures"),
    script:
        "../workflow_scripts/compare_textures.py"
