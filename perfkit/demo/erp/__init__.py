"""The sample ERP as a web application. Every defect of the plans is in it, and a switch for each; none is a sleep."""
