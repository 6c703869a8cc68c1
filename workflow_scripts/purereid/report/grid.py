"""The swap grid: every person in every pose."""

from pathlib import Path

import numpy as np

from purereid.report.pictures import Block, Row, Tile, cut_to_column, draw_sheet, save_picture


def draw_grid(
    *,
    sources: list[np.ndarray | None],
    poses: list[np.ndarray],
    cells: list[list[np.ndarray]],
    path: Path,
    title: str,
    remark: str,
    row_labels: list[str],
    column_labels: list[str],
) -> None:
    """Draw a grid of generated images and save it as PNG. All images are uint8 [H, W, 3], of any size.

    Args:
        sources: S images of persons, down the left side; None where a row is of nobody in particular.
        poses: P pictures of poses (see ``skeleton.draw_pose``) or images that show them, along the top.
        cells: S lists of P generated images.
        path: PNG to write.
        title, remark: above the grid.
        row_labels, column_labels: S and P names; those of columns are cut to the width of a column.

    Raises:
        ValueError: lists that do not fit together.
    """
    asked = [Tile(pose, (cut_to_column(label),)) for pose, label in zip(poses, column_labels, strict=True)]
    rows = []
    for label, source, drawn in zip(row_labels, sources, cells, strict=True):
        if len(drawn) != len(poses):
            raise ValueError(f"{len(drawn)} images in {len(poses)} poses")
        rows.append(
            Row(
                (label,),
                [None if source is None else Tile(source, ()), *(Tile(image, ()) for image in drawn)],
                gaps=(1,),
            )
        )
    blocks = [Block("poses", [Row((), [None, *asked], gaps=(1,))]), Block("persons in these poses", rows)]
    save_picture(draw_sheet(title, remark, blocks), path)
