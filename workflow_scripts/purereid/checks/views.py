"""Generators in whose views of test images features are averaged."""

from purereid.checks.known import check_known
from purereid.configuration import Configuration
from purereid.errors import UserError
from purereid.generation.plan import is_guided


def check_views(setup: Configuration) -> None:
    """They show a given person in a given pose, and the data sets that are tested on have poses.

    Raises:
        UserError: the first mistake that is found.
    """
    for experiment in setup.experiments:
        generator, where = setup.views(experiment), f"evaluate.views of the experiment {experiment}"
        if generator is None:
            continue
        used = [name for dataset, name in setup.generators_in_use() if dataset == setup.train(experiment)]
        for name in dict.fromkeys(setup.of_seed(generator, seed) for seed in setup.seeds(experiment)):
            check_known(name, used, where, f"generator of an experiment that is trained on {setup.train(experiment)}")
        takes = setup.takes(setup.all_of(generator)[0])
        if "source" not in takes or not is_guided(takes):
            raise UserError(
                f"the generator {generator} does not show a given person in a given pose",
                where=where,
                expected="a generator that takes a source image and a pose",
            )
        for dataset in setup.tests(experiment):
            if not setup.can_have_keypoints(dataset):
                what = f"the data set {dataset} has no key points, and so no standard poses"
                raise UserError(what, where=where, do="give it key points, or leave views empty for this experiment")
