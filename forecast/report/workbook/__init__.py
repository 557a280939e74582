"""The workbook that officials hand on: tables of ``report.sheets`` as worksheets."""

from forecast.report.workbook.book import workbook_bytes

__all__ = ["workbook_bytes"]
