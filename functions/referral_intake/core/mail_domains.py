"""Mail domains and mailboxes that do not belong to one practice or one person."""

from referral_intake.core.mailboxes import mailbox

# Providers where anyone, or any customer, has a mailbox: doctors of a small practice often use one. Domains that
# `mailboxes` replaces by another one are not needed.
_PUBLIC_DOMAINS = """
gmail.com icloud.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com rocketmail.com aol.com aim.com
proton.me protonmail.com pm.me fastmail.com fastmail.fm gmx.com gmx.net gmx.us mail.com email.com zoho.com hushmail.com
tutanota.com tuta.com yandex.com mail.ru qq.com 163.com naver.com

comcast.net xfinity.com att.net sbcglobal.net bellsouth.net pacbell.net swbell.net ameritech.net snet.net verizon.net
cox.net charter.net spectrum.net twc.com roadrunner.com rr.com optonline.net optimum.net earthlink.net mindspring.com
juno.com netzero.net centurylink.net centurytel.net embarqmail.com q.com frontier.com frontiernet.net windstream.net
suddenlink.net mediacombb.net tds.net wowway.com rcn.com cableone.net hughes.net cs.com netscape.net prtc.net coqui.net
caribe.net libertypr.net hawaiiantel.net gci.net ptd.net

yahoo.es yahoo.com.mx yahoo.com.ar yahoo.ca yahoo.co.uk hotmail.es hotmail.co.uk outlook.es live.com.mx prodigy.net.mx
rogers.com bell.net shaw.ca telus.net
"""
# RFC 2142, and other names that mail programs and sites use. `office` and `reception` are missing, because patients
# write to practices there.
_ROLE_NAMES = """
abuse noc security hostmaster usenet news webmaster www uucp ftp postmaster info marketing sales support

admin administrator root sysadmin mailerdaemon noreply donotreply nobody devnull spam phishing compliance
privacy legal dmca dpo hr jobs careers recruiting press media pr billing invoices invoice accounts accounting ap ar
payments payroll orders subscribe unsubscribe list lists listserv majordomo newsletter notifications notification alerts
alert help helpdesk it itsupport feedback contact webadmin dns ssladmin ssladministrator sslwebmaster ispfeedback
ispsupport tech registrar trouble inoc undisclosedrecipients test everyone all staff allstaff
"""
_PUBLIC = frozenset(_PUBLIC_DOMAINS.split())
_ROLES = frozenset(_ROLE_NAMES.split())


def domain_of(address: str) -> str:
    """Return the mail domain, in the form in which domains of one provider are equal."""
    return mailbox(address).rpartition("@")[2]


def is_public(domain: str) -> bool:
    return domain in _PUBLIC


def is_role(address: str) -> bool:
    """Whether the mailbox is of a role such as postmaster@, no-reply@ or info@."""
    local = mailbox(address).rpartition("@")[0]
    return "".join(filter(str.isalnum, local)) in _ROLES
