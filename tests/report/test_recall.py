"""How many known-bad images a purifier drops."""

import numpy as np
import pytest

from purereid.report.recall import recall_of_injected


def test_recall_by_kind():
    kinds = np.array(["", "noise", "blur", "noise", "", "", "blur", "noise", "", "noise"])
    kept = np.array([1, 0, 1, 0, 1, 0, 0, 1, 1, 0], bool)
    table = recall_of_injected(kinds, kept)
    assert table["kind"].tolist() == ["blur", "noise", "all injected", "others"]
    assert table["images"].tolist() == [2, 4, 6, 4]
    assert table["dropped"].tolist() == [1, 3, 4, 1]
    np.testing.assert_allclose(table["share"], [1 / 2, 3 / 4, 2 / 3, 1 / 4])


def test_recall_where_nothing_or_everything_was_injected():
    nothing = recall_of_injected(np.array(["", ""]), np.array([False, True]))
    assert nothing[["kind", "images", "dropped", "share"]].values.tolist() == [["others", 2, 1, 0.5]]
    everything = recall_of_injected(np.array(["blur"]), np.array([False]))
    assert everything["kind"].tolist() == ["blur", "all injected"]
    with pytest.raises(ValueError, match="1 kinds for 2 images"):
        recall_of_injected(np.array(["blur"]), np.array([False, True]))
