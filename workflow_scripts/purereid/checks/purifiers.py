"""Purifiers: their rules, the networks that these need, and the images that they choose among."""

from purereid.checks.generators import check_encoder
from purereid.checks.known import check_generator_known, check_known
from purereid.configuration import Configuration
from purereid.errors import UserError
from purereid.purification.purifiers.registry import DECIDING, RULES


def check_purifiers(setup: Configuration) -> None:
    """Purifiers that are used, and what they purify.

    Raises:
        UserError: the first mistake that is found.
    """
    for purifier in setup.purifiers:
        _check_purifier(setup, purifier)
    for experiment in setup.experiments:
        if setup.purifier(experiment):
            _check_purifier_of(setup, experiment)
    used = [generator for _, generator in setup.generators_in_use()]
    for generator in setup.config["compare_purifiers"]["generators"]:
        named = dict.fromkeys([*used, *map(setup.name_of, used)])
        check_known(generator, named, "compare_purifiers.generators", "generator of an experiment")
        _check_purifiable(setup, generator, "compare_purifiers.generators")
    for name in setup.config["sensitivity"]["purifiers"]:
        check_known(name, setup.purifiers, "sensitivity.purifiers", "purifier")
    for generator in setup.config["sensitivity"]["generators"]:
        check_generator_known(setup, generator, "sensitivity.generators")
        _check_purifiable(setup, generator, "sensitivity.generators")
    sets = [(generator, purifier) for _, generator, purifier in setup.purified_in_use()]
    for generator, purifier in dict.fromkeys([*sets, *setup.measured_sets()]):
        counted = setup.purifying(purifier).get("share_of")
        for name in filter(None, (purifier, counted)):
            _check_graph(setup, generator, setup.purifying(name)["rule"])
            _check_classifier(setup, generator, setup.purifying(name)["rule"])
            _check_precision(setup, generator, name)


def _check_purifier(setup: Configuration, purifier: str) -> None:
    """An entry holds settings of its rule alone, and a share of its own or that of a purifier which decides one."""
    where, entry, settings = f"purifiers.{purifier}", setup.purifiers[purifier], setup.purifying(purifier)
    known = ("rule", *RULES[settings["rule"]].settings)
    if "share" in entry and entry.get("share_of"):
        what = "both share and share_of say how many images stay"
        raise UserError(what, where=where, expected="one of them")
    if "threshold" in entry and entry.get("link_precision"):
        what = "both threshold and link_precision say which images are linked"
        raise UserError(what, where=where, expected="one of them")
    strange = [name for name in entry if name not in known]
    if strange:
        what = f"the rule {settings['rule']} has no setting {strange[0]}"
        raise UserError(what, where=where, expected=", ".join(known))
    other = settings.get("share_of")
    if other:
        check_known(other, setup.purifiers, f"{where}.share_of", "purifier")
        if setup.purifying(other)["rule"] not in DECIDING:
            raise UserError(
                f"the purifier {other} does not decide by itself how many images it keeps",
                where=f"{where}.share_of",
                expected=f"a purifier with one of the rules {', '.join(DECIDING)}",
            )


def _check_purifier_of(setup: Configuration, experiment: str) -> None:
    """What is purified must be there, and used."""
    where, generator = f"experiments.{experiment}.purifier", setup.named_generator(experiment)
    check_known(setup.purifier(experiment), setup.purifiers, where, "purifier")
    if generator is None:
        what = "no generator is named, and so there is nothing to purify"
        raise UserError(what, where=where, do="name one (generator: of the experiment), or remove the purifier")
    _check_purifiable(setup, generator, where)
    if not setup.uses_generated(experiment):
        what = "generated images are purified, and generated_per_batch is 0"
        raise UserError(what, where=where, do="raise train_reid.generated_per_batch, or remove the purifier")


def _check_purifiable(setup: Configuration, generator: str, where: str) -> None:
    """Images that show known persons, and an encoder that tells these apart; a name may stand for several."""
    first, *_ = setup.all_of(generator)
    if "source" not in setup.takes(first):
        raise UserError(
            f"the generator {generator} makes people without identity, whom no rule can compare with one",
            where=where,
            expected="a generator that takes a source image",
        )
    settings = setup.of_generator("embed_generated", first)
    for name in ("encoder", "classifier"):
        if settings[name]:
            _check_learnt(setup, settings[name], f"embed_generated.{name} of the generator {generator}")


def _check_learnt(setup: Configuration, experiment: str, where: str) -> None:
    check_encoder(setup, experiment, where)
    if not setup.learns(experiment):
        what = f"the experiment {experiment} does not learn (epochs: 0), so that its features tell no persons apart"
        raise UserError(what, where=where, expected="an experiment that learns from real images")


def _check_graph(setup: Configuration, generator: str, rule: str) -> None:
    """The graph must hold the neighbours that the networks look at."""
    found = setup.of_generator("build_graph", generator)["k"]
    for network in RULES[rule].networks:
        settings = setup.of_generator(f"train_{network}", generator)
        needed = {name: settings[name] for name in ("k1", "k2", "u", "k") if name in settings}
        name = max(needed, key=needed.get)
        if needed[name] > found:
            raise UserError(
                f"build_graph.k is {found}, and train_{network}.{name} is {needed[name]}",
                where=f"generator {generator}, purified by the rule {rule}",
                expected="a graph with as many neighbours as the network looks at",
                do=f"raise build_graph.k to {needed[name]}, or lower train_{network}.{name}",
            )


def _check_classifier(setup: Configuration, generator: str, rule: str) -> None:
    """A classifier is asked for identities that it must have learnt."""
    experiment, _ = setup.purifying_classifier(generator)
    if "confidence" in RULES[rule].inputs and setup.holds_out(experiment):
        raise UserError(
            f"the rule {rule} asks the experiment {experiment} for identities that it has not learnt (held_out)",
            where=f"embed_generated of the generator {generator}",
            expected="a classifier of all identities",
            do="set embed_generated.classifier to an experiment that holds nobody out",
        )


def _check_precision(setup: Configuration, generator: str, purifier: str) -> None:
    """A precision is measured on identities that are held out."""
    wanted = setup.purifying(purifier).get("link_precision")
    if wanted and not setup.of_generator("train_gcn", generator)["held_out"]:
        raise UserError(
            f"the purifier {purifier} wants a precision of {wanted:g}, and train_gcn.held_out is 0",
            where=f"generator {generator}",
            expected="identities on which the precision of links can be measured",
            do="set train_gcn.held_out above 0, or link_precision to 0 and a threshold",
        )
