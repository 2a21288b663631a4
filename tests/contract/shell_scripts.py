"""Bash scripts of any shape that the reader of `nvr` understands, made by Hypothesis."""

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "tz", "image_name"])
ARRAYS = st.sampled_from(["args", "more"])
PLAIN = st.sampled_from(
    ["x", "run", "--name=y", "-v", "/a:/b", "k=v", "0.7", "é", "-", "--", "a#b", "%", "v1:2", "@"]
)
IN_SINGLE = st.sampled_from(
    ["", " ", "a b", "$a", '"', "\\", "`", "*", "#", "\n", "view: true", "é"]
)
IN_DOUBLE = st.one_of(
    st.sampled_from(
        ["", " ", "a  b", "'", "\\$", '\\"', "\\\\", "\\`", "\\n", "*", "#", "{a,b}", "~"]
    ),
    NAMES.map("${{{}}}".format),
    NAMES.map("${}".format),
    st.sampled_from(
        ["$(id -u moonfire-nvr)", "`id -g moonfire-nvr`", "$(id -u)", "$#", "$1", "$*"]
    ),
)


@st.composite
def defaults(draw: st.DrawFn, *, quoted: bool) -> str:
    """`${x:-word}` and its kin."""
    name = draw(st.one_of(NAMES, st.sampled_from(["none", "1", "2", "3"])))
    operators = [":-", "-", ":+", "+"] + ([":=", "="] if name.isalpha() else [])
    operator = draw(st.sampled_from(operators))
    operand = draw(st.sampled_from(["", "d", "d e", "$b", "${a:-z}", '"q r"', "--f=1"]))
    if not quoted and operator in {":=", "="}:
        operand = operand.replace('"', "")
    return f"${{{name}{operator}{operand}}}"


TRIMMED = st.builds(
    "${{{}{}{}}}".format,
    NAMES,
    st.sampled_from(["%", "%%", "#", "##"]),
    st.sampled_from(["/*", "*/", "b", "?"]),
)
CUT_OUT = st.sampled_from(
    ["${a:1}", "${b:0:2}", "${#a}", "${#args[@]}", "${args[0]}", "${args[1]:-n}"]
)
LISTS = st.sampled_from(
    [
        '"$@"',
        '"${args[@]}"',
        '"${more[@]}"',
        '"${args[*]}"',
        '"${@:2}"',
        '"p${args[@]}s"',
        "$@",
        "${args[@]}",
    ]
)
ESCAPED = st.sampled_from(["\\ ", "\\$", "\\\\", "\\'", "\\#", "\\\n", "$'a\\tb'", "$'\\''"])
PIECES = st.one_of(
    PLAIN,
    ESCAPED,
    IN_SINGLE.map("'{}'".format),
    st.lists(st.one_of(IN_DOUBLE, defaults(quoted=True), TRIMMED, CUT_OUT), max_size=3)
    .map("".join)
    .map('"{}"'.format),
    NAMES.map("${}".format),
    defaults(quoted=False),
    st.sampled_from(["$(id -u)", "$#"]),
)
WORDS = st.one_of(st.lists(PIECES, min_size=1, max_size=3).map("".join), LISTS)
GAPS = st.sampled_from([" ", "  ", "\t", " \\\n  "])
LIST_GAPS = st.sampled_from([" ", "\n", "  # note ' \" ) $(\n", "\n\n"])


def statement(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Statements that hold others."""
    tests = st.one_of(
        st.builds(
            '[ "{}" = {} ]'.format,
            st.sampled_from(["$1", "${a}", "x"]),
            st.sampled_from(["run", "x", '"a b"']),
        ),
        st.builds(
            "[[ {} == {} ]]".format,
            st.sampled_from(["$1", "$a"]),
            st.sampled_from(["r*", "run", '"r"*', "?"]),
        ),
        st.builds(
            "[ {} {} ]".format,
            st.sampled_from(["-z", "-n"]),
            st.sampled_from(['"$a"', '"$none"', '"$2"']),
        ),
        st.sampled_from(
            ["true", "false", "! true", "[ $# -gt 1 ]", '[ "$(id -u)" -eq 0 ]', '[ ! "$a" ]']
        ),
    )
    return st.one_of(
        st.builds("if {}; then\n{}\nfi".format, tests, inner),
        st.builds("if {}; then {}; else\n{}\nfi".format, tests, inner, inner),
        st.builds(
            "if {}; then\n{}\nelif {}; then\n{}\nelse\n{}\nfi".format,
            tests,
            inner,
            tests,
            inner,
            inner,
        ),
        st.builds(
            'case "{}" in\n{})\n{}\n;;\n*) {} ;;\nesac'.format,
            st.sampled_from(["$1", "$a", "x"]),
            st.sampled_from(["run", "x|run", "r*", '"*"', "(a"]),
            inner,
            inner,
        ),
        st.builds("{} && {}".format, tests, inner),
        st.builds("{} || {}".format, tests, inner),
        st.builds("for i in {} {}; do\nb=$i\n{}\ndone".format, WORDS, PLAIN, inner),
        st.builds("f() {{\nlocal a=$1\n{}\n}}\nf {} {}".format, inner, WORDS, PLAIN),
        st.builds("( {} )".format, inner),
        st.builds("{{ {}; }}".format, inner),
        st.builds('while [ $# -gt 0 ]; do\nmore+=("$1")\nshift\ndone\n{}'.format, inner),
    )


SIMPLE = st.one_of(
    st.builds("{}={}".format, NAMES, st.one_of(PIECES, st.lists(PIECES, max_size=3).map("".join))),
    st.builds("{}+={}".format, NAMES, PIECES),
    st.builds(
        "{}{}({}{})".format,
        ARRAYS,
        st.sampled_from(["=", "+="]),
        LIST_GAPS,
        st.lists(st.builds("{}{}".format, WORDS, LIST_GAPS), max_size=4).map("".join),
    ),
    st.sampled_from(
        [
            "shift",
            "set -- p 'q r' s",
            "unset a",
            "export a",
            "shift 2",
            'set -- "$@" t',
            ":",
            "# note (\n:",
        ]
    ),
    st.builds(
        "{}docker{}{}".format,
        st.sampled_from(["", "", "sudo ", "command ", "sudo -u root ", "env A=b "]),
        GAPS,
        st.lists(st.builds("{}{}".format, WORDS, GAPS), min_size=1, max_size=4).map(
            lambda words: "".join(words).rstrip("\\\n\t ") + " end"
        ),
    ),
)
STATEMENTS = st.recursive(SIMPLE, statement, max_leaves=6)
SCRIPTS = st.lists(STATEMENTS, min_size=2, max_size=8).map(
    lambda lines: (
        "#!/bin/bash\na=x\n" + "\n".join(lines) + '\ndocker last "$a" "$b" "$@" "${args[@]}"\n'
    )
)
