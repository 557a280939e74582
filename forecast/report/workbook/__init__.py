"""The workbook that officials hand on: tables as worksheets."""

from forecast.report.workbook.book import workbook_bytes

__all__ = ["workbook_bytes"]
