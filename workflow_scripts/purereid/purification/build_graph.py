"""The affinity graph of the generated images (rule ``build_graph``)."""

from pathlib import Path

from purereid.data.features import read_encoder, read_features
from purereid.data.files import Files
from purereid.data.graph_file import write_graph
from purereid.data.index import read_index
from purereid.errors import UserError
from purereid.logs import log
from purereid.retrieval.distances import normalise
from purereid.retrieval.neighbours import find_neighbours
from purereid.training.distributed import first_device


def build_graph(*, index: str | Path, features: Files, graph: str | Path, settings: dict, gpus: int = 0) -> None:
    """Find the nearest generated images of each generated image; real ones are not in the graph.

    Args:
        index: tells which images are generated.
        features: of the generated images, and of others; one or several files.
        graph: Parquet file that is written, see ``graph_file``.
        settings: the section ``build_graph`` of the config: k, method, block, lists, probes.
        gpus: 0 for the CPU.

    Raises:
        UserError: no generated images or no more than k, features that are missing or not finite, unusable settings.
    """
    table = read_index(index)
    wanted = table.loc[(table["kind"] == "generated") & (table["pid"] >= 0), "image"].tolist()
    if len(wanted) <= settings["k"]:
        raise UserError(
            f"{len(wanted)} generated images, but each shall have {settings['k']} neighbours",
            where=index,
            expected=f"more than {settings['k']} images",
            do="lower build_graph.k, or generate more images (generate.train.images_per_identity)",
        )
    images, values = read_features(features, wanted)
    found = find_neighbours(normalise(values), device=str(first_device(gpus)), **settings)
    write_graph(graph, images, found, read_encoder(features))
    nearest, last = (float(found.similarity[:, place].mean()) for place in (0, -1))
    words = "%d images, mean cosine to the nearest %.3f, to the last of %d %.3f"
    log.info(words, len(images), nearest, settings["k"], last)
