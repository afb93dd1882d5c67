-- The user as whom Grafana reads. Run once, as the owner of the tables, after the migrations; again after a release that
-- adds tables to the boards. It may be run any number of times.
--   psql "$DATABASE_URL" -v password="$POSTGRES_READER_PASSWORD" -f grafana/provisioning/postgres-reader.sql
-- It sees no telephone number, no recording and no setting: columns are granted one by one.
SELECT format('CREATE ROLE aida_grafana LOGIN CONNECTION LIMIT 10 NOSUPERUSER NOCREATEDB NOCREATEROLE')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aida_grafana') \gexec

ALTER ROLE aida_grafana PASSWORD :'password';
ALTER ROLE aida_grafana SET default_transaction_read_only = on;
ALTER ROLE aida_grafana SET statement_timeout = '5s';
ALTER ROLE aida_grafana SET idle_in_transaction_session_timeout = '10s';

GRANT USAGE ON SCHEMA public TO aida_grafana;
GRANT SELECT (call_sid, status, started_at, answered_at, ended_at, duration, outcome, processed_at, intents,
  promotion_slug, last_epoch, last_seq) ON call_log TO aida_grafana;
GRANT SELECT (call_sid, epoch, seq, item_id, after_item_id, who, text, heard_text, heard_ms, total_ms, cut, at)
  ON turn TO aida_grafana;
GRANT SELECT (call_sid, tool_call_id, epoch, name, arguments, result, output, started_at, duration_ms)
  ON tool_execution TO aida_grafana;
GRANT SELECT (call_sid, minute, wait_from, wait_until, silences_ms) ON call_figure TO aida_grafana;
-- Views of a promotion's figures: counts, and questions as they stand after redaction.
GRANT SELECT ON figures_by_minute, figures_by_day, figures_intents, figures_products, figures_promotions,
  figures_transfer_reasons, figures_questions TO aida_grafana;
