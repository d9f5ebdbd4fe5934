"""The servers that tests stand on do what the tests believe of them."""

import smtplib
import socket
from email.message import EmailMessage

import boto3
import pytest
from botocore.config import Config
from sqlalchemy import func, select

from tests.conftest import redis_client
from tests.servers.s3 import S3Address
from tests.servers.smtp import SmtpSink
from tmpa.db import Database
from tmpa.kernel.jobs import enqueue
from tmpa.kernel.models import Job
from tmpa.kernel.scope import Scope
from workers.embedded import EmbeddedRedis


@pytest.mark.parametrize("_again", [1, 2])
def test_each_test_has_an_empty_database(database: Database, _again: int) -> None:
    with database.unit_of_work(Scope.system()) as session:
        enqueue(session, "nothing", {})
    with database.unit_of_work(Scope.system(), write=False) as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 1


def test_redis_is_empty_and_real(redis_server: EmbeddedRedis) -> None:
    client = redis_client(redis_server.url)
    assert client.dbsize() == 0
    client.set("kept", "1")
    client.close()


def test_s3_keeps_objects(s3_server: S3Address) -> None:
    client = boto3.client(
        "s3", endpoint_url=s3_server.endpoint, config=Config(s3={"addressing_style": "path"})
    )
    client.put_object(Bucket=s3_server.bucket, Key="a/b", Body=b"x")
    assert client.get_object(Bucket=s3_server.bucket, Key="a/b")["Body"].read() == b"x"


def test_smtp_sink_records_and_refuses(smtp_sink: SmtpSink) -> None:
    smtp_sink.refuse["gone@example.com"] = "550 5.1.1 No such user"
    mail = EmailMessage()
    mail["Subject"] = "Hello"
    mail.set_content("text")
    with smtplib.SMTP(smtp_sink.host, smtp_sink.port) as client:
        refused = client.sendmail("a@example.com", ["b@example.com", "gone@example.com"], mail.as_bytes())
    assert refused["gone@example.com"][0] == 550
    assert smtp_sink.to("b@example.com")[0].message["Subject"] == "Hello"


def test_other_hosts_are_out_of_reach() -> None:
    with socket.socket() as stranger, pytest.raises(RuntimeError, match=r"192\.0\.2\.1"):
        stranger.connect(("192.0.2.1", 25))
