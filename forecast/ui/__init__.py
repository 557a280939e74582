"""The app: one module a page; inputs, one call into ``forecast``, output."""
