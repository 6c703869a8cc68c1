"""What of a config is no use to DG-Net, told before anything runs."""

from purereid.errors import UserError

WITHOUT_TEACHER = ("appearance", "uniform")  # primary labels that ask no teacher


def check(settings: dict) -> None:
    """Refuse settings of an experiment.

    Raises:
        UserError: images too small for the networks, labels of a teacher that is not named.
    """
    smallest = smallest_side(settings)
    if min(settings["height"], settings["width"]) < smallest:
        raise UserError(
            f"images of {settings['height']} x {settings['width']} are too small for the networks of dgnet",
            where="train_reid.height, train_reid.width",
            expected=f"at least {smallest} each, for what is reflected at the borders of their maps",
            do="make the images larger, or lower train_reid.dgnet.dilations or discriminator_scales",
        )
    if settings["crop"]:
        raise UserError(
            "dgnet draws images of the size that they are read in, and a crop makes others of them",
            where="train_reid.crop",
            expected="null",
        )
    labels = settings["primary_labels"]
    if settings["primary_weight"] and not settings["encoder"] and labels not in WITHOUT_TEACHER:
        raise UserError(
            f"labels of the kind {labels} come from a teacher, and none is named",
            where="train_reid.dgnet.encoder",
            expected="an experiment whose encoder has a classifier",
            do="name one, or set train_reid.dgnet.primary_labels to appearance or uniform",
        )


def smallest_side(settings: dict) -> int:
    """Pixels that height and width must have; their maps must be larger than what is reflected at a border.

    The structure has a fourth of the size; the last map of the coarsest discriminator 2 to the power of -(scales + 1).
    """
    of_structure = 4 * (max(settings["dilations"]) + 1)
    of_discriminator = 2 ** (settings["discriminator_scales"] + 1) + 1
    return -(-max(of_structure, of_discriminator) // 4) * 4
