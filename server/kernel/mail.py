"""The way out for mail: SMTP as the operator's settings say."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from urllib.parse import unquote, urlsplit

from shared.domain.zones import from_millis

SECONDS: Final = 20.0
_PORTS: Final = {"smtp": 587, "smtps": 465}
_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class MailError(Exception):
    """A mail could not be handed over; `again`: trying later may help."""

    def __init__(self, sentence: str, *, again: bool = True) -> None:
        super().__init__(sentence)
        self.again = again


@dataclass(frozen=True)
class Letter:
    """A mail in plain text. `message_id` with brackets; `at` in ms UTC."""

    recipient: str
    subject: str
    body: str
    message_id: str
    at: int


class Postbox:
    """An SMTP server: `smtp://user:password@host:port` (TLS when it offers that), `smtps://` for TLS at once.

    A password travels over TLS only, or to this very machine.
    """

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self._is_tls = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or _PORTS[parts.scheme]
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender

    @contextmanager
    def open(self) -> Iterator[smtplib.SMTP]:
        """Yield a connection that takes mail.

        Raises:
            MailError: there is no connection, or it refuses us.
        """
        try:
            with self._connected() as smtp:
                if self._user:
                    smtp.login(self._user, self._password)
                yield smtp
        except (OSError, smtplib.SMTPException) as error:
            raise MailError(f"The mail server does not help: {error}") from error

    def hand_over(self, smtp: smtplib.SMTP, letter: Letter) -> None:
        """Send one mail.

        Raises:
            MailError: it was refused; for good when the server says that it always will be.
        """
        try:
            smtp.send_message(self._message(letter))
        except smtplib.SMTPRecipientsRefused as error:
            code = max((code for code, _ in error.recipients.values()), default=550)
            raise MailError(f"{letter.recipient} is refused ({code}).", again=code < 500) from error  # noqa: PLR2004 - for good
        except smtplib.SMTPResponseException as error:
            raise MailError(f"refused ({error.smtp_code}).", again=error.smtp_code < 500) from error  # noqa: PLR2004 - for good
        except (ValueError, UnicodeError) as error:
            raise MailError(f"{letter.recipient!r} is no address: {error}", again=False) from error

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"] = self._sender, letter.recipient
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(from_millis(letter.at))
        message["Message-ID"] = letter.message_id
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.body)
        return message

    def _connected(self) -> smtplib.SMTP:
        if self._is_tls:
            return smtplib.SMTP_SSL(
                self._host, self._port, timeout=SECONDS, context=ssl.create_default_context()
            )
        smtp = smtplib.SMTP(self._host, self._port, timeout=SECONDS)
        smtp.ehlo()
        if smtp.has_extn("starttls"):
            smtp.starttls(context=ssl.create_default_context())
        elif self._user and self._host not in _HERE:
            smtp.close()
            raise smtplib.SMTPNotSupportedError("no TLS, and a password travels over TLS only")
        return smtp
