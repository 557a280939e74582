"""Outputs for people and programs; the only writers of files."""
