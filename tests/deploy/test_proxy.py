"""nginx.conf: it agrees with compose.yaml and the service, and nginx itself does what it says."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests
import trustme

from cds_service.local_service import loopback_session
from cds_service.settings import Settings
from tests.deploy.files import DEPLOY, read_yaml

CONF = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
SERVICES = read_yaml(DEPLOY / "compose.yaml")["services"]
REPLICAS = ["172.30.57.11:8080", "172.30.57.12:8080"]
CALL = "/cds-services/lumbar-mri-order-sign"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")

needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


class Replica(BaseHTTPRequestHandler):
    """Stands in for the service: remembers what came, and hangs up without an answer where it is told to."""

    seen: ClassVar[list[tuple[str, str, dict[str, str]]]] = []
    hangs_up = False

    def do_GET(self) -> None:
        """Take the call and answer it."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.seen.append(
            (self.command, self.path, {name.lower(): text for name, text in self.headers.items()})
        )
        if self.hangs_up:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Proxy:
    """A proxy that runs: how to call it, what its replicas saw, and its log."""

    def __init__(self, port: int, ca: Path, log: Path, replicas: list[type[Replica]]) -> None:
        self.port, self.ca, self.log, self.replicas = port, ca, log, replicas

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        # Prepared by hand: requests would tidy the path.
        session = loopback_session()
        request = session.prepare_request(
            requests.Request(method, f"https://localhost:{self.port}/", **options)
        )
        request.url = f"https://localhost:{self.port}{path}"
        return session.send(request, verify=str(self.ca), timeout=20)

    def seen(self) -> list[tuple[str, str, dict[str, str]]]:
        return [call for replica in self.replicas for call in replica.seen]


@contextmanager
def replica(handler: type[Replica]) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(folder: Path, first: int, second: int, handlers: list[type[Replica]]) -> Iterator[Proxy]:
    """nginx with the shipped file, in which only addresses and folders are those of this test."""
    port, ca, log = free_port(), trustme.CA(), folder / "log"
    certificate = ca.issue_cert("localhost")
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "tls.key"))
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(str(folder / "tls.crt"), append=True)
    text = CONF
    for shipped, own in [
        ("/tmp/", f"{folder}/"),  # noqa: S108 # in the container; first, because the others lie there, too
        ("listen 8443", f"listen 127.0.0.1:{port}"),
        (REPLICAS[0], f"127.0.0.1:{first}"),
        (REPLICAS[1], f"127.0.0.1:{second}"),
        ("/run/secrets/", f"{folder}/"),
        ("/dev/stdout", str(log)),
        ("worker_processes auto", "worker_processes 1"),
    ]:
        assert shipped in text
        text = text.replace(shipped, own)
    (folder / "nginx.conf").write_text(text)
    command = [str(NGINX), "-c", str(folder / "nginx.conf"), "-e", "stderr", "-p", str(folder)]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr
    process = subprocess.Popen([*command, "-g", "daemon off;"], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield Proxy(port, folder / "ca.pem", log, handlers)
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def handlers() -> list[type[Replica]]:
    return [type("Replica", (Replica,), {"seen": []}) for _ in range(2)]


@pytest.fixture
def proxy(tmp_path: Path, handlers: list[type[Replica]]) -> Iterator[Proxy]:
    """Before two replicas that answer."""
    tmp_path.chmod(0o755)
    with (
        replica(handlers[0]) as first,
        replica(handlers[1]) as second,
        running(tmp_path, first, second, handlers) as proxy,
    ):
        yield proxy


def directive(name: str) -> str:
    (value,) = re.findall(rf"^\s*{name} (.+);", CONF, flags=re.MULTILINE)
    return str(value)


def test_the_addresses_are_those_of_compose() -> None:
    addresses = [SERVICES[name]["networks"]["front"]["ipv4_address"] for name in ("cds-1", "cds-2")]
    assert [f"{address}:8080" for address in addresses] == REPLICAS
    assert re.findall(r"server (\S+:8080) ", CONF) == REPLICAS
    (port,) = SERVICES["proxy"]["ports"]
    assert f"listen {port.rpartition(':')[2]} ssl;" in CONF
    assert f"https://127.0.0.1:{port.rpartition(':')[2]}/healthz" in SERVICES["proxy"]["healthcheck"]["test"]


def test_the_limits_are_those_of_the_service() -> None:
    settings = Settings()
    assert int(directive("client_max_body_size")) == settings.max_body_bytes
    assert float(directive("client_body_timeout").removesuffix("s")) == settings.receive_timeout_seconds


def test_the_certificate_is_one_of_the_secrets_and_what_is_written_lies_in_memory() -> None:
    assert set(re.findall(r"/run/secrets/(\S+);", CONF)) == set(SERVICES["proxy"]["secrets"])
    written = re.findall(r"(?:pid|_temp_path|_log) (/\S+)", CONF)
    assert len(written) == 8
    assert all(path.startswith(("/tmp/", "/dev/std")) for path in written)  # noqa: S108 # in the container


def test_a_call_is_never_written_to_a_file_and_never_repeated() -> None:
    assert directive("proxy_request_buffering") == "off"
    assert directive("proxy_max_temp_file_size") == "0"
    assert "non_idempotent" not in directive("proxy_next_upstream")


@pytest.mark.parametrize("name", ["request_uri", "uri", "request", "args", "http_", "remote_addr"])
def test_the_log_has_nothing_that_was_typed_and_nobodys_address(name: str) -> None:
    (log_format,) = re.findall(r"log_format [^;]*;", CONF)
    assert not re.search(rf"\${name}\b" if not name.endswith("_") else rf"\${name}", log_format)


@needs_nginx
def test_calls_reach_both_replicas_with_the_protocol_that_they_came_by(proxy: Proxy) -> None:
    for _ in range(4):
        answer = proxy.call("POST", CALL, data=b"{}", headers={"X-Forwarded-Proto": "http"})
        assert (answer.status_code, answer.text) == (200, "{}")
    assert [len(one.seen) for one in proxy.replicas] == [2, 2]
    assert {headers["x-forwarded-proto"] for _, _, headers in proxy.seen()} == {"https"}
    assert "Server" not in answer.headers or "/" not in answer.headers["Server"]


@needs_nginx
@pytest.mark.parametrize(
    "path",
    ["/metrics", "/readyz", "/metrics?x=1", "/%6Detrics", "//metrics", "/x/../readyz", "/metrics/"],
)
def test_what_is_of_operators_alone_is_not_passed(path: str, proxy: Proxy) -> None:
    assert proxy.call("GET", path).status_code == 404
    assert proxy.seen() == []


@needs_nginx
def test_a_body_that_is_too_large_is_refused_before_it_is_sent(proxy: Proxy) -> None:
    context = ssl.create_default_context(cafile=str(proxy.ca))
    length = Settings().max_body_bytes + 1
    with (
        socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(
            f"POST {CALL} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")
    assert proxy.seen() == []


@needs_nginx
def test_a_replica_that_is_down_costs_no_call(tmp_path: Path, handlers: list[type[Replica]]) -> None:
    tmp_path.chmod(0o755)
    with replica(handlers[1]) as second, running(tmp_path, free_port(), second, handlers) as proxy:
        answers = [proxy.call("POST", CALL, data=b"{}").status_code for _ in range(6)]
    assert answers == [200] * 6
    assert len(handlers[1].seen) == 6


@needs_nginx
def test_a_call_that_reached_a_replica_is_not_sent_to_the_other(proxy: Proxy) -> None:
    for handler in proxy.replicas:
        handler.hangs_up = True
    assert proxy.call("POST", CALL, data=b"{}").status_code == 502
    assert len(proxy.seen()) == 1


@needs_nginx
def logged(proxy: Proxy) -> str:
    """The log, once a line is in it: nginx writes it after the answer."""
    ends = time.monotonic() + 10
    while not (text := proxy.log.read_text()) and time.monotonic() < ends:
        time.sleep(0.02)
    return text


def test_neither_path_nor_address_gets_into_the_log(proxy: Proxy) -> None:
    proxy.call("GET", "/marked-path?marked-query")
    text = logged(proxy)
    assert '"status":"200"' in text
    assert "marked" not in text
    assert "127.0.0.1" not in re.sub(r'"replica":"[^"]*"', "", text)
