import pytest

from clickstream.errors import MigrationError
from clickstream.migrate.statements import split


def texts(sql: str) -> list[str]:
    return [statement.text for statement in split(sql, "x.sql")]


@pytest.mark.parametrize(
    ("sql", "statements"),
    [
        ("", []),
        (" ;\n; -- nothing\n", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;\n\nSELECT 2;\n", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';'; SELECT 2", ["SELECT ';'", "SELECT 2"]),
        (r"SELECT 'it\';s'; SELECT 2", [r"SELECT 'it\';s'", "SELECT 2"]),
        ("SELECT 'it'';s'; SELECT 2", ["SELECT 'it'';s'", "SELECT 2"]),
        (r"SELECT '\\'; SELECT 2", [r"SELECT '\\'", "SELECT 2"]),
        ('SELECT "a;b"; SELECT 2', ['SELECT "a;b"', "SELECT 2"]),
        ("SELECT `a;``b`; SELECT 2", ["SELECT `a;``b`", "SELECT 2"]),
        ("SELECT $$;'$$; SELECT $x$;$$;$x$", ["SELECT $$;'$$", "SELECT $x$;$$;$x$"]),
        ("SELECT 1 -- a; b's\n, 2; SELECT 3", ["SELECT 1 -- a; b's\n, 2", "SELECT 3"]),
        ("SELECT 1 # a; b's\n, 2", ["SELECT 1 # a; b's\n, 2"]),
        ("SELECT /* ; ' */ 1; SELECT 2", ["SELECT /* ; ' */ 1", "SELECT 2"]),
        ("SELECT '-- no comment'; SELECT '/*'; SELECT '*/'", ["SELECT '-- no comment'", "SELECT '/*'", "SELECT '*/'"]),
        ("-- before; it\n/* and; */ SELECT 1; -- after", ["SELECT 1"]),
        ("SELECT 5 - -1; SELECT 8/2*3", ["SELECT 5 - -1", "SELECT 8/2*3"]),
    ],
)
def test_semicolons_end_statements_unless_quoted_or_commented(sql: str, statements: list[str]) -> None:
    assert texts(sql) == statements


def test_a_statement_knows_its_line_without_the_comments_before_it() -> None:
    assert [statement.line for statement in split("-- one\n\nSELECT\n1;\n-- five\nSELECT 2", "x.sql")] == [3, 6]


def test_directives_belong_to_the_statement_that_follows() -> None:
    first, second, third = split("-- @cluster\n-- text @no\nSELECT 1; SELECT 2 -- @late\n;\n--@a-b\nSELECT 3", "x.sql")
    assert first.directives == {"cluster"}
    assert second.directives == set()
    assert third.directives == {"a-b"}


@pytest.mark.parametrize(("sql", "what"), [("\nSELECT 'a", "'"), ('\n"', '"'), ("\n `a;", "`"), ("\n1 /* ;", r"/\*")])
def test_what_is_never_closed_is_an_error_with_its_line(sql: str, what: str) -> None:
    with pytest.raises(MigrationError, match=rf"x\.sql, line 2: {what} is never closed"):
        split(sql, "x.sql")
