"""The atlas: parts tile the square, coordinates fall into their own rectangle."""

import numpy as np

from purereid.people.atlas import NUMBER, PARTS, RECTANGLES, SIZE, atlas_coordinates, atlas_grid, look_up
from purereid.people.identity import identity_of
from purereid.people.texture import texture_of


def test_rectangles_tile_the_square():
    covered = np.zeros((SIZE, SIZE), int)
    for x, y, width, height in RECTANGLES.values():
        covered[y : y + height, x : x + width] += 1
    assert (covered == 1).all()


def test_grid_names_the_part_of_each_texel():
    part = atlas_grid().part
    for number, name in enumerate(PARTS, start=1):
        x, y, width, height = RECTANGLES[name]
        assert NUMBER[name] == number
        assert (part[y : y + height, x : x + width] == number).all()


def test_coordinates_stay_in_their_rectangle_and_undo_the_grid():
    grid, around, along = atlas_grid(), *np.meshgrid(np.linspace(0, 1, 33), np.linspace(0, 1, 33))
    for number in NUMBER.values():
        u, v = atlas_coordinates(np.full(around.shape, number), around, along)
        assert (look_up(grid.part[..., None], u, v)[..., 0] == number).all()
    u, v = atlas_coordinates(grid.part, (grid.angle + 1) / 2, grid.along)
    assert np.array_equal(u >> 1, np.tile(np.arange(SIZE), (SIZE, 1)))
    assert np.array_equal(v >> 1, np.tile(np.arange(SIZE)[:, None], (1, SIZE)))


def test_garments_follow_the_outfit():
    """Bare forearms under short sleeves, shoes in the shoe colour, hair on the head's back."""
    grid = atlas_grid()
    for number in range(40):
        identity = identity_of(0, number)
        texture, outfit = texture_of(identity).astype(float), identity.outfit
        forearm = texture[grid.part == NUMBER["right_forearm"]].mean(0)
        if outfit.sleeves < 0.14:
            assert np.abs(forearm - outfit.skin).max() < 22
        foot = texture[(grid.part == NUMBER["left_foot"]) & (np.abs(grid.angle) < 0.7)].mean(0)
        assert np.abs(foot - outfit.shoes).max() < 22
        if outfit.hair_style != "bald":
            nape = texture[(grid.part == NUMBER["head"]) & (np.abs(grid.angle) > 0.8) & (grid.along < 0.6)].mean(0)
            assert np.abs(nape - outfit.hair).max() < 22


def test_people_differ():
    outfits = {identity_of(0, number).outfit for number in range(300)}
    shapes = {identity_of(0, number).shape for number in range(300)}
    assert len(outfits) == len(shapes) == 300
