"""YAML files in which no key may stand twice: YAML's readers take the last one and say nothing."""

from pathlib import Path

import yaml

from purereid.errors import UserError


def read_yaml(path: str | Path) -> object:
    """Read a file as ``safe_load`` does.

    Raises:
        UserError: a key stands twice in one section, at any depth.
        yaml.YAMLError, OSError: the file is no YAML, or cannot be read.
    """
    loader = yaml.SafeLoader(Path(path).read_text(encoding="utf-8"))
    try:
        node = loader.get_single_node()
        _check(node, path)
        return None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def at_home(value: object) -> object:
    """A config with ~/ at the beginning of a text replaced by the user's home; no setting but a path begins so."""
    if isinstance(value, dict):
        return {key: at_home(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [at_home(inner) for inner in value]
    return str(Path(value).expanduser()) if isinstance(value, str) and value.startswith("~/") else value


def _check(node: yaml.Node | None, path: str | Path) -> None:
    """The nodes as they stand in the file, before merge keys put others in."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check(item, path)
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[tuple[str, str], int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if isinstance(key, yaml.ScalarNode) and (key.tag, key.value) in lines:
            raise UserError(
                f"the key {key.value} stands twice in one section",
                where=f"{path}, lines {lines[key.tag, key.value]} and {line}",
                expected="each key once: YAML takes the last and forgets the others",
                do="join what stands under them, or remove one",
            )
        if isinstance(key, yaml.ScalarNode):
            lines[key.tag, key.value] = line
        _check(value, path)
