"""Two S3 servers: moto knows the API's semantics, rclone checks signatures and their expiry."""

import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from workers.processes import die_with_parent, free_port, wait_until

ACCESS_KEY = "tmpa-test-access"
SECRET_KEY = "tmpa-test-secret-key"
Kind = Literal["moto", "rclone"]


@dataclass(frozen=True)
class S3Address:
    """Where an S3 server answers, and the keys it takes."""

    kind: Kind
    endpoint: str
    bucket: str
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY

    @property
    def environ(self) -> dict[str, str]:
        """The AWS_… variables that boto3 reads."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
        }


class S3Server:
    """One server process with one bucket, gone with its parent."""

    def __init__(self, kind: Kind) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tmpa-s3-")
        self._port = free_port()
        self._kind = kind
        self._process: subprocess.Popen[bytes] | None = None
        self.address = S3Address(kind, f"http://127.0.0.1:{self._port}", "tmpa-test")

    def start(self) -> None:
        """Start, wait for an answer, make the bucket."""
        (Path(self._folder.name) / self.address.bucket).mkdir()
        log = (Path(self._folder.name) / "server.log").open("ab")
        self._process = subprocess.Popen(
            self._command(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        log.close()
        if not wait_until(self._answers, 30):
            raise RuntimeError(f"{self._kind} did not start")
        if self._kind == "moto":
            request = urllib.request.Request(
                f"{self.address.endpoint}/{self.address.bucket}", method="PUT", data=b""
            )
            urllib.request.urlopen(request, timeout=10).close()

    def _command(self) -> list[str]:
        if self._kind == "moto":
            return [
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "moto.server",
                "-H",
                "127.0.0.1",
                "-p",
                str(self._port),
            ]
        program = Path(sys.executable).with_name("rclone")
        return [
            *(str(program), "serve", "s3", self._folder.name, "--addr", f"127.0.0.1:{self._port}"),
            *("--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", "--config", "/dev/null", "--vfs-cache-mode", "off"),
        ]

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(self.address.endpoint, timeout=1).close()
        except urllib.error.HTTPError as refusal:  # an answer, though a refusal without keys
            refusal.close()
            return True
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """Stop and remove the data."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()
