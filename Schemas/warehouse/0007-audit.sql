-- What an audit needs: events whose hash covers their time, an anchor for each run, and how many rows a dossier has.
-- Forward only: a released migration is never edited, the next change gets the next number.

ALTER TABLE intake.file_event ADD COLUMN form integer NOT NULL DEFAULT 1;
ALTER TABLE intake.file_event ADD CONSTRAINT file_event_form CHECK (form IN (1, 2));
COMMENT ON COLUMN intake.file_event.form IS
  'How the hash is made. 1: hash before, file|kind|run|epoch|detail. 2: hash before, 2|file|kind|run|epoch|microseconds of at|detail.';

ALTER TABLE intake.run
  ADD COLUMN first_event_id bigint,
  ADD COLUMN anchor_number bigint,
  ADD COLUMN anchored_events bigint,
  ADD COLUMN anchor bytea;
ALTER TABLE intake.run
  ADD CONSTRAINT run_anchor_once UNIQUE (anchor_number),
  ADD CONSTRAINT run_anchor_complete CHECK (num_nulls(anchor_number, anchored_events, anchor) IN (0, 3)),
  ADD CONSTRAINT run_anchor_length CHECK (octet_length(anchor) = 32);
COMMENT ON COLUMN intake.run.first_event_id IS 'The newest event when the run began: events of the run have greater numbers.';
COMMENT ON COLUMN intake.run.anchor_number IS 'Counts 1, 2, 3 … the runs that wrote events and ended.';
COMMENT ON COLUMN intake.run.anchored_events IS 'How many events the run wrote.';
COMMENT ON COLUMN intake.run.anchor IS
  'SHA-256 over the anchor before, number|run|events, and the hashes of the run''s events in their order. It also stands in the report of the run.';

ALTER TABLE intake.dossier ADD COLUMN row_count integer;
ALTER TABLE intake.dossier ADD CONSTRAINT dossier_row_count CHECK (row_count >= 0);
COMMENT ON COLUMN intake.dossier.row_count IS 'Rows of the common schema that an accepted dossier gave; null for dossiers of before this column.';
