"""TOML files of client profiles for tests, and what the reader says of them."""

from pathlib import Path

import pytest

from cds_service.access.client_file import ClientsError, read_clients
from cds_service.access.clients import Clients

KEYS = '{"keys": []}'
PROTECTED = """\
[[client]]
name = "ward"
issuer = "https://ehr.example"
jwks_url = "https://ehr.example/jwks.json"
"""


def write(folder: Path, text: str) -> Path:
    """The file in its folder, beside a key file and a certificate that it may name."""
    (folder / "keys.json").write_text(KEYS, encoding="utf-8")
    (folder / "ca.pem").write_text("", encoding="utf-8")
    file = folder / "clients.toml"
    file.write_text(text, encoding="utf-8")
    return file


def read(folder: Path, text: str) -> Clients:
    """The clients of a file with this text."""
    return read_clients(write(folder, text))


def refusal(folder: Path, text: str) -> list[str]:
    """What is said of the text, a problem a line; fails where it is read."""
    with pytest.raises(ClientsError) as refused:
        read(folder, text)
    return str(refused.value).splitlines()
