"""Names that stand in a list more than once."""

from purereid.data.names import repeated


def test_every_repetition_is_listed_in_its_order():
    assert repeated(["a", "b", "c", "b", "a", "b"]) == ["b", "a", "b"]


def test_no_repetition():
    assert repeated(["a", "b"]) == repeated([]) == []
