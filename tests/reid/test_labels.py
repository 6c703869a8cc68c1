"""Labels of real and generated images."""

import pandas as pd
import pytest
import torch

from purereid.errors import UserError
from purereid.reid.labels import (
    EXTRA_CLASS,
    IDENTITY,
    KINDS,
    MEANING,
    PSEUDO,
    REAL,
    UNIFORM,
    label_rows,
    targets,
    with_guesses,
)


def rows(*generated: int) -> pd.DataFrame:
    """Real images of pids 9, 3, 3, 5 and generated ones of the given pids."""
    pids = [*generated, 9, 3, 3, 5]
    kinds = ["generated"] * len(generated) + ["detected", "drawn", "detected", "detected"]
    return pd.DataFrame({"image": [f"{number}.png" for number in range(len(pids))], "pid": pids, "kind": kinds})


@pytest.mark.parametrize("name", KINDS)
def test_real_images_have_the_same_labels_whatever_generated_ones_are(name: str):
    pids, labels, kinds = label_rows(rows(3, 9), name)
    assert pids == [3, 5, 9]
    assert labels[2:].tolist() == [2, 0, 0, 1] and labels.dtype == torch.int64
    assert kinds.tolist() == [KINDS[name]] * 2 + [REAL] * 4


@pytest.mark.parametrize("name", ["uniform", "extra_class", "pseudo"])
def test_generated_images_have_no_label_even_where_they_have_an_identity(name: str):
    assert label_rows(rows(3, -1, 77), name).labels[:3].tolist() == [-1, -1, -1]
    assert label_rows(rows(3, -1, 77), name).pids == [3, 5, 9]


def test_identity_takes_the_intended_identity():
    assert label_rows(rows(9, 5, 9), "identity").labels[:3].tolist() == [2, 1, 2]


def test_shuffled_are_the_intended_identities_in_an_order_of_the_seed():
    given = rows(*[3, 5, 9] * 40)
    found = [label_rows(given, "shuffled", seed).labels.tolist() for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2] and found[0][120:] == [2, 0, 0, 1]
    assert sorted(found[0][:120]) == sorted([0, 1, 2] * 40)
    right = sum(label == number % 3 for number, label in enumerate(found[0][:120]))
    assert 25 <= right <= 55  # by chance a third, 40


@pytest.mark.parametrize("name", ["identity", "shuffled"])
@pytest.mark.parametrize(("pid", "known"), [(-1, 5), (4, 3)])
def test_identity_without_an_identity_is_told(pid: int, known: int, name: str):
    message = (
        rf"1 of 2 generated images show no training identity, such as 1.png \(pid {pid}\)[\s\S]*"
        rf"generated_labels: {name}[\s\S]*real training images[\s\S]*"
        r"people without identity \(pid -1\), set generated_labels to uniform, extra_class, pseudo"
    )
    with pytest.raises(UserError, match=message):
        label_rows(rows(known, pid), name)


def test_without_generated_images_no_setting_matters():
    found = [label_rows(rows(), name) for name in KINDS]
    assert all(labels.labels.tolist() == [2, 0, 0, 1] and not labels.kinds.any() for labels in found)


@pytest.mark.parametrize("kind", [UNIFORM, EXTRA_CLASS])
@pytest.mark.parametrize("label", [-1, -77, 2, 99])
def test_the_label_of_nobody_is_never_looked_at(kind: int, label: int):
    soft = targets(torch.tensor([1, label]), torch.tensor([REAL, kind]), 4, 0.2)
    torch.testing.assert_close(soft[0], torch.tensor([0.05, 0.85, 0.05, 0.05]))
    torch.testing.assert_close(
        soft[1], torch.full((4,), 0.25) if kind == UNIFORM else torch.tensor([0.05, 0.05, 0.05, 0.85])
    )


def test_a_pseudo_label_that_was_not_guessed_is_refused():
    with pytest.raises(RuntimeError):
        targets(torch.tensor([-1]), torch.tensor([PSEUDO]), 4, 0.0)


def test_guesses_replace_pseudo_labels_alone():
    logits = torch.eye(5)[[4, 3, 2, 1, 0]]
    kinds = torch.tensor([REAL, PSEUDO, UNIFORM, IDENTITY, PSEUDO])
    assert with_guesses(torch.tensor([0, -1, -1, 3, -1]), kinds, logits).tolist() == [0, 3, -1, 3, 0]


@pytest.mark.parametrize("classes", [4, 5])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_targets_are_distributions(classes: int, smoothing: float):
    kinds = torch.tensor([REAL, UNIFORM, EXTRA_CLASS, IDENTITY, PSEUDO])
    soft = targets(torch.tensor([2, -1, -1, 0, 3]), kinds, classes, smoothing)
    assert soft.shape == (5, classes) and (soft >= 0).all()
    torch.testing.assert_close(soft.sum(1), torch.ones(5))


def test_each_kind_is_explained():
    assert MEANING.keys() == KINDS.keys()


def test_what_a_teacher_says_is_taken_as_it_is():
    labels, kinds = torch.tensor([0, -1, -1]), torch.tensor([REAL, KINDS["teacher"], KINDS["teacher"]])
    told = torch.tensor([[0.9, 0.1, 0.0], [0.2, 0.3, 0.5], [0.0, 1.0, 0.0]])
    found = targets(labels, kinds, 3, 0.3, told)
    torch.testing.assert_close(found, torch.tensor([[0.8, 0.1, 0.1], [0.2, 0.3, 0.5], [0.0, 1.0, 0.0]]))
