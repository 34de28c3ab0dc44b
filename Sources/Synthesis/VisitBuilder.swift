internal import Bytes

/// Makes one visit from its dice: first the plan (who, when, why), then the rows, then the tables with the sums.
struct VisitBuilder {
  let generator: SampleGenerator
  let key: String
  let wish: VisitWish
  var dice: Dice

  let form: CareForm
  let special: SpecialCase
  let person: Person
  let diagnosis: Diagnosis
  let accompanying: [(code: String, name: String)]

  let arrival: CivilMinute
  let admission: CivilMinute?
  let departure: CivilMinute
  /// Calendar days from arrival to departure.
  let nights: Int

  let isInsured: Bool
  let category: String
  let benefit: Int64
  let isExempt: Bool
  let isFeeForService: Bool
  let hasTwoCards: Bool
  let dischargeKind: String
  let appointment: CivilDate?
  let bed: String
  let doctor: Int
  /// Added to the price of the first service, in thousandths of a đồng: a later version of the same visit.
  let surcharge: Int64

  var drugRows: [SampleRow] = []
  var serviceRows: [SampleRow] = []
  var resultRows: [SampleRow] = []
  var noteRows: [SampleRow] = []
  var totals = Totals()
  var operations: [Operation] = []
  var children: [Newborn] = []

  struct Newborn {
    let moment: CivilMinute
    let isFemale: Bool
    let grams: Int
    let name: String
  }

  /// What is settled before anything else, so that another visit of the same patient can be made from it.
  struct Start {
    var dice: Dice
    let form: CareForm
    let special: SpecialCase
    let age: Person.Age?
    let isFemale: Bool?
    /// The visit comes back after an earlier one of the same file, this many visits ago.
    let distance: Int

    init(_ generator: SampleGenerator, file: Int, number: Int, wish: VisitWish) {
      var dice = generator.dice(file: file, visit: number, salt: 1)
      // 387 has no factor in common with 1000: every thousand visits in a row hold each form equally often
      var offset = generator.dice(file: file, visit: 0, salt: 5)
      let place = (number * 387 + offset.below(1000)) % 1000
      let form = wish.form ?? (place < 694 ? .examination : place < 806 ? .chronic : place < 969 ? .inpatient : .day)
      var special = SpecialCase.none
      if wish.form == nil {
        switch place {
        case 0..<31: special = .sickLeave
        case 31..<37: special = .maternityRest
        case 694..<700: special = .hiv
        case 700..<705: special = .tuberculosis
        case 806..<818: special = .birth
        case 818: special = .miscarriage
        default: break
        }
      }
      special = wish.special ?? special
      switch special {
      case .birth, .maternityRest, .miscarriage: (age, isFemale) = (.mother, true)
      case .hiv, .sickLeave: (age, isFemale) = (.adult, nil)
      case .tuberculosis: (age, isFemale) = (.adult, nil)
      case .none: (age, isFemale) = (form == .day ? .old : nil, nil)
      }
      let back = 1 + dice.below(400)
      distance = form == .examination && special == .none && dice.chance(150) && back < number ? back : 0
      self.form = form
      self.special = special
      self.dice = dice
    }
  }

  init(_ generator: SampleGenerator, file: Int, number: Int, wish: VisitWish, surcharge: Int64 = 0) {
    self.generator = generator
    self.wish = wish
    self.surcharge = surcharge
    key = generator.key(file: file, visit: number)
    let start = Start(generator, file: file, number: number, wish: wish)
    (form, special) = (start.form, start.special)

    var owner = number
    var first = start
    if start.distance > 0, !generator.isFaulty(visit: number), !generator.isFaulty(visit: number - start.distance) {
      let earlier = Start(generator, file: file, number: number - start.distance, wish: VisitWish())
      if earlier.distance == 0 { (owner, first) = (number - start.distance, earlier) }
    }
    var personal = generator.dice(file: file, visit: owner, salt: 2)
    let person = Person(
      &personal, age: first.age, isFemale: first.isFemale, number: file * 1_000_000 + owner,
      facility: generator.facilityNumber, before: generator.firstDay + -130)
    self.person = person
    var dice = start.dice

    diagnosis = VisitBuilder.diagnose(&dice, start.form, start.special, person, wish)
    accompanying = VisitBuilder.accompany(&dice, diagnosis, person)

    let last = generator.firstDay + dice.below(generator.until - generator.firstDay + 1)
    switch start.form {
    case .examination:
      let arrival = CivilMinute(last, minute: dice.within(420...900))
      self.arrival = arrival
      departure = arrival + (wish.isLong ? 300 : dice.within(70...230))
      admission = nil
      nights = 0
    case .chronic:
      nights = dice.pick([13, 27, 27, 29])
      arrival = CivilMinute(last + -nights, minute: dice.within(420...900))
      departure = CivilMinute(last, minute: 1439)
      admission = nil
    case .inpatient:
      nights = special == .birth ? dice.within(2...5) : dice.pick([1, 2, 3, 3, 4, 4, 5, 6, 7, 9, 12])
      let arrival = CivilMinute(last + -nights, minute: dice.within(0...1320))
      self.arrival = arrival
      admission = arrival + dice.within(20...90)
      departure = CivilMinute(last, minute: dice.within(540...960))
    case .day:
      nights = dice.within(4...8)
      let arrival = CivilMinute(last + -nights, minute: dice.within(420...480))
      self.arrival = arrival
      admission = arrival + dice.within(20...60)
      departure = CivilMinute(last, minute: dice.within(930...990))
    }

    let isInsured = wish.isInsured ?? (special != .none || dice.chance(940))
    self.isInsured = isInsured
    let drawn = dice.below(100)
    category =
      !isInsured
      ? "9"
      : wish.category ?? (drawn < 52 ? "1.1" : drawn < 70 ? "2" : drawn < 82 ? "1.3" : drawn < 92 ? "1.5" : "1.4")
    isExempt = isInsured && dice.chance(20)
    benefit = !isInsured ? 0 : isExempt ? 100 : person.benefit
    isFeeForService = !(isInsured && form == .examination && dice.chance(150)) || wish.isPlain
    hasTwoCards = isInsured && form == .inpatient && nights > 2 && !wish.isPlain && dice.chance(30)

    let leaves = dice.below(1000)
    switch wish.isReferred {
    case true?: dischargeKind = "2"
    case false?: dischargeKind = "1"
    case nil:
      dischargeKind =
        form == .chronic || special != .none
        ? "1"
        : leaves < 28 ? "2" : leaves < 36 ? "5" : leaves < 60 ? "4" : leaves < 63 && form == .inpatient ? "3" : "1"
    }
    let returns = dice.below(1000)
    let hasAppointment =
      wish.hasAppointment
      ?? (dischargeKind == "1" && returns < (form == .chronic ? 900 : form == .examination ? 240 : 400))
    appointment = hasAppointment ? last + (form == .chronic ? 1 : dice.within(5...28)) : nil
    bed = (number / 999 % 2 == 0 ? "H" : "T") + Digits.padded(number % 999 + 1, 3)
    doctor = dice.within(1...40)
    self.dice = dice
  }

  private static func diagnose(
    _ dice: inout Dice, _ form: CareForm, _ special: SpecialCase, _ person: Person, _ wish: VisitWish
  ) -> Diagnosis {
    switch special {
    case .hiv: return Diagnosis.hiv
    case .tuberculosis: return Diagnosis.tuberculosis
    case .birth: return dice.chance(350) ? Diagnosis.caesarean : Diagnosis.birth
    case .maternityRest: return Diagnosis.threatened
    case .miscarriage: return Diagnosis.miscarriage
    case .none, .sickLeave: break
    }
    let choices =
      switch form {
      case .examination: Diagnosis.seenOnce
      case .chronic: Diagnosis.chronic
      case .inpatient: Diagnosis.admitted
      case .day: Diagnosis.day
      }
    for _ in 0..<40 {
      let choice = dice.pick(choices)
      if wish.isPlain && choice.isInjury { continue }
      if let hasOperation = wish.hasOperation, hasOperation != (choice.operation != nil), form == .inpatient {
        continue
      }
      let fits =
        switch choice.patients {
        case .everybody: true
        case .adults: person.age != .child
        case .children: person.age == .child
        case .women: person.isFemale && person.age == .adult
        case .pregnant: person.age == .mother
        case .oldMen: !person.isFemale && person.age == .old
        }
      if fits { return choice }
    }
    return form == .chronic
      ? Diagnosis.chronic[4] : form == .inpatient ? Diagnosis.admitted[wish.hasOperation == true ? 5 : 0] : choices[0]
  }

  private static func accompany(_ dice: inout Dice, _ main: Diagnosis, _ person: Person) -> [(
    code: String, name: String
  )] {
    if person.age == .child || person.age == .mother { return [] }
    let count = person.age == .old ? dice.within(1...3) : dice.within(0...1)
    let start = dice.below(Diagnosis.accompanying.count)
    return (0..<count).map { Diagnosis.accompanying[(start + $0) % Diagnosis.accompanying.count] }
      .filter { $0.code != main.code }
  }

  /// Whole years on the day of arrival.
  var age: Int { (arrival.day - person.birthDay) * 4 / 1461 }

  /// Department that treated the patient, and those of XML1.
  var department: String { form.isAdmitted ? diagnosis.department : "K01" }
  var departments: String { form.isAdmitted ? "K01;" + diagnosis.department : "K01" }

  /// Licence number of a practitioner: the visit's own doctor, or somebody of the laboratory.
  func licence(_ offset: Int) -> String { Digits.padded((doctor + offset) % 60 + 1, 6) + "/SM-CCHN" }
  var head: String { "000001/SM-GPHN" }

  /// A moment on day `day` of the stay, kept between admission and departure with room for a result.
  func moment(_ day: Int, _ minute: Int) -> CivilMinute {
    let earliest = (admission ?? arrival) + 15
    return min(max(CivilMinute(arrival.day + day, minute: minute), earliest), departure + -90)
  }

  mutating func build() -> Visit {
    if !wish.isBare {
      addServices()
      addDrugs()
      addNotes()
    }
    if special == .birth {
      children.append(
        Newborn(
          moment: (admission ?? arrival) + 240, isFemale: dice.chance(480), grams: 2500 + dice.below(130) * 10,
          name: dice.chance(700) ? Person.name(&dice, isFemale: true) : ""))
    }
    var tables = [SampleTable(QD3176.xml1, rows: [summaryRow()])]
    func add(_ layout: TableLayout, _ rows: [SampleRow]) {
      if !rows.isEmpty { tables.append(SampleTable(layout, rows: rows)) }
    }
    add(QD3176.xml2, drugRows)
    add(QD3176.xml3, serviceRows)
    add(QD3176.xml4, resultRows)
    add(QD3176.xml5, noteRows)
    if special == .hiv { add(QD3176.xml6, [hivRow()]) }
    if form.isAdmitted && dischargeKind != "3" {
      add(QD3176.xml7, [dischargeRow()])
      if wish.hasMedicalSummary ?? dice.chance(700) { add(QD3176.xml8, [medicalSummaryRow()]) }
    }
    if special == .birth { add(QD3176.xml9, children.indices.map(birthRow)) }
    if special == .maternityRest { add(QD3176.xml10, [maternityRow()]) }
    if special == .sickLeave { add(QD3176.xml11, [sickLeaveRow()]) }
    if dischargeKind == "2" || dischargeKind == "5" { add(QD3176.xml13, [referralRow()]) }
    if let appointment { add(QD3176.xml14, [appointmentRow(appointment)]) }
    if special == .tuberculosis { add(QD3176.xml15, [tuberculosisRow()]) }
    return Visit(facility: generator.facility, key: key, tables: tables)
  }
}
