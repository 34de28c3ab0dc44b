-- Earlier versions of a dossier have an index of their own, beside that of the current ones: loading a visit for the first time adds nothing to it.
-- Forward only: a released migration is never edited, the next change gets the next number.

DROP INDEX intake.dossier_version;
CREATE UNIQUE INDEX dossier_earlier ON intake.dossier (encounter_key, facility_code, dossier_kind, version)
  WHERE version IS NOT NULL AND NOT is_current;
