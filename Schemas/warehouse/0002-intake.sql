-- Schema intake: the ledger. What was seen, taken in, kept out and superseded, and every byte that was accepted.
-- All tables are local (on Citus: on the coordinator). No foreign keys on the large tables, none to a distributed one.
-- The table intake.migration is made by the migrator itself before the first migration; the schema may therefore exist.
-- Forward only: a released migration is never edited, the next change gets the next number.

CREATE SCHEMA IF NOT EXISTS intake;
COMMENT ON SCHEMA intake IS 'Ledger of files, dossiers, findings and rejects';

-- Runs -------------------------------------------------------------------------------------------------------------

CREATE TABLE intake.run (
  run_id          bigint GENERATED ALWAYS AS IDENTITY,
  started_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at        timestamptz,
  program_version text NOT NULL,
  process_key     text NOT NULL,
  state           text NOT NULL DEFAULT 'running',
  exit_code       integer,
  options         jsonb,
  totals          jsonb,
  report          jsonb,
  CONSTRAINT run_key PRIMARY KEY (run_id),
  CONSTRAINT run_state CHECK (state IN ('running', 'done', 'failed', 'stopped'))
);
CREATE INDEX run_running ON intake.run (run_id) WHERE state = 'running';
COMMENT ON TABLE intake.run IS 'One start of the program; state running after the process has gone means it was killed.';
COMMENT ON COLUMN intake.run.process_key IS 'Identity of the process, the same in every connection of the run.';
COMMENT ON COLUMN intake.run.totals IS 'Counts of the run, without values of patients.';

-- Files ------------------------------------------------------------------------------------------------------------

CREATE TABLE intake.sighting (
  facility_code text NOT NULL,
  file_name     text NOT NULL,
  size_in_bytes bigint NOT NULL,
  modified_ns   bigint NOT NULL,
  changed_ns    bigint NOT NULL,
  inode         bigint NOT NULL,
  first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_seen_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  observations  integer NOT NULL DEFAULT 1,
  CONSTRAINT sighting_key PRIMARY KEY (facility_code, file_name)
);
COMMENT ON TABLE intake.sighting IS 'Files seen in the inbox, for the settled test: size and times must stand still between two observations.';
COMMENT ON COLUMN intake.sighting.first_seen_at IS 'When the file was first seen with this size and these times.';
COMMENT ON COLUMN intake.sighting.observations IS 'How often it was seen unchanged.';

CREATE TABLE intake.file (
  file_id                 bigint GENERATED ALWAYS AS IDENTITY,
  facility_code           text NOT NULL,
  file_name               text NOT NULL,
  feed                    text,
  format_version          text,
  content_sha256          bytea,
  size_in_bytes           bigint,
  state                   text NOT NULL,
  reason                  text,
  reason_detail           jsonb,
  attempts                integer NOT NULL DEFAULT 0,
  epoch                   bigint NOT NULL DEFAULT 0,
  run_id                  bigint,
  duplicate_of            bigint,
  received_at             timestamptz NOT NULL DEFAULT clock_timestamp(),
  claimed_at              timestamptz,
  finished_at             timestamptz,
  dossiers_seen           bigint NOT NULL DEFAULT 0,
  dossiers_accepted       bigint NOT NULL DEFAULT 0,
  dossiers_rejected       bigint NOT NULL DEFAULT 0,
  dossiers_duplicate      bigint NOT NULL DEFAULT 0,
  dossiers_superseding    bigint NOT NULL DEFAULT 0,
  rows                    jsonb,
  finding_counts          jsonb,
  quality                 jsonb,
  receipt                 text,
  receipt_written_at      timestamptz,
  source_removed_at       timestamptz,
  CONSTRAINT file_key PRIMARY KEY (file_id),
  CONSTRAINT file_run FOREIGN KEY (run_id) REFERENCES intake.run (run_id),
  CONSTRAINT file_duplicate_of FOREIGN KEY (duplicate_of) REFERENCES intake.file (file_id),
  CONSTRAINT file_state CHECK (state IN ('claimed', 'loaded', 'duplicate', 'quarantined', 'refused', 'waiting')),
  CONSTRAINT file_hash_length CHECK (octet_length(content_sha256) = 32),
  CONSTRAINT file_hash_known CHECK (content_sha256 IS NOT NULL OR state IN ('refused', 'waiting', 'quarantined')),
  CONSTRAINT file_counts_positive CHECK (
    least(dossiers_accepted, dossiers_rejected, dossiers_duplicate, dossiers_superseding) >= 0),
  CONSTRAINT file_counts_add_up CHECK (dossiers_seen = dossiers_accepted + dossiers_rejected + dossiers_duplicate),
  CONSTRAINT file_superseding_accepted CHECK (dossiers_superseding <= dossiers_accepted)
);
CREATE UNIQUE INDEX file_loaded_once ON intake.file (facility_code, content_sha256) WHERE state = 'loaded';
CREATE INDEX file_by_state ON intake.file (state, file_id);
CREATE INDEX file_by_hash ON intake.file (content_sha256);
CREATE INDEX file_by_name ON intake.file (facility_code, file_name);
COMMENT ON TABLE intake.file IS 'One delivered file and what became of it. dossiers_seen = accepted + rejected + duplicate; superseding counts as accepted.';
COMMENT ON COLUMN intake.file.file_name IS 'Name as delivered: a label only, no path of ours contains it.';
COMMENT ON COLUMN intake.file.content_sha256 IS 'SHA-256 of the bytes as delivered; null only while they could not be read.';
COMMENT ON COLUMN intake.file.reason IS 'Code of the reason for a state other than loaded.';
COMMENT ON COLUMN intake.file.attempts IS 'Attempts begun; committed before parsing starts. Three failed ones quarantine the file.';
COMMENT ON COLUMN intake.file.epoch IS 'Number of the claim; every later update carries it, so that an old claimant changes nothing.';
COMMENT ON COLUMN intake.file.duplicate_of IS 'The file of this facility that holds the same bytes.';
COMMENT ON COLUMN intake.file.rows IS 'Rows loaded per entity.';
COMMENT ON COLUMN intake.file.finding_counts IS 'Findings per code.';
COMMENT ON COLUMN intake.file.receipt IS 'The receipt as JSON text, exactly as written to the receipts folder.';
COMMENT ON COLUMN intake.file.source_removed_at IS 'When the delivered file was removed from the inbox; comes last.';

CREATE TABLE intake.file_event (
  event_id      bigint GENERATED ALWAYS AS IDENTITY,
  file_id       bigint NOT NULL,
  at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  kind          text NOT NULL,
  run_id        bigint,
  epoch         bigint,
  detail        jsonb,
  previous_hash bytea,
  hash          bytea,
  CONSTRAINT file_event_key PRIMARY KEY (event_id),
  CONSTRAINT file_event_file FOREIGN KEY (file_id) REFERENCES intake.file (file_id),
  CONSTRAINT file_event_hash_length CHECK (octet_length(hash) = 32 AND (previous_hash IS NULL OR octet_length(previous_hash) = 32))
);
CREATE INDEX file_event_by_file ON intake.file_event (file_id, event_id);
COMMENT ON TABLE intake.file_event IS 'What happened to a file, append-only; each event carries the hash of the one before.';

CREATE FUNCTION intake.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  RAISE EXCEPTION 'table %.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$body$;
COMMENT ON FUNCTION intake.refuse_change() IS 'Keeps append-only tables append-only.';
CREATE TRIGGER file_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON intake.file_event
  FOR EACH STATEMENT EXECUTE FUNCTION intake.refuse_change();

-- Dossiers ---------------------------------------------------------------------------------------------------------

CREATE TABLE intake.dossier (
  file_id                     bigint NOT NULL,
  dossier_number              integer NOT NULL,
  dossier_kind                text NOT NULL,
  facility_code               text NOT NULL,
  encounter_key               text,
  version                     integer,
  outcome                     text NOT NULL,
  content_sha256              bytea,
  care_month                  date,
  batch_number                integer,
  is_current                  boolean NOT NULL DEFAULT false,
  superseded_by_file_id       bigint,
  first_reject_file_id        bigint,
  first_reject_dossier_number integer,
  CONSTRAINT dossier_key PRIMARY KEY (file_id, dossier_number),
  CONSTRAINT dossier_kind_known CHECK (dossier_kind IN ('visit', 'check_in', 'assessment')),
  CONSTRAINT dossier_outcome CHECK (outcome IN ('accepted', 'rejected', 'duplicate')),
  CONSTRAINT dossier_hash_length CHECK (octet_length(content_sha256) = 32),
  CONSTRAINT dossier_month_begins CHECK (extract(day FROM care_month) = 1),
  CONSTRAINT dossier_accepted_complete CHECK (outcome <> 'accepted' OR (
    encounter_key IS NOT NULL AND version IS NOT NULL AND content_sha256 IS NOT NULL AND care_month IS NOT NULL
    AND batch_number IS NOT NULL)),
  CONSTRAINT dossier_version_accepted CHECK (version IS NULL OR (version >= 1 AND outcome = 'accepted')),
  CONSTRAINT dossier_current_accepted CHECK (NOT is_current OR (outcome = 'accepted' AND superseded_by_file_id IS NULL))
);
-- the key first: PostgreSQL 15 would otherwise walk all keys of a facility instead of searching the listed ones
CREATE UNIQUE INDEX dossier_current ON intake.dossier (encounter_key, facility_code, dossier_kind) WHERE is_current;
CREATE UNIQUE INDEX dossier_version ON intake.dossier (encounter_key, facility_code, dossier_kind, version) WHERE version IS NOT NULL;
CREATE INDEX dossier_rejected ON intake.dossier (facility_code, dossier_kind, encounter_key) WHERE outcome = 'rejected';
COMMENT ON TABLE intake.dossier IS 'One dossier of one file and its fate. Which version of a visit is current is decided here, once.';
COMMENT ON COLUMN intake.dossier.encounter_key IS 'MA_LK, or the key made for an assessment; null when a rejected dossier has none.';
COMMENT ON COLUMN intake.dossier.version IS 'Counts 1, 2, 3 … the accepted contents of one (facility, kind, key).';
COMMENT ON COLUMN intake.dossier.care_month IS 'First day of the month whose partition holds the rows.';
COMMENT ON COLUMN intake.dossier.batch_number IS 'Batch of the same file that holds the source bytes.';
COMMENT ON COLUMN intake.dossier.first_reject_file_id IS 'With first_reject_dossier_number: the first delivery of a dossier that was rejected before.';

CREATE TABLE intake.batch (
  file_id       bigint NOT NULL,
  batch_number  integer NOT NULL,
  dossiers      integer NOT NULL,
  source_bytes  bigint NOT NULL,
  stored_bytes  bigint NOT NULL,
  source_sha256 bytea NOT NULL,
  stored_sha256 bytea NOT NULL,
  compression   text NOT NULL,
  content       bytea NOT NULL,
  CONSTRAINT batch_key PRIMARY KEY (file_id, batch_number),
  CONSTRAINT batch_hash_length CHECK (octet_length(source_sha256) = 32 AND octet_length(stored_sha256) = 32),
  CONSTRAINT batch_stored_bytes CHECK (octet_length(content) = stored_bytes)
);
ALTER TABLE intake.batch ALTER COLUMN content SET STORAGE EXTERNAL;
COMMENT ON TABLE intake.batch IS 'Source bytes of the accepted dossiers of a file, compressed by the loader; older versions are read from here.';

-- Findings and rejects ---------------------------------------------------------------------------------------------

CREATE TABLE intake.finding (
  file_id        bigint NOT NULL,
  finding_number integer NOT NULL,
  dossier_number integer,
  code           text NOT NULL,
  severity       text NOT NULL,
  source_table   text,
  source_row     integer,
  field          text,
  byte_offset    bigint,
  parameters     jsonb,
  CONSTRAINT finding_key PRIMARY KEY (file_id, finding_number)
);
COMMENT ON TABLE intake.finding IS 'Findings of a file up to the cap per file; never a value of a patient.';
COMMENT ON COLUMN intake.finding.dossier_number IS 'Null when the finding is about the file.';
COMMENT ON COLUMN intake.finding.parameters IS 'Numbers and names for the message text, without values of the record.';

CREATE TABLE intake.finding_count (
  file_id  bigint NOT NULL,
  code     text NOT NULL,
  severity text NOT NULL,
  findings bigint NOT NULL,
  dossiers bigint NOT NULL,
  CONSTRAINT finding_count_key PRIMARY KEY (file_id, code, severity),
  CONSTRAINT finding_count_order CHECK (findings >= dossiers AND dossiers >= 0)
);
CREATE INDEX finding_count_by_code ON intake.finding_count (code, file_id);
COMMENT ON TABLE intake.finding_count IS 'All findings of a file per code, also those beyond the cap.';
COMMENT ON COLUMN intake.finding_count.dossiers IS 'Dossiers that have at least one of them; 0 when they are about the file.';

CREATE TABLE intake.reject (
  file_id                 bigint NOT NULL,
  dossier_number          integer NOT NULL,
  dossier_kind            text NOT NULL,
  encounter_key           text,
  codes                   text[] NOT NULL,
  compression             text NOT NULL,
  content                 bytea NOT NULL,
  state                   text NOT NULL DEFAULT 'open',
  replayed_file_id        bigint,
  replayed_dossier_number integer,
  replayed_at             timestamptz,
  CONSTRAINT reject_key PRIMARY KEY (file_id, dossier_number),
  CONSTRAINT reject_state CHECK (state IN ('open', 'replayed')),
  CONSTRAINT reject_replayed_by CHECK ((state = 'replayed') = (replayed_file_id IS NOT NULL))
);
ALTER TABLE intake.reject ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX reject_open ON intake.reject (file_id, dossier_number) WHERE state = 'open';
COMMENT ON TABLE intake.reject IS 'Dossiers kept out, with their source bytes, until they are replayed.';
COMMENT ON COLUMN intake.reject.codes IS 'Codes of the findings that kept it out.';
COMMENT ON COLUMN intake.reject.replayed_file_id IS 'File under which the dossier was taken in later.';
