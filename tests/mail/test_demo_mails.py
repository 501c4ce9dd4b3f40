"""The demo mails, written as real mail programs write them, are read as a person reads them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from daemon.core.values import Language, Mail, MailClass
from daemon.mail.parse import parse

FIXTURES = Path(__file__).parent.parent / "fixtures"
FR, EN = Language.FR, Language.EN


def _read(name: str) -> Mail:
    mail = parse((FIXTURES / "mails" / name).read_bytes(), desk_address="support@azimutpos.com")
    assert isinstance(mail, Mail)
    return mail


def test_the_demo_mails_have_network_line_ends() -> None:
    for path in sorted((FIXTURES / "mails").glob("*.eml")):
        raw = path.read_bytes()
        assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")


@pytest.mark.parametrize(
    ("name", "sender", "subject", "language", "begins", "ends"),
    [
        (
            "01-panne-caisse-unique.eml",
            "marie@boulangerieroy.example",
            "Caisse gelée, impossible d'encaisser",
            FR,
            "Bonjour,\n\nLa caisse est gelée",
            "Boulangerie Roy",
        ),
        (
            "02-cards-refused.eml",
            "sam@cafedurivage.example",
            "Card payments failing",
            EN,
            "Hi,\n\nSince about 11:15",
            "Thanks\nSam",
        ),
        (
            "03-une-caisse-sur-trois.eml",
            "gerance@quincaillerielemieux.example",
            "La caisse 3 ne s'allume plus",
            FR,
            "Bonjour,\n\nLa caisse 3 ne s'allume plus depuis ce matin. Les deux autres fonctionnent, on sert",
            "Pouvez-vous regarder ça aujourd'hui?",
        ),
        (
            "04-rapport-taxes.eml",
            "compta@boulangerieroy.example",
            "Rapport de taxes d'octobre, écart de 16,25 $",
            FR,
            "Bonjour,\n\nLe rapport de taxes",
            "Comptabilité",
        ),
        (
            "05-gift-card-wish.eml",
            "lea@librairieduquai.example",
            "Could gift cards show their balance on the receipt?",
            EN,
            "Hello,\n\nNo rush",
            "Librairie du Quai",
        ),
        (
            "08-panne-calme-inconnue.eml",
            "huguette.pare@courrier.example",
            "Le système ne s'ouvre plus",
            FR,
            "Bonjour,\n\nJe vous écris",
            "Atelier du Fil",
        ),
        (
            "09-outlook-html-seul.eml",
            "steph@restochezsteph.example",
            "RE\u00a0: Mise à jour de ce soir",
            FR,
            "Bonjour,\n\nL’imprimante de cuisine n’imprime plus",
            "restochezsteph.example",
        ),
        (
            "10-sans-message-id-cp1252.eml",
            "caisse@depanneurgagnon.example",
            "Tiroir-caisse bloqué",
            FR,
            "Bonjour,\n\nLe tiroir de la caisse n’ouvre plus",
            "Réjean Gagnon, 418-555-0188",
        ),
    ],
)
def test_a_persons_mail_gives_its_new_words(
    name: str, sender: str, subject: str, language: Language, begins: str, ends: str
) -> None:
    mail = _read(name)
    assert mail.mail_class is MailClass.MAIL
    assert (mail.from_.address, mail.subject, mail.language) == (sender, subject, language)
    assert mail.new_text.startswith(begins)
    assert mail.new_text.endswith(ends)
    assert mail.masked == 0


def test_outlooks_list_stays_a_list_and_its_quote_goes() -> None:
    mail = _read("09-outlook-html-seul.eml")
    assert "- la caisse dit «\u00a0imprimante hors ligne\u00a0»\n- les reçus, eux" in mail.new_text
    assert "sera mise à jour ce soir" in mail.text
    assert "sera mise à jour ce soir" not in mail.new_text


def test_a_screenshot_keeps_its_accented_name() -> None:
    (file,) = _read("04-rapport-taxes.eml").attachments
    assert (file.name, file.media_type, file.size) == ("Capture d'écran.png", "image/png", 74)
    assert file.content.startswith(b"\x89PNG")


def test_our_returned_acknowledgement_is_a_bounce() -> None:
    mail = _read("06-avis-de-non-remise.eml")
    assert mail.mail_class is MailClass.BOUNCE
    assert mail.bounce is not None
    assert mail.bounce.recipient == "caisse@depanneurgagnon.example"
    assert (mail.bounce.action, mail.bounce.status) == ("failed", "5.1.1")
    assert mail.bounce.original_message_id == "az.1040.ack.k7q2m5@azimutpos.com"
    assert "User unknown" in mail.bounce.diagnostic


def test_an_absence_is_an_automatic_answer_although_it_names_a_phone_number() -> None:
    mail = _read("07-absence-du-bureau.eml")
    assert mail.mail_class is MailClass.AUTO_REPLY
    assert "ooo-subject" in mail.signs
    assert mail.bounce is None


def test_a_mail_without_message_id_gets_the_same_one_each_time() -> None:
    mail = _read("10-sans-message-id-cp1252.eml")
    assert mail.synthetic_id
    assert mail.message_id == _read("10-sans-message-id-cp1252.eml").message_id
    assert mail.from_.name == "Dépanneur Gagnon"


def test_the_sample_directory_has_the_columns_of_the_contract_and_knows_most_senders() -> None:
    with (FIXTURES / "customers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "account",
        "name",
        "plan",
        "coverage",
        "installs",
        "language",
        "emails",
        "domains",
        "phones",
        "billing_email",
    ]
    known = {email for row in rows for email in row["emails"].split(";")}
    senders = {_read(p.name).from_.address for p in (FIXTURES / "mails").glob("*.eml")}
    assert senders - known == {
        "huguette.pare@courrier.example",
        "mailer-daemon@mx.depanneurgagnon.example",
    }
