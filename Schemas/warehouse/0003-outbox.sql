-- Schema outbox: what leaves for a destination, how it was sent and every answer, kept whole. Local tables.
-- Nothing is written here until somebody configures a destination.
-- Forward only: a released migration is never edited, the next change gets the next number.

CREATE SCHEMA outbox;
COMMENT ON SCHEMA outbox IS 'Parcels, deliveries and receipts of destinations';

CREATE TABLE outbox.parcel (
  parcel_id       bigint GENERATED ALWAYS AS IDENTITY,
  destination     text NOT NULL,
  format          text NOT NULL,
  file_id         bigint NOT NULL,
  batch_number    integer NOT NULL,
  facility_code   text NOT NULL,
  period_from     date,
  period_to       date,
  dossiers        integer NOT NULL,
  size_in_bytes   bigint NOT NULL,
  content_sha256  bytea NOT NULL,
  content         bytea,
  manifest        text NOT NULL,
  state           text NOT NULL DEFAULT 'prepared',
  materialised_at timestamptz,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT parcel_key PRIMARY KEY (parcel_id),
  CONSTRAINT parcel_once UNIQUE (destination, file_id, batch_number, format),
  CONSTRAINT parcel_format CHECK (format IN ('source', 'common-ndjson')),
  CONSTRAINT parcel_state CHECK (state IN ('prepared', 'materialised', 'sent', 'accepted', 'refused', 'superseded', 'parked')),
  CONSTRAINT parcel_period CHECK (period_from <= period_to),
  CONSTRAINT parcel_hash_length CHECK (octet_length(content_sha256) = 32),
  CONSTRAINT parcel_size CHECK (octet_length(content) = size_in_bytes)
);
ALTER TABLE outbox.parcel ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX parcel_by_state ON outbox.parcel (destination, state, parcel_id);
COMMENT ON TABLE outbox.parcel IS 'Sealed bytes for one destination; at least once towards it, the same bytes every time.';
COMMENT ON COLUMN outbox.parcel.content IS 'The sealed bytes; null once they stand elsewhere (outbox folder, batch): content_sha256 says whether those are the same.';
COMMENT ON COLUMN outbox.parcel.manifest IS 'The manifest as JSON text, exactly as written beside the parcel.';

CREATE TABLE outbox.delivery (
  delivery_id        bigint GENERATED ALWAYS AS IDENTITY,
  parcel_id          bigint NOT NULL,
  attempt            integer NOT NULL,
  run_id             bigint,
  account            text,
  started_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at           timestamptz,
  state              text NOT NULL DEFAULT 'started',
  transaction_number text,
  reason             text,
  detail             jsonb,
  CONSTRAINT delivery_key PRIMARY KEY (delivery_id),
  CONSTRAINT delivery_attempt UNIQUE (parcel_id, attempt),
  CONSTRAINT delivery_parcel FOREIGN KEY (parcel_id) REFERENCES outbox.parcel (parcel_id),
  CONSTRAINT delivery_state CHECK (state IN ('started', 'sent', 'accepted', 'refused', 'failed', 'unknown'))
);
CREATE INDEX delivery_by_transaction ON outbox.delivery (transaction_number) WHERE transaction_number IS NOT NULL;
COMMENT ON TABLE outbox.delivery IS 'One attempt to hand a parcel over. A lost answer is unknown: look it up or send the same bytes again.';
COMMENT ON COLUMN outbox.delivery.account IS 'Name of the account used; never its secret.';
COMMENT ON COLUMN outbox.delivery.transaction_number IS 'Number the receiver gave (maGiaoDich and the like).';

CREATE TABLE outbox.receipt (
  receipt_id     bigint GENERATED ALWAYS AS IDENTITY,
  parcel_id      bigint NOT NULL,
  delivery_id    bigint,
  received_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  account        text,
  outcome        text NOT NULL,
  content_type   text,
  content        bytea NOT NULL,
  content_sha256 bytea NOT NULL,
  reading        jsonb,
  CONSTRAINT receipt_key PRIMARY KEY (receipt_id),
  CONSTRAINT receipt_parcel FOREIGN KEY (parcel_id) REFERENCES outbox.parcel (parcel_id),
  CONSTRAINT receipt_delivery FOREIGN KEY (delivery_id) REFERENCES outbox.delivery (delivery_id),
  CONSTRAINT receipt_outcome CHECK (outcome IN ('accepted', 'partial', 'refused', 'unknown')),
  CONSTRAINT receipt_hash_length CHECK (octet_length(content_sha256) = 32)
);
CREATE INDEX receipt_by_parcel ON outbox.receipt (parcel_id, receipt_id);
COMMENT ON TABLE outbox.receipt IS 'An answer of a receiver, kept whole as long as the record; an unknown code is a failure, never a success.';
COMMENT ON COLUMN outbox.receipt.reading IS 'What we read from the answer: refusals by table and field.';
