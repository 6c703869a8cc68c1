"""What of a config is no use to DG-Net, told before anything runs."""

from purereid.checks.teachers import check_teacher
from purereid.errors import UserError

WITHOUT_TEACHER = ("appearance", "uniform")  # primary labels that ask no teacher


def check(settings: dict, owner: str, teacher: dict | None) -> None:
    """Refuse settings of an experiment.

    Args:
        settings: of the stage, with the data set as train.
        owner: the experiment, in words.
        teacher: the same of the experiment that teaches; None: none is named.

    Raises:
        UserError: images too small for the networks, crops, a backbone without maps, labels of a teacher that is not
            named, or of one that knows others, nobody or nothing.
    """
    _check_images(settings, owner)
    if not settings["primary_weight"] or settings["primary_labels"] in WITHOUT_TEACHER:
        return
    where = f"train_reid.dgnet.teacher of {owner}"
    if teacher is None:
        raise UserError(
            f"labels of the kind {settings['primary_labels']} come from a teacher, and none is named",
            where=where,
            expected="an experiment whose encoder has a classifier",
            do="name one, or set train_reid.dgnet.primary_labels to appearance or uniform",
        )
    check_teacher(settings, teacher, where)


def smallest_side(settings: dict) -> int:
    """Pixels that height and width must have; their maps must be larger than what is reflected at a border.

    The structure has a fourth of the size; the last map of the coarsest discriminator 2 to the power of -(scales + 1).
    """
    of_structure = 4 * (max(settings["dilations"]) + 1)
    of_discriminator = 2 ** (settings["discriminator_scales"] + 1) + 1
    return -(-max(of_structure, of_discriminator) // 4) * 4


def _check_images(settings: dict, owner: str) -> None:
    smallest = smallest_side(settings)
    if min(settings["height"], settings["width"]) < smallest:
        raise UserError(
            f"images of {settings['height']} x {settings['width']} are too small for the networks of dgnet",
            where=f"train_reid.height and width of {owner}",
            expected=f"at least {smallest} each, for what is reflected at the borders of their maps",
            do="make the images larger, or lower train_reid.dgnet.dilations or discriminator_scales",
        )
    if settings["crop"]:
        raise UserError(
            "dgnet draws images of the size that they are read in, and a crop makes others of them",
            where=f"train_reid.crop of {owner}",
            expected="null",
        )
    if settings["backbone"] == "colour_histogram":
        raise UserError(
            "a colour histogram has no maps, and dgnet sees the appearance of a person in maps",
            where=f"train_reid.backbone of {owner}",
            expected="a network, such as resnet_small",
        )
