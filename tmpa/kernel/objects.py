"""The object store: a local folder or any S3; one protocol, one conformance test."""

import mimetypes
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import quote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tmpa.kernel.signing import Signer, b64, unb64
from tmpa.settings import Settings

Cache = Literal["private", "short", "immutable"]
CACHE_CONTROL: dict[Cache, str] = {
    "private": "private, no-store",
    "short": "public, max-age=60",
    "immutable": "public, max-age=31536000, immutable",
}
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


class MissingObject(KeyError):
    """No object under that key."""


class ObjectStore(Protocol):
    """Bytes by key. Keys are path-like and ASCII; no part of one begins with a dot."""

    def put(self, key: str, data: bytes, content_type: str, cache: Cache = "private") -> None:
        """Store `data`; replaces what was there, whole or not at all."""

    def get(self, key: str) -> bytes:
        """The bytes. Raises MissingObject."""

    def content_type(self, key: str) -> str:
        """The content type given at `put`. Raises MissingObject."""

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""

    def list(self, prefix: str) -> Iterator[str]:
        """Keys beginning with `prefix`, sorted."""

    def delete(self, key: str) -> None:
        """Remove; nothing happens when it isn't there."""

    def url(self, key: str, expires_seconds: int = 3600) -> str:
        """An address that anybody may read the object from until it expires."""


def check_key(key: str) -> str:
    """The key itself. Raises ValueError for one that could leave the store or needs escaping."""
    if not _KEY.fullmatch(key) or len(key) > 900:
        raise ValueError(f"bad object key {key!r}")
    return key


class LocalStore:
    """A folder. Content types are derived from the key's ending."""

    def __init__(self, root: Path, base_url: str, signer: Signer) -> None:
        self._root = root.resolve()
        self._base_url = base_url
        self._signer = signer

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    def put(self, key: str, data: bytes, content_type: str, cache: Cache = "private") -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
        fresh.write_bytes(data)
        fresh.replace(path)

    def get(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise MissingObject(key) from None

    def content_type(self, key: str) -> str:
        if not self.exists(key):
            raise MissingObject(key)
        return mimetypes.guess_type(key)[0] or "application/octet-stream"

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def list(self, prefix: str) -> Iterator[str]:
        folder = prefix.rpartition("/")[0]
        base = self._path(folder) if folder else self._root
        if base.is_dir():
            found = (path.relative_to(self._root).as_posix() for path in base.rglob("*") if path.is_file())
            yield from sorted(
                key for key in found if key.startswith(prefix) and not Path(key).name.startswith(".")
            )

    def delete(self, key: str) -> None:
        with suppress(FileNotFoundError, IsADirectoryError, NotADirectoryError):
            self._path(key).unlink()

    def url(self, key: str, expires_seconds: int = 3600) -> str:
        until = int(time.time()) + expires_seconds
        mac = b64(self._signer.mac("object", f"{until}:{check_key(key)}".encode()))
        return f"{self._base_url}/objects/{quote(key)}?until={until}&mac={mac}"

    def admits(self, key: str, until: str, mac: str) -> bool:
        """Whether an address made by `url` still holds. Raises BadToken for a damaged one."""
        if not until.isascii() or not until.isdigit() or int(until) < time.time():
            return False
        return self._signer.mac_holds("object", f"{until}:{key}".encode(), unb64(mac))


class S3Store:
    """A bucket on Amazon S3 or any server that speaks its protocol."""

    def __init__(self, bucket: str, prefix: str, endpoint: str) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=endpoint or None,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"} if endpoint else {},
                # servers other than Amazon's answer ranges without the checksums that boto3 asks for
                response_checksum_validation="when_required",
                request_checksum_calculation="when_required",
                retries={"mode": "standard", "max_attempts": 4},
                connect_timeout=5,
                read_timeout=30,
            ),
        )

    def _key(self, key: str) -> str:
        return self._prefix + check_key(key)

    def put(self, key: str, data: bytes, content_type: str, cache: Cache = "private") -> None:
        self._client.put_object(
            Bucket=self._bucket,
            Key=self._key(key),
            Body=data,
            ContentType=content_type,
            CacheControl=CACHE_CONTROL[cache],
        )

    def get(self, key: str) -> bytes:
        try:
            body: bytes = self._client.get_object(Bucket=self._bucket, Key=self._key(key))["Body"].read()
        except ClientError as error:
            raise _missing_or(error, key) from None
        return body

    def content_type(self, key: str) -> str:
        try:
            return str(self._client.head_object(Bucket=self._bucket, Key=self._key(key))["ContentType"])
        except ClientError as error:
            raise _missing_or(error, key) from None

    def exists(self, key: str) -> bool:
        try:
            self.content_type(key)
        except MissingObject:
            return False
        return True

    def list(self, prefix: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + prefix
        )
        for page in pages:
            for item in page.get("Contents", []):
                yield item["Key"].removeprefix(self._prefix)

    def delete(self, key: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=self._key(key))

    def url(self, key: str, expires_seconds: int = 3600) -> str:
        return str(
            self._client.generate_presigned_url(
                "get_object",
                Params={"Bucket": self._bucket, "Key": self._key(key)},
                ExpiresIn=expires_seconds,
            )
        )


def _missing_or(error: ClientError, key: str) -> Exception:
    code = error.response.get("Error", {}).get("Code")
    return MissingObject(key) if code in {"NoSuchKey", "404", "NotFound"} else error


def open_store(settings: Settings) -> LocalStore | S3Store:
    """The store that TMPA_OBJECTS_URL names."""
    if not settings.objects_url:
        return LocalStore(settings.var_dir / "objects", settings.portal_url, Signer(settings.secrets))
    parts = urlsplit(settings.objects_url)
    prefix = parts.path.strip("/")
    return S3Store(parts.netloc, f"{prefix}/" if prefix else "", settings.s3_endpoint)
