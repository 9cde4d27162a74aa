"""The tabs Fields, Selects and Statuses: the schema that a campaign's leads follow."""
