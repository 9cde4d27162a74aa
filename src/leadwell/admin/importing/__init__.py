"""Files of leads that people load on the pages: kept, looked at, and loaded."""
