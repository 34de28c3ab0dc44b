-- Rejects sealed to recipients (CMS), and the hash of what is stored of each.
-- Forward only: a released migration is never edited, the next change gets the next number.

ALTER TABLE intake.reject
  ADD COLUMN sealing text,
  ADD COLUMN stored_sha256 bytea;
ALTER TABLE intake.reject
  ADD CONSTRAINT reject_sealing CHECK (sealing IN ('cms')),
  ADD CONSTRAINT reject_hash_length CHECK (octet_length(stored_sha256) = 32);
COMMENT ON COLUMN intake.reject.sealing IS 'cms: content is a CMS message (DER) for the configured recipients; what is in it is compressed. Null: not encrypted.';
COMMENT ON COLUMN intake.reject.stored_sha256 IS 'SHA-256 of content as it stands here; null for rejects of before this column.';
