"""The sample ERP, its data, its defects and fixes, and the services that it needs. Knows nothing of measuring."""
