"""Where a text begins and ends in files that begin, break lines and end in other ways."""

import pytest

from diversity_jax import texts
from tests.library.test_texts import function


@pytest.mark.parametrize(
    "content",
    [b"one\n%\ntwo\n%", b"\xef\xbb\xbfone\n%\ntwo\n%\n", b"%\none\n%\ntwo", b"one\n%\ntwo\n%\n%"],
)
def test_quotations_are_the_same_however_their_file_begins_and_ends(tmp_path, content):
    (tmp_path / "people").write_bytes(content)
    mixed = texts.mix(("fortunes:people",), per_domain=2, folders={"fortunes": tmp_path})
    assert set(mixed.texts) == {"one", "two"}


@pytest.mark.parametrize("before", ["\f\n", "x = 'a\x1c\u2028b'\n", "\ufeff", "# one\r\n"])
def test_a_function_begins_where_the_parser_says(tmp_path, before):
    wanted = function("wanted", 100)
    (tmp_path / "m.py").write_bytes((before + wanted + function("after", 101)).encode())
    read = texts.mix(("code",), per_domain=2, folders={"code": tmp_path}).texts
    assert {wanted.strip(), function("after", 101).strip()} == set(read)
