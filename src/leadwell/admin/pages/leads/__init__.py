"""The tab Leads: a table of them, one of them, and changes of one or of many."""
