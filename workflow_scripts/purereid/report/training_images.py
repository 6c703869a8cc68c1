"""How many images an experiment trained on."""

from pathlib import Path

from purereid.reid.training_rows import training_rows


def training_images(index: Path, experiment: dict[str, object]) -> dict[str, int]:
    """What an experiment trained on.

    Args:
        index: what it trained on.
        experiment: splits and held_out (of the training); uses_generated (bool, whether generated images were trained
            on).

    Returns:
        real (images), identities (with a real image), identities_several (with more than one), generated (images).
    """
    rows = training_rows(index, experiment["splits"], experiment["held_out"])
    made = rows["kind"] == "generated"
    counts = rows.loc[~made, "pid"].value_counts()
    return {
        "real": int((~made).sum()),
        "identities": len(counts),
        "identities_several": int((counts > 1).sum()),
        "generated": int(made.sum()) if experiment["uses_generated"] else 0,
    }
