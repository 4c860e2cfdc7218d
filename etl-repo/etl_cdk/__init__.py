"""The ETL app: ODP components of one environment, each deploying its namesake in src/odp."""
