#!/usr/bin/env python3
"""Writes what the binary is made of: the licences of all dependencies, and an SBOM (CycloneDX 1.6).

usage: packaging/inventory.py DIR    writes DIR/THIRD-PARTY.txt and DIR/sbom.cdx.json

Both follow from Cargo.lock and the sources of the packages alone; SOURCE_DATE_EPOCH is the time of the SBOM.
"""

import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tomllib
import uuid

PROJECT = pathlib.Path(__file__).resolve().parent.parent
TARGET = "x86_64-unknown-linux-gnu"
IS_LICENCE = re.compile(r"(?i)(licen[cs]e|copying|copyright|notice|unlicense)([-._].*)?$")


def packages() -> tuple[dict, list[dict]]:
    """The package itself and what is linked into it, each with the IDs of what it depends on, by name and version."""
    command = ["cargo", "metadata", "--locked", "--format-version=1", f"--filter-platform={TARGET}"]
    metadata = json.loads(subprocess.check_output(command, cwd=PROJECT))
    by_id = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root, found = metadata["resolve"]["root"], {}
    waiting = [root]
    while waiting:
        package_id = waiting.pop()
        if package_id in found:
            continue
        # Not what only tests and build scripts need.
        needs = [
            dependency["pkg"]
            for dependency in nodes[package_id]["deps"]
            if any(kind["kind"] is None for kind in dependency["dep_kinds"])
        ]
        found[package_id] = {**by_id[package_id], "needs": needs}
        waiting += needs
    for package in found.values():
        package["ref"] = f"pkg:cargo/{package['name']}@{package['version']}"
    for package in found.values():
        package["needs"] = sorted(found[need]["ref"] for need in package["needs"])
    itself = found.pop(root)
    return itself, sorted(found.values(), key=lambda package: (package["name"], package["version"]))


def expression(package: dict) -> str:
    """The licence as SPDX writes it; a slash is what older packages have for OR."""
    return re.sub(r"\s*/\s*", " OR ", package["license"])


def licence_files(package: dict) -> list[pathlib.Path]:
    folder = pathlib.Path(package["manifest_path"]).parent
    return sorted(file for file in folder.iterdir() if file.is_file() and IS_LICENCE.match(file.name))


def notices(dependencies: list[dict]) -> str:
    """The licence texts, each once, under the packages that it is of."""
    texts: dict[str, list[str]] = {}
    for package in dependencies:
        # A package of a family may leave its licence to another one of the same repository.
        family = [package] + [other for other in dependencies if other["repository"] == package["repository"]]
        files = next((files for one in family if package["repository"] and (files := licence_files(one))), None)
        files = files or licence_files(package)
        if not files:
            sys.exit(f"{package['name']} {package['version']} has no licence text")
        for file in files:
            text = file.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").strip("\n")
            texts.setdefault(text, []).append(f"{package['name']} {package['version']}")
    parts = [
        "ibmcloud-iam is under the Apache License 2.0 (LICENSE). The packages below are part of its binary, with their sources.\n"
        "The standard library of Rust is part of it too, under MIT OR Apache-2.0.\n"
    ]
    for package in dependencies:
        source = package["repository"] or package["homepage"] or ""
        parts.append(f"{package['name']} {package['version']}: {expression(package)} {source}".rstrip() + "\n")
    for text, names in texts.items():
        parts.append(f"\n{'=' * 80}\n{', '.join(dict.fromkeys(names))}\n{'=' * 80}\n{text}\n")
    return "".join(parts)


def sbom(itself: dict, dependencies: list[dict]) -> dict:
    with open(PROJECT / "Cargo.lock", "rb") as file:
        locked = tomllib.load(file)["package"]
    checksums = {(one["name"], one["version"]): one.get("checksum") for one in locked}

    def component(package: dict, kind: str) -> dict:
        urls = {"website": package["homepage"], "vcs": package["repository"]}
        places = [{"type": what, "url": url} for what, url in urls.items() if url]
        checksum = checksums[package["name"], package["version"]]
        return {
            "type": kind,
            "bom-ref": package["ref"],
            "name": package["name"],
            "version": package["version"],
            **({"description": package["description"].strip()} if package["description"] else {}),
            **({"hashes": [{"alg": "SHA-256", "content": checksum}]} if checksum else {}),
            "licenses": [{"expression": expression(package)}],
            "purl": package["ref"],
            **({"externalReferences": places} if places else {}),
        }

    made = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.UTC)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": made.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": component(itself, "application"),
        },
        "components": [component(package, "library") for package in dependencies],
        "dependencies": [{"ref": one["ref"], "dependsOn": one["needs"]} for one in [itself, *dependencies]],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(document, sort_keys=True))
    return {"bomFormat": document.pop("bomFormat"), "serialNumber": f"urn:uuid:{serial}", **document}


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    itself, dependencies = packages()
    (folder / "THIRD-PARTY.txt").write_text(notices(dependencies), encoding="utf-8")
    document = json.dumps(sbom(itself, dependencies), indent=2, ensure_ascii=False)
    (folder / "sbom.cdx.json").write_text(document + "\n", encoding="utf-8")


main()
