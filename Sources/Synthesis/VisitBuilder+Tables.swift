internal import Bytes

extension VisitBuilder {
  private var arrivalText: String { Digits.minute(arrival) }
  private var departureText: String { Digits.minute(departure) }
  private var admissionText: String { admission.map(Digits.minute) ?? "" }
  private var sexText: String { person.isFemale ? "2" : "1" }
  private var accompanyingText: String { accompanying.map(\.code).joined(separator: ";") }
  private var traditionalText: String { form == .day ? diagnosis.traditional : "" }

  /// The facility a patient is sent on to, and the one that sent the patient here.
  var onward: String { generator.neighbour(1) }
  private var origin: String {
    switch category {
    case "1.3": generator.neighbour(0)
    case "1.5": generator.facility
    default: ""
    }
  }

  private var cards: String { !isInsured ? "" : hasTwoCards ? person.card + ";" + person.laterCard : person.card }

  private var registration: String {
    let place = category == "1.1" || category == "2" ? generator.facility : generator.neighbour(0)
    return !isInsured ? "" : hasTwoCards ? place + ";" + place : place
  }

  /// Last day of the first of two cards.
  private var changeOfCards: CivilDate { arrival.day + nights / 2 }

  private var validFrom: String {
    guard isInsured else { return "" }
    let first = "\(arrival.day.components.year)0101"
    return hasTwoCards ? first + ";" + Digits.date(changeOfCards + 1) : first
  }

  private var validTo: String {
    guard isInsured else { return "" }
    let last = "\(departure.day.components.year)1231"
    return hasTwoCards ? Digits.date(changeOfCards) + ";" + last : last
  }

  /// Diagnoses with their codes, as CHAN_DOAN_RV has them.
  private var diagnosisText: String {
    var text = "\(diagnosis.code) - \(diagnosis.name)"
    for other in accompanying { text += "; \(other.code) - \(other.name)" }
    return text
  }

  private var treatment: String {
    operations.contains { $0.group == "8" }
      ? "Phẫu thuật, kháng sinh, giảm đau" : form == .day ? "Y học cổ truyền kết hợp phục hồi chức năng" : "Nội khoa"
  }

  private var outcome: String {
    switch dischargeKind {
    case "2", "5": "4"
    case "3", "4": "3"
    default: form == .chronic ? "2" : form == .inpatient ? (special == .birth ? "1" : "2") : "2"
    }
  }

  private var examinationText: String { "Theo dõi \(diagnosis.name.lowercased())" }
  private var doctorName: String {
    var dice = Dice(seed: UInt64(doctor))
    return "BS. " + Person.name(&dice, isFemale: dice.chance(400))
  }

  func summaryRow() -> SampleRow {
    var dice = self.dice
    let amounts = [
      totals.drugs, totals.supplies, totals.total, totals.insured, totals.paidByPatient, totals.shared,
      totals.paidByInsurance, totals.support, totals.feeForService,
    ].map(Digits.hundredths)
    let (year, month, _) = departure.day.components
    let isUnpaid = dice.chance(25) && !wish.isPlain
    let paid = form == .chronic ? arrival + 75 : departure + (form == .examination ? -3 : dice.within(5...40))
    let days =
      switch form {
      case .examination: 0
      default: nights + 1
      }
    var values = [
      key, "1", person.number, person.name, person.citizenNumber, person.birth, sexText, person.bloodGroup, "000",
      person.ethnicGroup, person.occupation, person.address, "48", "", person.commune, person.phone, cards,
    ]
    values += [
      registration, validFrom, validTo, isExempt ? Digits.date(arrival.day.firstOfMonth) : "", diagnosis.sign,
      form.isAdmitted ? diagnosis.sign : "", "", examinationText, diagnosisText, diagnosis.code, accompanyingText,
      traditionalText, operations.map(\.international).joined(separator: ";"), category, origin,
      dischargeKind == "2" || dischargeKind == "5" ? onward : "", diagnosis.isInjury ? dice.pick(["1", "2", "8"]) : "",
    ]
    values += [
      arrivalText, admissionText, departureText,
      category == "1.3"
        ? "GCT\(person.number.suffix(6))/25" : category == "1.5" ? "GHK\(person.number.suffix(6))/25" : "",
      String(days), treatment, outcome, dischargeKind, dice.chance(300) ? dice.pick(Lexicon.advice) : "",
      isUnpaid ? "" : Digits.minute(paid),
    ]
    values += amounts
    values += [
      String(year), String(month), form.rawValue, departments, generator.facility,
      isInsured && dice.chance(20) ? dice.pick(["K1", "K2", "K3"]) : "", weight,
      children.map { String($0.grams) }.joined(separator: ";"),
      isInsured && person.age == .old && dice.chance(300) ? "\(year - 2)0101" : "",
      appointment.map(Digits.date) ?? "", "HS" + person.number.suffix(8), head, "",
    ]
    return SampleRow(QD3176.xml1, values)
  }

  /// Kilograms with two decimals.
  private var weight: String {
    let hundredths = person.weightInHundredths
    return "\(hundredths / 100)." + Digits.padded(Int(hundredths % 100), 2)
  }

  func dischargeRow() -> SampleRow {
    var dice = generator.dice(key, salt: 7)
    let leave = person.age == .adult && dice.chance(400) ? dice.within(2...7) : 0
    let isPregnant = person.age == .mother
    let isTermination = special == .miscarriage
    let isMinor = age < 16
    return SampleRow(
      QD3176.xml7,
      [
        key, "LT" + person.number.suffix(8), person.number, department, arrivalText, departureText,
        isTermination ? "1" : isPregnant ? "0" : "", isTermination ? "Thai chết lưu" : "",
        isTermination ? Digits.minute((admission ?? arrival) + 95) : "", isTermination ? "11" : "", diagnosisText,
        treatment,
        leave > 0 ? "Nghỉ dưỡng bệnh sau khi ra viện" : "", head, licence(0), doctorName, Digits.date(departure.day),
        "", "", "", isMinor ? person.parents.father : "", isMinor ? person.parents.mother : "",
        leave > 0 ? String(leave) : "", leave > 0 ? Digits.date(departure.day + 1) : "",
        leave > 0 ? Digits.date(departure.day + leave) : "", "",
      ])
  }

  func medicalSummaryRow() -> SampleRow {
    var dice = generator.dice(key, salt: 8)
    let isMinor = age < 18
    return SampleRow(
      QD3176.xml8,
      [
        key, form.rawValue, isMinor ? person.parents.father : "", isMinor ? person.parents.mother : "", "",
        person.age == .adult || person.age == .mother ? person.employer : "", arrivalText, departureText,
        examinationText, diagnosisText,
        dice.pick(Lexicon.courses), "Xét nghiệm và hình ảnh phù hợp với chẩn đoán \(diagnosis.name.lowercased()).",
        treatment,
        "", "", "", outcome, isMinor ? "Cha, mẹ: \(person.parents.father), \(person.parents.mother)" : "", head,
        Digits.date(departure.day), "", "",
      ])
  }

  func hivRow() -> SampleRow {
    let started = arrival.day + -700
    return SampleRow(
      QD3176.xml6,
      [
        key, cards, person.citizenNumber, person.birth, sexText, person.address, "48", "", person.commune,
        Digits.date(started), generator.facility, generator.neighbour(0), generator.facility, Digits.date(started + 14),
        "1f", "", "1", "0", "2", "", "", "", "7", "1", Digits.date(arrival.day + -60), "1",
        Digits.date(arrival.day + -53), "1", "1", "11", "9", "", "", "", "", "", Digits.date(started + 14), "1;4",
        Digits.date(arrival.day), Digits.date(arrival.day + (nights + 1)), "1f", "", String(nights + 1),
        Digits.date(started + 200), "4", generator.facility, "",
      ])
  }

  func birthRow(_ index: Int) -> SampleRow {
    let child = children[index]
    let isSurgical = diagnosis.code == "O82"
    return SampleRow(
      QD3176.xml9,
      [
        key, person.insuranceNumber, person.card, person.name, Digits.date(person.birthDay), person.ethnicGroup,
        person.citizenNumber.isEmpty ? "C9" + person.number.suffix(6) : person.citizenNumber, "20210615",
        "Cục Cảnh sát Mẫu", person.address, "000", "48", "", person.commune,
        person.parents.father, "TE148" + person.insuranceNumber, child.name, child.isFemale ? "2" : "1",
        String(children.count), "2", "2", String(child.grams), Digits.minute(child.moment),
        "Cơ sở \(generator.facility), Thành phố Mẫu", "Khỏe, khóc ngay sau sinh", isSurgical ? "1" : "0", "0",
        isSurgical ? "Sinh con phải phẫu thuật" : "Sinh thường", doctorName, doctorName, Digits.date(departure.day),
        "S" + person.number.suffix(8) + String(index + 1), "Q01/\(departure.day.components.year)", head, "",
      ])
  }

  func maternityRow() -> SampleRow {
    let days = 14
    return SampleRow(
      QD3176.xml10,
      [
        key, "DT" + person.number.suffix(8), "CT" + person.number.suffix(8), String(days), person.employer,
        "\(diagnosisText); nghỉ dưỡng thai", Digits.date(arrival.day), Digits.date(arrival.day + (days - 1)), head,
        doctorName, licence(0), Digits.date(departure.day), "",
      ])
  }

  func sickLeaveRow() -> SampleRow {
    var dice = generator.dice(key, salt: 11)
    let days = dice.within(1...7)
    return SampleRow(
      QD3176.xml11,
      [
        key, "CT" + person.number.suffix(8), "NV" + person.number.suffix(8), "KB" + person.number.suffix(8),
        person.employer,
        person.insuranceNumber, cards, diagnosisText, treatment, "", "", "", String(days), Digits.date(arrival.day),
        Digits.date(arrival.day + (days - 1)), "", "", head, licence(0), Digits.date(departure.day), "", "CT07", "",
      ])
  }

  func referralRow() -> SampleRow {
    let number = person.number.suffix(6)
    return SampleRow(
      QD3176.xml13,
      [
        key, "HS\(number)", "SC\(number)", "GCT\(number)/26", generator.facility, origin, onward, person.name,
        person.birth,
        sexText, "000", person.ethnicGroup, person.occupation, person.address, cards, validTo, arrivalText,
        admissionText, departureText, diagnosis.sign, diagnosisText, Lexicon.courses[doctor % 3],
        "Đã làm xét nghiệm cơ bản, chưa đủ điều kiện điều trị tiếp.", treatment, diagnosis.code, accompanyingText,
        traditionalText, "Tỉnh, sinh hiệu ổn định", dischargeKind, dischargeKind == "5" ? "3" : "1",
        "Khám và điều trị chuyên khoa", "Xe cứu thương", doctorName, "Bác sĩ", licence(0), head, "",
      ])
  }

  func appointmentRow(_ day: CivilDate) -> SampleRow {
    SampleRow(
      QD3176.xml14,
      [
        key, "HK" + person.number.suffix(8), generator.facility, person.name, person.birth, sexText, person.address,
        cards,
        validTo, arrivalText, admissionText, departureText, Digits.date(day), diagnosisText, diagnosis.code,
        accompanyingText, traditionalText, category, licence(0), head,
        Digits.date(form == .chronic ? arrival.day : departure.day), "",
      ])
  }

  func tuberculosisRow() -> SampleRow {
    SampleRow(
      QD3176.xml15,
      [
        key, "1", person.number, person.name, person.citizenNumber, "1", "1", "2", "1", "", "2",
        Digits.date(arrival.day + -45), "1", "", "6", generator.facility, "", "", "", "",
      ])
  }

  /// One row of the check-in file (XML0) for this visit.
  func checkInRow(_ position: Int) -> SampleRow {
    let isDrug = form == .inpatient && doctor % 3 == 0
    let isSupply = form == .inpatient && doctor % 3 == 1
    let isService = !isDrug && !isSupply
    let drug = Drug.injected[doctor % 10]
    let supply = Supply.small[doctor % 4]
    return SampleRow(
      QD3176.xml0,
      [
        key, String(position), person.number, person.name, person.citizenNumber, person.birth, sexText,
        isInsured ? person.card : "", isInsured ? String(registration.prefix(5)) : "",
        isInsured ? String(validFrom.prefix(8)) : "", isInsured ? String(validTo.prefix(8)) : "", category, arrivalText,
        admissionText, form.isAdmitted ? diagnosis.sign : "", "", form.rawValue, generator.facility,
        isService ? "02.1897.1897" : "", isService ? "Khám Nội" : "", isDrug ? drug.code : "", isDrug ? drug.name : "",
        isSupply ? supply.code : "", isSupply ? supply.name : "", Digits.minute((admission ?? arrival) + 5), "",
      ])
  }
}
