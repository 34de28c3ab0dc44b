-- Distribution on Citus. On plain PostgreSQL this does nothing; where the extension citus is installed it
--   distributes the visit tables by encounter_key, all colocated with health.encounter,
--   makes registries and code lists reference tables,
--   leaves intake and outbox local on the coordinator.
-- Forward only: a released migration is never edited, the next change gets the next number.

DO $do$
DECLARE
  visit_table text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
    RETURN;
  END IF;
  PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);

  PERFORM create_reference_table('health.facility');
  PERFORM create_reference_table('health.practitioner');
  PERFORM create_reference_table('code.list');
  PERFORM create_reference_table('code.value');

  PERFORM create_distributed_table('health.encounter', 'encounter_key');
  FOREACH visit_table IN ARRAY ARRAY[
    'health.patient',
    'health.coverage',
    'health.encounter_diagnosis',
    'health.medication',
    'health.service',
    'health.supply',
    'health.observation',
    'health.clinical_note',
    'health.hiv_care',
    'health.discharge',
    'health.medical_summary',
    'health.birth',
    'health.maternity_leave',
    'health.sick_leave',
    'health.disability_assessment',
    'health.referral',
    'health.appointment',
    'health.tuberculosis_care',
    'health.check_in'
  ] LOOP
    PERFORM create_distributed_table(visit_table::regclass, 'encounter_key', colocate_with => 'health.encounter');
  END LOOP;
END
$do$;
