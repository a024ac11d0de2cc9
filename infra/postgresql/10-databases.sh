#!/bin/sh
# Run once, by PostgreSQL's image, when its volume is empty: two databases, each with a user of its name.
set -eu

psql --username "${POSTGRES_USER:-postgres}" --dbname postgres --no-psqlrc --quiet \
  --set ON_ERROR_STOP=1 --set films="$REELHOUSE_DATABASE_PASSWORD" --set runs="$PREFECT_DATABASE_PASSWORD" <<'SQL'
SET log_min_error_statement = panic;  -- the log repeats statements that fail, and these hold passwords
CREATE ROLE reelhouse LOGIN PASSWORD :'films';
CREATE ROLE prefect LOGIN PASSWORD :'runs';
CREATE DATABASE reelhouse OWNER reelhouse;
CREATE DATABASE prefect OWNER prefect;
REVOKE ALL ON DATABASE reelhouse FROM PUBLIC;
REVOKE ALL ON DATABASE prefect FROM PUBLIC;
SQL
