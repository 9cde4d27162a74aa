"""The documentation of one reader, as pages that know no markup."""
