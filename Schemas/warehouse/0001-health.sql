-- Schema health: the common schema of the warehouse, one table per entity of Schemas/common (same columns, same order).
-- Visit tables are partitioned by month of care; months are made by the loader before it loads, the default partition
-- takes what has none. Primary keys hold encounter_key and care_month, so the tables run on Citus unchanged.
-- Forward only: a released migration is never edited, the next change gets the next number.

CREATE SCHEMA health;
COMMENT ON SCHEMA health IS 'Common schema: health records of all facilities in one set of tables';

CREATE TABLE health.facility (
  facility_code text NOT NULL,
  name          text NOT NULL,
  ministry_code text,
  level_code    text,
  province_code text,
  feed          text,
  contact       text,
  expected_days integer,
  valid_from    date,
  valid_to      date,
  note          text,
  updated_at    timestamptz,
  CONSTRAINT facility_key PRIMARY KEY (facility_code)
);
COMMENT ON TABLE health.facility IS 'Cơ sở khám bệnh, chữa bệnh: Registry of the hospitals that deliver files, kept by the operator.';
COMMENT ON COLUMN health.facility.facility_code IS 'Mã cơ sở khám bệnh, chữa bệnh: Five-character code of the insurer side (MA_CSKCB); a leading zero matters.';
COMMENT ON COLUMN health.facility.name IS 'Tên cơ sở: Name of the facility.';
COMMENT ON COLUMN health.facility.ministry_code IS 'Mã cơ sở phía Bộ Y tế: Thirteen-digit code of the Ministry side; never mixed with facility_code.';
COMMENT ON COLUMN health.facility.level_code IS 'Cấp chuyên môn kỹ thuật: Professional level of the facility, as the operator codes it.';
COMMENT ON COLUMN health.facility.province_code IS 'Mã tỉnh: Province or city of the facility.';
COMMENT ON COLUMN health.facility.feed IS 'Luồng dữ liệu: Feed (Pipelines/<feed>.yaml) its files belong to unless the content says otherwise.';
COMMENT ON COLUMN health.facility.contact IS 'Đầu mối liên hệ: Whom to ask about its files.';
COMMENT ON COLUMN health.facility.expected_days IS 'Số ngày chờ tệp mới: A new file is expected at least every so many days; null when none is expected. Unit days.';
COMMENT ON COLUMN health.facility.valid_from IS 'Hiệu lực từ: First day the facility delivers; null when always.';
COMMENT ON COLUMN health.facility.valid_to IS 'Hiệu lực đến: Last day the facility delivers; null while it does.';
COMMENT ON COLUMN health.facility.note IS 'Ghi chú: Remark of the operator.';
COMMENT ON COLUMN health.facility.updated_at IS 'Cập nhật lúc: When the row was last changed.';

CREATE TABLE health.practitioner (
  facility_code      text NOT NULL,
  practitioner_code  text NOT NULL,
  first_seen_file_id bigint NOT NULL,
  CONSTRAINT practitioner_key PRIMARY KEY (facility_code, practitioner_code)
);
COMMENT ON TABLE health.practitioner IS 'Người hành nghề: Practitioner codes as seen in the files of a facility.';
COMMENT ON COLUMN health.practitioner.facility_code IS 'Mã cơ sở khám bệnh, chữa bệnh: Facility in whose file the code was seen.';
COMMENT ON COLUMN health.practitioner.practitioner_code IS 'Mã người hành nghề: Licence number as written, with its suffix or bracket.';
COMMENT ON COLUMN health.practitioner.first_seen_file_id IS 'Tệp đầu tiên: File in which the pair was first seen (intake.file).';

CREATE TABLE health.encounter (
  encounter_key                    text NOT NULL,
  care_month                       date NOT NULL,
  facility_code                    text NOT NULL,
  row_number                       integer NOT NULL,
  file_id                          bigint NOT NULL,
  dossier_number                   integer NOT NULL,
  sequence_number                  integer,
  medical_record_number            text,
  stated_facility_code             text,
  care_type_code                   text,
  entitlement_code                 text,
  admitted_at                      timestamptz,
  inpatient_admitted_at            timestamptz,
  discharged_at                    timestamptz,
  treatment_days                   integer,
  visit_reason                     text,
  inpatient_reason                 text,
  inpatient_reason_code            text,
  accident_code                    text,
  referring_facility_code          text,
  referral_paper_number            text,
  destination_facility_code        text,
  department_codes                 text[],
  outcome_code                     text,
  discharge_type_code              text,
  admission_diagnosis              text,
  discharge_diagnosis              text,
  main_diagnosis_code              text,
  procedure_codes                  text[],
  treatment_method                 text,
  note                             text,
  follow_up_dates                  date[],
  body_weight                      numeric(18,4),
  newborn_weights                  numeric(18,4)[],
  residence_area_code              text,
  copayment_exempt_from            timestamptz,
  five_year_insured_on             date,
  medication_amount                numeric(18,4),
  supply_amount                    numeric(18,4),
  total_hospital_amount            numeric(18,4),
  total_insured_amount             numeric(18,4),
  self_paid_amount                 numeric(18,4),
  copayment_amount                 numeric(18,4),
  insurance_amount                 numeric(18,4),
  other_source_amount              numeric(18,4),
  insurance_fee_for_service_amount numeric(18,4),
  paid_at                          timestamptz,
  settlement_year                  integer,
  settlement_month                 integer,
  facility_head_code               text,
  reserve                          text,
  extra                            jsonb,
  CONSTRAINT encounter_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.encounter_other PARTITION OF health.encounter DEFAULT;
COMMENT ON TABLE health.encounter IS 'Lượt khám bệnh, chữa bệnh: One visit or treatment episode: its time, place, reason, outcome and the totals of its bill. Source XML1.';
COMMENT ON TABLE health.encounter_other IS 'Rows of health.encounter whose month has no partition of its own.';
COMMENT ON COLUMN health.encounter.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML1.MA_LK.';
COMMENT ON COLUMN health.encounter.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.encounter.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.encounter.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.encounter.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.encounter.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.encounter.sequence_number IS 'Số thứ tự: Row number within one submission, counting from 1; as sent (STT). Source XML1.STT.';
COMMENT ON COLUMN health.encounter.medical_record_number IS 'Mã hồ sơ bệnh án: Medical record number, or outpatient form number, used by the facility. Source XML1.MA_HSBA.';
COMMENT ON COLUMN health.encounter.stated_facility_code IS 'Mã cơ sở khám chữa bệnh: Facility that sends the record (five characters); as written in the record; facility_code is the hospital that delivered the file. Source XML1.MA_CSKCB.';
COMMENT ON COLUMN health.encounter.care_type_code IS 'Mã loại hình khám chữa bệnh: Form of care (two characters with leading zero); code list MA_LOAI_KCB. Source XML1.MA_LOAI_KCB.';
COMMENT ON COLUMN health.encounter.entitlement_code IS 'Mã đối tượng đến khám chữa bệnh: Patient-entitlement category of the visit; code list MA_DOITUONG_KCB. Source XML1.MA_DOITUONG_KCB.';
COMMENT ON COLUMN health.encounter.admitted_at IS 'Thời điểm đến khám: Moment the patient arrived. Source XML1.NGAY_VAO.';
COMMENT ON COLUMN health.encounter.inpatient_admitted_at IS 'Thời điểm vào nội trú: Moment the doctor ordered admission (inpatient, day treatment or outpatient treatment). Source XML1.NGAY_VAO_NOI_TRU.';
COMMENT ON COLUMN health.encounter.discharged_at IS 'Thời điểm kết thúc: Moment the visit or treatment ended. Source XML1.NGAY_RA.';
COMMENT ON COLUMN health.encounter.treatment_days IS 'Số ngày điều trị: Days of treatment, counted by a rule that depends on MA_LOAI_KCB. Unit days. Source XML1.SO_NGAY_DTRI.';
COMMENT ON COLUMN health.encounter.visit_reason IS 'Lý do đến khám: Reason for coming to the facility. Source XML1.LY_DO_VV.';
COMMENT ON COLUMN health.encounter.inpatient_reason IS 'Lý do vào nội trú: Reason for admission as inpatient, day patient or outpatient-treatment patient. Source XML1.LY_DO_VNT.';
COMMENT ON COLUMN health.encounter.inpatient_reason_code IS 'Mã lý do vào nội trú: Coded reason for admission; the national list has not been issued; code list MA_LY_DO_VNT. Source XML1.MA_LY_DO_VNT.';
COMMENT ON COLUMN health.encounter.accident_code IS 'Mã tai nạn thương tích: Injury or accident category; code list MA_TAI_NAN. Source XML1.MA_TAI_NAN.';
COMMENT ON COLUMN health.encounter.referring_facility_code IS 'Mã cơ sở chuyển đến đây: Facility that referred the patient here. Source XML1.MA_NOI_DI.';
COMMENT ON COLUMN health.encounter.referral_paper_number IS 'Số giấy chuyển tuyến hoặc giấy hẹn: Number of the referral paper, or of the re-examination appointment paper, with which the patient came. Source XML1.GIAY_CHUYEN_TUYEN.';
COMMENT ON COLUMN health.encounter.destination_facility_code IS 'Mã cơ sở chuyển đi: Facility to which the patient is referred. Source XML1.MA_NOI_DEN.';
COMMENT ON COLUMN health.encounter.department_codes IS 'Mã khoa điều trị: Departments that treated the patient, in order; code list MA_KHOA. Source XML1.MA_KHOA.';
COMMENT ON COLUMN health.encounter.outcome_code IS 'Kết quả điều trị: Outcome of treatment; code list KET_QUA_DTRI. Source XML1.KET_QUA_DTRI.';
COMMENT ON COLUMN health.encounter.discharge_type_code IS 'Mã loại ra viện: Kind of discharge; code list MA_LOAI_RV. Source XML1.MA_LOAI_RV.';
COMMENT ON COLUMN health.encounter.admission_diagnosis IS 'Chẩn đoán lúc vào: Preliminary diagnosis on arrival. Source XML1.CHAN_DOAN_VAO.';
COMMENT ON COLUMN health.encounter.discharge_diagnosis IS 'Chẩn đoán ra viện: Full diagnosis at the end of the visit or stay. Source XML1.CHAN_DOAN_RV.';
COMMENT ON COLUMN health.encounter.main_diagnosis_code IS 'Mã bệnh chính (ICD-10): Main disease, one ICD-10 code; repeated from encounter_diagnosis for short queries. Source XML1.MA_BENH_CHINH.';
COMMENT ON COLUMN health.encounter.procedure_codes IS 'Mã phẫu thuật, thủ thuật quốc tế: International surgery or procedure code(s), ICD-9-CM. Source XML1.MA_PTTT_QT.';
COMMENT ON COLUMN health.encounter.treatment_method IS 'Phương pháp điều trị: Treatment method. Source XML1.PP_DIEU_TRI.';
COMMENT ON COLUMN health.encounter.note IS 'Ghi chú, lời dặn: Advice given to the patient after the visit. Source XML1.GHI_CHU.';
COMMENT ON COLUMN health.encounter.follow_up_dates IS 'Ngày hẹn tái khám: Re-examination date or dates. Source XML1.NGAY_TAI_KHAM.';
COMMENT ON COLUMN health.encounter.body_weight IS 'Cân nặng (kg): Body weight in kilograms, decimal point, two decimals. Unit kg. Source XML1.CAN_NANG.';
COMMENT ON COLUMN health.encounter.newborn_weights IS 'Cân nặng con (gam): Birth weight of the newborn in grams, one value per child. Unit g. Source XML1.CAN_NANG_CON.';
COMMENT ON COLUMN health.encounter.residence_area_code IS 'Mã khu vực trên thẻ: Residence-area mark printed on the card; code list MA_KHUVUC. Source XML1.MA_KHUVUC.';
COMMENT ON COLUMN health.encounter.copayment_exempt_from IS 'Thời điểm miễn cùng chi trả: Start of the period in which the patient is exempt from co-payment (8 characters from a certificate, 12 when it starts during the stay); a value of eight digits stands at 00:00 of that day. Source XML1.NGAY_MIEN_CCT.';
COMMENT ON COLUMN health.encounter.five_year_insured_on IS 'Ngày đủ 5 năm liên tục: Day on which five uninterrupted years of insurance were reached. Source XML1.NAM_NAM_LIEN_TUC.';
COMMENT ON COLUMN health.encounter.medication_amount IS 'Tổng tiền thuốc: Total THANH_TIEN_BV of drugs, fluids, oxygen, blood and blood products (all XML2 rows). Unit VND. Source XML1.T_THUOC.';
COMMENT ON COLUMN health.encounter.supply_amount IS 'Tổng tiền vật tư y tế: Total THANH_TIEN_BV of medical supplies in XML3. Unit VND. Source XML1.T_VTYT.';
COMMENT ON COLUMN health.encounter.total_hospital_amount IS 'Tổng chi phí theo giá bệnh viện: Total cost at the facility price: sum of THANH_TIEN_BV in XML2 and XML3. Unit VND. Source XML1.T_TONGCHI_BV.';
COMMENT ON COLUMN health.encounter.total_insured_amount IS 'Tổng chi phí trong phạm vi BHYT: Total cost within the insurance scope: sum of THANH_TIEN_BH in XML2 and XML3. Unit VND. Source XML1.T_TONGCHI_BH.';
COMMENT ON COLUMN health.encounter.self_paid_amount IS 'Tổng người bệnh tự trả: Sum of T_BNTT in XML2 and XML3: paid by the patient outside the insurance scope. Unit VND. Source XML1.T_BNTT.';
COMMENT ON COLUMN health.encounter.copayment_amount IS 'Tổng người bệnh cùng chi trả: Sum of T_BNCCT in XML2 and XML3: co-payment. Unit VND. Source XML1.T_BNCCT.';
COMMENT ON COLUMN health.encounter.insurance_amount IS 'Tổng đề nghị BHYT thanh toán: Amount claimed from insurance: T_TONGCHI_BH minus T_BNCCT. Unit VND. Source XML1.T_BHTT.';
COMMENT ON COLUMN health.encounter.other_source_amount IS 'Tổng nguồn khác chi trả: Sum of T_NGUONKHAC in XML2 and XML3. Unit VND. Source XML1.T_NGUONKHAC.';
COMMENT ON COLUMN health.encounter.insurance_fee_for_service_amount IS 'BHYT thanh toán theo giá dịch vụ: Part of T_BHTT paid per service (MA_PTTT = 1), outside capitation and case payment. Unit VND. Source XML1.T_BHTT_GDV.';
COMMENT ON COLUMN health.encounter.paid_at IS 'Thời điểm thanh toán: Moment the patient settled the bill; blank while unpaid. Source XML1.NGAY_TTOAN.';
COMMENT ON COLUMN health.encounter.settlement_year IS 'Năm quyết toán: Year in which the facility claims payment. Source XML1.NAM_QT.';
COMMENT ON COLUMN health.encounter.settlement_month IS 'Tháng quyết toán: Month in which the facility claims payment. Source XML1.THANG_QT.';
COMMENT ON COLUMN health.encounter.facility_head_code IS 'Mã người đứng đầu đơn vị: Code of the head of the facility or the authorised signer (social-insurance number under 130/4750; licence number under 3176). Source XML1.MA_TTDV.';
COMMENT ON COLUMN health.encounter.reserve IS 'Trường dự phòng: Reserve field. Source XML1.DU_PHONG.';
COMMENT ON COLUMN health.encounter.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.patient (
  encounter_key    text NOT NULL,
  care_month       date NOT NULL,
  facility_code    text NOT NULL,
  row_number       integer NOT NULL,
  file_id          bigint NOT NULL,
  dossier_number   integer NOT NULL,
  patient_number   text,
  full_name        text,
  identity_number  text,
  birth_date       date,
  birth_precision  text,
  birth_at         timestamptz,
  sex_code         text,
  blood_group      text,
  nationality_code text,
  ethnicity_code   text,
  occupation_code  text,
  address          text,
  province_code    text,
  district_code    text,
  commune_code     text,
  phone            text,
  extra            jsonb,
  CONSTRAINT patient_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.patient_other PARTITION OF health.patient DEFAULT;
COMMENT ON TABLE health.patient IS 'Người bệnh (theo lượt khám): The patient as stated on this visit: a statement of one moment, not a register of persons. Source XML1.';
COMMENT ON TABLE health.patient_other IS 'Rows of health.patient whose month has no partition of its own.';
COMMENT ON COLUMN health.patient.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML1.MA_LK.';
COMMENT ON COLUMN health.patient.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.patient.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.patient.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.patient.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.patient.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.patient.patient_number IS 'Mã người bệnh tại cơ sở: Patient number used by the facility. Source XML1.MA_BN.';
COMMENT ON COLUMN health.patient.full_name IS 'Họ và tên người bệnh: Full name of the patient. Source XML1.HO_TEN.';
COMMENT ON COLUMN health.patient.identity_number IS 'Số căn cước, CMND hoặc hộ chiếu: Citizen identity, old identity card or passport number; electronic identity account code if none of these exists. Source XML1.SO_CCCD.';
COMMENT ON COLUMN health.patient.birth_date IS 'Ngày sinh: Birth date; 1 January when only the year is known (see birth_precision). Source XML1.NGAY_SINH.';
COMMENT ON COLUMN health.patient.birth_precision IS 'Độ chính xác của ngày sinh: How much of the birth date is known: year, day or minute. Source XML1.NGAY_SINH.';
COMMENT ON COLUMN health.patient.birth_at IS 'Thời điểm sinh: Moment of birth at +07:00; null unless the time is known. Source XML1.NGAY_SINH.';
COMMENT ON COLUMN health.patient.sex_code IS 'Giới tính: Sex; code list GIOI_TINH. Source XML1.GIOI_TINH.';
COMMENT ON COLUMN health.patient.blood_group IS 'Nhóm máu: Blood group when known. Source XML1.NHOM_MAU.';
COMMENT ON COLUMN health.patient.nationality_code IS 'Mã quốc tịch: Nationality, three-digit code of the Ministry of Public Security list (000 = Viet Nam). Source XML1.MA_QUOCTICH.';
COMMENT ON COLUMN health.patient.ethnicity_code IS 'Mã dân tộc: Ethnic group, two-digit statistical code (01 = Kinh). Source XML1.MA_DANTOC.';
COMMENT ON COLUMN health.patient.occupation_code IS 'Mã nghề nghiệp: Occupation code of the national occupation list. Source XML1.MA_NGHE_NGHIEP.';
COMMENT ON COLUMN health.patient.address IS 'Địa chỉ nơi cư trú: Current home address, free text. Source XML1.DIA_CHI.';
COMMENT ON COLUMN health.patient.province_code IS 'Mã tỉnh nơi cư trú: Province or centrally-run city of residence. Source XML1.MATINH_CU_TRU.';
COMMENT ON COLUMN health.patient.district_code IS 'Mã huyện nơi cư trú: District of residence (historic level, abolished nationwide on 1 July 2025). Source XML1.MAHUYEN_CU_TRU.';
COMMENT ON COLUMN health.patient.commune_code IS 'Mã xã nơi cư trú: Commune or ward of residence. Source XML1.MAXA_CU_TRU.';
COMMENT ON COLUMN health.patient.phone IS 'Số điện thoại liên hệ: Contact telephone of the patient or a relative. Source XML1.DIEN_THOAI.';
COMMENT ON COLUMN health.patient.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.coverage (
  encounter_key            text NOT NULL,
  care_month               date NOT NULL,
  facility_code            text NOT NULL,
  row_number               integer NOT NULL,
  file_id                  bigint NOT NULL,
  dossier_number           integer NOT NULL,
  card_number              text,
  registered_facility_code text,
  valid_from               date,
  valid_to                 date,
  extra                    jsonb,
  CONSTRAINT coverage_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.coverage_other PARTITION OF health.coverage DEFAULT;
COMMENT ON TABLE health.coverage IS 'Thẻ bảo hiểm y tế: One health insurance card used during the visit. Source XML1.';
COMMENT ON TABLE health.coverage_other IS 'Rows of health.coverage whose month has no partition of its own.';
COMMENT ON COLUMN health.coverage.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML1.MA_LK.';
COMMENT ON COLUMN health.coverage.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.coverage.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.coverage.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.coverage.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.coverage.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.coverage.card_number IS 'Mã thẻ BHYT: Health insurance card number. Source XML1.MA_THE_BHYT.';
COMMENT ON COLUMN health.coverage.registered_facility_code IS 'Mã cơ sở đăng ký ban đầu: Facility of initial registration shown on the card. Source XML1.MA_DKBD.';
COMMENT ON COLUMN health.coverage.valid_from IS 'Thẻ có giá trị từ: First day of validity of the card. Source XML1.GT_THE_TU.';
COMMENT ON COLUMN health.coverage.valid_to IS 'Thẻ có giá trị đến: Last day of validity of the card. Source XML1.GT_THE_DEN.';
COMMENT ON COLUMN health.coverage.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.encounter_diagnosis (
  encounter_key  text NOT NULL,
  care_month     date NOT NULL,
  facility_code  text NOT NULL,
  row_number     integer NOT NULL,
  file_id        bigint NOT NULL,
  dossier_number integer NOT NULL,
  role           text,
  diagnosis_code text,
  extra          jsonb,
  CONSTRAINT encounter_diagnosis_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.encounter_diagnosis_other PARTITION OF health.encounter_diagnosis DEFAULT;
COMMENT ON TABLE health.encounter_diagnosis IS 'Chẩn đoán của lượt khám: One coded diagnosis of a visit. Row numbers follow the order: main, comorbidities, traditional medicine. Source XML1.';
COMMENT ON TABLE health.encounter_diagnosis_other IS 'Rows of health.encounter_diagnosis whose month has no partition of its own.';
COMMENT ON COLUMN health.encounter_diagnosis.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML1.MA_LK.';
COMMENT ON COLUMN health.encounter_diagnosis.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.encounter_diagnosis.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.encounter_diagnosis.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.encounter_diagnosis.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.encounter_diagnosis.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.encounter_diagnosis.role IS 'Vai trò của chẩn đoán: main, comorbidity or traditional.';
COMMENT ON COLUMN health.encounter_diagnosis.diagnosis_code IS 'Mã bệnh: Disease code: ICD-10 for the roles main and comorbidity, the traditional-medicine disease list for the role traditional. Source XML1.MA_BENH_CHINH, XML1.MA_BENH_KT, XML1.MA_BENH_YHCT.';
COMMENT ON COLUMN health.encounter_diagnosis.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.medication (
  encounter_key           text NOT NULL,
  care_month              date NOT NULL,
  facility_code           text NOT NULL,
  row_number              integer NOT NULL,
  file_id                 bigint NOT NULL,
  dossier_number          integer NOT NULL,
  sequence_number         integer,
  cost_group_code         text,
  active_substance_codes  text[],
  medication_name         text,
  strength                text,
  dosage_form             text,
  registration_number     text,
  processing_method_codes text[],
  supplying_facility_code text,
  tender                  text[],
  route_code              text,
  dose                    text,
  instructions            text,
  unit                    text,
  quantity                numeric(18,4),
  unit_price              numeric(18,4),
  insurance_scope_code    text,
  insurance_rate          integer,
  benefit_rate            numeric(18,4),
  hospital_amount         numeric(18,4),
  insured_amount          numeric(18,4),
  self_paid_amount        numeric(18,4),
  copayment_amount        numeric(18,4),
  insurance_amount        numeric(18,4),
  other_source_amount     numeric(18,4),
  state_budget_amount     numeric(18,4),
  foreign_aid_amount      numeric(18,4),
  domestic_aid_amount     numeric(18,4),
  remaining_source_amount numeric(18,4),
  payer_code              text,
  payment_method_code     text,
  war_wound_code          text,
  department_code         text,
  practitioner_codes      text[],
  service_codes           text[],
  ordered_at              timestamptz,
  performed_at            timestamptz,
  reserve                 text,
  extra                   jsonb,
  CONSTRAINT medication_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.medication_other PARTITION OF health.medication DEFAULT;
COMMENT ON TABLE health.medication IS 'Thuốc: One drug line of a visit. Source XML2.';
COMMENT ON TABLE health.medication_other IS 'Rows of health.medication whose month has no partition of its own.';
COMMENT ON COLUMN health.medication.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML2.MA_LK.';
COMMENT ON COLUMN health.medication.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.medication.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.medication.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.medication.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.medication.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.medication.sequence_number IS 'Số thứ tự: Row number within one submission, counting from 1; as sent (STT). Source XML2.STT.';
COMMENT ON COLUMN health.medication.cost_group_code IS 'Mã nhóm chi phí: Cost group; code list MA_NHOM. Source XML2.MA_NHOM.';
COMMENT ON COLUMN health.medication.active_substance_codes IS 'Mã hoạt chất: Active-substance code of the drug; components joined with "+"; 00.0000 when outside the list. Source XML2.MA_THUOC.';
COMMENT ON COLUMN health.medication.medication_name IS 'Tên thuốc: Drug name as registered. Source XML2.TEN_THUOC.';
COMMENT ON COLUMN health.medication.strength IS 'Hàm lượng: Strength of the drug. Source XML2.HAM_LUONG.';
COMMENT ON COLUMN health.medication.dosage_form IS 'Dạng bào chế: Dosage form. Source XML2.DANG_BAO_CHE.';
COMMENT ON COLUMN health.medication.registration_number IS 'Số đăng ký lưu hành: Marketing registration number, without blanks. Source XML2.SO_DANG_KY.';
COMMENT ON COLUMN health.medication.processing_method_codes IS 'Mã phương pháp chế biến: Processing method(s) of a traditional-medicine ingredient. Source XML2.MA_PP_CHEBIEN.';
COMMENT ON COLUMN health.medication.supplying_facility_code IS 'Mã cơ sở cung ứng, kê thuốc: Facility the drug came from or that prescribed it, with a prefix telling the case (for example C. or HC.). Source XML2.MA_CSKCB_THUOC.';
COMMENT ON COLUMN health.medication.tender IS 'Thông tin thầu: Tender data: decision number; package; group; year (joined with semicolons); parts keep their place. Source XML2.TT_THAU.';
COMMENT ON COLUMN health.medication.route_code IS 'Mã đường dùng: Route of administration code. Source XML2.DUONG_DUNG.';
COMMENT ON COLUMN health.medication.dose IS 'Liều dùng: Dose, written as amount per intake, intakes per day and days, with the daily total in square brackets. Source XML2.LIEU_DUNG.';
COMMENT ON COLUMN health.medication.instructions IS 'Cách dùng: Instructions for use given by the prescriber. Source XML2.CACH_DUNG.';
COMMENT ON COLUMN health.medication.unit IS 'Đơn vị tính: Unit of measure. Source XML2.DON_VI_TINH.';
COMMENT ON COLUMN health.medication.quantity IS 'Số lượng: Quantity used, three decimals. Source XML2.SO_LUONG.';
COMMENT ON COLUMN health.medication.unit_price IS 'Đơn giá: Unit price, three decimals. Unit VND. Source XML2.DON_GIA.';
COMMENT ON COLUMN health.medication.insurance_scope_code IS 'Phạm vi hưởng: Inside or outside the insurance scope; code list PHAM_VI. Source XML2.PHAM_VI.';
COMMENT ON COLUMN health.medication.insurance_rate IS 'Tỷ lệ thanh toán BHYT (%): Percentage of the price that insurance recognises. Unit percent. Source XML2.TYLE_TT_BH.';
COMMENT ON COLUMN health.medication.benefit_rate IS 'Mức hưởng (%): Benefit rate in per cent applied to this line. Unit percent. Source XML2.MUC_HUONG.';
COMMENT ON COLUMN health.medication.hospital_amount IS 'Thành tiền theo giá bệnh viện: SO_LUONG x DON_GIA, two decimals. Unit VND. Source XML2.THANH_TIEN_BV.';
COMMENT ON COLUMN health.medication.insured_amount IS 'Thành tiền trong phạm vi BHYT: SO_LUONG x DON_GIA x TYLE_TT_BH / 100, two decimals. Unit VND. Source XML2.THANH_TIEN_BH.';
COMMENT ON COLUMN health.medication.self_paid_amount IS 'Người bệnh tự trả: Amount the patient pays himself outside the insurance scope. Unit VND. Source XML2.T_BNTT.';
COMMENT ON COLUMN health.medication.copayment_amount IS 'Người bệnh cùng chi trả: Co-payment by the patient within the insurance scope. Unit VND. Source XML2.T_BNCCT.';
COMMENT ON COLUMN health.medication.insurance_amount IS 'Quỹ BHYT thanh toán: Amount claimed from the insurance fund. Unit VND. Source XML2.T_BHTT.';
COMMENT ON COLUMN health.medication.other_source_amount IS 'Nguồn khác chi trả: Sum of the four T_NGUONKHAC_* parts of this line. Unit VND. Source XML2.T_NGUONKHAC.';
COMMENT ON COLUMN health.medication.state_budget_amount IS 'Nguồn khác: ngân sách nhà nước: Support from the state budget. Unit VND. Source XML2.T_NGUONKHAC_NSNN.';
COMMENT ON COLUMN health.medication.foreign_aid_amount IS 'Nguồn khác: viện trợ ngoài nước: Support from donors outside Viet Nam. Unit VND. Source XML2.T_NGUONKHAC_VTNN.';
COMMENT ON COLUMN health.medication.domestic_aid_amount IS 'Nguồn khác: viện trợ trong nước: Support from donors inside Viet Nam. Unit VND. Source XML2.T_NGUONKHAC_VTTN.';
COMMENT ON COLUMN health.medication.remaining_source_amount IS 'Nguồn khác: còn lại: Support from any remaining source. Unit VND. Source XML2.T_NGUONKHAC_CL.';
COMMENT ON COLUMN health.medication.payer_code IS 'Mã nguồn chi trả: Who pays for the drug; code list NGUON_CTRA. Source XML2.NGUON_CTRA.';
COMMENT ON COLUMN health.medication.payment_method_code IS 'Mã phương thức thanh toán: Payment method; code list MA_PTTT. Source XML2.MA_PTTT.';
COMMENT ON COLUMN health.medication.war_wound_code IS 'Vết thương tái phát: Mark for recurrent war wounds; code list VET_THUONG_TP. Source XML2.VET_THUONG_TP.';
COMMENT ON COLUMN health.medication.department_code IS 'Mã khoa: Department; code list MA_KHOA. Source XML2.MA_KHOA.';
COMMENT ON COLUMN health.medication.practitioner_codes IS 'Mã bác sĩ kê thuốc: Licence number of the prescriber(s). Source XML2.MA_BAC_SI.';
COMMENT ON COLUMN health.medication.service_codes IS 'Mã dịch vụ dùng thuốc: Service(s) in which the drug was used, when it belongs to a service. Source XML2.MA_DICH_VU.';
COMMENT ON COLUMN health.medication.ordered_at IS 'Thời điểm ra y lệnh: Moment of the medical order. Source XML2.NGAY_YL.';
COMMENT ON COLUMN health.medication.performed_at IS 'Thời điểm thực hiện y lệnh: Moment the order was carried out. Source XML2.NGAY_TH_YL.';
COMMENT ON COLUMN health.medication.reserve IS 'Trường dự phòng: Reserve field. Source XML2.DU_PHONG.';
COMMENT ON COLUMN health.medication.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.service (
  encounter_key               text NOT NULL,
  care_month                  date NOT NULL,
  facility_code               text NOT NULL,
  row_number                  integer NOT NULL,
  file_id                     bigint NOT NULL,
  dossier_number              integer NOT NULL,
  sequence_number             integer,
  cost_group_code             text,
  service_code                text,
  service_name                text,
  procedure_codes             text[],
  anaesthesia_code            text,
  body_site_code              text,
  device_codes                text[],
  fuel_code                   text,
  supply_code                 text,
  supply_name                 text,
  supply_package              text,
  product_model               text,
  reused_code                 text,
  tender                      text[],
  unit                        text,
  quantity                    numeric(18,4),
  hospital_unit_price         numeric(18,4),
  insurance_unit_price        numeric(18,4),
  insurance_scope_code        text,
  service_rate                integer,
  insurance_rate              integer,
  benefit_rate                numeric(18,4),
  hospital_amount             numeric(18,4),
  insured_amount              numeric(18,4),
  package_ceiling_amount      numeric(18,4),
  self_paid_amount            numeric(18,4),
  copayment_amount            numeric(18,4),
  insurance_amount            numeric(18,4),
  other_source_amount         numeric(18,4),
  state_budget_amount         numeric(18,4),
  foreign_aid_amount          numeric(18,4),
  domestic_aid_amount         numeric(18,4),
  remaining_source_amount     numeric(18,4),
  payment_method_code         text,
  war_wound_code              text,
  department_code             text,
  bed_codes                   text[],
  practitioner_codes          text[],
  performer_codes             text[],
  diagnosis_codes             text[],
  traditional_diagnosis_codes text[],
  ordered_at                  timestamptz,
  performed_at                timestamptz,
  result_at                   timestamptz,
  reserve                     text,
  extra                       jsonb,
  CONSTRAINT service_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.service_other PARTITION OF health.service DEFAULT;
COMMENT ON TABLE health.service IS 'Dịch vụ kỹ thuật: One service line of a visit: every cost group of XML3 but supplies. Columns are those of supply, so the two can be read as one. Source XML3.';
COMMENT ON TABLE health.service_other IS 'Rows of health.service whose month has no partition of its own.';
COMMENT ON COLUMN health.service.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML3.MA_LK.';
COMMENT ON COLUMN health.service.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.service.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.service.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.service.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.service.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.service.sequence_number IS 'Số thứ tự: Row number within one submission, counting from 1; as sent (STT). Source XML3.STT.';
COMMENT ON COLUMN health.service.cost_group_code IS 'Mã nhóm chi phí: Cost group; code list MA_NHOM. Source XML3.MA_NHOM.';
COMMENT ON COLUMN health.service.service_code IS 'Mã dịch vụ kỹ thuật: Service, examination fee or bed-day code; VC.XXXXX for transport. Source XML3.MA_DICH_VU.';
COMMENT ON COLUMN health.service.service_name IS 'Tên dịch vụ: Name of the service. Source XML3.TEN_DICH_VU.';
COMMENT ON COLUMN health.service.procedure_codes IS 'Mã phẫu thuật, thủ thuật quốc tế: International surgery or procedure code(s), ICD-9-CM. Source XML3.MA_PTTT_QT.';
COMMENT ON COLUMN health.service.anaesthesia_code IS 'Phương pháp vô cảm: Anaesthesia method; code list PP_VO_CAM. Source XML3.PP_VO_CAM.';
COMMENT ON COLUMN health.service.body_site_code IS 'Vị trí thực hiện kỹ thuật: Body site of the procedure; the national list has not been issued; code list VI_TRI_TH_DVKT. Source XML3.VI_TRI_TH_DVKT.';
COMMENT ON COLUMN health.service.device_codes IS 'Mã máy: Device code(s), pattern XX.n.YYYYY.Z. Source XML3.MA_MAY.';
COMMENT ON COLUMN health.service.fuel_code IS 'Mã xăng dầu: Fuel type used for patient transport. Source XML3.MA_XANG_DAU.';
COMMENT ON COLUMN health.service.supply_code IS 'Mã vật tư y tế: Medical supply code. Source XML3.MA_VAT_TU.';
COMMENT ON COLUMN health.service.supply_name IS 'Tên vật tư y tế: Trade name of the supply. Source XML3.TEN_VAT_TU.';
COMMENT ON COLUMN health.service.supply_package IS 'Mã gói vật tư: Supply package within one procedure: G1 for the first, G2 for the second and so on. Source XML3.GOI_VTYT.';
COMMENT ON COLUMN health.service.product_model IS 'Mã hiệu sản phẩm: Model, serial or EMEI mark of the supply. Source XML3.MA_HIEU_SP.';
COMMENT ON COLUMN health.service.reused_code IS 'Vật tư tái sử dụng: Mark for a re-used supply; code list TAI_SU_DUNG. Source XML3.TAI_SU_DUNG.';
COMMENT ON COLUMN health.service.tender IS 'Thông tin thầu: Tender data: decision number; package; group; year (joined with semicolons); parts keep their place. Source XML3.TT_THAU.';
COMMENT ON COLUMN health.service.unit IS 'Đơn vị tính: Unit of measure. Source XML3.DON_VI_TINH.';
COMMENT ON COLUMN health.service.quantity IS 'Số lượng: Quantity used, three decimals. Source XML3.SO_LUONG.';
COMMENT ON COLUMN health.service.hospital_unit_price IS 'Đơn giá bệnh viện: Unit price charged by the facility, three decimals. Unit VND. Source XML3.DON_GIA_BV.';
COMMENT ON COLUMN health.service.insurance_unit_price IS 'Đơn giá BHYT: Unit price paid by insurance, three decimals. Unit VND. Source XML3.DON_GIA_BH.';
COMMENT ON COLUMN health.service.insurance_scope_code IS 'Phạm vi hưởng: Inside or outside the insurance scope; code list PHAM_VI. Source XML3.PHAM_VI.';
COMMENT ON COLUMN health.service.service_rate IS 'Tỷ lệ thanh toán dịch vụ (%): Percentage of the price charged for special service cases (second procedure, shared bed and the like). Unit percent. Source XML3.TYLE_TT_DV.';
COMMENT ON COLUMN health.service.insurance_rate IS 'Tỷ lệ thanh toán BHYT (%): Percentage of the price that insurance recognises. Unit percent. Source XML3.TYLE_TT_BH.';
COMMENT ON COLUMN health.service.benefit_rate IS 'Mức hưởng (%): Benefit rate in per cent applied to this line. Unit percent. Source XML3.MUC_HUONG.';
COMMENT ON COLUMN health.service.hospital_amount IS 'Thành tiền theo giá bệnh viện: SO_LUONG x DON_GIA_BV x TYLE_TT_DV / 100, two decimals. Unit VND. Source XML3.THANH_TIEN_BV.';
COMMENT ON COLUMN health.service.insured_amount IS 'Thành tiền trong phạm vi BHYT: SO_LUONG x DON_GIA_BH x TYLE_TT_DV x TYLE_TT_BH / 10000, two decimals. Unit VND. Source XML3.THANH_TIEN_BH.';
COMMENT ON COLUMN health.service.package_ceiling_amount IS 'Trần thanh toán gói vật tư: Payment ceiling for the supply package of one procedure; blank when there is none. Unit VND. Source XML3.T_TRANTT.';
COMMENT ON COLUMN health.service.self_paid_amount IS 'Người bệnh tự trả: Amount the patient pays himself outside the insurance scope. Unit VND. Source XML3.T_BNTT.';
COMMENT ON COLUMN health.service.copayment_amount IS 'Người bệnh cùng chi trả: Co-payment by the patient within the insurance scope. Unit VND. Source XML3.T_BNCCT.';
COMMENT ON COLUMN health.service.insurance_amount IS 'Quỹ BHYT thanh toán: Amount claimed from the insurance fund. Unit VND. Source XML3.T_BHTT.';
COMMENT ON COLUMN health.service.other_source_amount IS 'Nguồn khác chi trả: Sum of the four T_NGUONKHAC_* parts of this line. Unit VND. Source XML3.T_NGUONKHAC.';
COMMENT ON COLUMN health.service.state_budget_amount IS 'Nguồn khác: ngân sách nhà nước: Support from the state budget. Unit VND. Source XML3.T_NGUONKHAC_NSNN.';
COMMENT ON COLUMN health.service.foreign_aid_amount IS 'Nguồn khác: viện trợ ngoài nước: Support from donors outside Viet Nam. Unit VND. Source XML3.T_NGUONKHAC_VTNN.';
COMMENT ON COLUMN health.service.domestic_aid_amount IS 'Nguồn khác: viện trợ trong nước: Support from donors inside Viet Nam. Unit VND. Source XML3.T_NGUONKHAC_VTTN.';
COMMENT ON COLUMN health.service.remaining_source_amount IS 'Nguồn khác: còn lại: Support from any remaining source. Unit VND. Source XML3.T_NGUONKHAC_CL.';
COMMENT ON COLUMN health.service.payment_method_code IS 'Mã phương thức thanh toán: Payment method; code list MA_PTTT. Source XML3.MA_PTTT.';
COMMENT ON COLUMN health.service.war_wound_code IS 'Vết thương tái phát: Mark for recurrent war wounds; code list VET_THUONG_TP. Source XML3.VET_THUONG_TP.';
COMMENT ON COLUMN health.service.department_code IS 'Mã khoa: Department; code list MA_KHOA. Source XML3.MA_KHOA.';
COMMENT ON COLUMN health.service.bed_codes IS 'Mã giường: Bed code: one letter and three digits; code list MA_GIUONG. Source XML3.MA_GIUONG.';
COMMENT ON COLUMN health.service.practitioner_codes IS 'Mã bác sĩ chỉ định: Practising-licence number of the ordering practitioner(s). Source XML3.MA_BAC_SI.';
COMMENT ON COLUMN health.service.performer_codes IS 'Mã người thực hiện: Practising-licence number of the staff who carried it out. Source XML3.NGUOI_THUC_HIEN.';
COMMENT ON COLUMN health.service.diagnosis_codes IS 'Mã bệnh chỉ định dịch vụ: ICD-10 code(s) for which the service was ordered when other than the main disease. Source XML3.MA_BENH.';
COMMENT ON COLUMN health.service.traditional_diagnosis_codes IS 'Mã bệnh y học cổ truyền: Traditional-medicine disease code(s) matching the ICD-10 codes. Source XML3.MA_BENH_YHCT.';
COMMENT ON COLUMN health.service.ordered_at IS 'Thời điểm ra y lệnh: Moment of the medical order. Source XML3.NGAY_YL.';
COMMENT ON COLUMN health.service.performed_at IS 'Thời điểm thực hiện y lệnh: Moment the order was carried out. Source XML3.NGAY_TH_YL.';
COMMENT ON COLUMN health.service.result_at IS 'Thời điểm có kết quả: Moment the result was available. Source XML3.NGAY_KQ.';
COMMENT ON COLUMN health.service.reserve IS 'Trường dự phòng: Reserve field. Source XML3.DU_PHONG.';
COMMENT ON COLUMN health.service.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.supply (
  encounter_key               text NOT NULL,
  care_month                  date NOT NULL,
  facility_code               text NOT NULL,
  row_number                  integer NOT NULL,
  file_id                     bigint NOT NULL,
  dossier_number              integer NOT NULL,
  sequence_number             integer,
  cost_group_code             text,
  service_code                text,
  service_name                text,
  procedure_codes             text[],
  anaesthesia_code            text,
  body_site_code              text,
  device_codes                text[],
  fuel_code                   text,
  supply_code                 text,
  supply_name                 text,
  supply_package              text,
  product_model               text,
  reused_code                 text,
  tender                      text[],
  unit                        text,
  quantity                    numeric(18,4),
  hospital_unit_price         numeric(18,4),
  insurance_unit_price        numeric(18,4),
  insurance_scope_code        text,
  service_rate                integer,
  insurance_rate              integer,
  benefit_rate                numeric(18,4),
  hospital_amount             numeric(18,4),
  insured_amount              numeric(18,4),
  package_ceiling_amount      numeric(18,4),
  self_paid_amount            numeric(18,4),
  copayment_amount            numeric(18,4),
  insurance_amount            numeric(18,4),
  other_source_amount         numeric(18,4),
  state_budget_amount         numeric(18,4),
  foreign_aid_amount          numeric(18,4),
  domestic_aid_amount         numeric(18,4),
  remaining_source_amount     numeric(18,4),
  payment_method_code         text,
  war_wound_code              text,
  department_code             text,
  bed_codes                   text[],
  practitioner_codes          text[],
  performer_codes             text[],
  diagnosis_codes             text[],
  traditional_diagnosis_codes text[],
  ordered_at                  timestamptz,
  performed_at                timestamptz,
  result_at                   timestamptz,
  reserve                     text,
  extra                       jsonb,
  CONSTRAINT supply_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.supply_other PARTITION OF health.supply DEFAULT;
COMMENT ON TABLE health.supply IS 'Vật tư y tế: One medical supply line of a visit: cost groups 10 and 11 of XML3. Columns are those of service, so the two can be read as one. Source XML3.';
COMMENT ON TABLE health.supply_other IS 'Rows of health.supply whose month has no partition of its own.';
COMMENT ON COLUMN health.supply.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML3.MA_LK.';
COMMENT ON COLUMN health.supply.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.supply.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.supply.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.supply.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.supply.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.supply.sequence_number IS 'Số thứ tự: Row number within one submission, counting from 1; as sent (STT). Source XML3.STT.';
COMMENT ON COLUMN health.supply.cost_group_code IS 'Mã nhóm chi phí: Cost group; code list MA_NHOM. Source XML3.MA_NHOM.';
COMMENT ON COLUMN health.supply.service_code IS 'Mã dịch vụ kỹ thuật: Service, examination fee or bed-day code; VC.XXXXX for transport. Source XML3.MA_DICH_VU.';
COMMENT ON COLUMN health.supply.service_name IS 'Tên dịch vụ: Name of the service. Source XML3.TEN_DICH_VU.';
COMMENT ON COLUMN health.supply.procedure_codes IS 'Mã phẫu thuật, thủ thuật quốc tế: International surgery or procedure code(s), ICD-9-CM. Source XML3.MA_PTTT_QT.';
COMMENT ON COLUMN health.supply.anaesthesia_code IS 'Phương pháp vô cảm: Anaesthesia method; code list PP_VO_CAM. Source XML3.PP_VO_CAM.';
COMMENT ON COLUMN health.supply.body_site_code IS 'Vị trí thực hiện kỹ thuật: Body site of the procedure; the national list has not been issued; code list VI_TRI_TH_DVKT. Source XML3.VI_TRI_TH_DVKT.';
COMMENT ON COLUMN health.supply.device_codes IS 'Mã máy: Device code(s), pattern XX.n.YYYYY.Z. Source XML3.MA_MAY.';
COMMENT ON COLUMN health.supply.fuel_code IS 'Mã xăng dầu: Fuel type used for patient transport. Source XML3.MA_XANG_DAU.';
COMMENT ON COLUMN health.supply.supply_code IS 'Mã vật tư y tế: Medical supply code. Source XML3.MA_VAT_TU.';
COMMENT ON COLUMN health.supply.supply_name IS 'Tên vật tư y tế: Trade name of the supply. Source XML3.TEN_VAT_TU.';
COMMENT ON COLUMN health.supply.supply_package IS 'Mã gói vật tư: Supply package within one procedure: G1 for the first, G2 for the second and so on. Source XML3.GOI_VTYT.';
COMMENT ON COLUMN health.supply.product_model IS 'Mã hiệu sản phẩm: Model, serial or EMEI mark of the supply. Source XML3.MA_HIEU_SP.';
COMMENT ON COLUMN health.supply.reused_code IS 'Vật tư tái sử dụng: Mark for a re-used supply; code list TAI_SU_DUNG. Source XML3.TAI_SU_DUNG.';
COMMENT ON COLUMN health.supply.tender IS 'Thông tin thầu: Tender data: decision number; package; group; year (joined with semicolons); parts keep their place. Source XML3.TT_THAU.';
COMMENT ON COLUMN health.supply.unit IS 'Đơn vị tính: Unit of measure. Source XML3.DON_VI_TINH.';
COMMENT ON COLUMN health.supply.quantity IS 'Số lượng: Quantity used, three decimals. Source XML3.SO_LUONG.';
COMMENT ON COLUMN health.supply.hospital_unit_price IS 'Đơn giá bệnh viện: Unit price charged by the facility, three decimals. Unit VND. Source XML3.DON_GIA_BV.';
COMMENT ON COLUMN health.supply.insurance_unit_price IS 'Đơn giá BHYT: Unit price paid by insurance, three decimals. Unit VND. Source XML3.DON_GIA_BH.';
COMMENT ON COLUMN health.supply.insurance_scope_code IS 'Phạm vi hưởng: Inside or outside the insurance scope; code list PHAM_VI. Source XML3.PHAM_VI.';
COMMENT ON COLUMN health.supply.service_rate IS 'Tỷ lệ thanh toán dịch vụ (%): Percentage of the price charged for special service cases (second procedure, shared bed and the like). Unit percent. Source XML3.TYLE_TT_DV.';
COMMENT ON COLUMN health.supply.insurance_rate IS 'Tỷ lệ thanh toán BHYT (%): Percentage of the price that insurance recognises. Unit percent. Source XML3.TYLE_TT_BH.';
COMMENT ON COLUMN health.supply.benefit_rate IS 'Mức hưởng (%): Benefit rate in per cent applied to this line. Unit percent. Source XML3.MUC_HUONG.';
COMMENT ON COLUMN health.supply.hospital_amount IS 'Thành tiền theo giá bệnh viện: SO_LUONG x DON_GIA_BV x TYLE_TT_DV / 100, two decimals. Unit VND. Source XML3.THANH_TIEN_BV.';
COMMENT ON COLUMN health.supply.insured_amount IS 'Thành tiền trong phạm vi BHYT: SO_LUONG x DON_GIA_BH x TYLE_TT_DV x TYLE_TT_BH / 10000, two decimals. Unit VND. Source XML3.THANH_TIEN_BH.';
COMMENT ON COLUMN health.supply.package_ceiling_amount IS 'Trần thanh toán gói vật tư: Payment ceiling for the supply package of one procedure; blank when there is none. Unit VND. Source XML3.T_TRANTT.';
COMMENT ON COLUMN health.supply.self_paid_amount IS 'Người bệnh tự trả: Amount the patient pays himself outside the insurance scope. Unit VND. Source XML3.T_BNTT.';
COMMENT ON COLUMN health.supply.copayment_amount IS 'Người bệnh cùng chi trả: Co-payment by the patient within the insurance scope. Unit VND. Source XML3.T_BNCCT.';
COMMENT ON COLUMN health.supply.insurance_amount IS 'Quỹ BHYT thanh toán: Amount claimed from the insurance fund. Unit VND. Source XML3.T_BHTT.';
COMMENT ON COLUMN health.supply.other_source_amount IS 'Nguồn khác chi trả: Sum of the four T_NGUONKHAC_* parts of this line. Unit VND. Source XML3.T_NGUONKHAC.';
COMMENT ON COLUMN health.supply.state_budget_amount IS 'Nguồn khác: ngân sách nhà nước: Support from the state budget. Unit VND. Source XML3.T_NGUONKHAC_NSNN.';
COMMENT ON COLUMN health.supply.foreign_aid_amount IS 'Nguồn khác: viện trợ ngoài nước: Support from donors outside Viet Nam. Unit VND. Source XML3.T_NGUONKHAC_VTNN.';
COMMENT ON COLUMN health.supply.domestic_aid_amount IS 'Nguồn khác: viện trợ trong nước: Support from donors inside Viet Nam. Unit VND. Source XML3.T_NGUONKHAC_VTTN.';
COMMENT ON COLUMN health.supply.remaining_source_amount IS 'Nguồn khác: còn lại: Support from any remaining source. Unit VND. Source XML3.T_NGUONKHAC_CL.';
COMMENT ON COLUMN health.supply.payment_method_code IS 'Mã phương thức thanh toán: Payment method; code list MA_PTTT. Source XML3.MA_PTTT.';
COMMENT ON COLUMN health.supply.war_wound_code IS 'Vết thương tái phát: Mark for recurrent war wounds; code list VET_THUONG_TP. Source XML3.VET_THUONG_TP.';
COMMENT ON COLUMN health.supply.department_code IS 'Mã khoa: Department; code list MA_KHOA. Source XML3.MA_KHOA.';
COMMENT ON COLUMN health.supply.bed_codes IS 'Mã giường: Bed code: one letter and three digits; code list MA_GIUONG. Source XML3.MA_GIUONG.';
COMMENT ON COLUMN health.supply.practitioner_codes IS 'Mã bác sĩ chỉ định: Practising-licence number of the ordering practitioner(s). Source XML3.MA_BAC_SI.';
COMMENT ON COLUMN health.supply.performer_codes IS 'Mã người thực hiện: Practising-licence number of the staff who carried it out. Source XML3.NGUOI_THUC_HIEN.';
COMMENT ON COLUMN health.supply.diagnosis_codes IS 'Mã bệnh chỉ định dịch vụ: ICD-10 code(s) for which the service was ordered when other than the main disease. Source XML3.MA_BENH.';
COMMENT ON COLUMN health.supply.traditional_diagnosis_codes IS 'Mã bệnh y học cổ truyền: Traditional-medicine disease code(s) matching the ICD-10 codes. Source XML3.MA_BENH_YHCT.';
COMMENT ON COLUMN health.supply.ordered_at IS 'Thời điểm ra y lệnh: Moment of the medical order. Source XML3.NGAY_YL.';
COMMENT ON COLUMN health.supply.performed_at IS 'Thời điểm thực hiện y lệnh: Moment the order was carried out. Source XML3.NGAY_TH_YL.';
COMMENT ON COLUMN health.supply.result_at IS 'Thời điểm có kết quả: Moment the result was available. Source XML3.NGAY_KQ.';
COMMENT ON COLUMN health.supply.reserve IS 'Trường dự phòng: Reserve field. Source XML3.DU_PHONG.';
COMMENT ON COLUMN health.supply.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.observation (
  encounter_key     text NOT NULL,
  care_month        date NOT NULL,
  facility_code     text NOT NULL,
  row_number        integer NOT NULL,
  file_id           bigint NOT NULL,
  dossier_number    integer NOT NULL,
  sequence_number   integer,
  service_code      text,
  indicator_code    text,
  indicator_name    text,
  value             text,
  value_unit        text,
  finding_text      text,
  conclusion        text,
  result_at         timestamptz,
  interpreter_codes text[],
  reserve           text,
  extra             jsonb,
  CONSTRAINT observation_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.observation_other PARTITION OF health.observation DEFAULT;
COMMENT ON TABLE health.observation IS 'Kết quả cận lâm sàng: One result of a laboratory test, an image or a function test. Source XML4.';
COMMENT ON TABLE health.observation_other IS 'Rows of health.observation whose month has no partition of its own.';
COMMENT ON COLUMN health.observation.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML4.MA_LK.';
COMMENT ON COLUMN health.observation.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.observation.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.observation.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.observation.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.observation.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.observation.sequence_number IS 'Số thứ tự: Row number within one submission, counting from 1; as sent (STT). Source XML4.STT.';
COMMENT ON COLUMN health.observation.service_code IS 'Mã dịch vụ cận lâm sàng: Laboratory, imaging or function-test service code. Source XML4.MA_DICH_VU.';
COMMENT ON COLUMN health.observation.indicator_code IS 'Mã chỉ số cận lâm sàng: Test or imaging indicator code. Source XML4.MA_CHI_SO.';
COMMENT ON COLUMN health.observation.indicator_name IS 'Tên chỉ số: Indicator name. Source XML4.TEN_CHI_SO.';
COMMENT ON COLUMN health.observation.value IS 'Giá trị kết quả: Result value as text. Source XML4.GIA_TRI.';
COMMENT ON COLUMN health.observation.value_unit IS 'Đơn vị đo: Unit of the result. Source XML4.DON_VI_DO.';
COMMENT ON COLUMN health.observation.finding_text IS 'Mô tả: Description written by the person reading the result. Source XML4.MO_TA.';
COMMENT ON COLUMN health.observation.conclusion IS 'Kết luận: Conclusion written by the person reading the result. Source XML4.KET_LUAN.';
COMMENT ON COLUMN health.observation.result_at IS 'Thời điểm có kết quả: Moment the result was available. Source XML4.NGAY_KQ.';
COMMENT ON COLUMN health.observation.interpreter_codes IS 'Mã người đọc kết quả: Practitioner who read or approved the result. Source XML4.MA_BS_DOC_KQ.';
COMMENT ON COLUMN health.observation.reserve IS 'Trường dự phòng: Reserve field. Source XML4.DU_PHONG.';
COMMENT ON COLUMN health.observation.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.clinical_note (
  encounter_key         text NOT NULL,
  care_month            date NOT NULL,
  facility_code         text NOT NULL,
  row_number            integer NOT NULL,
  file_id               bigint NOT NULL,
  dossier_number        integer NOT NULL,
  sequence_number       integer,
  noted_at              timestamptz,
  clinical_course       text,
  disease_stage         text,
  consultation          text,
  procedure_description text,
  performer_codes       text[],
  reserve               text,
  extra                 jsonb,
  CONSTRAINT clinical_note_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.clinical_note_other PARTITION OF health.clinical_note DEFAULT;
COMMENT ON TABLE health.clinical_note IS 'Diễn biến lâm sàng: One note on the clinical course of a visit. Source XML5.';
COMMENT ON TABLE health.clinical_note_other IS 'Rows of health.clinical_note whose month has no partition of its own.';
COMMENT ON COLUMN health.clinical_note.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML5.MA_LK.';
COMMENT ON COLUMN health.clinical_note.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.clinical_note.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.clinical_note.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.clinical_note.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.clinical_note.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.clinical_note.sequence_number IS 'Số thứ tự: Row number within one submission, counting from 1; as sent (STT). Source XML5.STT.';
COMMENT ON COLUMN health.clinical_note.noted_at IS 'Thời điểm diễn biến: Moment of the clinical note. Source XML5.THOI_DIEM_DBLS.';
COMMENT ON COLUMN health.clinical_note.clinical_course IS 'Diễn biến lâm sàng: Clinical course and nursing notes; vital signs inside a CSST<...> token. Source XML5.DIEN_BIEN_LS.';
COMMENT ON COLUMN health.clinical_note.disease_stage IS 'Giai đoạn bệnh: Stage of the disease, if staged. Source XML5.GIAI_DOAN_BENH.';
COMMENT ON COLUMN health.clinical_note.consultation IS 'Hội chẩn: Result of consultation. Source XML5.HOI_CHAN.';
COMMENT ON COLUMN health.clinical_note.procedure_description IS 'Mô tả phẫu thuật: Description of the operation or procedure. Source XML5.PHAU_THUAT.';
COMMENT ON COLUMN health.clinical_note.performer_codes IS 'Mã người ghi diễn biến: Staff who wrote the note, main author first. Source XML5.NGUOI_THUC_HIEN.';
COMMENT ON COLUMN health.clinical_note.reserve IS 'Trường dự phòng: Reserve field. Source XML5.DU_PHONG.';
COMMENT ON COLUMN health.clinical_note.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.hiv_care (
  encounter_key                text NOT NULL,
  care_month                   date NOT NULL,
  facility_code                text NOT NULL,
  row_number                   integer NOT NULL,
  file_id                      bigint NOT NULL,
  dossier_number               integer NOT NULL,
  card_numbers                 text[],
  identity_number              text,
  birth_date                   date,
  birth_precision              text,
  birth_at                     timestamptz,
  sex_code                     text,
  address                      text,
  province_code                text,
  district_code                text,
  commune_code                 text,
  stated_facility_code         text,
  hiv_confirmed_on             date,
  sampling_facility_code       text,
  confirming_facility_code     text,
  arv_started_on               date,
  arv_start_facility_code      text,
  initial_regimen_code         text,
  initial_regimen_line_code    text,
  client_type_code             text,
  registration_reason_code     text,
  population_group_code        text,
  registration_condition_codes text[],
  clinical_stage_code          text,
  pregnancy_known_on           date,
  tb_screening_code            text,
  tb_treatment_type_code       text,
  tb_regimen_code              text,
  tb_treatment_started_on      date,
  tb_treatment_ended_on        date,
  tb_treatment_result_code     text,
  cotrimoxazole_started_on     date,
  viral_load_reason_code       text,
  viral_load_sampled_on        date,
  viral_load_result_code       text,
  viral_load_result_on         date,
  pcr_round_code               text,
  pcr_tested_on                date,
  pcr_result_on                date,
  pcr_result_code              text,
  action_codes                 text[],
  arv_course_from              date,
  arv_course_to                date,
  regimen_code                 text,
  regimen_line_code            text,
  arv_supply_days              integer,
  regimen_changed_on           date,
  regimen_change_reason_code   text,
  reserve                      text,
  extra                        jsonb,
  CONSTRAINT hiv_care_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.hiv_care_other PARTITION OF health.hiv_care DEFAULT;
COMMENT ON TABLE health.hiv_care IS 'Chăm sóc và điều trị HIV/AIDS: HIV/AIDS care record. Restricted by law to a closed circle (Law 64/2006 as changed by 71/2020, article 30). Source XML6. RESTRICTED.';
COMMENT ON TABLE health.hiv_care_other IS 'Rows of health.hiv_care whose month has no partition of its own.';
COMMENT ON COLUMN health.hiv_care.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML6.MA_LK.';
COMMENT ON COLUMN health.hiv_care.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.hiv_care.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.hiv_care.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.hiv_care.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.hiv_care.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.hiv_care.card_numbers IS 'Mã thẻ BHYT: Health insurance card number(s); when the card changes during the stay the numbers follow each other. Source XML6.MA_THE_BHYT.';
COMMENT ON COLUMN health.hiv_care.identity_number IS 'Số căn cước, CMND hoặc hộ chiếu: Citizen identity, old identity card or passport number; electronic identity account code if none of these exists. Source XML6.SO_CCCD.';
COMMENT ON COLUMN health.hiv_care.birth_date IS 'Ngày sinh: Birth date; 1 January when only the year is known (see birth_precision). Source XML6.NGAY_SINH.';
COMMENT ON COLUMN health.hiv_care.birth_precision IS 'Độ chính xác của ngày sinh: How much of the birth date is known: year, day or minute. Source XML6.NGAY_SINH.';
COMMENT ON COLUMN health.hiv_care.birth_at IS 'Thời điểm sinh: Moment of birth at +07:00; null unless the time is known. Source XML6.NGAY_SINH.';
COMMENT ON COLUMN health.hiv_care.sex_code IS 'Giới tính: Sex; code list GIOI_TINH. Source XML6.GIOI_TINH.';
COMMENT ON COLUMN health.hiv_care.address IS 'Địa chỉ nơi cư trú: Current home address, free text. Source XML6.DIA_CHI.';
COMMENT ON COLUMN health.hiv_care.province_code IS 'Mã tỉnh nơi cư trú: Province or centrally-run city of residence. Source XML6.MATINH_CU_TRU.';
COMMENT ON COLUMN health.hiv_care.district_code IS 'Mã huyện nơi cư trú: District of residence (historic level, abolished nationwide on 1 July 2025). Source XML6.MAHUYEN_CU_TRU.';
COMMENT ON COLUMN health.hiv_care.commune_code IS 'Mã xã nơi cư trú: Commune or ward of residence. Source XML6.MAXA_CU_TRU.';
COMMENT ON COLUMN health.hiv_care.stated_facility_code IS 'Mã cơ sở điều trị HIV: Facility treating the HIV patient; as written in the record; facility_code is the hospital that delivered the file. Source XML6.MA_CSKCB.';
COMMENT ON COLUMN health.hiv_care.hiv_confirmed_on IS 'Ngày khẳng định HIV: Day HIV infection was confirmed. Source XML6.NGAYKD_HIV.';
COMMENT ON COLUMN health.hiv_care.sampling_facility_code IS 'Nơi lấy mẫu xét nghiệm: Facility that drew the HIV blood sample. Source XML6.NOI_LAY_MAU_XN.';
COMMENT ON COLUMN health.hiv_care.confirming_facility_code IS 'Nơi xét nghiệm khẳng định: Facility that did the HIV confirmation test. Source XML6.NOI_XN_KD.';
COMMENT ON COLUMN health.hiv_care.arv_started_on IS 'Ngày bắt đầu điều trị ARV: Day ARV drugs were first received. Source XML6.BDDT_ARV.';
COMMENT ON COLUMN health.hiv_care.arv_start_facility_code IS 'Nơi bắt đầu điều trị ARV: Facility where ARV treatment started. Source XML6.NOI_BDDT_ARV.';
COMMENT ON COLUMN health.hiv_care.initial_regimen_code IS 'Mã phác đồ ban đầu: ARV regimen at the start. Source XML6.MA_PHAC_DO_DIEU_TRI_BD.';
COMMENT ON COLUMN health.hiv_care.initial_regimen_line_code IS 'Bậc phác đồ ban đầu: Line of the starting regimen when the regimen is "other"; code list MA_BAC_PHAC_DO. Source XML6.MA_BAC_PHAC_DO_BD.';
COMMENT ON COLUMN health.hiv_care.client_type_code IS 'Loại người bệnh HIV: Kind of HIV client; code list MA_LOAI_BN. Source XML6.MA_LOAI_BN.';
COMMENT ON COLUMN health.hiv_care.registration_reason_code IS 'Lý do đăng ký điều trị: Reason of registration for HIV treatment; code list MA_LYDO_DTRI. Source XML6.MA_LYDO_DTRI.';
COMMENT ON COLUMN health.hiv_care.population_group_code IS 'Nhóm đối tượng: Risk or population group; code list NHOM_DOI_TUONG. Source XML6.NHOM_DOI_TUONG.';
COMMENT ON COLUMN health.hiv_care.registration_condition_codes IS 'Tình trạng khi đăng ký: Condition(s) of the client on registration; code list MA_TINH_TRANG_DK. Source XML6.MA_TINH_TRANG_DK.';
COMMENT ON COLUMN health.hiv_care.clinical_stage_code IS 'Giai đoạn lâm sàng: Clinical stage; code list GIAI_DOAN_LAM_SANG. Source XML6.GIAI_DOAN_LAM_SANG.';
COMMENT ON COLUMN health.hiv_care.pregnancy_known_on IS 'Ngày nhận thông tin mang thai: Day pregnancy became known. Source XML6.NGAY_NHAN_TT_MANG_THAI.';
COMMENT ON COLUMN health.hiv_care.tb_screening_code IS 'Sàng lọc lao: Tuberculosis screening method; code list SANG_LOC_LAO. Source XML6.SANG_LOC_LAO.';
COMMENT ON COLUMN health.hiv_care.tb_treatment_type_code IS 'Loại điều trị lao: Kind of tuberculosis treatment; code list LOAI_DTRI_LAO. Source XML6.LOAI_DTRI_LAO.';
COMMENT ON COLUMN health.hiv_care.tb_regimen_code IS 'Phác đồ điều trị lao: Tuberculosis treatment regimen; code list PHACDO_DTRI_LAO_XML6. Source XML6.PHACDO_DTRI_LAO.';
COMMENT ON COLUMN health.hiv_care.tb_treatment_started_on IS 'Ngày bắt đầu điều trị lao: Start of tuberculosis treatment. Source XML6.NGAYBD_DTRI_LAO.';
COMMENT ON COLUMN health.hiv_care.tb_treatment_ended_on IS 'Ngày kết thúc điều trị lao: End of tuberculosis treatment; blank while under way. Source XML6.NGAYKT_DTRI_LAO.';
COMMENT ON COLUMN health.hiv_care.tb_treatment_result_code IS 'Kết quả điều trị lao: Result of tuberculosis treatment; code list KQ_DTRI_LAO. Source XML6.KQ_DTRI_LAO.';
COMMENT ON COLUMN health.hiv_care.cotrimoxazole_started_on IS 'Ngày bắt đầu cotrimoxazol: Start of cotrimoxazole treatment. Source XML6.NGAY_BAT_DAU_DT_CTX.';
COMMENT ON COLUMN health.hiv_care.viral_load_reason_code IS 'Lý do xét nghiệm tải lượng vi rút: Reason for the viral-load test; code list MA_LYDO_XNTL_VR. Source XML6.MA_LYDO_XNTL_VR.';
COMMENT ON COLUMN health.hiv_care.viral_load_sampled_on IS 'Ngày xét nghiệm tải lượng vi rút: Day the viral-load sample was taken. Source XML6.NGAY_XN_TLVR.';
COMMENT ON COLUMN health.hiv_care.viral_load_result_code IS 'Kết quả tải lượng vi rút: Viral-load result band; code list KQ_XNTL_VR. Source XML6.KQ_XNTL_VR.';
COMMENT ON COLUMN health.hiv_care.viral_load_result_on IS 'Ngày có kết quả tải lượng vi rút: Day of the viral-load result. Source XML6.NGAY_KQ_XN_TLVR.';
COMMENT ON COLUMN health.hiv_care.pcr_round_code IS 'Lần xét nghiệm PCR: Which PCR test (infants under 18 months); code list LAN_XN_PCR. Source XML6.LAN_XN_PCR.';
COMMENT ON COLUMN health.hiv_care.pcr_tested_on IS 'Ngày xét nghiệm PCR: Day of the PCR test. Source XML6.NGAY_XN_PCR.';
COMMENT ON COLUMN health.hiv_care.pcr_result_on IS 'Ngày kết quả PCR: Day of the PCR result. Source XML6.NGAY_KQ_XN_PCR.';
COMMENT ON COLUMN health.hiv_care.pcr_result_code IS 'Kết quả PCR: PCR result; code list MA_KQ_XN_PCR. Source XML6.MA_KQ_XN_PCR.';
COMMENT ON COLUMN health.hiv_care.action_codes IS 'Mã xử trí: Action(s) taken; code list MA_XU_TRI. Source XML6.MA_XU_TRI.';
COMMENT ON COLUMN health.hiv_care.arv_course_from IS 'Ngày bắt đầu xử trí: Start of the ARV course given at this visit. Source XML6.NGAY_BAT_DAU_XU_TRI.';
COMMENT ON COLUMN health.hiv_care.arv_course_to IS 'Ngày kết thúc xử trí: End of the ARV course given at this visit. Source XML6.NGAY_KET_THUC_XU_TRI.';
COMMENT ON COLUMN health.hiv_care.regimen_code IS 'Mã phác đồ điều trị: ARV regimen of this course. Source XML6.MA_PHAC_DO_DIEU_TRI.';
COMMENT ON COLUMN health.hiv_care.regimen_line_code IS 'Bậc phác đồ: Line of the regimen when it is "other"; code list MA_BAC_PHAC_DO. Source XML6.MA_BAC_PHAC_DO.';
COMMENT ON COLUMN health.hiv_care.arv_supply_days IS 'Số ngày cấp thuốc ARV: Days of ARV drugs supplied. Unit days. Source XML6.SO_NGAY_CAP_THUOC_ARV.';
COMMENT ON COLUMN health.hiv_care.regimen_changed_on IS 'Ngày chuyển phác đồ: Day the regimen was changed. Source XML6.NGAY_CHUYEN_PHAC_DO.';
COMMENT ON COLUMN health.hiv_care.regimen_change_reason_code IS 'Lý do chuyển phác đồ: Reason for changing the regimen; code list LY_DO_CHUYEN_PHAC_DO. Source XML6.LY_DO_CHUYEN_PHAC_DO.';
COMMENT ON COLUMN health.hiv_care.reserve IS 'Trường dự phòng: Reserve field. Source XML6.DU_PHONG.';
COMMENT ON COLUMN health.hiv_care.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.discharge (
  encounter_key                  text NOT NULL,
  care_month                     date NOT NULL,
  facility_code                  text NOT NULL,
  row_number                     integer NOT NULL,
  file_id                        bigint NOT NULL,
  dossier_number                 integer NOT NULL,
  archive_number                 text,
  medical_number                 text,
  discharge_department_code      text,
  admitted_at                    timestamptz,
  discharged_at                  timestamptz,
  discharge_diagnosis            text,
  treatment_method               text,
  note                           text,
  pregnancy_termination_code     text,
  pregnancy_termination_reason   text,
  pregnancy_terminated_at        timestamptz,
  gestational_age                integer,
  father_social_insurance_number text,
  father_name                    text,
  mother_social_insurance_number text,
  mother_name                    text,
  temporary_card_number          text,
  leave_days                     integer,
  leave_from                     date,
  leave_to                       date,
  document_date                  date,
  signer_codes                   text[],
  signer_name                    text,
  facility_head_code             text,
  reserve                        text,
  extra                          jsonb,
  CONSTRAINT discharge_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.discharge_other PARTITION OF health.discharge DEFAULT;
COMMENT ON TABLE health.discharge IS 'Giấy ra viện: The discharge paper. Source XML7.';
COMMENT ON TABLE health.discharge_other IS 'Rows of health.discharge whose month has no partition of its own.';
COMMENT ON COLUMN health.discharge.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML7.MA_LK.';
COMMENT ON COLUMN health.discharge.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.discharge.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.discharge.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.discharge.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.discharge.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.discharge.archive_number IS 'Số lưu trữ: Archive number of the medical record. Source XML7.SO_LUU_TRU.';
COMMENT ON COLUMN health.discharge.medical_number IS 'Mã y tế: Medical number, the same value as MA_BN of XML1. Source XML7.MA_YTE.';
COMMENT ON COLUMN health.discharge.discharge_department_code IS 'Mã khoa ra viện: Department that closed the record; code list MA_KHOA. Source XML7.MA_KHOA_RV.';
COMMENT ON COLUMN health.discharge.admitted_at IS 'Thời điểm đến khám: Moment the patient arrived. Source XML7.NGAY_VAO.';
COMMENT ON COLUMN health.discharge.discharged_at IS 'Thời điểm kết thúc: Moment the visit or treatment ended. Source XML7.NGAY_RA.';
COMMENT ON COLUMN health.discharge.discharge_diagnosis IS 'Chẩn đoán ra viện: Full diagnosis at the end of the visit or stay. Source XML7.CHAN_DOAN_RV.';
COMMENT ON COLUMN health.discharge.treatment_method IS 'Phương pháp điều trị: Treatment method. Source XML7.PP_DIEUTRI.';
COMMENT ON COLUMN health.discharge.note IS 'Ghi chú: Remark, used when the paper serves a social-insurance claim. Source XML7.GHI_CHU.';
COMMENT ON COLUMN health.discharge.pregnancy_termination_code IS 'Đình chỉ thai nghén: Termination of pregnancy mark; code list MA_DINH_CHI_THAI. Source XML7.MA_DINH_CHI_THAI.';
COMMENT ON COLUMN health.discharge.pregnancy_termination_reason IS 'Nguyên nhân đình chỉ thai: Reason for the termination. Source XML7.NGUYENNHAN_DINHCHI.';
COMMENT ON COLUMN health.discharge.pregnancy_terminated_at IS 'Thời điểm đình chỉ thai: Moment of the termination. Source XML7.THOIGIAN_DINHCHI.';
COMMENT ON COLUMN health.discharge.gestational_age IS 'Tuổi thai (tuần): Gestational age in weeks, 1 to 42. Unit weeks. Source XML7.TUOI_THAI.';
COMMENT ON COLUMN health.discharge.father_social_insurance_number IS 'Mã số BHXH của cha: Social-insurance number of the father (patients under 16). Source XML7.MA_CHA.';
COMMENT ON COLUMN health.discharge.father_name IS 'Họ tên cha: Father''s name. Source XML7.HO_TEN_CHA.';
COMMENT ON COLUMN health.discharge.mother_social_insurance_number IS 'Mã số BHXH của mẹ: Social-insurance number of the mother (patients under 16). Source XML7.MA_ME.';
COMMENT ON COLUMN health.discharge.mother_name IS 'Họ tên mẹ: Mother''s name. Source XML7.HO_TEN_ME.';
COMMENT ON COLUMN health.discharge.temporary_card_number IS 'Mã thẻ tạm: Temporary insurance card of a newborn or an organ donor. Source XML7.MA_THE_TAM.';
COMMENT ON COLUMN health.discharge.leave_days IS 'Số ngày nghỉ sau ra viện: Days of outpatient leave after discharge. Unit days. Source XML7.SO_NGAY_NGHI.';
COMMENT ON COLUMN health.discharge.leave_from IS 'Nghỉ ngoại trú từ ngày: First day of leave after discharge. Source XML7.NGOAITRU_TUNGAY.';
COMMENT ON COLUMN health.discharge.leave_to IS 'Nghỉ ngoại trú đến ngày: Last day of leave after discharge. Source XML7.NGOAITRU_DENNGAY.';
COMMENT ON COLUMN health.discharge.document_date IS 'Ngày chứng từ: Date of the document. Source XML7.NGAY_CT.';
COMMENT ON COLUMN health.discharge.signer_codes IS 'Mã bác sĩ ký: Code of the head of department or the doctor who signs. Source XML7.MA_BS.';
COMMENT ON COLUMN health.discharge.signer_name IS 'Tên bác sĩ ký: Name of the head of department or the doctor who signs. Source XML7.TEN_BS.';
COMMENT ON COLUMN health.discharge.facility_head_code IS 'Mã người đứng đầu đơn vị: Code of the head of the facility or the person authorised to sign. Source XML7.MA_TTDV.';
COMMENT ON COLUMN health.discharge.reserve IS 'Trường dự phòng: Reserve field. Source XML7.DU_PHONG.';
COMMENT ON COLUMN health.discharge.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.medical_summary (
  encounter_key             text NOT NULL,
  care_month                date NOT NULL,
  facility_code             text NOT NULL,
  row_number                integer NOT NULL,
  file_id                   bigint NOT NULL,
  dossier_number            integer NOT NULL,
  care_type_code            text,
  admitted_at               timestamptz,
  discharged_at             timestamptz,
  admission_diagnosis       text,
  discharge_diagnosis       text,
  disease_course            text,
  results_summary           text,
  treatment_method          text,
  outcome_code              text,
  note                      text,
  father_name               text,
  mother_name               text,
  guardian_name             text,
  employer                  text,
  deceased_child_birth_date date,
  child_death_date          date,
  deceased_children         integer,
  facility_head_code        text,
  document_date             date,
  temporary_card_number     text,
  reserve                   text,
  extra                     jsonb,
  CONSTRAINT medical_summary_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.medical_summary_other PARTITION OF health.medical_summary DEFAULT;
COMMENT ON TABLE health.medical_summary IS 'Tóm tắt hồ sơ bệnh án: The summary of the medical record. Source XML8.';
COMMENT ON TABLE health.medical_summary_other IS 'Rows of health.medical_summary whose month has no partition of its own.';
COMMENT ON COLUMN health.medical_summary.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML8.MA_LK.';
COMMENT ON COLUMN health.medical_summary.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.medical_summary.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.medical_summary.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.medical_summary.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.medical_summary.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.medical_summary.care_type_code IS 'Mã loại hình khám chữa bệnh: Form of care (two characters with leading zero); code list MA_LOAI_KCB. Source XML8.MA_LOAI_KCB.';
COMMENT ON COLUMN health.medical_summary.admitted_at IS 'Thời điểm đến khám: Moment the patient arrived. Source XML8.NGAY_VAO.';
COMMENT ON COLUMN health.medical_summary.discharged_at IS 'Thời điểm kết thúc: Moment the visit or treatment ended. Source XML8.NGAY_RA.';
COMMENT ON COLUMN health.medical_summary.admission_diagnosis IS 'Chẩn đoán lúc vào: Preliminary diagnosis on arrival. Source XML8.CHAN_DOAN_VAO.';
COMMENT ON COLUMN health.medical_summary.discharge_diagnosis IS 'Chẩn đoán ra viện: Full diagnosis at the end of the visit or stay. Source XML8.CHAN_DOAN_RV.';
COMMENT ON COLUMN health.medical_summary.disease_course IS 'Quá trình bệnh lý: Course of the disease. Source XML8.QT_BENHLY.';
COMMENT ON COLUMN health.medical_summary.results_summary IS 'Tóm tắt kết quả cận lâm sàng: Summary of test results of diagnostic value. Source XML8.TOMTAT_KQ.';
COMMENT ON COLUMN health.medical_summary.treatment_method IS 'Phương pháp điều trị: Treatment method. Source XML8.PP_DIEUTRI.';
COMMENT ON COLUMN health.medical_summary.outcome_code IS 'Kết quả điều trị: Outcome of treatment; code list KET_QUA_DTRI. Source XML8.KET_QUA_DTRI.';
COMMENT ON COLUMN health.medical_summary.note IS 'Ghi chú: Parents or guardian, for a minor or a person without full legal capacity. Source XML8.GHI_CHU.';
COMMENT ON COLUMN health.medical_summary.father_name IS 'Họ tên cha: Father''s name. Source XML8.HO_TEN_CHA.';
COMMENT ON COLUMN health.medical_summary.mother_name IS 'Họ tên mẹ: Mother''s name. Source XML8.HO_TEN_ME.';
COMMENT ON COLUMN health.medical_summary.guardian_name IS 'Người giám hộ: Guardian''s name. Source XML8.NGUOI_GIAM_HO.';
COMMENT ON COLUMN health.medical_summary.employer IS 'Đơn vị làm việc: Employer of the beneficiary. Source XML8.DON_VI.';
COMMENT ON COLUMN health.medical_summary.deceased_child_birth_date IS 'Ngày sinh con (con chết): Birth date of a child that died after birth. Source XML8.NGAY_SINHCON.';
COMMENT ON COLUMN health.medical_summary.child_death_date IS 'Ngày con chết: Date of death of the child. Source XML8.NGAY_CONCHET.';
COMMENT ON COLUMN health.medical_summary.deceased_children IS 'Số con chết: Number of children that died. Source XML8.SO_CONCHET.';
COMMENT ON COLUMN health.medical_summary.facility_head_code IS 'Mã người đứng đầu đơn vị: Code of the head of the facility or the person authorised to sign. Source XML8.MA_TTDV.';
COMMENT ON COLUMN health.medical_summary.document_date IS 'Ngày chứng từ: Date of the document. Source XML8.NGAY_CT.';
COMMENT ON COLUMN health.medical_summary.temporary_card_number IS 'Mã thẻ tạm: Temporary insurance card of a newborn or an organ donor. Source XML8.MA_THE_TAM.';
COMMENT ON COLUMN health.medical_summary.reserve IS 'Trường dự phòng: Reserve field. Source XML8.DU_PHONG.';
COMMENT ON COLUMN health.medical_summary.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.birth (
  encounter_key                 text NOT NULL,
  care_month                    date NOT NULL,
  facility_code                 text NOT NULL,
  row_number                    integer NOT NULL,
  file_id                       bigint NOT NULL,
  dossier_number                integer NOT NULL,
  certificate_number            text,
  certificate_book              text,
  document_date                 date,
  carer_name                    text,
  carer_birth_date              date,
  carer_social_insurance_number text,
  carer_card_number             text,
  carer_identity_number         text,
  carer_identity_issued_on      date,
  carer_identity_issuer         text,
  carer_nationality_code        text,
  carer_ethnicity_code          text,
  carer_address                 text,
  carer_province_code           text,
  carer_district_code           text,
  carer_commune_code            text,
  father_name                   text,
  child_name                    text,
  child_sex_code                text,
  child_born_at                 timestamptz,
  birth_place                   text,
  newborn_weight                integer,
  child_condition               text,
  temporary_card_number         text,
  children_born                 integer,
  delivery_count                integer,
  living_children               integer,
  surgical_birth_code           text,
  before_32_weeks_code          text,
  note                          text,
  birth_attendant_name          text,
  recorder_name                 text,
  facility_head_code            text,
  reserve                       text,
  extra                         jsonb,
  CONSTRAINT birth_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.birth_other PARTITION OF health.birth DEFAULT;
COMMENT ON TABLE health.birth IS 'Giấy chứng sinh: A birth certificate: one row per child, with the mother or carer. Source XML9.';
COMMENT ON TABLE health.birth_other IS 'Rows of health.birth whose month has no partition of its own.';
COMMENT ON COLUMN health.birth.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML9.MA_LK.';
COMMENT ON COLUMN health.birth.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.birth.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.birth.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.birth.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.birth.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.birth.certificate_number IS 'Số giấy chứng sinh: Number of the birth certificate. Source XML9.SO.';
COMMENT ON COLUMN health.birth.certificate_book IS 'Quyển số: Book number of the birth certificate. Source XML9.QUYEN_SO.';
COMMENT ON COLUMN health.birth.document_date IS 'Ngày cấp giấy chứng sinh: Issue date of the birth certificate. Source XML9.NGAY_CT.';
COMMENT ON COLUMN health.birth.carer_name IS 'Họ tên người nuôi dưỡng: Name of the mother or carer. Source XML9.HO_TEN_NND.';
COMMENT ON COLUMN health.birth.carer_birth_date IS 'Ngày sinh người nuôi dưỡng: Birth date of the mother or carer. Source XML9.NGAYSINH_NND.';
COMMENT ON COLUMN health.birth.carer_social_insurance_number IS 'Mã số BHXH người nuôi dưỡng: Social-insurance number of the mother or carer. Source XML9.MA_BHXH_NND.';
COMMENT ON COLUMN health.birth.carer_card_number IS 'Mã thẻ BHYT người nuôi dưỡng: Insurance card of the mother or carer. Source XML9.MA_THE_NND.';
COMMENT ON COLUMN health.birth.carer_identity_number IS 'Số căn cước người nuôi dưỡng: Identity or passport number of the mother or carer. Source XML9.SO_CCCD_NND.';
COMMENT ON COLUMN health.birth.carer_identity_issued_on IS 'Ngày cấp căn cước: Issue date of that identity paper. Source XML9.NGAYCAP_CCCD_NND.';
COMMENT ON COLUMN health.birth.carer_identity_issuer IS 'Nơi cấp căn cước: Issuing authority of that identity paper. Source XML9.NOICAP_CCCD_NND.';
COMMENT ON COLUMN health.birth.carer_nationality_code IS 'Mã quốc tịch người nuôi dưỡng: Nationality of the mother or carer. Source XML9.MA_QUOCTICH.';
COMMENT ON COLUMN health.birth.carer_ethnicity_code IS 'Mã dân tộc người nuôi dưỡng: Ethnic group of the mother or carer. Source XML9.MA_DANTOC_NND.';
COMMENT ON COLUMN health.birth.carer_address IS 'Nơi cư trú người nuôi dưỡng: Home address of the mother or carer. Source XML9.NOI_CU_TRU_NND.';
COMMENT ON COLUMN health.birth.carer_province_code IS 'Mã tỉnh cư trú người nuôi dưỡng: Province of residence of the mother or carer. Source XML9.MATINH_CU_TRU.';
COMMENT ON COLUMN health.birth.carer_district_code IS 'Mã huyện cư trú người nuôi dưỡng: District of residence of the mother or carer. Source XML9.MAHUYEN_CU_TRU.';
COMMENT ON COLUMN health.birth.carer_commune_code IS 'Mã xã cư trú người nuôi dưỡng: Commune of residence of the mother or carer. Source XML9.MAXA_CU_TRU.';
COMMENT ON COLUMN health.birth.father_name IS 'Họ tên cha của trẻ: Name of the child''s father. Source XML9.HO_TEN_CHA.';
COMMENT ON COLUMN health.birth.child_name IS 'Họ tên con: Intended name of the child. Source XML9.HO_TEN_CON.';
COMMENT ON COLUMN health.birth.child_sex_code IS 'Giới tính con: Sex of the child; code list GIOI_TINH. Source XML9.GIOI_TINH_CON.';
COMMENT ON COLUMN health.birth.child_born_at IS 'Ngày giờ sinh con: Birth date and time of the child. Source XML9.NGAY_SINH_CON.';
COMMENT ON COLUMN health.birth.birth_place IS 'Nơi sinh con: Place of birth. Source XML9.NOI_SINH_CON.';
COMMENT ON COLUMN health.birth.newborn_weight IS 'Cân nặng con (gam): Birth weight in grams. Unit g. Source XML9.CAN_NANG_CON.';
COMMENT ON COLUMN health.birth.child_condition IS 'Tình trạng con: Condition of the child when the certificate was made. Source XML9.TINH_TRANG_CON.';
COMMENT ON COLUMN health.birth.temporary_card_number IS 'Mã thẻ tạm của trẻ: Temporary insurance card of the child. Source XML9.MA_THE_TAM.';
COMMENT ON COLUMN health.birth.children_born IS 'Số con trong lần sinh: Children born in this delivery. Source XML9.SO_CON.';
COMMENT ON COLUMN health.birth.delivery_count IS 'Lần sinh thứ: Number of deliveries including this one. Source XML9.LAN_SINH.';
COMMENT ON COLUMN health.birth.living_children IS 'Số con đang sống: Living children including this birth. Source XML9.SO_CON_SONG.';
COMMENT ON COLUMN health.birth.surgical_birth_code IS 'Sinh con phải phẫu thuật: Born by surgery; code list CO_KHONG_01. Source XML9.SINHCON_PHAUTHUAT.';
COMMENT ON COLUMN health.birth.before_32_weeks_code IS 'Sinh con dưới 32 tuần: Born before 32 weeks; code list CO_KHONG_01. Source XML9.SINHCON_DUOI32TUAN.';
COMMENT ON COLUMN health.birth.note IS 'Ghi chú: Must say if born by surgery, before 32 weeks, or both. Source XML9.GHI_CHU.';
COMMENT ON COLUMN health.birth.birth_attendant_name IS 'Người đỡ đẻ: Birth attendant. Source XML9.NGUOI_DO_DE.';
COMMENT ON COLUMN health.birth.recorder_name IS 'Người ghi phiếu: Person who filled in the form. Source XML9.NGUOI_GHI_PHIEU.';
COMMENT ON COLUMN health.birth.facility_head_code IS 'Mã người đứng đầu đơn vị: Code of the head of the facility or the person authorised to sign. Source XML9.MA_TTDV.';
COMMENT ON COLUMN health.birth.reserve IS 'Trường dự phòng: Reserve field. Source XML9.DU_PHONG.';
COMMENT ON COLUMN health.birth.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.maternity_leave (
  encounter_key       text NOT NULL,
  care_month          date NOT NULL,
  facility_code       text NOT NULL,
  row_number          integer NOT NULL,
  file_id             bigint NOT NULL,
  dossier_number      integer NOT NULL,
  serial_number       text,
  document_number     text,
  document_date       date,
  employer            text,
  discharge_diagnosis text,
  leave_days          integer,
  leave_from          date,
  leave_to            date,
  signer_codes        text[],
  signer_name         text,
  facility_head_code  text,
  reserve             text,
  extra               jsonb,
  CONSTRAINT maternity_leave_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.maternity_leave_other PARTITION OF health.maternity_leave DEFAULT;
COMMENT ON TABLE health.maternity_leave IS 'Giấy chứng nhận nghỉ dưỡng thai: The certificate of rest for a pregnancy. Source XML10.';
COMMENT ON TABLE health.maternity_leave_other IS 'Rows of health.maternity_leave whose month has no partition of its own.';
COMMENT ON COLUMN health.maternity_leave.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML10.MA_LK.';
COMMENT ON COLUMN health.maternity_leave.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.maternity_leave.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.maternity_leave.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.maternity_leave.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.maternity_leave.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.maternity_leave.serial_number IS 'Số seri: Serial number of the certificate. Source XML10.SO_SERI.';
COMMENT ON COLUMN health.maternity_leave.document_number IS 'Số chứng từ: Document number. Source XML10.SO_CT.';
COMMENT ON COLUMN health.maternity_leave.document_date IS 'Ngày chứng từ: Date of the document. Source XML10.NGAY_CT.';
COMMENT ON COLUMN health.maternity_leave.employer IS 'Đơn vị làm việc: Employer of the beneficiary. Source XML10.DON_VI.';
COMMENT ON COLUMN health.maternity_leave.discharge_diagnosis IS 'Chẩn đoán: Diagnosis; must state rest for the pregnancy. Source XML10.CHAN_DOAN_RV.';
COMMENT ON COLUMN health.maternity_leave.leave_days IS 'Số ngày nghỉ: Days of leave. Unit days. Source XML10.SO_NGAY.';
COMMENT ON COLUMN health.maternity_leave.leave_from IS 'Từ ngày: First day of leave. Source XML10.TU_NGAY.';
COMMENT ON COLUMN health.maternity_leave.leave_to IS 'Đến ngày: Last day of leave. Source XML10.DEN_NGAY.';
COMMENT ON COLUMN health.maternity_leave.signer_codes IS 'Mã bác sĩ ký: Code of the head of department or the doctor who signs. Source XML10.MA_BS.';
COMMENT ON COLUMN health.maternity_leave.signer_name IS 'Tên bác sĩ ký: Name of the head of department or the doctor who signs. Source XML10.TEN_BS.';
COMMENT ON COLUMN health.maternity_leave.facility_head_code IS 'Mã người đứng đầu đơn vị: Code of the head of the facility or the person authorised to sign. Source XML10.MA_TTDV.';
COMMENT ON COLUMN health.maternity_leave.reserve IS 'Trường dự phòng: Reserve field. Source XML10.DU_PHONG.';
COMMENT ON COLUMN health.maternity_leave.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.sick_leave (
  encounter_key                text NOT NULL,
  care_month                   date NOT NULL,
  facility_code                text NOT NULL,
  row_number                   integer NOT NULL,
  file_id                      bigint NOT NULL,
  dossier_number               integer NOT NULL,
  serial_number                text,
  document_number              text,
  form_code                    text,
  internal_visit_number        text,
  document_date                date,
  social_insurance_number      text,
  card_numbers                 text[],
  temporary_card_number        text,
  employer                     text,
  father_name                  text,
  mother_name                  text,
  discharge_diagnosis          text,
  treatment_method             text,
  pregnancy_termination_code   text,
  pregnancy_termination_reason text,
  gestational_age              integer,
  leave_days                   integer,
  leave_from                   date,
  leave_to                     date,
  signer_codes                 text[],
  facility_head_code           text,
  reserve                      text,
  extra                        jsonb,
  CONSTRAINT sick_leave_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.sick_leave_other PARTITION OF health.sick_leave DEFAULT;
COMMENT ON TABLE health.sick_leave IS 'Giấy chứng nhận nghỉ việc hưởng BHXH: The sick-leave certificate for social insurance. Source XML11.';
COMMENT ON TABLE health.sick_leave_other IS 'Rows of health.sick_leave whose month has no partition of its own.';
COMMENT ON COLUMN health.sick_leave.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML11.MA_LK.';
COMMENT ON COLUMN health.sick_leave.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.sick_leave.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.sick_leave.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.sick_leave.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.sick_leave.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.sick_leave.serial_number IS 'Số seri: Identifier of the certificate within the episode. Source XML11.SO_SERI.';
COMMENT ON COLUMN health.sick_leave.document_number IS 'Số chứng từ: Document number. Source XML11.SO_CT.';
COMMENT ON COLUMN health.sick_leave.form_code IS 'Mẫu số: Form code; code list MAU_SO. Source XML11.MAU_SO.';
COMMENT ON COLUMN health.sick_leave.internal_visit_number IS 'Số khám chữa bệnh nội bộ: Internal visit number. Source XML11.SO_KCB.';
COMMENT ON COLUMN health.sick_leave.document_date IS 'Ngày chứng từ: Date of the document. Source XML11.NGAY_CT.';
COMMENT ON COLUMN health.sick_leave.social_insurance_number IS 'Mã số BHXH người bệnh: Social-insurance number of the patient. Source XML11.MA_BHXH.';
COMMENT ON COLUMN health.sick_leave.card_numbers IS 'Mã thẻ BHYT: Health insurance card number(s); when the card changes during the stay the numbers follow each other. Source XML11.MA_THE_BHYT.';
COMMENT ON COLUMN health.sick_leave.temporary_card_number IS 'Mã thẻ tạm: Temporary insurance card of a newborn or an organ donor. Source XML11.MA_THE_TAM.';
COMMENT ON COLUMN health.sick_leave.employer IS 'Đơn vị làm việc: Employer of the beneficiary. Source XML11.DON_VI.';
COMMENT ON COLUMN health.sick_leave.father_name IS 'Họ tên cha: Father''s name, when the patient is a child under 7. Source XML11.HO_TEN_CHA.';
COMMENT ON COLUMN health.sick_leave.mother_name IS 'Họ tên mẹ: Mother''s name, when the patient is a child under 7. Source XML11.HO_TEN_ME.';
COMMENT ON COLUMN health.sick_leave.discharge_diagnosis IS 'Chẩn đoán ra viện: Full diagnosis at the end of the visit or stay. Source XML11.CHAN_DOAN_RV.';
COMMENT ON COLUMN health.sick_leave.treatment_method IS 'Phương pháp điều trị: Treatment method. Source XML11.PP_DIEUTRI.';
COMMENT ON COLUMN health.sick_leave.pregnancy_termination_code IS 'Đình chỉ thai nghén: Termination of pregnancy mark; code list MA_DINH_CHI_THAI. Source XML11.MA_DINH_CHI_THAI.';
COMMENT ON COLUMN health.sick_leave.pregnancy_termination_reason IS 'Nguyên nhân đình chỉ thai: Reason for the termination. Source XML11.NGUYENNHAN_DINHCHI.';
COMMENT ON COLUMN health.sick_leave.gestational_age IS 'Tuổi thai (tuần): Gestational age in weeks, 1 to 42. Unit weeks. Source XML11.TUOI_THAI.';
COMMENT ON COLUMN health.sick_leave.leave_days IS 'Số ngày nghỉ: Days of leave. Unit days. Source XML11.SO_NGAY_NGHI.';
COMMENT ON COLUMN health.sick_leave.leave_from IS 'Từ ngày: First day of leave. Source XML11.TU_NGAY.';
COMMENT ON COLUMN health.sick_leave.leave_to IS 'Đến ngày: Last day of leave. Source XML11.DEN_NGAY.';
COMMENT ON COLUMN health.sick_leave.signer_codes IS 'Mã bác sĩ ký: Code of the head of department or the doctor who signs. Source XML11.MA_BS.';
COMMENT ON COLUMN health.sick_leave.facility_head_code IS 'Mã người đứng đầu đơn vị: Code of the head of the facility or the person authorised to sign. Source XML11.MA_TTDV.';
COMMENT ON COLUMN health.sick_leave.reserve IS 'Trường dự phòng: Reserve field. Source XML11.DU_PHONG.';
COMMENT ON COLUMN health.sick_leave.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.disability_assessment (
  encounter_key              text NOT NULL,
  care_month                 date NOT NULL,
  facility_code              text NOT NULL,
  row_number                 integer NOT NULL,
  file_id                    bigint NOT NULL,
  dossier_number             integer NOT NULL,
  minutes_number             text,
  meeting_date               date,
  chair_name                 text,
  chair_position_code        text,
  document_date              date,
  full_name                  text,
  birth_date                 date,
  identity_number            text,
  identity_issued_on         date,
  identity_issuer            text,
  social_insurance_number    text,
  card_number                text,
  occupation                 text,
  phone                      text,
  address                    text,
  province_code              text,
  district_code              text,
  commune_code               text,
  subject_codes              text[],
  assessment_type_code       text,
  requested_on               date,
  introduction_letter_number text,
  referring_agency_code      text,
  referring_agency           text,
  current_benefit_codes      text[],
  legal_basis                text,
  examination_result         text,
  previous_injury_rate       integer,
  injury_rate                integer,
  combined_injury_rate       integer,
  disability_type_code       text,
  disability_degree_code     text,
  recommendation             text,
  determination              text,
  reserve                    text,
  extra                      jsonb,
  CONSTRAINT disability_assessment_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.disability_assessment_other PARTITION OF health.disability_assessment DEFAULT;
COMMENT ON TABLE health.disability_assessment IS 'Giám định y khoa: One case of a medical assessment board. The standard has no MA_LK here: the key is made by the loader. Source XML12.';
COMMENT ON TABLE health.disability_assessment_other IS 'Rows of health.disability_assessment whose month has no partition of its own.';
COMMENT ON COLUMN health.disability_assessment.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the case, made by the loader because the table has no MA_LK.';
COMMENT ON COLUMN health.disability_assessment.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of the board meeting (NGAY_HOP); partition key.';
COMMENT ON COLUMN health.disability_assessment.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.disability_assessment.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.disability_assessment.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.disability_assessment.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.disability_assessment.minutes_number IS 'Số biên bản: Number of the meeting minutes. Source XML12.SO_BIEN_BAN.';
COMMENT ON COLUMN health.disability_assessment.meeting_date IS 'Ngày họp hội đồng: Date of the board meeting. Source XML12.NGAY_HOP.';
COMMENT ON COLUMN health.disability_assessment.chair_name IS 'Người chủ trì hội đồng: Chair of the assessment board. Source XML12.NGUOI_CHU_TRI.';
COMMENT ON COLUMN health.disability_assessment.chair_position_code IS 'Chức vụ: Position of the chair; code list CHUC_VU. Source XML12.CHUC_VU.';
COMMENT ON COLUMN health.disability_assessment.document_date IS 'Ngày chứng từ: Document date (day of the meeting). Source XML12.NGAY_CHUNG_TU.';
COMMENT ON COLUMN health.disability_assessment.full_name IS 'Họ tên người được giám định: Name of the assessed person. Source XML12.HO_TEN.';
COMMENT ON COLUMN health.disability_assessment.birth_date IS 'Ngày sinh: Birth date of the assessed person. Source XML12.NGAY_SINH.';
COMMENT ON COLUMN health.disability_assessment.identity_number IS 'Số căn cước, CMND hoặc hộ chiếu: Citizen identity, old identity card or passport number; electronic identity account code if none of these exists. Source XML12.SO_CCCD.';
COMMENT ON COLUMN health.disability_assessment.identity_issued_on IS 'Ngày cấp căn cước: Issue date of the identity paper. Source XML12.NGAY_CAP_CCCD.';
COMMENT ON COLUMN health.disability_assessment.identity_issuer IS 'Nơi cấp căn cước: Issuing authority of the identity paper. Source XML12.NOI_CAP_CCCD.';
COMMENT ON COLUMN health.disability_assessment.social_insurance_number IS 'Mã số BHXH: Social-insurance number of the assessed person. Source XML12.MA_BHXH.';
COMMENT ON COLUMN health.disability_assessment.card_number IS 'Mã thẻ BHYT: Insurance card of the assessed person. Source XML12.MA_THE_BHYT.';
COMMENT ON COLUMN health.disability_assessment.occupation IS 'Nghề nghiệp: Occupation, free text. Source XML12.NGHE_NGHIEP.';
COMMENT ON COLUMN health.disability_assessment.phone IS 'Số điện thoại: Telephone of the applicant. Source XML12.DIEN_THOAI.';
COMMENT ON COLUMN health.disability_assessment.address IS 'Địa chỉ nơi cư trú: Current home address, free text. Source XML12.DIA_CHI.';
COMMENT ON COLUMN health.disability_assessment.province_code IS 'Mã tỉnh nơi cư trú: Province or centrally-run city of residence. Source XML12.MATINH_CU_TRU.';
COMMENT ON COLUMN health.disability_assessment.district_code IS 'Mã huyện nơi cư trú: District of residence (historic level, abolished nationwide on 1 July 2025). Source XML12.MAHUYEN_CU_TRU.';
COMMENT ON COLUMN health.disability_assessment.commune_code IS 'Mã xã nơi cư trú: Commune or ward of residence. Source XML12.MAXA_CU_TRU.';
COMMENT ON COLUMN health.disability_assessment.subject_codes IS 'Mã đối tượng giám định: Kind(s) of assessment subject; code list MA_DOI_TUONG_GDYK. Source XML12.MA_DOI_TUONG.';
COMMENT ON COLUMN health.disability_assessment.assessment_type_code IS 'Loại khám giám định: Kind of assessment; code list KHAM_GIAM_DINH. Source XML12.KHAM_GIAM_DINH.';
COMMENT ON COLUMN health.disability_assessment.requested_on IS 'Ngày đề nghị: Date of the request. Source XML12.NGAY_DE_NGHI.';
COMMENT ON COLUMN health.disability_assessment.introduction_letter_number IS 'Số giấy giới thiệu: Number of the introduction letter. Source XML12.SO_GIAY_GIOI_THIEU.';
COMMENT ON COLUMN health.disability_assessment.referring_agency_code IS 'Mã đơn vị giới thiệu: Code of the referring agency. Source XML12.MA_DONVI.';
COMMENT ON COLUMN health.disability_assessment.referring_agency IS 'Cơ quan giới thiệu: Name of the referring agency. Source XML12.GIOI_THIEU_CUA.';
COMMENT ON COLUMN health.disability_assessment.current_benefit_codes IS 'Chế độ đang hưởng: Benefit(s) currently received; code list DANG_HUONG_CHE_DO. Source XML12.DANG_HUONG_CHE_DO.';
COMMENT ON COLUMN health.disability_assessment.legal_basis IS 'Văn bản căn cứ: Legal document on which the assessment rests. Source XML12.SO_VAN_BAN_CAN_CU.';
COMMENT ON COLUMN health.disability_assessment.examination_result IS 'Kết quả khám: Findings of the board. Source XML12.KET_QUA_KHAM.';
COMMENT ON COLUMN health.disability_assessment.previous_injury_rate IS 'Tỷ lệ tổn thương lần trước (%): Bodily-injury percentage of the previous assessment. Unit percent. Source XML12.TYLE_TTCT_CU.';
COMMENT ON COLUMN health.disability_assessment.injury_rate IS 'Tỷ lệ tổn thương lần này (%): Bodily-injury percentage of this assessment. Unit percent. Source XML12.TYLE_TTCT_MOI.';
COMMENT ON COLUMN health.disability_assessment.combined_injury_rate IS 'Tổng tỷ lệ tổn thương (%): Combined bodily-injury percentage. Unit percent. Source XML12.TONG_TYLE_TTCT.';
COMMENT ON COLUMN health.disability_assessment.disability_type_code IS 'Dạng khuyết tật: Kind of disability; code list DANG_KHUYETTAT. Source XML12.DANG_KHUYETTAT.';
COMMENT ON COLUMN health.disability_assessment.disability_degree_code IS 'Mức độ khuyết tật: Degree of disability; code list MUC_DO_KHUYETTAT. Source XML12.MUC_DO_KHUYETTAT.';
COMMENT ON COLUMN health.disability_assessment.recommendation IS 'Đề nghị: Recommendation. Source XML12.DE_NGHI.';
COMMENT ON COLUMN health.disability_assessment.determination IS 'Nội dung được xác định: What was determined (ability to care for oneself and the like). Source XML12.DUOC_XACDINH.';
COMMENT ON COLUMN health.disability_assessment.reserve IS 'Trường dự phòng: Reserve field. Source XML12.DU_PHONG.';
COMMENT ON COLUMN health.disability_assessment.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.referral (
  encounter_key               text NOT NULL,
  care_month                  date NOT NULL,
  facility_code               text NOT NULL,
  row_number                  integer NOT NULL,
  file_id                     bigint NOT NULL,
  dossier_number              integer NOT NULL,
  file_number                 text,
  register_number             text,
  referral_paper_number       text,
  stated_facility_code        text,
  referring_facility_codes    text[],
  destination_facility_code   text,
  full_name                   text,
  birth_date                  date,
  birth_precision             text,
  birth_at                    timestamptz,
  sex_code                    text,
  nationality_code            text,
  ethnicity_code              text,
  occupation_code             text,
  address                     text,
  card_numbers                text[],
  card_valid_to_dates         date[],
  admitted_at                 timestamptz,
  inpatient_admitted_at       timestamptz,
  discharged_at               timestamptz,
  discharge_type_code         text,
  clinical_signs              text,
  discharge_diagnosis         text,
  main_diagnosis_code         text,
  comorbidity_codes           text[],
  traditional_diagnosis_codes text[],
  disease_course              text,
  results_summary             text,
  treatment_method            text,
  condition_at_referral       text,
  referral_reason_code        text,
  treatment_plan              text,
  transport                   text,
  escort_name                 text,
  escort_title                text,
  practitioner_codes          text[],
  facility_head_code          text,
  reserve                     text,
  extra                       jsonb,
  CONSTRAINT referral_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.referral_other PARTITION OF health.referral DEFAULT;
COMMENT ON TABLE health.referral IS 'Giấy chuyển cơ sở khám bệnh, chữa bệnh: The referral paper. Source XML13.';
COMMENT ON TABLE health.referral_other IS 'Rows of health.referral whose month has no partition of its own.';
COMMENT ON COLUMN health.referral.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML13.MA_LK.';
COMMENT ON COLUMN health.referral.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.referral.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.referral.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.referral.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.referral.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.referral.file_number IS 'Số hồ sơ chuyển tuyến: File number of the referral paper. Source XML13.SO_HOSO.';
COMMENT ON COLUMN health.referral.register_number IS 'Số sổ chuyển tuyến: Number in the referral register. Source XML13.SO_CHUYENTUYEN.';
COMMENT ON COLUMN health.referral.referral_paper_number IS 'Số giấy chuyển tuyến: Number of the referral paper issued. Source XML13.GIAY_CHUYEN_TUYEN.';
COMMENT ON COLUMN health.referral.stated_facility_code IS 'Mã cơ sở cấp giấy chuyển tuyến: Facility that issued the referral paper; as written in the record; facility_code is the hospital that delivered the file. Source XML13.MA_CSKCB.';
COMMENT ON COLUMN health.referral.referring_facility_codes IS 'Mã cơ sở chuyển đi: Facility or facilities that referred the patient before (was MA_NOI_DI). Source XML13.MA_CSKCB_DI.';
COMMENT ON COLUMN health.referral.destination_facility_code IS 'Mã cơ sở chuyển đến: Receiving facility (was MA_NOI_DEN). Source XML13.MA_CSKCB_DEN.';
COMMENT ON COLUMN health.referral.full_name IS 'Họ và tên người bệnh: Full name of the patient. Source XML13.HO_TEN.';
COMMENT ON COLUMN health.referral.birth_date IS 'Ngày sinh: Birth date; 1 January when only the year is known (see birth_precision). Source XML13.NGAY_SINH.';
COMMENT ON COLUMN health.referral.birth_precision IS 'Độ chính xác của ngày sinh: How much of the birth date is known: year, day or minute. Source XML13.NGAY_SINH.';
COMMENT ON COLUMN health.referral.birth_at IS 'Thời điểm sinh: Moment of birth at +07:00; null unless the time is known. Source XML13.NGAY_SINH.';
COMMENT ON COLUMN health.referral.sex_code IS 'Giới tính: Sex; code list GIOI_TINH. Source XML13.GIOI_TINH.';
COMMENT ON COLUMN health.referral.nationality_code IS 'Mã quốc tịch: Nationality, three-digit code of the Ministry of Public Security list (000 = Viet Nam). Source XML13.MA_QUOCTICH.';
COMMENT ON COLUMN health.referral.ethnicity_code IS 'Mã dân tộc: Ethnic group, two-digit statistical code (01 = Kinh). Source XML13.MA_DANTOC.';
COMMENT ON COLUMN health.referral.occupation_code IS 'Mã nghề nghiệp: Occupation code of the national occupation list. Source XML13.MA_NGHE_NGHIEP.';
COMMENT ON COLUMN health.referral.address IS 'Địa chỉ nơi cư trú: Current home address, free text. Source XML13.DIA_CHI.';
COMMENT ON COLUMN health.referral.card_numbers IS 'Mã thẻ BHYT: Health insurance card number(s); when the card changes during the stay the numbers follow each other. Source XML13.MA_THE_BHYT.';
COMMENT ON COLUMN health.referral.card_valid_to_dates IS 'Thẻ có giá trị đến: Last day of validity of the card, one per card. Source XML13.GT_THE_DEN.';
COMMENT ON COLUMN health.referral.admitted_at IS 'Thời điểm đến khám: Moment the patient arrived. Source XML13.NGAY_VAO.';
COMMENT ON COLUMN health.referral.inpatient_admitted_at IS 'Thời điểm vào nội trú: Moment the doctor ordered admission (inpatient, day treatment or outpatient treatment). Source XML13.NGAY_VAO_NOI_TRU.';
COMMENT ON COLUMN health.referral.discharged_at IS 'Thời điểm kết thúc: Moment the visit or treatment ended. Source XML13.NGAY_RA.';
COMMENT ON COLUMN health.referral.discharge_type_code IS 'Mã loại ra viện: Kind of discharge; code list MA_LOAI_RV. Source XML13.MA_LOAI_RV.';
COMMENT ON COLUMN health.referral.clinical_signs IS 'Dấu hiệu lâm sàng: Clinical signs at referral. Source XML13.DAU_HIEU_LS.';
COMMENT ON COLUMN health.referral.discharge_diagnosis IS 'Chẩn đoán ra viện: Full diagnosis at the end of the visit or stay. Source XML13.CHAN_DOAN_RV.';
COMMENT ON COLUMN health.referral.main_diagnosis_code IS 'Mã bệnh chính (ICD-10): Main disease, exactly one ICD-10 code. Source XML13.MA_BENH_CHINH.';
COMMENT ON COLUMN health.referral.comorbidity_codes IS 'Mã bệnh kèm theo (ICD-10): Accompanying diseases, symptoms or syndromes, at most 12 ICD-10 codes. Source XML13.MA_BENH_KT.';
COMMENT ON COLUMN health.referral.traditional_diagnosis_codes IS 'Mã bệnh y học cổ truyền: Traditional-medicine disease code(s) matching the ICD-10 codes. Source XML13.MA_BENH_YHCT.';
COMMENT ON COLUMN health.referral.disease_course IS 'Quá trình bệnh lý: Course of the disease. Source XML13.QT_BENHLY.';
COMMENT ON COLUMN health.referral.results_summary IS 'Tóm tắt kết quả cận lâm sàng: Summary of test results of diagnostic value. Source XML13.TOMTAT_KQ.';
COMMENT ON COLUMN health.referral.treatment_method IS 'Phương pháp, thủ thuật, thuốc đã dùng: Methods, procedures, techniques and drugs already used. Source XML13.PP_DIEUTRI.';
COMMENT ON COLUMN health.referral.condition_at_referral IS 'Tình trạng khi chuyển: Condition of the patient at referral (replaces PP_DIEU_TRI). Source XML13.TINH_TRANG_CT.';
COMMENT ON COLUMN health.referral.referral_reason_code IS 'Lý do chuyển tuyến: Reason for referral; code list MA_LYDO_CT. Source XML13.MA_LYDO_CT.';
COMMENT ON COLUMN health.referral.treatment_plan IS 'Hướng điều trị: Further treatment plan. Source XML13.HUONG_DIEU_TRI.';
COMMENT ON COLUMN health.referral.transport IS 'Phương tiện vận chuyển: Means of transport. Source XML13.PHUONGTIEN_VC.';
COMMENT ON COLUMN health.referral.escort_name IS 'Họ tên người hộ tống: Name of the escort. Source XML13.HOTEN_NGUOI_HT.';
COMMENT ON COLUMN health.referral.escort_title IS 'Chức danh người hộ tống: Title and qualification of the escort. Source XML13.CHUCDANH_NGUOI_HT.';
COMMENT ON COLUMN health.referral.practitioner_codes IS 'Mã bác sĩ điều trị: Licence number of the treating practitioner. Source XML13.MA_BAC_SI.';
COMMENT ON COLUMN health.referral.facility_head_code IS 'Mã người đứng đầu đơn vị: Code of the head of the facility or the person authorised to sign. Source XML13.MA_TTDV.';
COMMENT ON COLUMN health.referral.reserve IS 'Trường dự phòng: Reserve field. Source XML13.DU_PHONG.';
COMMENT ON COLUMN health.referral.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.appointment (
  encounter_key               text NOT NULL,
  care_month                  date NOT NULL,
  facility_code               text NOT NULL,
  row_number                  integer NOT NULL,
  file_id                     bigint NOT NULL,
  dossier_number              integer NOT NULL,
  appointment_paper_number    text,
  appointment_at              timestamptz,
  stated_facility_code        text,
  document_date               date,
  full_name                   text,
  birth_date                  date,
  birth_precision             text,
  birth_at                    timestamptz,
  sex_code                    text,
  address                     text,
  card_numbers                text[],
  card_valid_to_dates         date[],
  entitlement_code            text,
  admitted_at                 timestamptz,
  inpatient_admitted_at       timestamptz,
  discharged_at               timestamptz,
  discharge_diagnosis         text,
  main_diagnosis_code         text,
  comorbidity_codes           text[],
  traditional_diagnosis_codes text[],
  practitioner_codes          text[],
  facility_head_code          text,
  reserve                     text,
  extra                       jsonb,
  CONSTRAINT appointment_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.appointment_other PARTITION OF health.appointment DEFAULT;
COMMENT ON TABLE health.appointment IS 'Giấy hẹn khám lại: The paper that books a re-examination. Source XML14.';
COMMENT ON TABLE health.appointment_other IS 'Rows of health.appointment whose month has no partition of its own.';
COMMENT ON COLUMN health.appointment.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML14.MA_LK.';
COMMENT ON COLUMN health.appointment.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.appointment.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.appointment.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.appointment.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.appointment.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.appointment.appointment_paper_number IS 'Số giấy hẹn khám lại: Number of the appointment paper. Source XML14.SO_GIAYHEN_KL.';
COMMENT ON COLUMN health.appointment.appointment_at IS 'Ngày hẹn khám lại: Appointment date (12 characters with time under 4750, 8 characters under 3176); a value of eight digits stands at 00:00 of that day. Source XML14.NGAY_HEN_KL.';
COMMENT ON COLUMN health.appointment.stated_facility_code IS 'Mã cơ sở cấp giấy hẹn: Facility that issued the appointment paper; as written in the record; facility_code is the hospital that delivered the file. Source XML14.MA_CSKCB.';
COMMENT ON COLUMN health.appointment.document_date IS 'Ngày chứng từ: Date of the document. Source XML14.NGAY_CT.';
COMMENT ON COLUMN health.appointment.full_name IS 'Họ và tên người bệnh: Full name of the patient. Source XML14.HO_TEN.';
COMMENT ON COLUMN health.appointment.birth_date IS 'Ngày sinh: Birth date; 1 January when only the year is known (see birth_precision). Source XML14.NGAY_SINH.';
COMMENT ON COLUMN health.appointment.birth_precision IS 'Độ chính xác của ngày sinh: How much of the birth date is known: year, day or minute. Source XML14.NGAY_SINH.';
COMMENT ON COLUMN health.appointment.birth_at IS 'Thời điểm sinh: Moment of birth at +07:00; null unless the time is known. Source XML14.NGAY_SINH.';
COMMENT ON COLUMN health.appointment.sex_code IS 'Giới tính: Sex; code list GIOI_TINH. Source XML14.GIOI_TINH.';
COMMENT ON COLUMN health.appointment.address IS 'Địa chỉ nơi cư trú: Current home address, free text. Source XML14.DIA_CHI.';
COMMENT ON COLUMN health.appointment.card_numbers IS 'Mã thẻ BHYT: Health insurance card number(s); when the card changes during the stay the numbers follow each other. Source XML14.MA_THE_BHYT.';
COMMENT ON COLUMN health.appointment.card_valid_to_dates IS 'Thẻ có giá trị đến: Last day of validity of the card, one per card. Source XML14.GT_THE_DEN.';
COMMENT ON COLUMN health.appointment.entitlement_code IS 'Mã đối tượng đến khám chữa bệnh: Patient-entitlement category of the visit; code list MA_DOITUONG_KCB. Source XML14.MA_DOITUONG_KCB.';
COMMENT ON COLUMN health.appointment.admitted_at IS 'Thời điểm đến khám: Moment the patient arrived. Source XML14.NGAY_VAO.';
COMMENT ON COLUMN health.appointment.inpatient_admitted_at IS 'Thời điểm vào nội trú: Moment the doctor ordered admission (inpatient, day treatment or outpatient treatment). Source XML14.NGAY_VAO_NOI_TRU.';
COMMENT ON COLUMN health.appointment.discharged_at IS 'Thời điểm kết thúc: Moment the visit or treatment ended. Source XML14.NGAY_RA.';
COMMENT ON COLUMN health.appointment.discharge_diagnosis IS 'Chẩn đoán ra viện: Full diagnosis at the end of the visit or stay. Source XML14.CHAN_DOAN_RV.';
COMMENT ON COLUMN health.appointment.main_diagnosis_code IS 'Mã bệnh chính (ICD-10): Main disease, exactly one ICD-10 code. Source XML14.MA_BENH_CHINH.';
COMMENT ON COLUMN health.appointment.comorbidity_codes IS 'Mã bệnh kèm theo (ICD-10): Accompanying diseases, symptoms or syndromes, at most 12 ICD-10 codes. Source XML14.MA_BENH_KT.';
COMMENT ON COLUMN health.appointment.traditional_diagnosis_codes IS 'Mã bệnh y học cổ truyền: Traditional-medicine disease code(s) matching the ICD-10 codes. Source XML14.MA_BENH_YHCT.';
COMMENT ON COLUMN health.appointment.practitioner_codes IS 'Mã bác sĩ khám: Licence number of the examining practitioner. Source XML14.MA_BAC_SI.';
COMMENT ON COLUMN health.appointment.facility_head_code IS 'Mã người đứng đầu đơn vị: Code of the head of the facility or the person authorised to sign. Source XML14.MA_TTDV.';
COMMENT ON COLUMN health.appointment.reserve IS 'Trường dự phòng: Reserve field. Source XML14.DU_PHONG.';
COMMENT ON COLUMN health.appointment.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.tuberculosis_care (
  encounter_key            text NOT NULL,
  care_month               date NOT NULL,
  facility_code            text NOT NULL,
  row_number               integer NOT NULL,
  file_id                  bigint NOT NULL,
  dossier_number           integer NOT NULL,
  sequence_number          integer,
  patient_number           text,
  full_name                text,
  identity_number          text,
  stated_facility_code     text,
  tb_site_code             text,
  tb_history_code          text,
  tb_hiv_status_code       text,
  tb_bacteriology_code     text,
  tb_resistance_code       text,
  tb_treatment_type_code   text,
  tb_regimen_code          text,
  tb_treatment_started_on  date,
  tb_treatment_ended_on    date,
  tb_treatment_result_code text,
  hiv_confirmed_on         date,
  arv_started_on           date,
  cotrimoxazole_started_on date,
  reserve                  text,
  extra                    jsonb,
  CONSTRAINT tuberculosis_care_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.tuberculosis_care_other PARTITION OF health.tuberculosis_care DEFAULT;
COMMENT ON TABLE health.tuberculosis_care IS 'Quản lý điều trị bệnh lao: Tuberculosis treatment. The columns on HIV are restricted like hiv_care. Source XML15.';
COMMENT ON TABLE health.tuberculosis_care_other IS 'Rows of health.tuberculosis_care whose month has no partition of its own.';
COMMENT ON COLUMN health.tuberculosis_care.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML15.MA_LK.';
COMMENT ON COLUMN health.tuberculosis_care.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of care: month of NGAY_RA, else of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.tuberculosis_care.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.tuberculosis_care.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.tuberculosis_care.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.tuberculosis_care.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.tuberculosis_care.sequence_number IS 'Số thứ tự: Row number within one submission, counting from 1; as sent (STT). Source XML15.STT.';
COMMENT ON COLUMN health.tuberculosis_care.patient_number IS 'Mã người bệnh tại cơ sở: Patient number used by the facility. Source XML15.MA_BN.';
COMMENT ON COLUMN health.tuberculosis_care.full_name IS 'Họ và tên người bệnh: Full name of the patient. Source XML15.HO_TEN.';
COMMENT ON COLUMN health.tuberculosis_care.identity_number IS 'Số căn cước, CMND hoặc hộ chiếu: Citizen identity, old identity card or passport number; electronic identity account code if none of these exists. Source XML15.SO_CCCD.';
COMMENT ON COLUMN health.tuberculosis_care.stated_facility_code IS 'Mã cơ sở khám chữa bệnh: Facility that sends the record (five characters); as written in the record; facility_code is the hospital that delivered the file. Source XML15.MA_CSKCB.';
COMMENT ON COLUMN health.tuberculosis_care.tb_site_code IS 'Phân loại lao theo vị trí: Tuberculosis by site; code list PHANLOAI_LAO_VITRI. Source XML15.PHANLOAI_LAO_VITRI.';
COMMENT ON COLUMN health.tuberculosis_care.tb_history_code IS 'Phân loại lao theo tiền sử: Tuberculosis by treatment history; code list PHANLOAI_LAO_TS. Source XML15.PHANLOAI_LAO_TS.';
COMMENT ON COLUMN health.tuberculosis_care.tb_hiv_status_code IS 'Phân loại lao theo HIV: Tuberculosis by HIV status; code list PHANLOAI_LAO_HIV. RESTRICTED. Source XML15.PHANLOAI_LAO_HIV.';
COMMENT ON COLUMN health.tuberculosis_care.tb_bacteriology_code IS 'Phân loại lao theo vi khuẩn: Tuberculosis by bacteriological evidence; code list PHANLOAI_LAO_VK. Source XML15.PHANLOAI_LAO_VK.';
COMMENT ON COLUMN health.tuberculosis_care.tb_resistance_code IS 'Phân loại lao kháng thuốc: Tuberculosis by drug resistance; code list PHANLOAI_LAO_KT. Source XML15.PHANLOAI_LAO_KT.';
COMMENT ON COLUMN health.tuberculosis_care.tb_treatment_type_code IS 'Loại điều trị lao: Kind of tuberculosis treatment; code list LOAI_DTRI_LAO. Source XML15.LOAI_DTRI_LAO.';
COMMENT ON COLUMN health.tuberculosis_care.tb_regimen_code IS 'Phác đồ điều trị lao: Tuberculosis treatment regimen; code list PHACDO_DTRI_LAO_XML15. Source XML15.PHACDO_DTRI_LAO.';
COMMENT ON COLUMN health.tuberculosis_care.tb_treatment_started_on IS 'Ngày bắt đầu điều trị lao: Start of tuberculosis treatment. Source XML15.NGAYBD_DTRI_LAO.';
COMMENT ON COLUMN health.tuberculosis_care.tb_treatment_ended_on IS 'Ngày kết thúc điều trị lao: End of tuberculosis treatment; blank while under way. Source XML15.NGAYKT_DTRI_LAO.';
COMMENT ON COLUMN health.tuberculosis_care.tb_treatment_result_code IS 'Kết quả điều trị lao: Result of tuberculosis treatment; code list KET_QUA_DTRI_LAO. Source XML15.KET_QUA_DTRI_LAO.';
COMMENT ON COLUMN health.tuberculosis_care.hiv_confirmed_on IS 'Ngày khẳng định HIV: Day HIV infection was confirmed. RESTRICTED. Source XML15.NGAYKD_HIV.';
COMMENT ON COLUMN health.tuberculosis_care.arv_started_on IS 'Ngày bắt đầu điều trị ARV: Day ARV drugs were first received. RESTRICTED. Source XML15.BDDT_ARV.';
COMMENT ON COLUMN health.tuberculosis_care.cotrimoxazole_started_on IS 'Ngày bắt đầu cotrimoxazol: Start of cotrimoxazole treatment. Source XML15.NGAY_BAT_DAU_DT_CTX.';
COMMENT ON COLUMN health.tuberculosis_care.reserve IS 'Trường dự phòng: Reserve field. Source XML15.DU_PHONG.';
COMMENT ON COLUMN health.tuberculosis_care.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';

CREATE TABLE health.check_in (
  encounter_key            text NOT NULL,
  care_month               date NOT NULL,
  facility_code            text NOT NULL,
  row_number               integer NOT NULL,
  file_id                  bigint NOT NULL,
  dossier_number           integer NOT NULL,
  sequence_number          integer,
  patient_number           text,
  full_name                text,
  identity_number          text,
  birth_date               date,
  birth_precision          text,
  birth_at                 timestamptz,
  sex_code                 text,
  card_number              text,
  registered_facility_code text,
  card_valid_from          date,
  card_valid_to            date,
  stated_facility_code     text,
  care_type_code           text,
  entitlement_code         text,
  admitted_at              timestamptz,
  inpatient_admitted_at    timestamptz,
  inpatient_reason         text,
  inpatient_reason_code    text,
  service_code             text,
  service_name             text,
  active_substance_codes   text[],
  medication_name          text,
  supply_code              text,
  supply_name              text,
  ordered_at               timestamptz,
  reserve                  text,
  extra                    jsonb,
  CONSTRAINT check_in_key PRIMARY KEY (encounter_key, care_month, facility_code, row_number)
) PARTITION BY RANGE (care_month);
CREATE TABLE health.check_in_other PARTITION OF health.check_in DEFAULT;
COMMENT ON TABLE health.check_in IS 'Trạng thái khám bệnh, chữa bệnh (lúc tiếp nhận): One message sent at check-in or when the first cost arises after admission. Source XML0.';
COMMENT ON TABLE health.check_in_other IS 'Rows of health.check_in whose month has no partition of its own.';
COMMENT ON COLUMN health.check_in.encounter_key IS 'Mã lượt (đợt) điều trị: Key of the visit (MA_LK); joins all rows of one visit of one facility. Source XML0.MA_LK.';
COMMENT ON COLUMN health.check_in.care_month IS 'Tháng khám bệnh, chữa bệnh: First day of the month of NGAY_VAO; partition key.';
COMMENT ON COLUMN health.check_in.facility_code IS 'Mã cơ sở gửi dữ liệu: Facility that delivered the file (five characters).';
COMMENT ON COLUMN health.check_in.row_number IS 'Số dòng trong hồ sơ: Number of the row inside its dossier and entity, from 1 in source order.';
COMMENT ON COLUMN health.check_in.file_id IS 'Tệp nguồn: File the row came from (intake.file).';
COMMENT ON COLUMN health.check_in.dossier_number IS 'Số thứ tự hồ sơ trong tệp: Number of the dossier inside that file, from 1.';
COMMENT ON COLUMN health.check_in.sequence_number IS 'Số thứ tự: Row number within one submission, counting from 1; as sent (STT). Source XML0.STT.';
COMMENT ON COLUMN health.check_in.patient_number IS 'Mã người bệnh tại cơ sở: Patient number used by the facility. Source XML0.MA_BN.';
COMMENT ON COLUMN health.check_in.full_name IS 'Họ và tên người bệnh: Full name of the patient. Source XML0.HO_TEN.';
COMMENT ON COLUMN health.check_in.identity_number IS 'Số căn cước, CMND hoặc hộ chiếu: Citizen identity, old identity card or passport number; electronic identity account code if none of these exists. Source XML0.SO_CCCD.';
COMMENT ON COLUMN health.check_in.birth_date IS 'Ngày sinh: Birth date; 1 January when only the year is known (see birth_precision). Source XML0.NGAY_SINH.';
COMMENT ON COLUMN health.check_in.birth_precision IS 'Độ chính xác của ngày sinh: How much of the birth date is known: year, day or minute. Source XML0.NGAY_SINH.';
COMMENT ON COLUMN health.check_in.birth_at IS 'Thời điểm sinh: Moment of birth at +07:00; null unless the time is known. Source XML0.NGAY_SINH.';
COMMENT ON COLUMN health.check_in.sex_code IS 'Giới tính: Sex; code list GIOI_TINH. Source XML0.GIOI_TINH.';
COMMENT ON COLUMN health.check_in.card_number IS 'Mã thẻ BHYT: Health insurance card number presented at check-in (one card). Source XML0.MA_THE_BHYT.';
COMMENT ON COLUMN health.check_in.registered_facility_code IS 'Mã cơ sở đăng ký ban đầu: Facility of initial registration shown on the card. Source XML0.MA_DKBD.';
COMMENT ON COLUMN health.check_in.card_valid_from IS 'Thẻ có giá trị từ: First day of validity of the card. Source XML0.GT_THE_TU.';
COMMENT ON COLUMN health.check_in.card_valid_to IS 'Thẻ có giá trị đến: Last day of validity of the card. Source XML0.GT_THE_DEN.';
COMMENT ON COLUMN health.check_in.stated_facility_code IS 'Mã cơ sở khám chữa bệnh: Facility that sends the record (five characters); as written in the record; facility_code is the hospital that delivered the file. Source XML0.MA_CSKCB.';
COMMENT ON COLUMN health.check_in.care_type_code IS 'Mã loại hình khám chữa bệnh: Form of care (two characters with leading zero); code list MA_LOAI_KCB. Source XML0.MA_LOAI_KCB.';
COMMENT ON COLUMN health.check_in.entitlement_code IS 'Mã đối tượng đến khám chữa bệnh: Patient-entitlement category of the visit; code list MA_DOITUONG_KCB. Source XML0.MA_DOITUONG_KCB.';
COMMENT ON COLUMN health.check_in.admitted_at IS 'Thời điểm đến khám: Moment the patient arrived. Source XML0.NGAY_VAO.';
COMMENT ON COLUMN health.check_in.inpatient_admitted_at IS 'Thời điểm vào nội trú: Moment the doctor ordered admission (inpatient, day treatment or outpatient treatment). Source XML0.NGAY_VAO_NOI_TRU.';
COMMENT ON COLUMN health.check_in.inpatient_reason IS 'Lý do vào nội trú: Reason for admission as inpatient, day patient or outpatient-treatment patient. Source XML0.LY_DO_VNT.';
COMMENT ON COLUMN health.check_in.inpatient_reason_code IS 'Mã lý do vào nội trú: Coded reason for admission; the national list has not been issued; code list MA_LY_DO_VNT. Source XML0.MA_LY_DO_VNT.';
COMMENT ON COLUMN health.check_in.service_code IS 'Mã dịch vụ đầu tiên: Service code when the first cost in the treating department is a service or an examination. Source XML0.MA_DICH_VU.';
COMMENT ON COLUMN health.check_in.service_name IS 'Tên dịch vụ đầu tiên: Name of that first service. Source XML0.TEN_DICH_VU.';
COMMENT ON COLUMN health.check_in.active_substance_codes IS 'Mã hoạt chất đầu tiên: Active-substance code when the first cost in the treating department is a drug. Source XML0.MA_THUOC.';
COMMENT ON COLUMN health.check_in.medication_name IS 'Tên thuốc đầu tiên: Name of that first drug. Source XML0.TEN_THUOC.';
COMMENT ON COLUMN health.check_in.supply_code IS 'Mã vật tư đầu tiên: Supply code when the first cost in the treating department is a medical supply. Source XML0.MA_VAT_TU.';
COMMENT ON COLUMN health.check_in.supply_name IS 'Tên vật tư đầu tiên: Name of that first supply. Source XML0.TEN_VAT_TU.';
COMMENT ON COLUMN health.check_in.ordered_at IS 'Thời điểm ra y lệnh: Moment of the medical order. Source XML0.NGAY_YL.';
COMMENT ON COLUMN health.check_in.reserve IS 'Trường dự phòng: Reserve field. Source XML0.DU_PHONG.';
COMMENT ON COLUMN health.check_in.extra IS 'Dữ liệu khác: Elements the schema does not know and values that do not fit their column, as text under the field name of the hospital; null when there are none.';
