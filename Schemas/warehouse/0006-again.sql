-- Judging again: rejects that are replayed, files that are reloaded, and what the quality report counts.
-- Forward only: a released migration is never edited, the next change gets the next number.

ALTER TABLE intake.file
  ADD COLUMN kind text NOT NULL DEFAULT 'delivery',
  ADD COLUMN origin_file_id bigint,
  ADD COLUMN dossiers_with_findings bigint;
ALTER TABLE intake.file
  ADD CONSTRAINT file_kind CHECK (kind IN ('delivery', 'replay', 'reload')),
  ADD CONSTRAINT file_origin FOREIGN KEY (origin_file_id) REFERENCES intake.file (file_id),
  ADD CONSTRAINT file_origin_known CHECK ((kind = 'delivery') = (origin_file_id IS NULL)),
  ADD CONSTRAINT file_with_findings CHECK (dossiers_with_findings BETWEEN 0 AND dossiers_seen);
COMMENT ON COLUMN intake.file.kind IS 'delivery: a file of a hospital; replay: rejected dossiers of one, judged again; reload: all of it, judged again.';
COMMENT ON COLUMN intake.file.origin_file_id IS 'The delivery whose dossiers were judged again; its dossier numbers are kept.';
COMMENT ON COLUMN intake.file.dossiers_with_findings IS 'Dossiers with a finding of at least warn; null for files of before this column.';

-- a reload has the bytes of its delivery
DROP INDEX intake.file_loaded_once;
CREATE UNIQUE INDEX file_loaded_once ON intake.file (facility_code, content_sha256) WHERE state = 'loaded' AND kind = 'delivery';
CREATE INDEX file_loaded_content ON intake.file (facility_code, content_sha256) WHERE state = 'loaded';
CREATE INDEX file_by_origin ON intake.file (origin_file_id) WHERE origin_file_id IS NOT NULL;
-- the quality report looks at periods
CREATE INDEX file_by_time ON intake.file (received_at) WHERE kind = 'delivery';

-- in which delivery a content came last
CREATE INDEX dossier_sent_again ON intake.dossier (encounter_key, facility_code, dossier_kind) WHERE outcome = 'duplicate';

ALTER TABLE intake.reject ADD COLUMN replay_note text;
ALTER TABLE intake.reject
  ADD CONSTRAINT reject_replay_note CHECK (replay_note IN ('loaded', 'duplicate', 'older'));
COMMENT ON COLUMN intake.reject.replay_note IS
  'How it was closed: loaded; duplicate: the same content is there; older: a later delivery of the visit is there and stays.';
