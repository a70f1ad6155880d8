"""Addresses are read in one way or not at all."""

import pytest

from cds_service.access.addresses import is_below, parse_address
from cds_service.access.outgoing import Forbidden

BASE = "https://ehr.example.org/fhir/R4"


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        pytest.param("https://ehr.example.org", "https://ehr.example.org/", id="without a path"),
        pytest.param("HTTPS://EHR.Example.ORG/Fhir", "https://ehr.example.org/Fhir", id="upper case"),
        pytest.param("https://ehr.example.org:443/x", "https://ehr.example.org/x", id="default port"),
        pytest.param("http://localhost:80/x", "http://localhost/x", id="default port of http"),
        pytest.param("https://ehr.example.org:8443/x", "https://ehr.example.org:8443/x", id="own port"),
        pytest.param("https://xn--bcher-kva.example/x", "https://xn--bcher-kva.example/x", id="encoded name"),
        pytest.param("https://93.184.216.34/x", "https://93.184.216.34/x", id="IPv4"),
        pytest.param("https://[2606:4700:0::1]:444/x", "https://[2606:4700::1]:444/x", id="IPv6"),
        pytest.param("https://a.b/x?y=z/../w", "https://a.b/x?y=z/../w", id="a query is no path"),
        pytest.param("https://a.b/x?c=s|1", "https://a.b/x?c=s%7C1", id="bar of a token"),
        pytest.param("https://a.b/x/", "https://a.b/x/", id="slash at the end"),
        pytest.param("https://a.b/Patient/a%20b", "https://a.b/Patient/a%20b", id="escaped space"),
        pytest.param("https://a.b/x?", "https://a.b/x?", id="empty query"),
    ],
)
def test_an_address_is_normalised(text: str, normalised: str) -> None:
    address = parse_address(text)
    assert str(address) == normalised
    assert parse_address(normalised) == parse_address(str(address))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("/fhir/Patient/1", id="relative"),
        pytest.param("//ehr.example.org/fhir", id="relative to a scheme"),
        pytest.param("https:/ehr.example.org/fhir", id="one slash"),
        pytest.param("https:///fhir", id="no host"),
        pytest.param("https://:443/fhir", id="only a port"),
        pytest.param("https://a.b:0/x", id="port 0"),
        pytest.param("https://a.b:65536/x", id="port too high"),
        pytest.param("https://a.b:0443/x", id="port with a zero"),
        pytest.param("https://a.b:+443/x", id="port with a sign"),
        pytest.param("https://a.b:٤٤٣/x", id="port in other digits"),
        pytest.param("https://a.b:/x", id="empty port"),
        pytest.param("https://a.b/x#y", id="fragment"),
        pytest.param("https://a.b/x%", id="broken escape"),
        pytest.param("https://a.b/x%2", id="half an escape"),
        pytest.param("https://a.b/x?y=%zz", id="no escape"),
        pytest.param("https://a.b/x y", id="space"),
        pytest.param(" https://a.b/x", id="space before"),
        pytest.param("https://a.b/x\n", id="line end"),
        pytest.param("https://a.b/x\r\nHost: evil", id="header in it"),
        pytest.param("https://a.b/x\x00", id="null byte"),
        pytest.param("https://a.b/\u202ex", id="direction mark"),
        pytest.param("https://-a.b/x", id="hyphen first"),
        pytest.param("https://a-.b/x", id="hyphen last"),
        pytest.param("https://a..b/x", id="empty label"),
        pytest.param("https://.a.b/x", id="dot first"),
        pytest.param(f"https://{'a' * 64}.b/x", id="label of 64"),
        pytest.param(f"https://{'a.' * 127}b/x", id="name of 255"),
        pytest.param(f"https://a.b/{'x' * 8192}", id="too long"),
    ],
)
def test_what_could_be_read_in_two_ways_is_no_address(text: str) -> None:
    with pytest.raises(Forbidden) as refusal:
        parse_address(text)
    assert refusal.value.reason == "address not allowed"


@pytest.mark.parametrize("length", [63, 64])
def test_a_label_has_at_most_63_characters(length: int) -> None:
    assert is_below(f"https://{'a' * length}.b/x", f"https://{'a' * length}.b") is (length == 63)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(BASE, id="the base"),
        pytest.param(f"{BASE}/", id="with a slash"),
        pytest.param(f"{BASE}/Patient/1", id="a resource"),
        pytest.param(f"{BASE}?_getpages=1&_offset=..%2F..", id="a page by its query"),
        pytest.param(f"{BASE}/Condition?patient=1&url=https://evil.example/", id="an address in the query"),
        pytest.param("HTTPS://EHR.EXAMPLE.ORG:443/fhir/R4/Patient", id="upper case and default port"),
    ],
)
@pytest.mark.parametrize("base", [BASE, f"{BASE}/"], ids=["base", "base with a slash"])
def test_an_address_is_below_its_base(url: str, base: str) -> None:
    assert is_below(url, base)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://ehr.example.org/fhir/R4B/Patient", id="longer segment"),
        pytest.param("https://ehr.example.org/fhir", id="above"),
        pytest.param("https://ehr.example.org/", id="root"),
        pytest.param("https://ehr.example.org/fhir/r4/Patient", id="other case"),
        pytest.param("https://ehr.example.org/other?x=/fhir/R4/", id="base in the query"),
        pytest.param("http://ehr.example.org/fhir/R4/Patient", id="other scheme"),
        pytest.param("https://ehr.example.org:444/fhir/R4/Patient", id="other port"),
        pytest.param("https://ehr.example.org:80/fhir/R4/Patient", id="port of http"),
        pytest.param("https://evil.example/fhir/R4/Patient", id="other host"),
        pytest.param("https://ehr.example.org.evil.example/fhir/R4/Patient", id="longer host"),
        pytest.param("https://evilehr.example.org/fhir/R4/Patient", id="host that ends alike"),
        pytest.param("https://ehr.example.org./fhir/R4/Patient", id="trailing dot"),
        pytest.param("https://еhr.example.org/fhir/R4/Patient", id="Cyrillic letter"),
        pytest.param("https://ehr。example.org/fhir/R4/Patient", id="ideographic dot"),
        pytest.param("https://ehr.example.org@evil.example/fhir/R4/Patient", id="user-info"),
        pytest.param("https://evil.example\\@ehr.example.org/fhir/R4/Patient", id="backslash"),
        pytest.param(f"{BASE}/../../admin", id="way up"),
        pytest.param(f"{BASE}/..", id="way up at the end"),
        pytest.param(f"{BASE}/./Patient", id="dot segment"),
        pytest.param(f"{BASE}/%2e%2e/%2e%2e/admin", id="escaped way up"),
        pytest.param(f"{BASE}/.%2E/admin", id="half escaped way up"),
        pytest.param(f"{BASE}/..%2fadmin", id="escaped slash"),
        pytest.param(f"{BASE}/..%5cadmin", id="escaped backslash"),
        pytest.param(f"{BASE}/%252e%252e/admin", id="escaped twice"),
        pytest.param(f"{BASE}/..;/admin", id="way up with a parameter"),
        pytest.param(f"{BASE}/..;x=1/admin", id="way up with a parameter and value"),
        pytest.param(f"{BASE}/..%3b/admin", id="way up with an escaped parameter"),
        pytest.param(f"{BASE}/%C0%AE%c0%ae/admin", id="way up in bytes too many"),
        pytest.param(f"{BASE}/..%c1%9cadmin", id="backslash in bytes too many"),
        pytest.param(f"{BASE}/;/admin", id="empty segment with a parameter"),
        pytest.param(f"{BASE}//evil.example/x", id="two slashes"),
        pytest.param("https://ehr.example.org//fhir/R4/Patient", id="two slashes before"),
        pytest.param(f"{BASE}\\..\\admin", id="backslashes"),
        pytest.param(f"{BASE}/Patient%00", id="null byte"),
        pytest.param(f"{BASE}/Patient#x", id="fragment"),
        pytest.param("/fhir/R4/Patient/1", id="relative"),
        pytest.param("Patient/1", id="relative to the base"),
        pytest.param("urn:uuid:1", id="no address"),
    ],
)
def test_what_is_off_its_base_is_not_below_it(url: str) -> None:
    assert not is_below(url, BASE)


def test_nothing_is_below_a_base_that_cannot_be_read() -> None:
    assert not is_below(BASE, "ehr.example.org/fhir/R4")


def test_nothing_is_below_a_base_with_a_query() -> None:
    assert not is_below(f"{BASE}?x=1", f"{BASE}?x=1")


def test_everything_of_a_server_is_below_a_base_without_a_path() -> None:
    assert is_below("https://ehr.example.org/anything", "https://ehr.example.org")
