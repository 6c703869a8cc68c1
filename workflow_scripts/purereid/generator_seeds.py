"""Generators of the config that stand for several: one for each seed of the experiments that learn from them."""

import copy
import re
from collections.abc import Iterable, Sequence

from purereid.errors import UserError

OF_GRAPHS = ("train_gcn", "train_gcn_v", "train_gcn_e")
LONGEST = 64  # characters of a name, as in the schema
Draws = dict[int, str]  # the generator of each seed


def with_seeds(
    generators: dict[str, dict], experiments: dict[str, dict], seeds: Sequence[int], named: Iterable[str] = ()
) -> tuple[dict[str, dict], dict[str, Draws]]:
    """Generators with those that say ``per_seed`` replaced by one for each seed.

    ``posegan: {system: posegan, per_seed: true}`` makes ``posegan-seed1`` and so on, which are the generator with this
    seed wherever something is drawn: for its training (of one ``from_experiment``: which of its seeds), for its
    images, with those that are spoiled on purpose, and for the networks of graphs. One that is ``trained_as`` such a
    generator is made for each seed too.

    Args:
        generators: entries by name, as the schema allows them; not changed.
        experiments: likewise. A generator is made for the seeds of those that name it or whom is trained as it, and for
            N where one names ``NAME-seedN``; if there is none, for those of the experiment that it comes from, or else
            for ``seeds``.
        seeds: of the config.
        named: further names of generators in the config.

    Returns:
        entries by name, without ``per_seed``, in the same order; and those that each stands for, by its name.

    Raises:
        UserError: two generators of one name, one that is too long, or a seed that is named beside ``per_seed``.
    """
    several = [name for name, entry in generators.items() if _stands_for_several(entry, generators)]
    uses = [(each["generator"], each.get("seeds", seeds)) for each in experiments.values() if "generator" in each]
    uses += [(entry["trained_as"], ()) for entry in generators.values() if "trained_as" in entry]
    found: dict[str, dict] = {}
    draws = _draws(several, generators, experiments, seeds, [*uses, *((name, ()) for name in named)])
    for name, entry in generators.items():
        forms = {each: _of_seed(name, entry, seed, several) for seed, each in draws.get(name, {}).items()}
        for form, values in (forms or {name: entry}).items():
            if len(form) > LONGEST:
                expected = f"at most {LONGEST} characters, with -seedN of a generator of each seed"
                raise UserError(f"the name {form} is too long", where=f"generators.{name}", expected=expected)
            if form in found or (forms and form in generators):
                where, do = f"generators.{name}", "rename one of them"
                raise UserError(f"two generators are called {form}", where=where, do=do)
            found[form] = {key: value for key, value in values.items() if key != "per_seed"}
    return found, draws


def _stands_for_several(entry: dict, generators: dict[str, dict]) -> bool:
    return entry.get("per_seed", False) or generators.get(entry.get("trained_as"), {}).get("per_seed", False)


def _draws(
    several: list[str], generators: dict, experiments: dict, seeds: Sequence[int], uses: list[tuple[str, Sequence[int]]]
) -> dict[str, Draws]:
    """The generators that each of several stands for, by seed."""
    wanted: dict[str, set[int]] = {name: set() for name in several}
    for used, own in uses:
        direct = re.fullmatch(r"(.+)-seed(0|[1-9]\d*)", used)
        if used in wanted:
            wanted[used] |= set(own)
        elif direct and direct[1] in wanted:
            wanted[direct[1]].add(int(direct[2]))
    behind = {name: generators[name].get("trained_as") for name in several}
    for name, other in behind.items():
        if other in wanted:
            wanted[other] |= wanted[name]
    for name in sorted(several, key=lambda name: behind[name] in wanted):  # those that others are trained as first
        experiment = experiments.get(generators[name].get("from_experiment"), {})
        wanted[name] = wanted[name] or wanted.get(behind[name]) or set(experiment.get("seeds", seeds))
    return {name: {seed: _called(name, seed) for seed in sorted(own)} for name, own in wanted.items()}


def _called(name: str, seed: int) -> str:
    return f"{name}-seed{seed}"


def _of_seed(name: str, entry: dict, seed: int, several: list[str]) -> dict:
    """An entry with a seed in all places where one is named."""
    form = copy.deepcopy(entry)
    if entry.get("trained_as") in several:
        form["trained_as"] = _called(entry["trained_as"], seed)
    own = {"system": ("train_gan", "seed"), "from_experiment": ("seed",)}
    places = [place for key, place in own.items() if key in entry]
    for place in (*places, ("generate", "train", "seed"), *((rule, "seed") for rule in OF_GRAPHS)):
        *sections, last = place
        part = form
        for section in sections:
            part = part.setdefault(section, {})
        if last in part:
            raise UserError(
                f"both per_seed and {'.'.join(place)} say with which seed the generator {name} draws",
                where=f"generators.{name}.{'.'.join(place)}",
                do="remove one of them",
            )
        part[last] = seed
    return form
