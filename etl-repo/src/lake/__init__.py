"""The core that both data flows stand on: landed files, ledger, Spark session, errors; it knows neither flow."""
