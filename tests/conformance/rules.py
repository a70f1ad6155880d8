"""Every rule of the conformance reference, and why some of them have no test here."""

_RULES_IN_SECTION = {
    "GEN": 10,
    "DISC": 18,
    "CALL": 16,
    "HK": 13,
    "OSEL": 7,
    "OSGN": 5,
    "PFT": 12,
    "PFD": 13,
    "FA": 11,
    "RESP": 11,
    "CARD": 14,
    "SUG": 6,
    "ACT": 8,
    "OVR": 4,
    "LINK": 5,
    "SYS": 5,
    "FB": 14,
    "SEC": 10,
    "JWT": 10,
    "JWK": 5,
    "CORS": 4,
    "EXT": 5,
    "VER": 7,
}

ALL_RULES = tuple(
    f"{section}-{number}" for section, last in _RULES_IN_SECTION.items() for number in range(1, last + 1)
)

_CLIENT = "binds the client alone"
_NOTE = "a note, nothing to show"

NOT_TESTED: dict[str, str] = {
    "GEN-2": "not testable here: TLS ends at the proxy before the service",
    "DISC-3": "not offered: services cannot be switched off",
    "DISC-16": "read by people: README and docs",
    "CALL-13": "measured by make bench",
    "OSGN-5": "read by people: the words of the cards",
    "PFD-12": _CLIENT,
    "FA-10": "a contract, not testable over HTTP",
    "FA-11": _CLIENT,
    "RESP-6": _NOTE,
    "RESP-8": "shown by tests/web/test_limits_and_faults.py: it needs a fault inside",
    "RESP-10": "not offered: an answer that lacks one pathway would look complete, so a fault is a 500",
    "CARD-14": _NOTE,
    "SUG-5": _CLIENT,
    "ACT-7": _CLIENT,
    "OVR-3": _NOTE,
    "LINK-5": _NOTE,
    "SYS-4": _NOTE,
    "FB-9": _CLIENT,
    "SEC-4": "not testable here: TLS ends at the proxy before the service",
    "SEC-8": "read by people: the links stand in the guideline's content",
    "SEC-9": "read by people",
    "VER-4": _NOTE,
    "VER-7": _NOTE,
}
