"""Ranked lists as one HTML page that needs no other file."""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

import cv2
import numpy as np

from purereid.api.nearest import Nearest
from purereid.data.atomic import write_text
from purereid.data.images import read_image
from purereid.report.tables import html_page

HEIGHT = 128  # pixels of a picture
QUALITY = 85
ROW = "<div style='display:flex;gap:8px;align-items:flex-start;margin:0 0 24px'>"


def write_search_page(
    path: Path, queries: Sequence[Path], gallery: Sequence[Path], nearest: Nearest, *, encoder: str, reranked: bool
) -> None:
    """Write a row for each query: its picture, then the nearest images with their distances.

    Args:
        path: where to write.
        queries, gallery: image files.
        nearest: rows of the gallery for each query.
        encoder: its file, to be named.
        reranked: whether distances are those of the re-ranking.
    """
    kind = "re-ranked distance" if reranked else "cosine distance"
    title = f"{len(queries)} queries among {len(gallery)} images"
    rows = [
        _row(query, [gallery[row] for row in found], distances)
        for query, found, distances in zip(queries, nearest.indices.tolist(), nearest.distances.tolist(), strict=True)
    ]
    about = f"<p>Nearest first, with the {kind} below. Encoder: {escape(encoder)}</p>"
    write_text(path, html_page(title, f"<h1>{title}</h1>\n{about}\n" + "\n".join(rows)))


def _row(query: Path, found: list[Path], distances: list[float]) -> str:
    tiles = [_tile(image, f"{distance:.3f}") for image, distance in zip(found, distances, strict=True)]
    return f"{ROW}{_tile(query, 'query')}{''.join(tiles)}</div>"


def _tile(image: Path, words: str) -> str:
    pixels = read_image(image)
    width = max(1, round(pixels.shape[1] * HEIGHT / pixels.shape[0]))
    small = np.ascontiguousarray(cv2.resize(pixels, (width, HEIGHT), interpolation=cv2.INTER_AREA)[:, :, ::-1])
    packed = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
    source = f"data:image/jpeg;base64,{base64.b64encode(packed).decode('ascii')}"
    name = escape(str(image), quote=True)
    picture = f'<img src="{source}" alt="{name}" title="{name}">'
    return f'<figure style="margin:0">{picture}<figcaption>{escape(words)}</figcaption></figure>'
