"""Whether a data set has what the experiments need, told before anything is trained (rule ``check_experiments``)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from purereid.data.atomic import write_text
from purereid.data.doctor_html import findings_html
from purereid.data.formats.scan import Finding
from purereid.data.held_out import FOLD_SEED, held_out_images
from purereid.data.index import read_index
from purereid.data.pairs import read_pairs
from purereid.data.persons import persons
from purereid.data.samplers import batches_that_fill
from purereid.errors import UserError
from purereid.logs import log

FEW_STEPS = 20  # of an epoch
FEW_PERSONS = 0.5  # share of the training persons that the pairs show


def check_experiments(
    *,
    index: Path,
    findings: Path,
    report: Path,
    dataset: str,
    trained: Sequence[dict],
    tested: Sequence[str],
    validated: Sequence[str],
    graphs: Sequence[dict],
    networks: Sequence[dict],
    paired_splits: Sequence[str] = (),
    pairs: Path | None = None,
) -> None:
    """Write what the data set lacks for the experiments of the config.

    Args:
        index: the data set.
        findings: JSON that is written: a list of findings as the doctor's.
        report: HTML that is written, the same.
        dataset: its name.
        trained: trainings of encoders: experiments (names), section (where its settings stand), splits, epochs,
            held_out, and of those that draw batches of identities identities, images and steps_known (the steps of an
            epoch are set, or not to be known from the index).
        tested: experiments that are tested on it.
        validated: experiments that are scored on its split val instead.
        graphs: graphs of generated images: generator, section, splits, images (of an identity), k.
        networks: networks of graphs: generator, section, splits, held_out, seed, sizes (numbers of neighbours by their
            names).
        paired_splits: splits whose persons the pairs should show; none: nothing is said of pairs.
        pairs: the pairs that generators learn from; None: none does.

    An error among them stops no one here, so that the page is kept; trainings ask ``require``.
    """
    table, needs = read_index(index), {"trained": trained, "tested": tested, "validated": validated}
    needs |= {"graphs": graphs, "networks": networks}
    found = lacking(table, dataset=dataset, **needs)
    found += _of_pairs(table, read_pairs(pairs), paired_splits) if pairs and paired_splits else []
    write_text(findings, json.dumps([asdict(each) for each in found], indent=1) + "\n")
    write_text(report, findings_html(f"What the experiments need of {dataset}", [asdict(each) for each in found]))
    for each in found:
        log.info("%s: %s (%s) %s", each.severity, each.what, ", ".join(each.examples), each.do)
    errors = sum(each.severity == "error" for each in found)
    if errors:
        log.warning("NOTHING CAN BE TRAINED on %s: %d errors, see %s", dataset, errors, report)


def require(index: Path, needs: dict) -> None:
    """Look for what would stop an experiment, before a training.

    Args:
        index: the data set.
        needs: dataset, trained, tested, validated, graphs and networks, as for ``check_experiments``; others are not
            looked at.

    Raises:
        UserError: what would stop an experiment later, all of it in one message.
    """
    names = ("dataset", "trained", "tested", "validated", "graphs", "networks")
    found = lacking(read_index(index), **{name: needs[name] for name in names})
    errors = [each for each in found if each.severity == "error"]
    if errors:
        raise UserError(
            " ".join(f"{each.what} ({', '.join(each.examples)})" for each in errors),
            where=f"data set {needs['dataset']}, before anything was trained",
            expected="images and settings that go together",
            do=" ".join([*(each.do for each in errors), "Or leave experiments out: leave_out in the config."]),
        )


def lacking(
    table: pd.DataFrame,
    *,
    dataset: str,
    trained: Sequence[dict],
    tested: Sequence[str],
    validated: Sequence[str],
    graphs: Sequence[dict],
    networks: Sequence[dict],
) -> list[Finding]:
    """What a data set lacks for the experiments, see ``check_experiments``; ``table`` is its index."""
    found = [
        *(each for training in trained for each in _of_training(table, training)),
        *_of_test(table, tested, validated, dataset),
        *(each for graph in graphs for each in _of_graph(table, graph)),
        *(each for network in networks for each in _of_network(table, network)),
    ]
    return _joined(found)


def _joined(findings: Sequence[Finding]) -> list[Finding]:
    """What is found of several experiments, once."""
    concerned: dict[tuple, list[str]] = {}
    for each in findings:
        concerned.setdefault((each.severity, each.what, each.do), []).extend(each.examples)
    return [_finding(severity, what, names, do) for (severity, what, do), names in concerned.items()]


def _of_training(table: pd.DataFrame, training: dict) -> Iterator[Finding]:
    """Too few identities for a batch, or few batches."""
    names, section = training["experiments"], training["section"]
    rows = table[table["split"].isin(training["splits"]) & (table["pid"] >= 0)]
    out = _held_out(rows["pid"].to_numpy(np.int64), training["held_out"], FOLD_SEED)
    if out is None:
        yield _nobody_to_hold_out(section, names)
        return
    counts = rows["pid"][~out].value_counts()
    if len(counts) < 2:
        what = f"{len(counts)} training identities in {', '.join(training['splits'])}."
        yield _finding("error", what, names, "Give training images of at least two persons, or name other splits.")
    elif training.get("identities", 0) > len(counts):
        what = f"{len(counts)} training identities, but a batch takes {training['identities']}."
        yield _finding("error", what, names, f"Set {section}.identities_per_batch to at most {len(counts)}.")
    elif training.get("identities") and not training["steps_known"]:
        steps = batches_that_fill(counts, training["identities"], training["images"])
        if steps < FEW_STEPS:
            epochs = training["epochs"]
            what = f"An epoch has {steps} steps and the training {steps * epochs}, in {epochs} epochs."
            do = f"Set train_reid.steps_per_epoch to {FEW_STEPS} or more, so that images come several times an epoch."
            yield _finding("warning", what, names, do)


def _of_test(table: pd.DataFrame, tested: Sequence[str], validated: Sequence[str], dataset: str) -> Iterator[Finding]:
    if validated and not (table["split"] == "val").any():
        do = f"Give {dataset} such images (rendered people: val_identities), or let these experiments be tested."
        yield _finding("error", "No images for validation (split val), so that nothing can be scored.", validated, do)
    empty = [split for split in ("query", "gallery") if not (table["split"] == split).any()]
    if tested and empty:
        what = f"No {' and no '.join(empty)} images, so that nothing can be scored."
        do = (
            f"Give {dataset} such images (a folder of persons: test_share), or let these experiments name another test."
        )
        yield _finding("error", what, tested, do)


def _of_graph(table: pd.DataFrame, graph: dict) -> Iterator[Finding]:
    identities = persons(table, graph["splits"])["pid"].nunique()
    images = identities * graph["images"]
    if images <= graph["k"]:
        what = f"{graph['generator']} makes {images} images, but each shall have {graph['k']} neighbours."
        do = f"Set {graph['section']}.k to at most {max(images - 1, 1)}, or generate.train.images_per_identity to more."
        yield _finding("error", what, [graph["generator"]], do)


def _of_network(table: pd.DataFrame, network: dict) -> Iterator[Finding]:
    pids = persons(table, network["splits"])["pid"].to_numpy(np.int64)
    section, most = network["section"], max(network["sizes"].values())
    out = _held_out(pids, network["held_out"], network["seed"])
    if out is None:
        yield _nobody_to_hold_out(section, [network["generator"]])
        return
    for what, images in (("to learn from", np.count_nonzero(~out)), ("held out", np.count_nonzero(out))):
        if images <= most and (images or what == "to learn from"):
            sizes = ", ".join(f"{section}.{name}" for name in network["sizes"])
            told = f"{images} images {what}, but each shall have {most} neighbours."
            yield _finding("error", told, [network["generator"]], f"Lower {sizes}, or change {section}.held_out.")


def _held_out(pids: np.ndarray, share: float, seed: int) -> np.ndarray | None:
    """Images that are held out, None where that cannot be."""
    try:
        return held_out_images(pids, share=share, seed=seed, section="")
    except UserError:
        return None


def _nobody_to_hold_out(section: str, concerns: Sequence[str]) -> Finding:
    do = f"Set {section}.held_out to 0, or give more persons several images."
    return _finding("error", "Too few persons have several images for a share to be held out.", concerns, do)


def _of_pairs(table: pd.DataFrame, pairs: pd.DataFrame, splits: Sequence[str]) -> Iterator[Finding]:
    pids = table.set_index("image")["pid"]
    shown, people = pids.reindex(pairs["source"]).nunique(), persons(table, splits)["pid"].nunique()
    if shown < FEW_PERSONS * people:
        what = f"The pairs that generators learn from show {shown} of {people} persons."
        do = "Pairs need two images of a person with both shoulders and both hips: look at the key points."
        yield _finding("warning", what, [], do)


def _finding(severity: str, what: str, concerns: Sequence[str], do: str) -> Finding:
    return Finding(severity, what, len(concerns), tuple(concerns), do)
