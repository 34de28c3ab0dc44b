-- What `songhan prune` took away, and when: the hashes and counts stay.
-- Forward only: a released migration is never edited, the next change gets the next number.

ALTER TABLE intake.file
  ADD COLUMN original_removed_at timestamptz,
  ADD COLUMN receipt_removed_at timestamptz;
COMMENT ON COLUMN intake.file.original_removed_at IS 'When the original was removed from archive or quarantine because its time was up.';
COMMENT ON COLUMN intake.file.receipt_removed_at IS 'When the receipt was removed from the receipts folder because its time was up; the column receipt stays.';

ALTER TABLE intake.reject ALTER COLUMN content DROP NOT NULL;
ALTER TABLE intake.reject ADD COLUMN content_removed_at timestamptz;
ALTER TABLE intake.reject
  ADD CONSTRAINT reject_content_known CHECK (content IS NOT NULL OR (state = 'replayed' AND content_removed_at IS NOT NULL));
COMMENT ON COLUMN intake.reject.content_removed_at IS 'When the bytes of a replayed reject were removed because their time was up.';

ALTER TABLE outbox.parcel ADD COLUMN removed_at timestamptz;
ALTER TABLE outbox.parcel
  ADD CONSTRAINT parcel_removed CHECK (removed_at IS NULL OR (content IS NULL AND state <> 'prepared'));
COMMENT ON COLUMN outbox.parcel.removed_at IS 'When bytes and file were removed because their time was up; hash and manifest stay.';
