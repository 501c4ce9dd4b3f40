"""A real Dovecot of one's own on loopback: plain, STARTTLS and TLS, any user name, one password.

It lives in a short directory of its own under the system's temporary one (its sockets' paths may not be long,
and the mail user must be able to enter), needs no root and leaves nothing behind after `stop`.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PASSWORD = "secret"

UNCERTIFIED = "127.0.0.2"
"""It listens here too; its certificate does not say so."""

REMOTE = "127.0.0.3"
"""And here, where it takes clients for remote ones: what is allowed in clear from the same host is not."""

_CONFIG = """
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/dovecot.log
auth_verbose = no
protocols = imap
listen = 127.0.0.1, {others}
mail_location = maildir:{home}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {login}
default_process_limit = 40
default_client_limit = 200
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0 secs
mail_fsync = never
ssl = yes
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u allow_all_users=yes
}}
{extra}
"""


def available() -> str | None:
    """None, or why no Dovecot can be run here."""
    if _binary() is None:
        return "Dovecot is not installed (dovecot-imapd)"
    if shutil.which("openssl") is None:
        return "openssl is not installed"
    return None


def require() -> None:
    """Skip the test where there is no Dovecot; in CI that is a failure."""
    reason = available()
    if reason is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have the real servers: {reason}")
    pytest.skip(reason)


@dataclass(slots=True)
class Dovecot:
    """`start()` makes one that answers. Any user name exists from its first login on; `password` fits all of
    them. `maildir(user)` is where its INBOX lies on disk."""

    host: str
    port: int
    tls_port: int
    user: str
    password: str
    ca_file: Path
    home: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @classmethod
    def start(cls, extra: str = "", password: str = PASSWORD) -> Dovecot:
        """`password`: without spaces; `extra`: more lines of dovecot.conf. Raises RuntimeError with the
        server's log when it does not come up."""
        home = Path(tempfile.mkdtemp(prefix="dovecot-"))
        home.chmod(0o755)
        server = cls(
            host="127.0.0.1",
            port=_free_port(),
            tls_port=_free_port(),
            user="desk",
            password=password,
            ca_file=home / "cert.pem",
            home=home,
        )
        try:
            server._configure(extra)
            server.restart()
        except BaseException:
            server.stop()
            raise
        return server

    def maildir(self, user: str | None = None) -> Path:
        return self.home / "mail" / (user or self.user)

    def restart(self) -> None:
        """Start again on the same ports and mails, after `kill` or while it runs."""
        self.kill()
        binary = _binary()
        if binary is None:
            raise RuntimeError("Dovecot is not installed")
        self._process = subprocess.Popen(
            [binary, "-F", "-c", str(self.home / "dovecot.conf")],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while not self._greets():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Dovecot does not start:\n{self.log()}")
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL to all of its processes: every connection breaks off."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """No SIGTERM first: it takes a second, and nothing here is worth saving."""
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def log(self) -> str:
        path = self.home / "dovecot.log"
        return path.read_text("utf-8", "replace") if path.exists() else "(no log)"

    def _configure(self, extra: str) -> None:
        (self.home / "run").mkdir()
        mail = self.home / "mail"
        mail.mkdir()
        root = os.getuid() == 0
        me = pwd.getpwuid(os.getuid()).pw_name
        owner = pwd.getpwnam("dovecot" if root else me)
        if root:
            os.chown(mail, owner.pw_uid, owner.pw_gid)
        (self.home / "dovecot.conf").write_text(
            _CONFIG.format(
                home=self.home,
                others=f"{UNCERTIFIED}, {REMOTE}",
                uid=owner.pw_uid,
                gid=owner.pw_gid,
                user=owner.pw_name,
                group=grp.getgrgid(owner.pw_gid).gr_name,
                login="dovenull" if root else me,
                port=self.port,
                tls_port=self.tls_port,
                password=self.password.replace("%", "%%"),
                extra=extra,
            ),
            "utf-8",
        )
        make_certificate(self.home / "cert.pem", self.home / "key.pem")

    def _greets(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=5) as plug:
                return plug.recv(4) == b"* OK"
        except OSError:
            return False


def make_certificate(cert: Path, key: Path, name: str = "localhost") -> None:
    """A certificate signed by itself, for 127.0.0.1 and `name`; trust it by naming it as the CA file."""
    key_kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(key), "-out", str(cert)]
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1,IP:{REMOTE}"]
    subprocess.run(
        ["openssl", "req", "-x509", "-days", "30", *key_kind, *files, *names],
        check=True,
        capture_output=True,
    )


def _binary() -> str | None:
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
