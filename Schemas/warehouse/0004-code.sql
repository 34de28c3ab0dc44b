-- Schema code: code lists with their validity. Filled from Schemas/codes; validity belongs to the annex, with dates.
-- Forward only: a released migration is never edited, the next change gets the next number.

CREATE SCHEMA code;
COMMENT ON SCHEMA code IS 'Code lists with validity dates and origin';

CREATE TABLE code.list (
  list       text NOT NULL,
  source     text,
  confidence text,
  notes      text,
  CONSTRAINT list_key PRIMARY KEY (list)
);
COMMENT ON TABLE code.list IS 'One code list: where it comes from and how sure we are of it.';

CREATE TABLE code.value (
  list       text NOT NULL,
  code       text NOT NULL,
  vi         text,
  en         text,
  valid_from date NOT NULL DEFAULT '0001-01-01',
  valid_to   date,
  source     text,
  note       text,
  CONSTRAINT value_key PRIMARY KEY (list, code, valid_from),
  CONSTRAINT value_validity CHECK (valid_from <= valid_to)
);
COMMENT ON TABLE code.value IS 'One code of a list in one span of validity. Codes are text, always.';
COMMENT ON COLUMN code.value.valid_from IS 'First day of validity; 0001-01-01 when not limited.';
COMMENT ON COLUMN code.value.valid_to IS 'Last day of validity; null while valid.';
