"""What of a config is no use to the flow, told before anything runs."""

from purereid.errors import UserError


def check(settings: dict, owner: str, teacher: dict | None) -> None:
    """Refuse settings of a generator.

    Args:
        settings: of the stage.
        owner: the generator, in words.
        teacher: None; it learns from no encoder.

    Raises:
        UserError: images that cannot be halved so often, channels that the heads cannot share.
    """
    step, last = 2 ** settings["levels"], settings["channels"] * 2 ** (settings["levels"] - 1)
    if settings["height"] % step or settings["width"] % step:
        raise UserError(
            f"images of {settings['height']} x {settings['width']} cannot be halved {settings['levels']} times",
            where=f"train_gan.flow.height and width of {owner}",
            expected=f"multiples of {step}",
            do="change them, or lower train_gan.flow.levels",
        )
    if last % settings["heads"]:
        raise UserError(
            f"{settings['heads']} heads cannot share {last} channels",
            where=f"train_gan.flow.heads of {owner}",
            expected=f"a divisor of {last}, of channels times 2 for each level below the first",
        )
