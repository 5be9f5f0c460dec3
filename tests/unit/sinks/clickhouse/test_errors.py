"""Texts as the engine (26.9) and older servers write them; tests/contract/clickhouse_sink provokes them anew."""

import pytest

from sinks.clickhouse.errors import MESSAGE_LIMIT, Meaning, classify

PARSED = ": While executing JSONEachRowRowInputFormat: data for INSERT was parsed from query."
END = " (version 26.9.2.1 (official build))\n"

# (the text behind "Code: ", row), for a table `t`
BEFORE_THE_WRITE = [
    (
        "469. DB::Exception: Constraint `positive` for table default.t (f9cc4824-bbbc-4df7-8ab4-24fcd28e530b) is "
        "violated at row 2. Expression: (n >= 0). Column values: n = -1. (VIOLATED_CONSTRAINT)",
        1,
    ),
    ("469. DB::Exception: Constraint `positive` for table t (f9cc4824) is violated at row 1. Expression: (n)", 0),
    (
        "27. DB::Exception: Cannot parse input: expected '\"' before: 'abc\"}': (while reading the value of key n): "
        f"(at row 2)\n{PARSED} (CANNOT_PARSE_INPUT_ASSERTION_FAILED)",
        1,
    ),
    ("27. DB::ParsingException: Cannot parse input: expected ',' before: '.5}': (at row 12)\n", 11),
    (f"41. DB::Exception: Cannot read DateTime: unexpected word: (at row 2)\n{PARSED} (CANNOT_PARSE_DATETIME)", 1),
    (f"38. DB::Exception: Cannot parse date: expected a date: (at row 2)\n{PARSED} (CANNOT_PARSE_DATE)", 1),
    (f"691. DB::Exception: Unknown element 'zz' for enum: (at row 2)\n{PARSED} (UNKNOWN_ELEMENT_OF_ENUM)", 1),
    (f'376. DB::Exception: Cannot parse uuid zz"}}: (at row 2)\n{PARSED} (CANNOT_PARSE_UUID)', 1),
    (f"130. DB::Exception: Array does not start with '[' character: (at row 2)\n{PARSED}", 1),
    (f"467. DB::Exception: Invalid boolean value, should be true/false, 1/0: (at row 2)\n{PARSED}", 1),
    (f'675. DB::Exception: Cannot parse IPv4 "}}: (at row 2)\n{PARSED} (CANNOT_PARSE_IPV4)', 1),
    (f'676. DB::Exception: Cannot parse IPv6 zz"}}: (at row 2)\n{PARSED} (CANNOT_PARSE_IPV6)', 1),
    (f"117. DB::Exception: Unknown field found while parsing JSONEachRow format: zz: (at row 2)\n{PARSED}", 1),
    (f"26. DB::Exception: Cannot parse JSON string: expected closing quote: (at row 2)\n{PARSED}", 1),
    (f"25. DB::Exception: Cannot parse escape sequence: less than four bytes after \\u.: (at row 2)\n{PARSED}", 1),
    ("33. DB::Exception: Cannot read all data. Bytes read: 1. Bytes expected: 4. (CANNOT_READ_ALL_DATA)", None),
]


@pytest.mark.parametrize(("text", "row"), BEFORE_THE_WRITE)
def test_bad_data_found_before_anything_was_written(text: str, row: int | None) -> None:
    error = classify(f"Code: {text}{END}", "t")
    assert (error.meaning, error.applied, error.row, error.view) == (Meaning.DATA, False, row, None)
    assert error.code == int(text.partition(".")[0])


@pytest.mark.parametrize(
    ("text", "view"),
    [
        (
            "395. DB::Exception: Value passed to 'throwIf' function is non-zero: while executing 'FUNCTION throwIf("
            "equals(__table1.n, 50_UInt8) :: 0) -> throwIf(equals(__table1.n, 50_UInt8)) UInt8 : 1': while pushing to "
            "view default.mv. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO)",
            "default.mv",
        ),
        (
            "153. DB::Exception: Division by zero: while executing 'FUNCTION intDiv(1_UInt8 :: 1) -> Int8 : 2': while "
            "pushing to view default.mv (5c2e3a37-3a55-4b5c-9b56-0c2f7e3b1d3f). (ILLEGAL_DIVISION)",
            "default.mv",
        ),
        (
            "469. DB::Exception: Constraint `small` for table default.tgt is violated at row 2. Expression: (n < 100). "
            "Column values: n = 500: while pushing to view default.mv. (VIOLATED_CONSTRAINT)",
            "default.mv",
        ),
        (
            "27. DB::Exception: Cannot parse input: expected x (at row 1): while pushing to view db.`odd`. (C)",
            "db.`odd`",
        ),
    ],
)
def test_a_view_that_breaks_does_so_after_the_write(text: str, view: str) -> None:
    error = classify(f"Code: {text}{END}", "t")
    assert (error.meaning, error.applied, error.row, error.view) == (Meaning.DATA, True, None, view)


def test_a_constraint_of_another_table_is_a_views() -> None:
    text = "Code: 469. DB::Exception: Constraint `c` for table default.t2 is violated at row 1."
    assert classify(text, "t").applied
    assert not classify(text, "t2").applied
    assert classify(text, "2").applied


def test_a_key_without_an_element_in_its_tuple_is_bad_data() -> None:
    # The code says nothing about when it came up, so the rows are looked up before the batch is cut.
    text = "Code: 10. DB::Exception: Tuple doesn't have element with name 'z', enable setting x: (while reading place)"
    error = classify(f"{text}{PARSED} (NOT_FOUND_COLUMN_IN_BLOCK){END}", "t")
    assert (error.meaning, error.applied, error.row) == (Meaning.DATA, True, None)


def test_what_a_value_quotes_can_cost_a_look_up_but_never_a_row() -> None:
    forged = "Code: 27. DB::Exception: Cannot parse input before: 'while pushing to view x (at row 9)': (at row 2)"
    assert classify(forged, "t").applied  # looked up first: nothing is there, nothing is lost


@pytest.mark.parametrize(
    "text",
    [
        "516. DB::Exception: default: Authentication failed: password is incorrect, or there is no such user.",
        "202. DB::Exception: Too many simultaneous queries. Maximum: 100. (TOO_MANY_SIMULTANEOUS_QUERIES)",
    ],
)
def test_refused_before_the_query_ran(text: str) -> None:
    error = classify(f"Code: {text}{END}", "t")
    assert (error.meaning, error.applied) == (Meaning.RETRY, False)


@pytest.mark.parametrize(
    "text",
    [
        "241. DB::Exception: Query memory limit exceeded: would use 1.06 MiB, maximum: 1 MiB. (MEMORY_LIMIT_EXCEEDED)",
        "252. DB::Exception: Too many parts (3 with average size of 2.42 KiB) in table 'default.t'. (TOO_MANY_PARTS)",
        "159. DB::Exception: Timeout exceeded: elapsed 1003.550 ms, maximum: 1000.000 ms. (TIMEOUT_EXCEEDED)",
        "60. DB::Exception: Table default.nix does not exist. (UNKNOWN_TABLE)",
        "242. DB::Exception: Table is in readonly mode (TABLE_IS_READ_ONLY)",
        "999. Coordination::Exception: Session expired",
        "999. DB::Exception: Session expired. (KEEPER_EXCEPTION)",
        "987654. DB::Exception: something from the future",
    ],
)
def test_everything_else_is_tried_again_with_a_look_up(text: str) -> None:
    error = classify(f"Code: {text}{END}", "t")
    assert (error.meaning, error.applied, error.row, error.view) == (Meaning.RETRY, True, None, None)


@pytest.mark.parametrize("text", ["", "<html>502 Bad Gateway</html>", "\ufffd\x00"])
def test_an_answer_that_is_not_the_servers(text: str) -> None:
    error = classify(text, "t")
    assert (error.code, error.meaning, error.applied) == (0, Meaning.RETRY, True)


def test_messages_are_cut_and_codes_named() -> None:
    error = classify("Code: 469. DB::Exception: " + "x" * 10_000, "t")
    assert len(error.message) == MESSAGE_LIMIT
    assert error.name == "VIOLATED_CONSTRAINT"
    assert classify("Code: 12345. DB::Exception: x", "t").name == "CODE_12345"


TOO_MANY_PARTITIONS = (
    "Code: 252. DB::Exception: Too many partitions for single INSERT block (more than 100). The limit is controlled by "
    "'max_partitions_per_insert_block' setting. Large number of partitions is a common misconception."
)


def test_too_many_partitions_in_one_insert_are_split_and_too_many_parts_are_waited_for() -> None:
    error = classify(f"{TOO_MANY_PARTITIONS} (TOO_MANY_PARTS){END}", "t")
    assert (error.meaning, error.applied, error.view) == (Meaning.SPLIT, False, None)
    error = classify(f"{TOO_MANY_PARTITIONS}: while pushing to view default.mv (TOO_MANY_PARTS){END}", "t")
    assert (error.meaning, error.applied, error.view) == (Meaning.SPLIT, True, "default.mv")
    error = classify(f"Code: 252. DB::Exception: Too many parts (3000) in table 't'. (TOO_MANY_PARTS){END}", "t")
    assert (error.meaning, error.applied) == (Meaning.RETRY, True)
