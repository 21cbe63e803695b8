"""Tests of what can run and of cycles: sections 4 to 6 of the language."""
