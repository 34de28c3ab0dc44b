-- Earlier versions of a dossier have an index of their own, beside that of the current ones: loading a visit for the first time adds nothing to it.
-- Forward only: a released migration is never edited, the next change gets the next number.

DROP INDEX intake.dossier_version;
CREATE UNIQUE INDEX dossier_earlier ON intake.dossier (encounter_key, facility_code, dossier_kind, version)
  WHERE version IS NOT NULL AND NOT is_current;

-- Which of two files came later, where two runs had both of them before their eyes.
ALTER TABLE intake.file ADD COLUMN modified_ns bigint;
COMMENT ON COLUMN intake.file.modified_ns IS
  'When the delivered file was last changed, by the clock of its host: only compared with that of a file which another run took meanwhile.';

-- What every run and every audit asks, found without reading the ledger from end to end.
CREATE INDEX file_without_receipt ON intake.file (file_id) WHERE receipt IS NOT NULL AND receipt_written_at IS NULL;
CREATE INDEX file_with_source ON intake.file (file_id) WHERE source_removed_at IS NULL;
CREATE INDEX file_event_by_run ON intake.file_event (run_id, event_id);
CREATE INDEX parcel_by_file ON outbox.parcel (file_id, parcel_id);
CREATE INDEX parcel_prepared ON outbox.parcel (file_id) WHERE state = 'prepared' AND content IS NOT NULL;
