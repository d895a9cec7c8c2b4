"""A model store in a bucket of an S3-compatible server."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator

import boto3
import pytest
from far_worker import start_far_worker
from polling import wait_until
from troupe_cluster import BINARY, CLERK, Cluster, deployment

FAILED = 1
STORE = ["--model-store", "s3://models/team"]
REGION = {"region_name": "us-east-1"}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


class Bucket:
    """moto's server, which compares every signature with botocore's, and what is in one bucket of it."""

    def __init__(self, port: int):
        self.url = f"http://127.0.0.1:{port}"
        iam = boto3.client("iam", endpoint_url=self.url, aws_access_key_id="x", aws_secret_access_key="x", **REGION)
        iam.create_user(UserName="head")
        iam.put_user_policy(UserName="head", PolicyName="all", PolicyDocument=json.dumps(POLICY))
        key = iam.create_access_key(UserName="head")["AccessKey"]
        self.keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        lower = {name.lower(): value for name, value in self.keys.items()}
        self.client = boto3.client("s3", endpoint_url=self.url, **lower, **REGION)

    def contents(self) -> Dict[str, str]:
        """Keys without the prefix, and the SHA-256 of each."""
        listed = self.client.list_objects_v2(Bucket="models", Prefix="team/").get("Contents", [])
        return {row["Key"].removeprefix("team/"): self._sha256(row["Key"]) for row in listed}

    def _sha256(self, key: str) -> str:
        return hashlib.sha256(self.client.get_object(Bucket="models", Key=key)["Body"].read()).hexdigest()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path_factory.mktemp("moto") / "moto.log").open("wb")
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    # So many requests are let in unseen: those that make the user.
    environment = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "3"}
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:

        def is_there() -> bool:
            assert process.poll() is None, "moto's server ended"
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        wait_until(is_there, "moto's server listens", 30)
        yield Bucket(port)
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def bucket(server: Bucket, cluster: Cluster) -> Iterator[Bucket]:
    """Empty, and in the environment of the cluster's nodes."""
    server.client.create_bucket(Bucket="models")
    cluster.environment.update({**server.keys, "TROUPE_S3_ENDPOINT": server.url})
    try:
        yield server
    finally:
        for row in server.client.list_objects_v2(Bucket="models").get("Contents", []):
            server.client.delete_object(Bucket="models", Key=row["Key"])
        server.client.delete_bucket(Bucket="models")


def digests(folder: Path) -> Dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_versions_are_added_deployed_served_and_removed(cluster: Cluster, bucket: Bucket):
    cluster.start_head(extra=STORE)
    cluster.add_clerk("1", "2")

    stored = bucket.contents()
    wanted = {f"clerk/{v}/{path}": sha for v in "12" for path, sha in digests(CLERK / v).items()}
    assert {key: sha for key, sha in stored.items() if not key.endswith("/troupe-manifest.json")} == wanted
    assert {"clerk/1/troupe-manifest.json", "clerk/2/troupe-manifest.json"} <= set(stored)

    cluster.apply(deployment("clerk-2", "clerk@2"))
    cluster.wait_for_traffic("clerk@2")
    cluster.check_answers()
    assert cluster.cli("model", "remove", "clerk@2").code == FAILED
    cluster.run("model", "remove", "clerk@1")
    assert not [key for key in bucket.contents() if key.startswith("clerk/1/")]
    # The same again is no change, other content is refused.
    cluster.run("model", "add", "clerk@2", CLERK / "2")
    assert "immutable" in cluster.cli("model", "add", "clerk@2", CLERK / "1").err


def test_another_head_finds_them_and_its_workers_get_them(cluster: Cluster, bucket: Bucket, tmp_path: Path):
    cluster.start_head(extra=STORE)
    cluster.add_clerk("2")
    cluster.head.terminate()
    shutil.rmtree(cluster.head.folder)

    cluster.start_head(roles="head,gateway", extra=STORE)
    far = start_far_worker(cluster, "worker-1")
    assert [row["version"] for row in cluster.api("models")] == ["2"]
    assert not (cluster.head.folder / "model-mirror/clerk").exists()
    cluster.apply(deployment("clerk-2", "clerk@2"))
    cluster.wait_for_traffic("clerk@2")

    cluster.check_answers()
    assert digests(CLERK / "2").items() <= digests(far.folder / "models/clerk/2").items()
    cluster.run("model", "pull", "clerk@2", tmp_path / "copy")
    assert digests(tmp_path / "copy") == digests(CLERK / "2")


def test_a_version_whose_publication_broke_off_is_not_there(cluster: Cluster, bucket: Bucket):
    cluster.environment["TROUPE_CRASH_AT"] = "model.after_rename"
    cluster.start_head(roles="head", extra=STORE)
    del cluster.environment["TROUPE_CRASH_AT"]
    assert cluster.cli("model", "add", "clerk@2", CLERK / "2").code != 0
    cluster.head.process.wait()
    assert (cluster.head.folder / "model-mirror/clerk/2").exists() and bucket.contents() == {}
    # Or a while later, when some of the files were there.
    bucket.client.put_object(Bucket="models", Key="team/clerk/2/config.json", Body=b"{}")

    cluster.start_again("head")

    assert cluster.api("models") == []
    # Its name is free for anything.
    cluster.run("model", "add", "clerk@2", CLERK / "1")
    assert bucket.contents()["clerk/2/config.json"] == digests(CLERK / "1")["config.json"]


def test_files_of_many_parts_come_back_whole(cluster: Cluster, bucket: Bucket, tmp_path: Path):
    big = tmp_path / "big"
    big.mkdir()
    with (big / "weights 1+2.bin").open("wb") as out:
        block = bytes(range(256)) * 4096
        for number in range(35):
            out.write(number.to_bytes(4, "little") + block)
    (big / "empty").write_bytes(b"")
    cluster.start_head(roles="head", extra=STORE)

    cluster.run("model", "add", "big@1", big)

    assert bucket.contents()["big/1/weights 1+2.bin"] == digests(big)["weights 1+2.bin"]
    etag = bucket.client.head_object(Bucket="models", Key="team/big/1/weights 1+2.bin")["ETag"]
    assert etag.strip('"').endswith("-3")
    cluster.run("model", "pull", "big@1", tmp_path / "copy")
    assert digests(tmp_path / "copy") == digests(big)


def test_a_file_that_was_changed_in_the_bucket_is_not_loaded(cluster: Cluster, bucket: Bucket):
    cluster.start_head(extra=STORE)
    cluster.add_clerk("2")
    shutil.rmtree(cluster.head.folder / "model-mirror/clerk")
    weights = bytearray((CLERK / "2/model.safetensors").read_bytes())
    weights[-1] ^= 1
    bucket.client.put_object(Bucket="models", Key="team/clerk/2/model.safetensors", Body=bytes(weights))

    cluster.apply(deployment("clerk-2", "clerk@2"), wait=False)

    wait_until(
        lambda: any("sha256" in r.get("reason", "") for r in cluster.replicas("clerk-2").values()), "it says what is wrong"
    )


def start(cluster: Cluster, url: str = "s3://models/team", **environment: str) -> str:
    """What a head that does not start says."""
    ports = ["--port=0", "--http-port=0", "--zmq-port=0", "--metrics-port=0", "--admin-port=0"]
    ran = subprocess.run(
        [str(BINARY), "start", "--head", "--block", "--model-store", url, *ports],
        env={**cluster.environment, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode not in (0, None)
    return ran.stderr


def test_a_store_that_cannot_be_used_says_what_must_be_set_right(cluster: Cluster, bucket: Bucket):
    assert "there is no bucket absent" in start(cluster, "s3://absent/team")
    assert "s3://BUCKET/PREFIX" in start(cluster, "http://models")
    assert "needs the variable AWS_SECRET_ACCESS_KEY" in start(cluster, AWS_SECRET_ACCESS_KEY="")
    assert "refused the signature; AWS_SECRET_ACCESS_KEY" in start(cluster, AWS_SECRET_ACCESS_KEY="wrong")
    assert "knows no access key AKIANOBODY" in start(cluster, AWS_ACCESS_KEY_ID="AKIANOBODY")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        refused = start(cluster, TROUPE_S3_ENDPOINT=f"http://127.0.0.1:{nobody.getsockname()[1]}")
    assert "cannot list" in refused and "127.0.0.1" in refused
