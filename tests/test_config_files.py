"""Config files that cannot be used: one message each, with the file and the line."""

from pathlib import Path

import pytest

from purereid.config_files import read_config
from purereid.errors import UserError


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.yaml", "a: [1, 2\nb: 3\n", r"no YAML(.|\n)*a\.yaml, line 2, .*begins in line 1"),
        ("a.yaml", "a: 1\n\tb: 2\n", r"a\.yaml, line 2(.|\n)*instead of tabs"),
        ("a.yaml", "a: *nobody\n", r"undefined alias 'nobody'(.|\n)*line 1"),
        ("a.yaml", "a: !!python/tuple [1]\n", "python/tuple"),
        ("a.yaml", "a: 1\n---\na: 2\n", r"another document(.|\n)*line 2"),
        ("a.yaml", "? [a, b]\n: 3\n", "unhashable key"),
        ("a.yaml", "a: 1\x00\n", "special characters are not allowed"),
        ("a.yaml", f"a: {'9' * 5000}\n", "no YAML"),
        ("a.yaml", "a: 2024-13-45\n", "month must be in"),
        ("a.yaml", f"a: {'[' * 3000}", "inside each other"),
        ("a.yaml", "a: &a [*a]\n", "holds itself"),
        ("a.yaml", "a: 1\na: 2\n", "the key a stands twice"),
        ("a.yaml", "", "is empty"),
        ("a.yaml", "# nothing yet\n", "is empty"),
        ("a.yaml", "- a\n- b\n", "holds a list, and no settings"),
        ("a.yaml", "hello\n", "holds one value, and no settings"),
        ("a.yaml", b"\xff\xfe\x00", "no text in UTF-8"),
        ("a.json", '{"seeds": [3,\n}', r"no JSON(.|\n)*line 2"),
        ("b.yaml", "a: 1\n", r"does not exist(.|\n)*did you mean .*b\.yaml"),
    ],
)
def test_files_that_cannot_be_used_are_told(tmp_path: Path, name: str, content: str | bytes, message: str):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    asked = "bb.yaml" if name == "b.yaml" else name
    with pytest.raises(UserError, match=message) as error:
        read_config(tmp_path / asked)
    assert asked in str(error.value)


def test_folders_are_told_and_good_files_are_read(tmp_path: Path):
    with pytest.raises(UserError, match="is a folder"):
        read_config(tmp_path)
    (tmp_path / "a.json").write_text('{\n\t"seeds": [3]\n}')
    (tmp_path / "a.yaml").write_text("\ufeffseeds: [3]\n")
    assert read_config(tmp_path / "a.json") == read_config(tmp_path / "a.yaml") == {"seeds": [3]}
