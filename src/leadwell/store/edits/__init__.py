"""What people do with leads in the pages: edits of many, undone ones, their columns."""
