"""Checks of a config beyond its schema: names that exist, files that are there, settings that go together.

What no experiment uses is not looked at, so that a config may hold data sets that are not on this machine.
"""

from collections.abc import Iterable

from purereid.checks.experiments import check_augmentation, check_batches, check_maps, check_names, check_systems
from purereid.checks.files import check_datasets, check_weights
from purereid.checks.generators import check_generators
from purereid.checks.purifiers import check_purifiers
from purereid.checks.schedules import check_schedules
from purereid.checks.textures import check_textures
from purereid.checks.views import check_views
from purereid.configuration import Configuration
from purereid.errors import UserError


def check(setup: Configuration) -> None:
    """Refuse a config before any job is run, or removes an artifact that it then cannot make again.

    Raises:
        UserError: the first mistake that is found.
    """
    check_names(setup)
    check_maps(setup)
    check_batches(setup)
    check_augmentation(setup)
    check_generators(setup)
    check_systems(setup)
    check_textures(setup)
    check_purifiers(setup)
    check_views(setup)
    check_schedules(setup)
    check_weights(setup)
    check_datasets(setup)


def check_deployment(config: dict, methods: Iterable[str]) -> None:
    """Refuse ``--sdm`` without what it deploys: jobs would run in another environment than the user believes.

    Args:
        config: with the keys container and envmodules.
        methods: names that were given to ``--sdm``.

    Raises:
        UserError: the key is empty.
    """
    for method, key in (("apptainer", "container"), ("env-modules", "envmodules")):
        if method in methods and not config[key]:
            raise UserError(
                f"--sdm {method} is given, and {key} is empty",
                where=key,
                expected="what the jobs are to run in",
                do="name it in your config (profiles/examples has an example), and pass that with --configfile",
            )
