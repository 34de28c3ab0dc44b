-- Deliveries of several files: which files make one.
-- Forward only: a released migration is never edited, the next change gets the next number.

ALTER TABLE intake.file ADD COLUMN members jsonb;
COMMENT ON COLUMN intake.file.members IS
  'The files of a delivery that is several: table, name, inode, size and time of each. Null for a delivery of one file.';
CREATE INDEX file_removing ON intake.file (file_id) WHERE members IS NOT NULL AND source_removed_at IS NULL;
