"""Replies as mail programs write them, in French and English: written here, after the forms they are known
for. `{words}` stands where the person wrote; HTML forms get the words as `<div>` lines."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Final

FR: Final = (
    "Bonjour,\n\nLe redémarrage n'a rien changé\u00a0: la caisse 2 fige encore.\n"
    "Depuis lundi, c'est pire.\n\nMerci,\nLuc"
)
EN: Final = (
    "Hello,\n\nOn Monday it froze again: till 2 is still down.\nFrom 9:15 on, nothing prints.\n\nThanks,\nLuc"
)
OLD_FR: Final = "Bonjour,\n\nVotre demande est enregistrée.\nQuelqu'un vous répond avant 11 h 15.\n\nAzimut"
OLD_EN: Final = "Hello,\n\nYour request is recorded.\nSomebody answers before 11:15.\n\nAzimut"


@dataclass(frozen=True, slots=True)
class Reply:
    """`language`: fr or en; `body`: with {words}; `headers`: more than a plain text/plain."""

    name: str
    language: str
    body: str
    kind: str = "text/plain; charset=utf-8"

    def raw(self) -> bytes:
        words = FR if self.language == "fr" else EN
        if "html" in self.kind:
            words = "".join(f"<div>{html.escape(line) or '<br>'}</div>" for line in words.split("\n"))
        body = self.body.replace("{words}", words)
        head = (
            "From: Luc <luc@x.example>\nTo: support@azimutpos.com\nMessage-ID: <r@x.example>\n"
            f"Date: Mon, 9 Nov 2026 15:20:00 -0500\nSubject: Re: [AZ-1042] Demande\nContent-Type: "
            f"{self.kind}\n"
        )
        return f"{head}\n{body}\n".replace("\n", "\r\n").encode()

    def words(self) -> str:
        return FR if self.language == "fr" else EN


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _divs(text: str) -> str:
    return "".join(f"<div>{html.escape(line) or '<br>'}</div>" for line in text.split("\n"))


Q_FR, Q_EN = quoted(OLD_FR), quoted(OLD_EN)
H_FR, H_EN = _divs(OLD_FR), _divs(OLD_EN)
HTML = "text/html; charset=utf-8"
FLOWED = "text/plain; charset=utf-8; format=flowed"
RULE = "_" * 32
BLOCK_FR = (
    "De\u00a0: Soutien Azimut POS <support@azimutpos.com>\nEnvoyé\u00a0: 9 novembre 2026 09:15\n"
    "À\u00a0: Luc <luc@x.example>\nCc\u00a0: Marie <marie@x.example>; Paul Lachance\n<paul@x.example>\n"
    "Objet\u00a0: [AZ-1042] Demande\n\n"
)
BLOCK_EN = (
    "From: Azimut POS Support <support@azimutpos.com>\nSent: Monday, November 9, 2026 9:15 AM\n"
    "To: Luc <luc@x.example>\nSubject: [AZ-1042] Request\n\n"
)
_MSO = (
    "<html xmlns:o='urn:schemas-microsoft-com:office:office'><head><style>"
    "<!--p.MsoNormal{margin:0cm}--></style>"
    "</head><body lang=FR-CA><div class=WordSection1>{words}<p class=MsoNormal><o:p>&nbsp;</o:p></p>"
    "<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>"
    "<p class=MsoNormal>%s<o:p></o:p></p></div></div>%s</div></body></html>"
)
_MSO_FR = (
    "<b><span lang=FR>De&nbsp;:</span></b><span lang=FR> Soutien &lt;support@azimutpos.com&gt; <br>"
    "<b>Envoyé&nbsp;:</b> 9 novembre 2026 09:15<br><b>À&nbsp;:</b> Luc &lt;luc@x.example&gt;<br>"
    "<b>Objet&nbsp;:</b> [AZ-1042] Demande</span>"
)
_MSO_EN = (
    "<b>From:</b> Support &lt;support@azimutpos.com&gt; <br><b>Sent:</b> Monday, November 9, 2026 9:15 AM<br>"
    "<b>To:</b> Luc &lt;luc@x.example&gt;<br><b>Subject:</b> [AZ-1042] Request"
)
_OWA = (
    '<div class="elementToProof">{words}</div><div id="appendonsend"></div>'
    '<hr style="display:inline-block;width:98%%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr">'
    '<font face="Calibri, sans-serif" color="#000000">%s</font><div>&nbsp;</div></div><div>%s</div>'
)
# The phone app writes the header block first and the container of the old mail after it.
_MOBILE = (
    '<div dir="auto">{words}</div><div id="ms-outlook-mobile-signature"><div><br></div>%s</div>'
    '<hr style="display:inline-block;width:98%%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr">%s</div>'
    '<div id="mail-editor-reference-message-container"><div class="BodyFragment">%s</div></div>'
)
_GMAIL = (
    '<div dir="ltr">{words}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">%s<br></div>'
    '<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">%s</blockquote></div>'
)
_APPLE = (
    '<body style="word-wrap:break-word">{words}<br id="lineBreakAtBeginningOfMessage"><div><br>'
    '<blockquote type="cite"><div>%s</div><br class="Apple-interchange-newline"><div>%s'
    "</div></blockquote></div>"
)
_YAHOO = (
    '<div class="yahoo-style-wrap">{words}</div><div id="yahoo_quoted_1" class="yahoo_quoted">'
    "<div><div>%s</div><div><br></div><div>%s</div></div></div>"
)
_ZIMBRA = (
    '<div>{words}<br></div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__">'
    "<b>%s</b></div><div>%s</div>"
)
SUPPORT = "&lt;<a href='mailto:support@azimutpos.com'>support@azimutpos.com</a>&gt;"

REPLIES: Final = (
    Reply("outlook desktop, plain", "fr", "{words}\n\n" + BLOCK_FR + OLD_FR),
    Reply("outlook desktop, plain", "en", "{words}\n\n" + BLOCK_EN + OLD_EN),
    Reply(
        "outlook, answer to a plain mail",
        "fr",
        "{words}\n\n-----Message d'origine-----\n" + BLOCK_FR + OLD_FR,
    ),
    Reply(
        "outlook, answer to a plain mail", "en", "{words}\n\n-----Original Message-----\n" + BLOCK_EN + OLD_EN
    ),
    Reply("outlook desktop", "fr", _MSO % (_MSO_FR, H_FR), HTML),
    Reply("outlook desktop", "en", _MSO % (_MSO_EN, H_EN), HTML),
    Reply("outlook web", "fr", _OWA % (_MSO_FR, H_FR), HTML),
    Reply("outlook web", "en", _OWA % (_MSO_EN, H_EN), HTML),
    Reply(
        "outlook web, plain, old",
        "fr",
        "{words}\n________________________________________\nDe : Soutien [support@azimutpos.com]\n"
        "Envoyé : 9 novembre 2026 09:15\nÀ : Luc\nObjet : [AZ-1042] Demande\n\n" + OLD_FR,
    ),
    Reply(
        "outlook mobile",
        "fr",
        _MOBILE % ("Envoyé à partir d’<a href='https://aka.ms/x'>Outlook pour iOS</a>", _MSO_FR, H_FR),
        HTML,
    ),
    Reply(
        "outlook mobile",
        "en",
        _MOBILE % ("Get <a href='https://aka.ms/x'>Outlook for iOS</a>", _MSO_EN, H_EN),
        HTML,
    ),
    Reply(
        "outlook mobile, plain",
        "fr",
        f"{{words}}\n\nTélécharger Outlook pour Android<https://aka.ms/x>\n{RULE}\n{BLOCK_FR}{OLD_FR}",
    ),
    Reply(
        "outlook mobile, plain",
        "en",
        f"{{words}}\n\nGet Outlook for Android<https://aka.ms/x>\n{RULE}\n{BLOCK_EN}{OLD_EN}",
    ),
    Reply(
        "outlook mobile, block above the rule", "fr", f"{{words}}\n\n{BLOCK_FR.strip()}\n{RULE}\n\n{OLD_FR}"
    ),
    Reply(
        "outlook mobile, block above the rule", "en", f"{{words}}\n\n{BLOCK_EN.strip()}\n{RULE}\n\n{OLD_EN}"
    ),
    Reply(
        "outlook for mac",
        "fr",
        "{words}\n\nDe : Soutien <support@azimutpos.com>\nDate : lundi 9 novembre 2026 à 09:15\n"
        "À : Luc <luc@x.example>\nObjet : [AZ-1042] Demande\n" + OLD_FR,
    ),
    Reply(
        "outlook for mac",
        "en",
        "{words}\n\nFrom: Support <support@azimutpos.com>\nDate: Monday, November 9, 2026 at 9:15 AM\n"
        "To: Luc <luc@x.example>\nSubject: [AZ-1042] Request\n" + OLD_EN,
    ),
    Reply(
        "windows mail",
        "fr",
        "{words}\n\nProvenance : Courrier<https://go.microsoft.com/fwlink/?LinkId=1> pour Windows\n\n"
        + BLOCK_FR
        + OLD_FR,
    ),
    Reply(
        "windows mail",
        "en",
        "{words}\n\nSent from Mail<https://go.microsoft.com/fwlink/?LinkId=1> for Windows 10\n\n"
        "From: Support<mailto:support@azimutpos.com>\nSent: 9 November 2026 09:15\nSubject: Request\n\n"
        + OLD_EN,
    ),
    Reply(
        "gmail, plain",
        "fr",
        "{words}\n\nLe lun. 9 nov. 2026 à 09\u202fh\u202f15, Soutien Azimut POS <\n"
        "support@azimutpos.com> a écrit :\n\n" + Q_FR,
    ),
    Reply(
        "gmail, plain",
        "en",
        "{words}\n\nOn Mon, Nov 9, 2026 at 9:15\u202fAM Azimut POS Support "
        "<support@azimutpos.com>\nwrote:\n\n" + Q_EN,
    ),
    Reply(
        "gmail",
        "fr",
        _GMAIL % (f"Le&nbsp;lun. 9&nbsp;nov. 2026 à&nbsp;09 h 15, Soutien {SUPPORT} a écrit&nbsp;:", H_FR),
        HTML,
    ),
    Reply("gmail", "en", _GMAIL % (f"On Mon, Nov 9, 2026 at 9:15 AM Support {SUPPORT} wrote:", H_EN), HTML),
    Reply(
        "apple mail, plain",
        "fr",
        "{words}\n\n> Le 9 nov. 2026 à 09:15, Soutien <support@azimutpos.com> a écrit :\n>\n" + Q_FR,
    ),
    Reply(
        "apple mail, plain",
        "en",
        "{words}\n\n> On Nov 9, 2026, at 9:15 AM, Support <support@azimutpos.com> wrote:\n>\n" + Q_EN,
    ),
    Reply(
        "apple mail",
        "fr",
        _APPLE % ("Le 9 nov. 2026 à 09:15, Soutien &lt;support@azimutpos.com&gt; a écrit :", H_FR),
        HTML,
    ),
    Reply("apple mail", "en", _APPLE % ("On Nov 9, 2026, at 9:15 AM, Support wrote:", H_EN), HTML),
    Reply(
        "iphone",
        "fr",
        "{words}\n\nEnvoyé de mon iPhone\n\n> Le 9 nov. 2026 à 09:15, Soutien "
        "<support@azimutpos.com> a écrit :\n> \n> \ufeff" + Q_FR[2:],
    ),
    Reply(
        "iphone",
        "en",
        "{words}\n\nSent from my iPhone\n\n> On Nov 9, 2026, at 9:15 AM, Support wrote:\n> \n" + Q_EN,
    ),
    Reply(
        "android, samsung",
        "fr",
        "{words}\n\n\nEnvoyé de mon appareil Samsung de Bell via le plus vaste réseau au pays.\n\n\n"
        "-------- Message d'origine --------\nDe : Soutien <support@azimutpos.com>\nDate : "
        "2026-11-09 09 h 15 (GMT-05:00)\n"
        "À : Luc <luc@x.example>\nObjet : [AZ-1042] Demande\n\n" + OLD_FR,
    ),
    Reply(
        "android, samsung",
        "en",
        "{words}\n\n\nSent from my Bell Samsung device over Canada's largest network.\n\n\n"
        "-------- Original message --------\nFrom: Support <support@azimutpos.com>\nDate: "
        "2026-11-09 9:15 a.m. (GMT-05:00)\n"
        "To: Luc <luc@x.example>\nSubject: [AZ-1042] Request\n\n" + OLD_EN,
    ),
    Reply("android, name only", "fr", "{words}\n\n---- Soutien a écrit ----\n\n" + OLD_FR),
    Reply("android, name only", "en", "{words}\n\n---- Support wrote ----\n\n" + OLD_EN),
    Reply(
        "android, k-9",
        "fr",
        "{words}\n\nLe 9 novembre 2026 09:15:00 GMT-05:00, Soutien <support@azimutpos.com> a écrit :\n"
        + Q_FR
        + "\n-- \nEnvoyé depuis mon appareil Android avec K-9 Mail. Veuillez excuser ma brièveté.",
    ),
    Reply(
        "android, k-9",
        "en",
        "{words}\n\nOn November 9, 2026 9:15:00 AM EST, Support <support@azimutpos.com> wrote:\n"
        + Q_EN
        + "\n-- \nSent from my Android device with K-9 Mail. Please excuse my brevity.",
    ),
    Reply(
        "thunderbird",
        "fr",
        "{words}\n\nLe 2026-11-09 à 09 h 15, Soutien Azimut POS a écrit :\n" + Q_FR + "\n\n-- \nLuc\nDépôt",
        FLOWED,
    ),
    Reply(
        "thunderbird",
        "en",
        "{words}\n\nOn 2026-11-09 9:15 a.m., Azimut POS Support wrote:\n" + Q_EN + "\n",
        FLOWED,
    ),
    Reply(
        "thunderbird, signature above",
        "fr",
        "{words}\n\n-- \nLuc\nDépôt du Lac\n\nLe 09/11/2026 à 09:15, Soutien a écrit :\n" + Q_FR,
        FLOWED,
    ),
    Reply(
        "yahoo, plain",
        "fr",
        "{words}\n\n    Le lundi 9 novembre 2026 à 09 h 15 min 12 s HNE, Soutien "
        "<support@azimutpos.com> a écrit :  \n \n " + OLD_FR.replace("\n", "\n "),
    ),
    Reply(
        "yahoo, plain",
        "en",
        "{words}\n\n    On Monday, November 9, 2026 at 09:15:12 a.m. EST, Support "
        "<support@azimutpos.com> wrote:  \n \n " + OLD_EN.replace("\n", "\n "),
    ),
    Reply(
        "yahoo",
        "fr",
        _YAHOO % (f"Le lundi 9 novembre 2026 à 09 h 15 min 12 s HNE, Soutien {SUPPORT} a écrit :", H_FR),
        HTML,
    ),
    Reply(
        "yahoo",
        "en",
        _YAHOO % (f"On Monday, November 9, 2026 at 09:15:12 a.m. EST, Support {SUPPORT} wrote:", H_EN),
        HTML,
    ),
    Reply(
        "yahoo on a phone",
        "fr",
        "{words}\n\nEnvoyé à partir de Yahoo Courriel sur Android\n \n"
        "  Le lun., nov. 9, 2026 à 9:15, Soutien<support@azimutpos.com> a écrit :   " + OLD_FR,
    ),
    Reply(
        "zimbra, plain",
        "fr",
        '{words}\n\n----- Mail original -----\nDe: "Soutien" <support@azimutpos.com>\nÀ: '
        '"Luc" <luc@x.example>\n'
        "Envoyé: Lundi 9 Novembre 2026 09:15:00\nObjet: [AZ-1042] Demande\n\n" + OLD_FR,
    ),
    Reply(
        "zimbra, plain",
        "en",
        '{words}\n\n----- Original Message -----\nFrom: "Support" <support@azimutpos.com>\n'
        'To: "Luc" <luc@x.example>\n'
        "Sent: Monday, November 9, 2026 9:15:00 AM\nSubject: [AZ-1042] Request\n\n" + OLD_EN,
    ),
    Reply(
        "zimbra",
        "fr",
        _ZIMBRA
        % (
            'De: </b>"Soutien" &lt;support@azimutpos.com&gt;<br><b>À: </b>"Luc" &lt;luc@x.example&gt;<br>'
            "<b>Envoyé: </b>Lundi 9 Novembre 2026 09:15:00<br><b>Objet: </b>[AZ-1042] Demande<br><b>",
            H_FR,
        ),
        HTML,
    ),
    Reply(
        "videotron webmail",
        "fr",
        "{words}\n\n-------- Message original --------\nObjet: [AZ-1042] Demande\nDate: 2026-11-09 09:15\n"
        "De: Soutien <support@azimutpos.com>\nÀ: Luc <luc@x.example>\n\n" + OLD_FR,
    ),
    Reply(
        "videotron webmail, quoted",
        "fr",
        "{words}\n\n> Le 2026-11-09 09:15 HNE, Soutien <support@azimutpos.com> a écrit :\n>\n>\n" + Q_FR,
    ),
    Reply(
        "videotron webmail, quoted",
        "en",
        "{words}\n\n> On 11/09/2026 9:15 AM EST Support <support@azimutpos.com> wrote:\n> \n>  \n" + Q_EN,
    ),
    Reply(
        "bell webmail",
        "fr",
        "{words}\n\n------ Message d’origine ------\nDe : support@azimutpos.com\nÀ : luc@x.example\n"
        "Envoyé : le 9 novembre 2026 à 9 h 15\nObjet : [AZ-1042] Demande\n\n" + OLD_FR,
    ),
    Reply(
        "bell webmail",
        "en",
        "{words}\n\n------ Original Message ------\nFrom: support@azimutpos.com\nTo: luc@x.example\n"
        "Sent: November 9, 2026 at 9:15 AM\nSubject: [AZ-1042] Request\n\n" + OLD_EN,
    ),
)
