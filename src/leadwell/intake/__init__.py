"""What a file of leads holds: its rows, and the campaign they suggest."""
