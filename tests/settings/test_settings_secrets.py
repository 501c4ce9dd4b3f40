"""A secret is read each time, from the first place that has one, never from a file others can read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from daemon.settings.secrets import Secret, SecretMissing, SecretRefused, imap_secret, smtp_secret
from tests.settings.desk_files import load

VARIABLE = "AZIMUT_SUPPORT_IMAP__PASSWORD"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (VARIABLE, "AZIMUT_SUPPORT_SMTP__PASSWORD", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def written(path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def secret(file: Path | None) -> Secret:
    return Secret(file=file, credential="imap-password", env=VARIABLE)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("hunter2", "hunter2"),
        ("hunter2\n", "hunter2"),
        ("hunter2\r\n", "hunter2"),
        ("hunter2\n\n", "hunter2\n"),
        (" pass word ", " pass word "),
        ("clé-Ω", "clé-Ω"),
    ],
)
def test_one_newline_at_the_end_is_no_part_of_a_secret(tmp_path: Path, text: str, value: str) -> None:
    assert secret(written(tmp_path / "pw", text)).read() == value


def test_variable_then_credential_then_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = secret(written(tmp_path / "pw", "of-file"))
    assert one.read() == "of-file"
    written(tmp_path / "credentials" / "imap-password", "of-systemd", 0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    assert one.read() == "of-systemd"
    monkeypatch.setenv(VARIABLE, "of-variable")
    assert one.read() == "of-variable"


def test_a_credential_that_systemd_was_not_told_of_leaves_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "empty"))
    assert secret(written(tmp_path / "pw", "of-file")).read() == "of-file"


def test_a_changed_password_counts_without_a_restart(tmp_path: Path) -> None:
    one = secret(written(tmp_path / "pw", "old"))
    assert one.read() == "old"
    written(tmp_path / "pw", "new")
    assert one.read() == "new"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644, 0o666])
def test_a_file_that_others_can_reach_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "pw", "hunter2", mode)
    with pytest.raises(SecretRefused) as caught:
        secret(path).read()
    told = str(caught.value)
    assert f"{path} has mode {mode:04o}" in told
    assert f"chmod 600 {path}" in told
    assert "hunter2" not in told


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_the_owner_alone_is_read(tmp_path: Path, mode: int) -> None:
    assert secret(written(tmp_path / "pw", "hunter2", mode)).read() == "hunter2"


def test_a_link_to_a_readable_file_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(written(tmp_path / "pw", "hunter2", 0o644))
    with pytest.raises(SecretRefused, match="chmod 600"):
        secret(tmp_path / "link").read()


def test_a_file_named_inside_the_folder_of_systemd_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert secret(written(tmp_path / "other", "hunter2", 0o440)).read() == "hunter2"


def test_a_missing_secret_is_told_with_all_the_places(tmp_path: Path) -> None:
    for file in (None, tmp_path / "no"):
        with pytest.raises(SecretMissing) as caught:
            secret(file).read()
        told = str(caught.value)
        assert VARIABLE in told
        assert "password_file" in told
        assert "imap-password" in told
        assert file is None or str(file) in told


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(SecretMissing, match="is empty"):
        secret(written(tmp_path / "pw", "\n")).read()


def test_a_large_file_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(SecretRefused, match="no password"):
        secret(written(tmp_path / "pw", "x" * 70_000)).read()


def test_an_empty_variable_is_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    assert secret(written(tmp_path / "pw", "of-file")).read() == "of-file"


def test_bytes_that_are_no_text_are_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(SecretRefused, match="no UTF-8") as caught:
        secret(written(tmp_path / "pw", b"hunter2\xff")).read()
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_pipe_or_a_folder_does_not_hold_the_program(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(SecretRefused, match="no ordinary file"):
            secret(path).read()


def test_a_path_that_cannot_be_walked_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "pw", "hunter2")
    with pytest.raises(SecretRefused, match="cannot be read"):
        secret(file / "below").read()


def test_edges_may_catch_both_as_an_os_error() -> None:
    assert issubclass(SecretMissing, OSError)
    assert issubclass(SecretRefused, OSError)


def test_the_settings_name_the_places(tmp_path: Path) -> None:
    settings = load(tmp_path, '[smtp]\nusername = "desk"\npassword_file = "smtp-pw"')
    assert imap_secret(settings) == secret(tmp_path / "imap-password")
    assert smtp_secret(settings) == Secret(
        file=tmp_path / "smtp-pw", credential="smtp-password", env="AZIMUT_SUPPORT_SMTP__PASSWORD"
    )
    assert smtp_secret(load(tmp_path / "b", "")) is None


def test_neither_repr_nor_settings_hold_the_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "hunter2")
    settings = load(tmp_path, "", dict(os.environ))
    one = imap_secret(settings)
    assert one.read() == "hunter2"
    assert "hunter2" not in repr(one) + str(one) + repr(settings)


def test_a_file_of_somebody_else_is_told_with_the_way_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password belongs to root; the operator runs a command as the service's user."""
    path = written(tmp_path / "pw", "of-root")

    def refuse(file: Path, flags: int) -> int:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(SecretRefused) as told:
        secret(path).read()
    assert str(told.value) == (
        f"{path} cannot be read by this user: Permission denied. The service gets it from systemd, other"
        f" commands from `azimut-desk` (docs/operations.md) or the variable {VARIABLE}"
    )
