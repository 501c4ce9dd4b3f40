"""Every fault names the file, the key, what it holds and what was expected; all are told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.settings.faults import ConfigError
from daemon.settings.load import find_config, load_settings
from tests.settings.desk_files import fault, faults, load, write
from tests.settings.test_settings_keys import AGENT

# section, key, in the file, what the fault shows, a part of what was expected
WRONG: list[tuple[str, str, str, str, str]] = [
    ("desk", "address", '"support"', '"support"', "an address"),
    ("desk", "address", '"a b@shop.example"', '"a b@shop.example"', "an address"),
    ("desk", "address", '"desk@shop"', '"desk@shop"', "an address"),
    ("desk", "address", "1", "1", "an address"),
    ("desk", "name", '""', '""', "not empty"),
    ("desk", "name", '"A\\r\\nBcc: x@y.example"', '"A\\r\\nBcc: x@y.example"', "control characters"),
    ("desk", "name", "3", "3", "a text"),
    ("desk", "timezone", '"America/Torontoo"', '"America/Torontoo"', '"America/Toronto"'),
    ("desk", "timezone", '"../etc/passwd"', '"../etc/passwd"', "time zone"),
    ("desk", "timezone", '"America"', '"America"', "time zone"),
    ("desk", "timezone", '""', '""', "time zone"),
    ("desk", "language", '"de"', '"de"', '"fr" or "en"'),
    ("desk", "language", "[]", "[]", '"fr" or "en"'),
    ("desk", "data_dir", '""', '""', "a path"),
    ("desk", "secret_file", "7", "7", "a text"),
    ("desk", "templates", '"nowhere"', '"nowhere"', "a folder that exists"),
    ("desk", "plus_addressing", '"yes"', '"yes"', "true or false"),
    ("desk", "plus_addressing", "1", "1", "true or false"),
    ("desk", "phone", '"call us"', '"call us"', "a phone number"),
    ("desk", "escalation", '"boss@azimutpos.com"', '"boss@azimutpos.com"', "a list"),
    ("desk", "escalation", '["boss"]', '["boss"]', "'boss' stands in it"),
    ("desk", "oncall", "[3]", "[3]", "a list"),
    ("imap", "host", '""', '""', "not empty"),
    ("imap", "port", '"993"', '"993"', "a whole number from 1 to 65535"),
    ("imap", "port", "0", "0", "a whole number from 1 to 65535"),
    ("imap", "port", "65536", "65536", "a whole number from 1 to 65535"),
    ("imap", "port", "true", "true", "a whole number"),
    ("imap", "port", "9.5", "9.5", "a whole number"),
    ("imap", "tls", '"ssl"', '"ssl"', '"implicit", "starttls" or "none"'),
    ("imap", "tls", "false", "false", '"implicit", "starttls" or "none"'),
    ("imap", "auth", '"oauth"', '"oauth"', '"password" or "xoauth2"'),
    ("imap", "poll_interval", '"0s"', '"0s"', 'at least "1s"'),
    ("imap", "poll_interval", "30", "30", "a duration"),
    ("imap", "poll_interval", '"30 s"', '"30 s"', "a duration"),
    ("imap", "poll_interval", '"1bd"', '"1bd"', "a duration"),
    ("imap", "answer_newer_than", '"3 days"', '"3 days"', "a duration"),
    ("imap", "answer_newer_than", '"999999999d"', '"999999999d"', "a duration"),
    ("imap", "max_size", '"30"', '"30"', "a size"),
    ("imap", "max_size", "30", "30", "a size"),
    ("imap", "max_size", '"0MB"', '"0MB"', "at least"),
    ("imap", "trusted_authserv", '"mx"', '"mx"', "a list"),
    ("imap", "idle", "0", "0", "true or false"),
    ("smtp", "connections", "0", "0", "from 1 to 50"),
    ("smtp", "max_per_minute", "-1", "-1", "a whole number from 0"),
    ("smtp", "only_to", '["a b"]', '["a b"]', "a list"),
    ("store", "url", '"mysql://db/desk"', '"mysql://db/desk"', "sqlite:///"),
    ("store", "url", '"sqlite:///a?x=1"', '"sqlite:///a?x=1"', "sqlite:///"),
    ("store", "url", '"sqlite://"', '"sqlite://"', "sqlite:///"),
    ("store", "url", '""', '""', "sqlite:///"),
    ("mail", "voicemail_senders", '["phones.example"]', '["phones.example"]', "a list"),
    ("mail", "hold", '"soon"', '"soon"', "a duration"),
    ("mail", "card_mails", '"mask"', '"mask"', '"replace" or "keep"'),
    ("mail", "digest", '"8:50"', '"8:50"', "a time of day"),
    ("mail", "digest", '"24:00"', '"24:00"', "a time of day"),
    ("mail", "digest", "08:50:00", '"08:50:00"', "a time of day"),
    ("mail", "auto_resolve", '""', '""', "true or false"),
    ("limits", "acks_per_address", "-1", "-1", "a whole number from 0"),
    ("limits", "acks_desk", '"none"', '"none"', "a whole number from 0"),
    ("http", "listen", '"9464"', '"9464"', "host:port"),
    ("http", "listen", '"::1:9464"', '"::1:9464"', "host:port"),
    ("http", "listen", '"localhost:99999"', '"localhost:99999"', "host:port"),
    ("http", "listen", "false", "false", "host:port"),
    ("alarm", "command", "[]", "[]", "a text"),
]


@pytest.mark.parametrize(("section", "key", "written", "holds", "expected"), WRONG)
def test_a_wrong_value_is_told_with_file_key_value_and_what_was_expected(
    tmp_path: Path, section: str, key: str, written: str, holds: str, expected: str
) -> None:
    found = fault(tmp_path, f"[{section}]\n{key} = {written}\n")
    assert found.file == str(tmp_path / "azimut-support.toml")
    assert found.key == f"{section}.{key}"
    assert found.holds == holds
    assert expected in found.expected
    assert str(found).startswith(f"{found.file}: {section}.{key} is {holds}: ")


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("[imap]\nprot = 143", "imap.prot", "did you mean 'port'?"),
        ("[desk]\nescalations = []", "desk.escalations", "did you mean 'escalation'?"),
        ("[smtp]\npoll_interval = '3s'", "smtp.poll_interval", "belongs into [imap]"),
        ("[http]\nzzz = 1", "http.zzz", "known keys are listen"),
        ("[imapp]\nport = 143", "imapp", "did you mean 'imap'?"),
        ("port = 143", "port", "belongs into [imap] or [smtp]"),
        ("[zzz]", "zzz", "known sections are desk, imap"),
        (AGENT + "managr = true", "agents.1.managr", "did you mean 'manager'?"),
        ('[desk]\n"a key\\u0007" = 1', 'desk."a key\\u0007"', "known keys are"),
    ],
)
def test_an_unknown_key_proposes_the_nearest_known_one(
    tmp_path: Path, text: str, key: str, expected: str
) -> None:
    found = fault(tmp_path, text)
    assert found.key == key
    assert expected in found.expected


@pytest.mark.parametrize(
    ("text", "key", "holds", "expected"),
    [
        ("desk = 3", "desk", "3", "a table [desk]"),
        ("[[imap]]\nport = 1", "imap", '[{"port": 1}]', "a table [imap]"),
        ("[agents]\nname = 'x'", "agents", '{"name": "x"}', "[[agents]]"),
        ("agents = [1]", "agents.1", "1", "a table [agents]"),
    ],
)
def test_a_section_of_the_wrong_shape_is_told(
    tmp_path: Path, text: str, key: str, holds: str, expected: str
) -> None:
    found = fault(tmp_path, text)
    assert (found.key, found.holds) == (key, holds)
    assert expected in found.expected


def test_an_agent_needs_name_handle_and_address(tmp_path: Path) -> None:
    found = faults(tmp_path, AGENT + "[[agents]]\n")
    assert [f.key for f in found] == ["agents.2.name", "agents.2.handle", "agents.2.address"]
    assert {f.holds for f in found} == {"missing"}


@pytest.mark.parametrize(
    "handle", ["Alex Roy", "p1", "moi", "é", "", "-a", "a" * 33, "ok", "note", "public", "retard", "myself"]
)
def test_a_handle_is_a_short_word_that_no_command_uses(tmp_path: Path, handle: str) -> None:
    found = fault(tmp_path, AGENT.replace('"alex"', f'"{handle}"'))
    assert found.key == "agents.1.handle"
    assert "a short name" in found.expected


def test_two_agents_with_one_handle_or_one_address_are_told(tmp_path: Path) -> None:
    other = AGENT.replace("alex@azimutpos.com", "sam@azimutpos.com")
    (found,) = faults(tmp_path, AGENT + other)
    assert (found.key, found.holds) == ("agents.2.handle", '"alex"')
    other = AGENT.replace('"alex"', '"sam"').replace('"alex@a', '"sam@a')
    (found,) = faults(tmp_path, AGENT + other + 'aliases = ["ALEX@azimutpos.com"]')
    assert (found.key, found.holds) == ("agents.2.aliases", '"alex@azimutpos.com"')
    assert "agent 1 has this one" in found.expected


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[desk]\naddress = "alex@azimutpos.com"\n' + AGENT, "agents.1.address"),
        (AGENT + 'aliases = ["support@azimutpos.com"]', "agents.1.aliases"),
        ('[desk]\nescalation = ["support@azimutpos.com"]', "desk.escalation"),
        ('[desk]\noncall = ["support@azimutpos.com"]', "desk.oncall"),
    ],
)
def test_the_desk_never_writes_to_itself(tmp_path: Path, text: str, key: str) -> None:
    found = fault(tmp_path, text)
    assert found.key == key
    assert "that of the desk itself" in found.expected


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('mailbox = "Processed"', "imap.processed"),
        ('processed = "Quarantine"', "imap.quarantine"),
        ('quarantine = "inbox"', "imap.quarantine"),
        ('sent = "inbox"', "imap.sent"),
    ],
)
def test_a_mail_that_was_dealt_with_leaves_the_folder_that_is_read(
    tmp_path: Path, text: str, key: str
) -> None:
    found = fault(tmp_path, f"[imap]\n{text}")
    assert found.key == key
    assert "another folder" in found.expected


def test_a_configuration_with_eight_faults_reports_all_eight(tmp_path: Path) -> None:
    text = """
        [desk]
        address = "nobody"
        timezone = "Mars/Olympus"
        sla = "promises.toml"
        [imap]
        prot = 993
        tls = "yes"
        [limits]
        acks_desk = -1
        [[agents]]
        name = "Alex Roy"
        handle = "alex"
        address = "alex@azimutpos.com"
        [[agents]]
        name = "Alex Côté"
        handle = "alex"
        address = "alex.cote@azimutpos.com"
    """
    found = faults(tmp_path, text, {"AZIMUT_SUPPORT_SMTP__PROT": "25"})
    assert len(found) == 8, [str(f) for f in found]
    assert {f.key for f in found if f.file.endswith("azimut-support.toml")} == {
        "desk.address",
        "desk.timezone",
        "imap.prot",
        "imap.tls",
        "limits.acks_desk",
        "agents.2.handle",
    }
    assert [f.key for f in found if f.file == "environment"] == ["AZIMUT_SUPPORT_SMTP__PROT"]
    assert len([f for f in found if f.file.endswith("promises.toml")]) == 1
    assert len(str(ConfigError(found)).splitlines()) == 8


def test_faults_of_the_promises_are_told_with_those_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[[version]]\nnam = 'x'\n", encoding="utf-8")
    found = faults(tmp_path, '[desk]\nsla = "mine.toml"\nphone = "?"')
    assert {Path(f.file).name for f in found} == {"azimut-support.toml", "mine.toml"}


def test_text_that_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    found = fault(tmp_path, "[desk]\nname = 'a'\nname ==\n")
    assert "line 3" in str(found)
    assert str(tmp_path / "azimut-support.toml") in str(found)


def test_bytes_that_are_no_utf8_are_told_with_their_line(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    path.write_bytes(b"[desk]\nname = 'caf\xe9'\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(path, {})
    assert str(caught.value) == f"{path}: line 2 is byte 0xe9: expected text in UTF-8"


def test_a_file_that_does_not_exist_or_is_a_folder_is_told(tmp_path: Path) -> None:
    for path, holds in [(tmp_path / "no.toml", "no such file"), (tmp_path, "is a directory")]:
        with pytest.raises(ConfigError, match=f"{path}: file: {holds}"):
            load_settings(path, {})


class TestEnvironment:
    def test_a_wrong_value_is_told_by_the_name_of_the_variable(self, tmp_path: Path) -> None:
        found = fault(tmp_path, "[imap]\nport = 143", {"AZIMUT_SUPPORT_IMAP__PORT": "imaps"})
        assert (found.file, found.key, found.holds) == (
            "environment",
            "AZIMUT_SUPPORT_IMAP__PORT",
            '"imaps"',
        )
        assert found.expected == "expected a whole number from 1 to 65535"

    @pytest.mark.parametrize(
        ("variable", "near"),
        [
            ("AZIMUT_SUPPORT_IMAP__PROT", "AZIMUT_SUPPORT_IMAP__PORT"),
            ("AZIMUT_SUPPORT_IMAP_PORT", "AZIMUT_SUPPORT_IMAP__PORT"),
            ("AZIMUT_SUPPORT_imap__port", "AZIMUT_SUPPORT_IMAP__PORT"),
            ("AZIMUT_SUPPORT_AGENTS__1__HANDEL", "AZIMUT_SUPPORT_AGENTS__1__HANDLE"),
            ("AZIMUT_SUPPORT_CONFIGS", "AZIMUT_SUPPORT_CONFIG"),
        ],
    )
    def test_an_unknown_variable_proposes_the_nearest_key(
        self, tmp_path: Path, variable: str, near: str
    ) -> None:
        found = fault(tmp_path, "", {variable: "1"})
        assert (found.file, found.key, found.holds) == ("environment", variable, '"1"')
        assert f"did you mean {near}?" in found.expected

    def test_a_variable_that_resembles_nothing_is_told_how_they_are_written(self, tmp_path: Path) -> None:
        found = fault(tmp_path, "", {"AZIMUT_SUPPORT_ZZZ": "1"})
        assert "expected AZIMUT_SUPPORT_SECTION__KEY" in found.expected

    @pytest.mark.parametrize("text", ["a@b.example", "[a@b.example]", "['a@b.example'", '["a"]'])
    def test_a_list_is_written_as_a_list(self, tmp_path: Path, text: str) -> None:
        found = fault(tmp_path, "", {"AZIMUT_SUPPORT_DESK__ONCALL": text})
        assert "expected a list such as" in found.expected

    def test_an_agent_cannot_be_added_past_the_next_one(self, tmp_path: Path) -> None:
        found = fault(tmp_path, AGENT, {"AZIMUT_SUPPORT_AGENTS__3__NAME": "Sam"})
        assert found.key == "AZIMUT_SUPPORT_AGENTS__3__NAME"

    def test_a_section_that_is_no_table_stays_the_fault_of_the_file(self, tmp_path: Path) -> None:
        found = fault(tmp_path, "imap = 3", {"AZIMUT_SUPPORT_IMAP__PORT": "143"})
        assert (Path(found.file).name, found.key) == ("azimut-support.toml", "imap")


class TestSecrets:
    @pytest.mark.parametrize(
        "text",
        [
            '[imap]\npassword = "hunter2"',
            '[smtp]\npasswd = "hunter2"',
            '[imap]\npasword = "hunter2"',
            '[smtp]\nsecrt = "hunter2"',
            'password = "hunter2"',
            '[imap]\noauth_token = "hunter2"',
            '[store]\nurl = "mysql://desk:hunter2@db/desk"',
            '[store]\nurl = "mysql://desk:hunter2@@db/desk"',
            '[store]\nurls = "postgres://desk:hunter2@db/desk"',
        ],
    )
    def test_a_fault_never_shows_a_secret(self, tmp_path: Path, text: str) -> None:
        assert "hunter2" not in str(fault(tmp_path, text))

    def test_a_password_among_the_keys_is_told_where_to_go(self, tmp_path: Path) -> None:
        found = fault(tmp_path, '[imap]\npassword = "hunter2"')
        assert "password_file" in found.expected

    def test_a_variable_that_sounds_like_a_secret_is_not_shown(self, tmp_path: Path) -> None:
        found = fault(tmp_path, "", {"AZIMUT_SUPPORT_IMAP__PASWORD": "hunter2"})
        assert "hunter2" not in str(found)
        assert "AZIMUT_SUPPORT_IMAP__PASSWORD" in found.expected


class TestWarnings:
    def test_a_complete_desk_has_none(self, tmp_path: Path) -> None:
        text = (
            '[desk]\nphone = "418 555-0142"\noncall = ["nuit@azimutpos.com"]\n'
            '[imap]\ntrusted_authserv = ["mx.azimutpos.com"]\n'
        )
        agent = AGENT + 'aliases = ["nuit@azimutpos.com"]\nmanager = true\n'
        assert load(tmp_path, text + agent).warnings == ()

    @pytest.mark.parametrize(
        ("text", "start"),
        [
            ('[desk]\noncall = ["pager@phones.example"]', "desk.oncall: pager@phones.example"),
            ("", "agents: "),
            (AGENT, "desk.escalation: "),
            ("", "desk.phone: "),
            ("", "imap.trusted_authserv: "),
            ('[imap]\nhost = "mx.example"\ntls = "none"', "imap.tls: none"),
            ('[smtp]\nhost = "mx.example"\ntls = "none"', "smtp.tls: none"),
        ],
    )
    def test_what_works_and_deserves_attention_is_a_warning(
        self, tmp_path: Path, text: str, start: str
    ) -> None:
        assert [w for w in load(tmp_path, text).warnings if w.startswith(start)]

    def test_mail_in_clear_on_this_machine_is_none(self, tmp_path: Path) -> None:
        text = '[imap]\ntls = "none"\n[smtp]\nhost = "localhost"\ntls = "none"'
        assert not [w for w in load(tmp_path, text).warnings if "tls" in w]


class TestFindingTheFile:
    def test_the_option_stands_before_the_variable(self) -> None:
        environ = {"AZIMUT_SUPPORT_CONFIG": "/b.toml"}
        assert find_config("/a.toml", environ) == Path("/a.toml")
        assert find_config(None, environ) == Path("/b.toml")

    def test_the_system_stands_before_the_checkout(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("daemon.settings.load.SYSTEM_CONFIG", tmp_path / "etc.toml")
        monkeypatch.setattr("daemon.settings.load.CHECKOUT", tmp_path)
        sample = tmp_path / "config" / "azimut-support.toml"
        sample.parent.mkdir()
        sample.touch()
        with pytest.raises(ConfigError):  # an installed wheel: a folder of this name is not ours
            find_config(None, {})
        (tmp_path / "pyproject.toml").touch()
        assert find_config(None, {}) == sample
        (tmp_path / "etc.toml").touch()
        assert find_config(None, {}) == tmp_path / "etc.toml"

    def test_when_there_is_none_it_is_told_where_it_was_looked_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("daemon.settings.load.SYSTEM_CONFIG", tmp_path / "etc.toml")
        monkeypatch.setattr("daemon.settings.load.CHECKOUT", tmp_path)
        with pytest.raises(ConfigError) as caught:
            find_config(None, {})
        assert str(tmp_path / "etc.toml") in str(caught.value)
        assert "--config" in str(caught.value)
