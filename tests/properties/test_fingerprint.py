"""Whatever changes what a program means changes its fingerprint; what does not, does not."""

import ast

from hypothesis import given, settings
from hypothesis import strategies as st

from diversity_jax import fingerprint

steady = settings(derandomize=True, deadline=None, max_examples=300)

# Of a text in quotes every character counts, of lines between statements none does.
pieces = st.sampled_from(["a", " ", "\n", "\t", "#", "\\\\", "\f", "é", "{x}"])
inside = st.lists(pieces, max_size=6).map("".join)
quoted = st.builds(
    lambda prefix, text: f'{prefix}"""{text}."""', st.sampled_from(["", "f"]), inside
)
lines = st.one_of(
    quoted,
    quoted.map("y = {}".format),
    quoted.map("y = (\n    {}\n)".format),
    quoted.map("y = [\n    1,  # one\n    {},\n\n]".format),
    quoted.map("def f(x):\n    {}\n    return x".format),
    quoted.map("def f(x):\n    x = 1\n    {}\n    return x".format),
    quoted.map("class A:\n    {}\n    y: int = 1".format),
    quoted.map("if x:\n    z = {}  # a remark\n".format),
    quoted.map('z = "a" {}'.format),
    st.sampled_from(["", "   ", "# a remark", "\f", "x = 1", "x = 1  ", "x = 1 # one", "x = 2"]),
    st.sampled_from(["x = 1 \\\n+2", "x = 1 \\\n\n+2", "x = 1; 'no more'", "'no more'; x = 1"]),
)
programs = st.lists(lines, max_size=3).map(lambda parts: "x = 0\n" + "\n".join(parts) + "\n")


class Bare(ast.NodeTransformer):
    """Without statements that are nothing but a text, which compute nothing."""

    def visit_Expr(self, node):
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else node


def meaning(source):
    try:
        return ast.dump(Bare().visit(ast.parse(source)))
    except SyntaxError:
        return None


@steady
@given(programs, programs)
def test_programs_that_differ_in_meaning_differ_in_what_counts(one, other):
    if meaning(one) is None or meaning(other) is None:
        return
    if fingerprint._active(one) == fingerprint._active(other):
        assert meaning(one) == meaning(other), (one, other)


@steady
@given(programs, st.data())
def test_remarks_blank_lines_and_texts_that_nothing_reads_do_not_count(source, data):
    if meaning(source) is None:
        return
    held = {
        row
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant | ast.JoinedStr)
        for row in range(node.lineno, node.end_lineno)
    }
    rows = source.split("\n")
    changed = []
    for number, row in enumerate(rows, start=1):
        free = number not in held and not row.rstrip().endswith("\\")
        if free and number < len(rows):
            row += data.draw(st.sampled_from(["", "  ", "  # more"]))
            row += data.draw(st.sampled_from(["", "\n", "\n  # alone\n"]))
        changed.append(row)
    assert fingerprint._active("\n".join(changed)) == fingerprint._active(source)


def test_the_text_of_a_docstring_counts_where_code_is_told_it_and_its_length_never_does():
    plain, longer = '"""One."""\nx = 1\n', '"""One.\n\nAnd\nmore."""\n\nx = 1\n'
    assert fingerprint._active(plain) == fingerprint._active(longer) == "x = 1"
    assert fingerprint._active(plain, told=True) != fingerprint._active(longer, told=True)
