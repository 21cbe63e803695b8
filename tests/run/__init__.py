"""Tests of the engine, of simulate, and of live runs."""
