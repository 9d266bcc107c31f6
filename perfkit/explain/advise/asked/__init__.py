"""What the workload asks: statements as trees, what each wants of which table, and where its plan loses time."""
