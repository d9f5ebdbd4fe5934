"""Amazon SES by boto3 (API v2, raw messages)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
)

from tmpa.sending.transports.base import Connection, Outcome, TransportUnavailable, clip

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html, Errors
_FOR_NOW = {"TooManyRequestsException", "LimitExceededException", "ThrottlingException", "ServiceUnavailable"}
_OURS = {
    "AccountSuspendedException",
    "SendingPausedException",
    "MailFromDomainNotVerifiedException",
    "NotFoundException",
    "AccessDeniedException",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "ExpiredTokenException",
}
_NOT_SENT = (
    EndpointConnectionError,
    ConnectTimeoutError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
)


class SesTransport:
    """Sends through SES in one region; keys and endpoint by the usual AWS_… variables."""

    def __init__(self, region: str, connections: int) -> None:
        self.connections = connections
        # botocore's own retries would send again after a read timeout, when SES may have taken the message
        self._config = Config(
            region_name=region or None,
            retries={"total_max_attempts": 1},
            connect_timeout=10,
            read_timeout=30,
            max_pool_connections=connections,
        )
        self._client: SESV2Client | None = None

    @contextmanager
    def open(self) -> Iterator[Connection]:
        """The client (thread-safe, pools its own connections). Raises TransportUnavailable for unusable settings."""
        if self._client is None:
            try:
                self._client = boto3.session.Session().client("sesv2", config=self._config)
            except BotoCoreError as error:
                raise TransportUnavailable(f"Amazon SES can't be used: {clip(str(error))}") from error
        yield _SesConnection(self._client)

    def close(self) -> None:
        """Close the pooled HTTP connections."""
        if self._client is not None:
            self._client.close()
            self._client = None


class _SesConnection:
    def __init__(self, client: "SESV2Client") -> None:
        self._client = client

    def send(self, message: bytes, sender: str, recipient: str) -> Outcome:
        """One SendEmail call."""
        try:
            answer = self._client.send_email(
                FromEmailAddress=sender,
                Destination={"ToAddresses": [recipient]},
                Content={"Raw": {"Data": message}},
            )
        except ClientError as error:
            return _classify(error)
        except _NOT_SENT as error:
            raise TransportUnavailable(f"Amazon SES can't be reached: {clip(str(error))}") from error
        except (
            HTTPClientError
        ) as error:  # the connection ended, or no answer came, after the request had left
            return Outcome("uncertain", 0, clip(str(error)))
        return Outcome("handed_over", 250, f"250 2.0.0 {answer['MessageId']}")


def _classify(error: ClientError) -> Outcome:
    name = error.response["Error"].get("Code", "")
    text = clip(f"{name}: {error.response['Error'].get('Message', '')}")
    status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
    # a sandbox or unverified sender is ours to mend, though SES reports it as the message's rejection
    if name in _OURS or (name == "MessageRejected" and "not verified" in text):
        raise TransportUnavailable(f"Amazon SES refuses to send for us: {text}")
    if name in _FOR_NOW or status in (429, 503):
        return Outcome("deferred", status, text)
    if status >= 500:
        return Outcome("uncertain", status, text)
    return Outcome("bounced", status, text)
