"""Many leads at once: pages, walks and exports."""
