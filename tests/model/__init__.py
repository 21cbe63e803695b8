"""A set-based reference model of LANGUAGE.md, written from the text alone: the oracle of the tests."""
