"""Decision support for lumbar spine MRI orders, as a CDS Hooks service."""

__version__ = "0.1.0"
