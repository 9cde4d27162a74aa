"""The account's people, and what everybody changes of their own sign-in."""
