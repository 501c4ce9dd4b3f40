"""The customer directory: what is written is read again, and every bad cell is named at once."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.values import Account, Coverage, Language, Plan
from daemon.settings.account_cells import COLUMNS, read_row
from daemon.settings.directory import decode, read_accounts, write_accounts
from daemon.settings.faults import ConfigError, Fault
from tests.settings.desk_files import REPOSITORY

HEADER = "account,name,plan,coverage,installs,language,emails,domains,phones,billing_email"
PREMIUM = {Plan.OR, Plan.PLATINE}


def coverage_of(plan: Plan) -> Coverage:
    return Coverage.PREMIUM if plan in PREMIUM else Coverage.STANDARD


def read(*rows: str, header: str = HEADER) -> list[Account]:
    return read_accounts("\n".join([header, *rows]) + "\n", "desk.csv", coverage_of)


def faults(*rows: str, header: str = HEADER) -> list[Fault]:
    with pytest.raises(ConfigError) as caught:
        read(*rows, header=header)
    return list(caught.value.faults)


def test_a_full_row_is_an_account() -> None:
    lists = "M@a.example; n@a.example ,@A.example,418 555-0123;+1 418 555 0124,B@a.example"
    assert read(f'A1,"Roy, fils",Or,standard,3,FR,{lists}') == [
        Account(
            key="A1",
            name="Roy, fils",
            plan=Plan.OR,
            coverage=Coverage.STANDARD,
            installs=3,
            language=Language.FR,
            emails=("m@a.example", "n@a.example"),
            domains=("a.example",),
            phones=("4185550123", "4185550124"),
            billing_email="b@a.example",
        )
    ]


def test_what_is_empty_is_unknown_or_follows_the_plan() -> None:
    (account, other) = read("A1,,gratuit,,,,,,,", "A2,,platine,,,,,,,")
    assert account == Account(key="A1", name="A1", plan=Plan.GRATUIT, coverage=Coverage.STANDARD)
    assert other.coverage is Coverage.PREMIUM
    assert account.installs is None
    assert account.language is None


def test_columns_may_stand_in_any_order_and_empty_lines_and_a_bom_count_for_nothing() -> None:
    header = "\ufeff" + ",".join(reversed(COLUMNS))
    (account,) = read("", ",,,,,,,,,", ",,,,fr,1,,or,,A1", "", header=header)
    assert (account.key, account.plan, account.installs) == ("A1", Plan.OR, 1)


def test_lines_may_end_as_windows_ends_them() -> None:
    text = f"{HEADER}\r\nA1,,or,,,,,,,\r\nA2,,or,,,,,,,\r\n"
    assert [a.key for a in read_accounts(text, "desk.csv", coverage_of)] == ["A1", "A2"]


@pytest.mark.parametrize(
    ("column", "cell", "holds", "expected"),
    [
        ("account", "", '""', "the key of the account"),
        ("account", "a" * 65, None, "at most 64"),
        ("account", "A\x071", '"A\\u00071"', "control characters"),
        ("name", "A\x1b[31mB", '"A\\u001b[31mB"', "control characters"),
        ("plan", "", '""', "one of gratuit, base, bronze, argent, or, platine"),
        ("plan", "gold", '"gold"', "one of gratuit"),
        ("coverage", "24/7", '"24/7"', "standard or premium"),
        ("installs", "many", '"many"', "a whole number from 1"),
        ("installs", "0", '"0"', "a whole number from 1"),
        ("installs", "-1", '"-1"', "a whole number from 1"),
        ("installs", "1.5", '"1.5"', "a whole number from 1"),
        ("installs", "٣", '"٣"', "a whole number from 1"),
        ("installs", "9" * 30, None, "a whole number from 1"),
        ("language", "de", '"de"', "fr or en"),
        ("emails", "marie", '"marie"', "an address"),
        ("emails", "a@b.example;marie@", None, 'not "marie@"; several are separated by'),
        ("domains", "a b.example", None, "a mail domain"),
        ("domains", "shop.example;gmail.com", None, "not a mail provider's"),
        ("domains", "VIDEOTRON.CA", None, "not a mail provider's"),
        ("phones", "555-01", '"555-01"', "7 to 15 digits"),
        ("phones", "418 555-0123 poste 4", None, "7 to 15 digits"),
        ("billing_email", "a@b.example;c@d.example", None, "an address"),
    ],
)
def test_a_bad_cell_is_told_with_line_column_value_and_what_was_expected(
    column: str, cell: str, holds: str | None, expected: str
) -> None:
    cells = {"account": "A1", "plan": "or", column: cell}
    row = ",".join(cells.get(name, "") for name in COLUMNS)
    (found,) = faults("A0,,or,,,,,,,", row)
    assert (found.file, found.key) == ("desk.csv", f"line 3, {column}")
    assert holds is None or found.holds == holds
    assert expected in found.expected


def test_all_bad_cells_of_all_rows_are_told_at_once() -> None:
    found = faults("A1,,gold,,0,de,,,,", "A2,,or,,,,,,,", "A3,,or,,,,x,y z,1,q")
    assert [f.key for f in found] == [
        "line 2, plan",
        "line 2, installs",
        "line 2, language",
        "line 4, emails",
        "line 4, domains",
        "line 4, phones",
        "line 4, billing_email",
    ]


def test_a_row_after_a_cell_of_two_lines_is_told_by_the_line_it_begins_on() -> None:
    found = faults('A1,"two\nlines",or,,,,,,,', "A2,,gold,,,,,,,")
    assert [f.key for f in found] == ["line 2, name", "line 4, plan"]


def test_an_account_stands_there_once_whatever_its_case() -> None:
    (found,) = faults("A1,,or,,,,,,,", "a1,,or,,,,,,,")
    assert (found.key, found.holds) == ("line 3, account", '"a1"')
    assert "line 2 has it too" in found.expected


@pytest.mark.parametrize(
    ("written", "digits"),
    [("+1 (418) 555-0123", "4185550123"), ("1234567", "1234567"), ("+33 1 42 68 53 00", "33142685300")],
)
def test_a_phone_number_is_its_digits_without_the_country_code_1(written: str, digits: str) -> None:
    (account,) = read(f"A1,,or,,,,,,{written},")
    assert account.phones == (digits,)


def test_an_address_belongs_to_one_account() -> None:
    (found,) = faults("A1,,or,,,,M@a.example,,,", "A2,,or,,,,b@b.example;m@a.example,,,")
    assert (found.key, found.holds) == ("line 3, emails", '"m@a.example"')
    assert "A1 has it on line 2" in found.expected


def test_an_address_of_the_desk_or_an_agent_is_no_customers() -> None:
    text = f"{HEADER}\nA1,,or,,,,m@a.example;Alex@azimutpos.com,,,\n"
    with pytest.raises(ConfigError, match=r"line 2, emails is .alex@azimutpos.com.: .*an agent's"):
        read_accounts(text, "desk.csv", coverage_of, {"alex@azimutpos.com"})


def test_an_address_twice_in_one_cell_is_that_address() -> None:
    (account,) = read("A1,,or,,,,m@a.example;M@a.example,,,")
    assert account.emails == ("m@a.example",)


def test_two_accounts_may_share_a_domain_a_phone_and_who_pays() -> None:
    rows = [f"A{n},,or,,,,,a.example,4185550123,pay@a.example" for n in (1, 2)]
    assert [a.domains for a in read(*rows)] == [("a.example",)] * 2


def test_unknown_doubled_and_missing_columns_are_told_together() -> None:
    found = faults(header=HEADER.replace("phones", "phone").replace("plan", "name") + ",notes")
    assert [(f.key, f.holds) for f in found] == [
        ("line 1, name", "there twice"),
        ("line 1, header", '"phone"'),
        ("line 1, header", '"notes"'),
        ("line 1, plan", "missing"),
        ("line 1, phones", "missing"),
    ]
    assert "did you mean 'phones'?" in found[1].expected


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_an_empty_file_lacks_its_header(text: str) -> None:
    with pytest.raises(ConfigError, match="line 1, header is missing: expected account,name"):
        read_accounts(text, "desk.csv", coverage_of)


def test_a_row_with_a_cell_too_many_or_too_few_is_told() -> None:
    found = faults("A1,,or,,,,,,,,", "A2,,or")
    assert [(f.key, f.holds) for f in found] == [("line 2", "11 cells"), ("line 3", "3 cells")]


def test_a_quote_that_is_never_closed_is_told_with_the_rest() -> None:
    found = faults("A1,,gold,,,,,,,", 'A2,"Roy,or,,,,,,,')
    assert {f.key for f in found} == {"line 2, plan", "line 3"}
    assert any("closed quotes" in f.expected for f in found)


def test_bytes_that_are_no_utf8_are_told_with_their_line() -> None:
    with pytest.raises(ConfigError, match=r"desk\.csv: line 2 is byte 0xe9: expected text in UTF-8"):
        decode(b"account\ncaf\xe9\n", "desk.csv")
    assert decode(b"\xef\xbb\xbfcaf\xc3\xa9", "desk.csv") == "café"


def test_one_row_can_be_read_by_itself_with_columns_left_out() -> None:
    account, wrong = read_row({"account": "A1", "plan": "or", "emails": "m@a.example"}, coverage_of)
    assert account == Account(
        key="A1", name="A1", plan=Plan.OR, coverage=Coverage.PREMIUM, emails=("m@a.example",)
    )
    assert wrong == []


@pytest.mark.parametrize("path", ["config/customers.csv", "tests/fixtures/customers.csv"])
def test_the_sample_directories_can_be_read(path: str) -> None:
    file = Path(REPOSITORY, path)
    accounts = read_accounts(decode(file.read_bytes(), path), path, coverage_of)
    assert [a.key for a in accounts] == ["ROY", "RIVAGE", "LEMIEUX", "QUAI", "STEPH", "GAGNON"]
    assert accounts[0].coverage is Coverage.PREMIUM


words = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufeff"), max_size=20
).map(lambda text: unicodedata.normalize("NFC", text.strip()))
labels = st.from_regex(r"[a-z0-9é]([a-z0-9é-]{0,8}[a-z0-9é])?", fullmatch=True)
domains = st.builds("{}.{}".format, labels, labels)
locals_ = st.from_regex(r"[a-z0-9é!#$%&'*+/=?^_`{|}~.-]{1,12}", fullmatch=True)
addresses = st.builds("{}@{}".format, locals_, domains)
phones = st.from_regex(r"[02-9][0-9]{6,14}", fullmatch=True)


def tuples(items: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(items, max_size=3, unique=True).map(tuple)


accounts_ = st.builds(
    Account,
    key=words.filter(lambda key: 0 < len(key) <= 64),
    name=words.filter(bool),
    plan=st.sampled_from(Plan),
    coverage=st.sampled_from(Coverage),
    installs=st.none() | st.integers(1, 100_000),
    language=st.none() | st.sampled_from(Language),
    emails=tuples(addresses),
    domains=tuples(domains),
    phones=tuples(phones),
    billing_email=st.just("") | addresses,
)


def distinct(accounts: list[Account]) -> bool:
    emails = [address for account in accounts for address in account.emails]
    keys = [account.key.casefold() for account in accounts]
    return len(set(emails)) == len(emails) and len(set(keys)) == len(keys)


@given(st.lists(accounts_, max_size=5).filter(distinct))
def test_what_is_written_is_read_again(accounts: list[Account]) -> None:
    assert read_accounts(write_accounts(accounts), "desk.csv", coverage_of) == accounts


@given(st.text(max_size=300))
def test_any_text_is_accounts_or_faults(text: str) -> None:
    for table in (text, f"{HEADER}\n{text}"):
        try:
            accounts = read_accounts(table, "desk.csv", coverage_of)
        except ConfigError:
            continue
        assert distinct(accounts)


@given(st.lists(st.lists(st.text(max_size=12), min_size=10, max_size=10), max_size=3))
def test_any_cells_are_accounts_that_survive_writing_or_faults(cells: list[list[str]]) -> None:
    quoted = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in cells)
    try:
        accounts = read_accounts(f"{HEADER}\n{quoted}\n", "desk.csv", coverage_of)
    except ConfigError:
        return
    assert read_accounts(write_accounts(accounts), "desk.csv", coverage_of) == accounts
