"""A copy of the leads of any service whose lists have the article's shape (ADR 0019).

Such a service has pages and `updated_after`, and no change feed: pages move under
whoever reads them, and a lead that is gone is told by nobody.
"""
