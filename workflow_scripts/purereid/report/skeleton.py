"""A pose as a picture: limbs and joints in the manner of OpenPose, each side of the body in its own colours."""

import numpy as np
from PIL import Image, ImageDraw

from purereid.data.joints import JOINTS
from purereid.data.pose_masks import LIMBS
from purereid.report.pictures import SMALL, fitting, letters
from purereid.report.style import BLUE, GREY, ORANGE, SKY, VERMILION

BONES = LIMBS[:17]  # those of OpenPose; the further ones fill the body of a mask
ARMS_AND_HEAD, LEGS = {"right": VERMILION, "left": BLUE}, {"right": ORANGE, "left": SKY}
LOWER = ("hip", "knee", "ankle")
BACKGROUND = "#FAFAF7"
FINER = 4  # the picture is drawn so many times larger, which smooths its edges
# Parts of the picture's height: width of a limb, radius of a joint; those of the face are half as large.
LIMB, JOINT = 0.024, 0.017


def draw_pose(joints: np.ndarray, visible: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Draw one pose in the size of a cell of a sheet.

    The right side of the person is vermilion and orange, the left one blue and light blue, the middle grey. Limbs have
    the colour of their lower joint. A pose without joints is an empty picture that says so.

    Args:
        joints: [18, 2] = (y, x) in pixels of an image, pixel centres at whole numbers.
        visible: bool [18].
        size: height and width of that image.

    Returns:
        uint8 [H', W', 3], RGB, with the proportions of the image.
    """
    width, height = fitting(*size)
    picture = Image.new("RGB", (width * FINER, height * FINER), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    scale = np.array([picture.height, picture.width]) / size
    places = ((np.asarray(joints, np.float64) + 0.5) * scale)[:, ::-1]
    for start, end in BONES:
        if visible[start] and visible[end]:
            line = [tuple(places[start]), tuple(places[end])]
            draw.line(line, fill=colour(end), width=round(LIMB * picture.height * thickness(end)))
    for joint in np.flatnonzero(visible):
        draw.circle(tuple(places[joint]), JOINT * picture.height * thickness(joint), fill=colour(joint))
    picture = picture.reduce(FINER)
    if not np.any(visible):
        middle = (width / 2, height / 2)
        ImageDraw.Draw(picture).text(middle, "no joints", fill=GREY, font=letters(SMALL), anchor="mm")
    return np.array(picture)


def colour(joint: int) -> str:
    """Colour of a joint and of the limb that ends there."""
    side, _, part = JOINTS[joint].partition("_")
    return (LEGS if part in LOWER else ARMS_AND_HEAD).get(side, GREY)


def thickness(joint: int) -> float:
    """Joints of the face lie so close together that full size would make them one blot."""
    return 0.5 if JOINTS[joint].endswith(("nose", "eye", "ear")) else 1.0
