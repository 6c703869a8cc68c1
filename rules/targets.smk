"""
What the default target asks for: comparisons, pictures, and all that lies between the data and them.
"""


def comparisons():
    """One comparison per data set that a model is tested on, of models, of purifiers, of few real images; one across."""
    tested = setup.tested()
    purified = [dataset for dataset, _, _ in setup.purified_in_use() if dataset in tested]
    few = [dataset for dataset, generator in setup.generators_in_use() if setup.is_few(generator) and dataset in tested]
    return [
        *expand(rules.compare.output.table, dataset=tested),
        *(expand(rules.compare_datasets.output.table, dataset=tested[0]) if len(tested) > 1 else []),
        *expand(rules.compare_purifiers.output.table, dataset=dict.fromkeys(purified)),
        *expand(rules.few_real.output.table, dataset=dict.fromkeys(few)),
    ]


def artifacts():
    """Everything between the data and the comparisons."""
    trained = [(e, seed) for e in setup.experiments for seed in setup.seeds(e)]
    tested = [(d, e, seed) for e in setup.experiments for d in setup.tests(e) for seed in setup.seeds(e)]
    used, networks = setup.generators_in_use(), setup.networks_in_use()
    return [
        *expand(rules.index_dataset.output.index, dataset=setup.datasets_in_use()),
        *(encoder_file(*names) for names in trained),
        *(path for names in tested for path in all_features(*names)),
        *(generator_file(*names) for names in networks),
        *(rules.index_generated.output.generated.format(dataset=d, generator=g) for d, g in used),
        *(path for names in used for path in _generated(*names)),
        *(path for names in setup.purified_in_use() for path in _purified(*names)),
    ]


def pictures():
    """Everything that only the report needs."""
    tested = [(dataset, experiment) for dataset in setup.tested() for experiment in setup.tested_on(dataset)]
    learning = [experiment for experiment in setup.experiments if setup.learns(experiment)]
    stages = [(setup.train(e), e, stage) for e in learning for stage in setup.stages_in_use(e)]
    return [
        *_generator_pictures(),
        *_purifier_pictures(),
        *expand(rules.contact_sheet.output, dataset=setup.tested()),
        *expand(rules.check_experiments.output, dataset=setup.datasets_in_use()),
        *expand(rules.plot_cmc.output, dataset=setup.tested()),
        *_model_pictures(tested),
        *(path for d in setup.datasets_in_use() for path in _texture_pictures(d)),
        *(
            path
            for section, rule in (("calibrate", rules.calibrate), ("export_encoder", rules.export_encoder))
            for d, e in tested
            if e in config[section]["experiments"]
            for path in expand(rule.output, dataset=d, experiment=e, seed=setup.seeds(e))
        ),
        *(path for d, e, s in stages for path in expand(rules.plot_curves.output, dataset=d, experiment=e, stage=s)),
        *expand(rules.rule_graph.output, dataset=setup.tested()[0]),
    ]


def _generated(dataset, generator):
    """Generated images and what they are made from."""
    guides = guides_of(dataset, [*setup.making(generator).any_input(), *guides_needed(setup.takes(generator))])
    scored = generator == setup.trained(generator) and "source" in setup.takes(generator)
    purposes = ("train", "test") if scored else ("train",)
    shards = [path for purpose in purposes for path in generated_shards(dataset, generator, purpose)]
    return [*guides.values(), *shards]


def _purified(dataset, generator, purifier):
    """What lies between the generated images and the training set of a purifier, and what it is judged by."""
    names = {"dataset": dataset, "generator": generator, "purifier": purifier}
    counted = setup.purifying(purifier).get("share_of")
    read = [of_purifier(**names), *([of_purifier(dataset, generator, counted)] if counted else [])]
    made = [rules.build_graph.output.graph, rules.judge_generated.output.truth]
    made += [rules.purify.output.kept, rules.index_purified.output.purified]
    return [
        *(path for files in read for path in files.values()),
        *embedded(dataset, generator).values(),
        *(path.format(**names) for path in made),
    ]


def _generator_pictures():
    """Pictures and scores of all trained generators, and the pictures that the config asks for."""
    used = setup.networks_in_use()
    own = [(d, g) for d, g in used if not setup.experiment_behind(g)]  # the others' curves are those of experiments
    stages = [(d, g, stage) for d, g in own for stage in setup.making(g).stages_of("generator")]
    chosen = [(d, g, picture) for d, g in used for picture in setup.pictures_of(d, g)]
    return [
        *(path for d, g, s in stages for path in expand(rules.plot_gan_curves.output, dataset=d, generator=g, stage=s)),
        *(path for d, g in used for path in expand(rules.show_images.output, dataset=d, generator=g)),
        *(rules.generate_one.output.grid.format(dataset=d, generator=g, picture=p) for d, g, p in chosen),
        *expand(rules.compare_images.output.table, dataset=dict.fromkeys(dataset for dataset, _ in used)),
    ]


def _model_pictures(tested):
    """Pictures of models that are tested on a data set, each of its first seed."""
    with_map = [(d, e) for d, e in tested if e in setup.shown("similarity_maps") and setup.has_map(e)]
    with_plot = [(d, e) for d, e in tested if e in setup.shown("plot_features")]
    drawn = [(rules.rank_lists, tested), (rules.similarity_maps, with_map), (rules.plot_features, with_plot)]
    return [
        path
        for rule, models in drawn
        for d, e in models
        for path in expand(rule.output, dataset=d, experiment=e, seed=min(setup.seeds(e)))
    ]


def _texture_pictures(dataset):
    """How well the painters of a data set paint, and what maps tell of the body."""
    painters, scores = painting(dataset), rules.score_textures.output
    return [
        *(path for e, seed in painters for path in expand(scores, dataset=dataset, experiment=e, seed=seed)),
        *(expand(rules.compare_textures.output.table, dataset=dataset) if painters or aligned(dataset) else []),
    ]


def _purifier_pictures():
    """Pictures of all purifiers in use, and of the networks behind them."""
    used = setup.purified_in_use()
    datasets = dict.fromkeys(dataset for dataset, _, _ in used)
    trained = [{"dataset": d, "generator": g, "network": n} for d in datasets for g, n in setup.graph_networks_on(d)]
    return [
        *(path for d, g, p in used for path in expand(rules.show_purified.output, dataset=d, generator=g, purifier=p)),
        *(rules.plot_gcn_curves.output.plot.format(**names) for names in trained),
        *(rules.plot_links.output.plot.format(**names) for names in trained if names["network"] == "gcn"),
    ]
