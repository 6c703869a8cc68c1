"""What of a config is no use to SAN, told before anything runs."""

from purereid.errors import UserError

LEAST_IMAGES = 4  # of a person in a batch, for the published triplets
FITTING = ("resnet_small", "resnet18", "resnet34", "resnet50", "resnet101")


def check(settings: dict, owner: str, teacher: dict | None) -> None:
    """Refuse settings of an experiment.

    Args:
        settings: of all stages, with the data set as train.
        owner: the experiment, in words.
        teacher: not looked at.

    Raises:
        UserError: a backbone without four maps, or whose last two differ in size; crops; triplets that the batch has no
            images for; a start from a painter that is not trained.
    """
    if settings["backbone"] not in FITTING:
        raise UserError(
            f"san paints from the four maps of a ResNet, and {settings['backbone']} is none",
            where=f"train_reid.backbone of {owner}",
            expected=f"one of {', '.join(FITTING)}",
        )
    if settings["last_stride"] != 1:
        raise UserError(
            "san joins the last two maps of the backbone, which then differ in size",
            where=f"train_reid.last_stride of {owner}",
            expected="1",
        )
    if settings["crop"]:
        raise UserError("san takes whole images", where=f"train_reid.crop of {owner}", expected="null")
    published = settings["tap_triplets"] == "published" and settings["tap_triplet_weight"]
    by_identity = settings["sampler"] == "identities" and settings["images_per_identity"] >= LEAST_IMAGES
    if published and not by_identity:
        raise UserError(
            "the published triplets stand at fixed places of a batch of blocks of one person each",
            where=f"train_reid.images_per_identity and sampler of {owner}",
            expected=f"{LEAST_IMAGES} images or more, and the sampler identities",
            do="raise images_per_identity, or set tap_triplets to hard",
        )
    if settings["start_from_painter"] and settings["textures"] != "painted":
        raise UserError(
            "the encoder is to start from a painter, and none is trained",
            where=f"train_reid.start_from_painter of {owner}",
            expected="textures: painted, or false",
        )
