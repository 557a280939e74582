"""Scenarios as people edit them: drafts, and drafts row by row of a ledger."""

from forecast.drafting.draft import Draft, checked, combined, draft_of, parsed, plain_name, to_yaml

__all__ = ["Draft", "checked", "combined", "draft_of", "parsed", "plain_name", "to_yaml"]
