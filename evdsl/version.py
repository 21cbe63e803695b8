"""The version of evdsl, read by the build and by `evdsl --version`."""

__version__ = "0.1.0"
