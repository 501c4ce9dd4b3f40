"""Every key of the contract: its default, and that file and environment each change it."""

from __future__ import annotations

import tomllib
from datetime import time
from pathlib import Path

import pytest

from daemon.core.values import Language
from daemon.settings.load import load_settings
from daemon.settings.model import AGENTS, SECTIONS, Agent, Settings
from tests.settings.desk_files import SHIPPED, load, write

# section, key, default, in the file, in the environment, what both mean
KEYS: list[tuple[str, str, object, str, str, object]] = [
    (
        "desk",
        "address",
        "support@azimutpos.com",
        '"Aide@Shop.example"',
        "Aide@Shop.example",
        "aide@shop.example",
    ),
    ("desk", "name", "Soutien Azimut POS", '"Aide"', "Aide", "Aide"),
    ("desk", "timezone", "America/Toronto", '"Europe/Paris"', "Europe/Paris", "Europe/Paris"),
    ("desk", "language", Language.FR, '"en"', "en", Language.EN),
    ("desk", "data_dir", Path("/var/lib/azimut-support"), '"/srv/desk"', "/srv/desk", Path("/srv/desk")),
    ("desk", "secret_file", None, '"/srv/key"', "/srv/key", Path("/srv/key")),
    ("desk", "plus_addressing", True, "false", "false", False),
    ("desk", "phone", "", '"1 418 555-0142"', "1 418 555-0142", "1 418 555-0142"),
    ("desk", "escalation", (), '["A@b.example"]', '["A@b.example"]', ("a@b.example",)),
    ("desk", "oncall", (), "['n@b.example', 'n@b.example']", "['n@b.example']", ("n@b.example",)),
    ("imap", "host", "127.0.0.1", '"mx.example"', "mx.example", "mx.example"),
    ("imap", "port", 993, "143", "143", 143),
    ("imap", "tls", "implicit", '"starttls"', "starttls", "starttls"),
    ("imap", "auth", "password", '"xoauth2"', "xoauth2", "xoauth2"),
    ("imap", "username", "support@azimutpos.com", '"desk"', "desk", "desk"),
    ("imap", "mailbox", "INBOX", '"Support"', "Support", "Support"),
    ("imap", "processed", "Processed", '"Traités"', "Traités", "Traités"),
    ("imap", "quarantine", "Quarantine", '"Rebut"', "Rebut", "Rebut"),
    ("imap", "poll_interval", 30, '"1h30min"', "1h30min", 5_400),
    ("imap", "idle", True, "false", "false", False),
    ("imap", "answer_newer_than", None, '"72h"', "72h", 259_200),
    ("imap", "max_size", 31_457_280, '"500KB"', "500KB", 512_000),
    ("imap", "trusted_authserv", (), '["mx.example"]', '["mx.example"]', ("mx.example",)),
    ("imap", "sent", "", '"Sent"', "Sent", "Sent"),
    ("smtp", "host", "127.0.0.1", '"mx.example"', "mx.example", "mx.example"),
    ("smtp", "port", 465, "587", "587", 587),
    ("smtp", "tls", "implicit", '"none"', "none", "none"),
    ("smtp", "username", "", '"desk"', "desk", "desk"),
    ("smtp", "password_file", None, '"/srv/pw"', "/srv/pw", Path("/srv/pw")),
    ("smtp", "connections", 4, "8", "8", 8),
    ("smtp", "max_per_minute", 0, "60", "60", 60),
    ("smtp", "only_to", (), '["@Shop.example"]', '["Shop.example"]', ("shop.example",)),
    (
        "store",
        "url",
        "sqlite:///var/lib/azimut-support/desk.sqlite3",
        '"postgres://desk@db/desk"',
        "postgres://desk@db/desk",
        "postgres://desk@db/desk",
    ),
    ("mail", "voicemail_senders", (), '["@Phones.example"]', '["@phones.example"]', ("@phones.example",)),
    ("mail", "hold", 0, '"2min"', "2min", 120),
    ("mail", "card_mails", "replace", '"keep"', "keep", "keep"),
    ("mail", "voicemail_p1", True, "false", "false", False),
    ("mail", "digest", time(8, 50), '"07:05"', "07:05", time(7, 5)),
    ("mail", "ask_before_update", 900, "0", "0", 0),
    ("mail", "away_on_autoreply", True, "false", "false", False),
    ("mail", "auto_resolve", False, "true", "true", True),
    ("limits", "acks_per_address", 10, "11", "11", 11),
    ("limits", "same_text_per_address", 2, "11", "11", 11),
    ("limits", "tickets_per_address", 20, "0", "0", 0),
    ("limits", "mails_per_ticket", 60, "11", "11", 11),
    ("limits", "reopens_per_ticket", 5, "11", "11", 11),
    ("limits", "acks_desk", 0, "500", "500", 500),
    ("http", "listen", "127.0.0.1:9464", '"[::1]:80"', "[::1]:80", "[::1]:80"),
    ("alarm", "command", "", '"/usr/bin/page-us"', "/usr/bin/page-us", "/usr/bin/page-us"),
]
NEED_A_FOLDER = {("desk", "sla"), ("desk", "templates"), ("imap", "password_file")}
AGENT = '[[agents]]\nname = "Alex Roy"\nhandle = "alex"\naddress = "alex@azimutpos.com"\n'


def value(settings: Settings, section: str, key: str) -> object:
    return getattr(getattr(settings, section), key)


def test_every_key_of_the_model_is_in_this_table() -> None:
    tabled = {(section, key) for section, key, *_ in KEYS} | NEED_A_FOLDER
    assert tabled == {(s, key) for s, model in SECTIONS.items() for key in model.model_fields}


@pytest.mark.parametrize(("section", "key", "default"), [row[:3] for row in KEYS])
def test_a_key_left_out_has_the_default_of_the_contract(
    tmp_path: Path, section: str, key: str, default: object
) -> None:
    assert value(load(tmp_path, ""), section, key) == default


@pytest.mark.parametrize(("section", "key", "written", "means"), [(r[0], r[1], r[3], r[5]) for r in KEYS])
def test_the_file_sets_a_key(tmp_path: Path, section: str, key: str, written: str, means: object) -> None:
    settings = load(tmp_path, f"[{section}]\n{key} = {written}\n")
    assert value(settings, section, key) == means


@pytest.mark.parametrize(
    ("section", "key", "written", "variable", "means"), [(r[0], r[1], r[3], r[4], r[5]) for r in KEYS]
)
def test_the_environment_stands_before_the_file(
    tmp_path: Path, section: str, key: str, written: str, variable: str, means: object
) -> None:
    name = f"AZIMUT_SUPPORT_{section}__{key}".upper()
    assert value(load(tmp_path / "alone", "", {name: variable}), section, key) == means
    wrong = f"[{section}]\n{key} = 1979-05-27\n"  # no key takes a date: it would be a fault if it counted
    assert value(load(tmp_path / "before", wrong, {name: variable}), section, key) == means
    assert written


def test_relative_paths_start_at_the_folder_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "wording").mkdir()
    settings = load(
        tmp_path,
        '[desk]\ndata_dir = "data"\nsecret_file = "../key"\ntemplates = "wording"\n'
        '[imap]\npassword_file = "pw"\n[smtp]\npassword_file = "pw2"\n[store]\nurl = "sqlite://data/d.sqlite3"',
    )
    assert settings.desk.data_dir == tmp_path / "data"
    assert settings.desk.secret_file == tmp_path / ".." / "key"
    assert settings.desk.templates == tmp_path / "wording"
    assert settings.desk.sla == tmp_path / "sla.toml"
    assert settings.imap.password_file == tmp_path / "pw"
    assert settings.smtp.password_file == tmp_path / "pw2"
    assert settings.store.url == f"sqlite://{tmp_path}/data/d.sqlite3"
    assert settings.path == tmp_path / "azimut-support.toml"


def test_the_password_file_of_imap_is_beside_the_configuration_unless_switched_off(
    tmp_path: Path,
) -> None:
    assert load(tmp_path, "").imap.password_file == tmp_path / "imap-password"
    assert load(tmp_path, '[imap]\npassword_file = ""').imap.password_file is None


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("sqlite:///var/lib/desk.sqlite3", "sqlite:///var/lib/desk.sqlite3"),
        ("sqlite:////var/lib/desk.sqlite3", "sqlite:///var/lib/desk.sqlite3"),
        ("sqlite://:memory:", "sqlite://:memory:"),
        ("postgresql://u:p@h/d", "postgresql://u:p@h/d"),
    ],
)
def test_the_url_of_the_store_is_made_absolute(tmp_path: Path, written: str, means: str) -> None:
    assert load(tmp_path, f'[store]\nurl = "{written}"').store.url == means


def test_what_can_be_switched_off_is_off_when_it_is_empty(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        '[mail]\ndigest = ""\nask_before_update = "0"\n[http]\nlisten = ""\n'
        '[imap]\nanswer_newer_than = "0s"\n[desk]\ntemplates = ""',
    )
    assert settings.mail.digest is None
    assert settings.mail.ask_before_update == 0
    assert settings.http.listen == ""
    assert settings.http.endpoint is None
    assert settings.imap.answer_newer_than is None
    assert settings.desk.templates is None


def test_where_to_listen_is_given_as_host_and_port(tmp_path: Path) -> None:
    assert load(tmp_path, "").http.endpoint == ("127.0.0.1", 9464)
    assert load(tmp_path, '[http]\nlisten = "[::1]:80"').http.endpoint == ("::1", 80)


def test_whoever_logs_in_is_the_desk_itself_unless_named(tmp_path: Path) -> None:
    assert load(tmp_path, '[desk]\naddress = "d@shop.example"').imap.username == "d@shop.example"


def test_agents_have_their_addresses_in_lower_case_and_once(tmp_path: Path) -> None:
    more = 'aliases = ["Alex@Home.example", "alex@azimutpos.com"]\nmanager = true\n'
    (agent,) = load(tmp_path, AGENT.replace("alex@azi", "Alex@Azi") + more).agents
    assert agent.addresses == ("alex@azimutpos.com", "alex@home.example")
    assert (agent.name, agent.handle, agent.manager) == ("Alex Roy", "alex", True)


def test_the_environment_changes_an_agent_and_adds_the_next(tmp_path: Path) -> None:
    prefix = "AZIMUT_SUPPORT_AGENTS__"
    more = {
        f"{prefix}1__MANAGER": "true",
        f"{prefix}2__NAME": "Sam Côté",
        f"{prefix}2__HANDLE": "Sam",
        f"{prefix}2__ADDRESS": "sam@azimutpos.com",
        f"{prefix}2__ALIASES": '["sam@home.example"]',
    }
    alex, sam = load(tmp_path, AGENT, more).agents
    assert (alex.name, alex.manager) == ("Alex Roy", True)
    assert (sam.handle, sam.addresses) == ("sam", ("sam@azimutpos.com", "sam@home.example"))


def test_the_environment_can_hold_ten_agents(tmp_path: Path) -> None:
    variables = {
        f"AZIMUT_SUPPORT_AGENTS__{n}__{key}": text
        for n in range(10, 0, -1)
        for key, text in {"NAME": f"A {n}", "HANDLE": f"a{n}", "ADDRESS": f"a{n}@azimutpos.com"}.items()
    }
    assert [agent.handle for agent in load(tmp_path, "", variables).agents] == [f"a{n}" for n in range(1, 11)]


def test_passwords_and_the_place_of_the_file_are_no_keys(tmp_path: Path) -> None:
    names = ("CONFIG", "IMAP__PASSWORD", "SMTP__PASSWORD")
    settings = load(tmp_path, "", {f"AZIMUT_SUPPORT_{name}": "hunter2" for name in names})
    assert "hunter2" not in repr(settings)


def test_the_real_environment_counts_when_none_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZIMUT_SUPPORT_IMAP__PORT", "1143")
    assert load_settings(write(tmp_path, "")).imap.port == 1143


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    path.write_bytes(b"\xef\xbb\xbf[imap]\nport = 143\n")
    assert load_settings(path, {}).imap.port == 143


def test_a_password_in_the_url_of_the_store_is_not_shown_by_repr(tmp_path: Path) -> None:
    assert "hunter2" not in repr(load(tmp_path, '[store]\nurl = "postgres://desk:hunter2@db/desk"'))


def test_the_shipped_configuration_loads_and_names_every_key() -> None:
    settings = load_settings(SHIPPED, {})
    shipped = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    for section, model in SECTIONS.items():
        assert list(shipped[section]) == list(model.model_fields)
    assert [list(table) for table in shipped[AGENTS]] == [list(Agent.model_fields)]
    assert settings.desk.escalation == ("direction@azimutpos.com",)
    assert settings.agents[0].handle == "alex"
    assert settings.sla


def test_the_shipped_configuration_shows_the_defaults(tmp_path: Path) -> None:
    shipped, bare = load_settings(SHIPPED, {}), load(tmp_path, "")
    stated = {("desk", "escalation")}  # an address of the shop: nobody gets mail who was not named
    for section, key, default, *_ in KEYS:
        if (section, key) not in stated:
            assert value(shipped, section, key) == default == value(bare, section, key), (section, key)


def test_every_key_of_the_shipped_configuration_is_explained() -> None:
    """A comment stands above each key, or above its group of agents' keys."""
    above = ""
    section = ""
    plain = {"host", "port", "quarantine"}
    for row in SHIPPED.read_text(encoding="utf-8").splitlines():
        if row.startswith("["):
            section = row
        key, equals, _ = row.partition(" = ")
        explained = above.startswith("#") or section == "[[agents]]" or key in plain
        assert not equals or row.startswith("#") or explained, row
        above = row
