"""Outputs for people and programs; the only writers of files."""

from forecast.report.schema import schema
from forecast.report.tables import Provenance, attainment_frame, joint_frame, paths_frame, required_frame, write_csv

__all__ = [
    "Provenance",
    "attainment_frame",
    "joint_frame",
    "paths_frame",
    "required_frame",
    "schema",
    "write_csv",
]
