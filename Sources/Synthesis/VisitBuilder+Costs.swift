internal import Bytes

/// One row of XML3 before its money is computed.
private struct ServiceLine {
  var code = ""
  var name = ""
  var supplyCode = ""
  var supplyName = ""
  var international = ""
  var group: String
  var package = ""
  var ceiling = ""
  var fuel = ""
  var unit = "Lần"
  var tender = ""
  var department: String
  var bed = ""
  var performer = ""
  var ordered: CivilMinute
  var done: CivilMinute?
  var result: CivilMinute?
  var anaesthesia = ""
  var machine = ""
  var productMark = ""
}

extension VisitBuilder {
  private var grain: Int64 { wish.usesWholeAmounts ? 100 : 1 }

  /// The money of a row: uninsured patients pay everything, a few things lie outside the insurance scope.
  private mutating func cost(
    _ quantity: Int64, _ price: Int64, rate: Int64 = 100, serviceRate: Int64 = 100, mayBeOutside: Bool = false,
    mayCostMore: Bool = false
  ) -> Cost {
    var price = price
    if wish.usesWholeAmounts { price = (price + 500) / 1000 * 1000 }
    let isOutside = !isInsured || (mayBeOutside && !wish.isPlain && dice.chance(25))
    var cost = Cost(
      quantity: quantity, price: price, insuredPrice: price, serviceRate: serviceRate, insuredRate: rate,
      benefit: benefit,
      grain: grain)
    if isOutside {
      (cost.insuredPrice, cost.insuredRate, cost.isWithinScope, cost.benefit) = (0, 0, false, 0)
      if isInsured && dice.chance(200) { cost.support = cost.total / (2 * grain) * grain }
    } else if mayCostMore && !wish.isPlain && dice.chance(30) {
      cost.price += 20_000_000
    }
    return cost
  }

  private mutating func add(_ line: ServiceLine, _ cost: Cost) {
    var cost = cost
    if serviceRows.isEmpty && surcharge != 0 {
      cost.price += surcharge
      if cost.isWithinScope { cost.insuredPrice += surcharge }
    }
    totals.add(cost, isFeeForService: isFeeForService)
    if line.group == "10" || line.group == "11" { totals.supplies += cost.total }
    let support = Digits.hundredths(cost.support)
    serviceRows.append(
      SampleRow(
        QD3176.xml3,
        [
          key, String(serviceRows.count + 1), line.code, line.international, line.supplyCode, line.group, line.package,
          line.supplyName, line.name, line.fuel, line.unit, cost.isWithinScope ? "1" : "2",
          Digits.thousandths(cost.quantity), Digits.thousandths(cost.price), Digits.thousandths(cost.insuredPrice),
          line.tender, String(cost.serviceRate), String(cost.insuredRate), Digits.hundredths(cost.total),
          Digits.hundredths(cost.insured), line.ceiling, String(cost.benefit), "0", "0", support, "0", support,
          Digits.hundredths(cost.paidByPatient), Digits.hundredths(cost.shared),
          Digits.hundredths(cost.paidByInsurance), line.department, line.bed, licence(0), line.performer,
          diagnosis.code,
          form == .day ? diagnosis.traditional : "", Digits.minute(line.ordered),
          line.done.map(Digits.minute) ?? "", line.result.map(Digits.minute) ?? "", isFeeForService ? "1" : "2", "",
          line.anaesthesia, "", line.machine, line.productMark, "", "",
        ]))
  }

  mutating func addServices() {
    add(
      ServiceLine(
        code: "02.1897.1897", name: "Khám Nội", group: "13", department: "K01", ordered: arrival + 5),
      cost(1000, 39_800_000, mayCostMore: true))
    if form == .examination && !wish.isPlain && dice.chance(80) {
      add(
        ServiceLine(
          code: "15.1897.1898", name: "Khám Tai mũi họng", group: "13", department: "K01", ordered: arrival + 30),
        cost(1000, 39_800_000, serviceRate: 30))
    }
    addBeds()
    addTests()
    addOperations()
    if form.isAdmitted && !(form == .day && dice.chance(600)) {
      for supply in Supply.small.prefix(dice.within(1...2)) { add(supply, of: nil, dice.within(1...6), moment(0, 0)) }
    }
    if dischargeKind == "2" && form == .inpatient && dice.chance(400) {
      add(
        ServiceLine(
          code: "VC." + onward, name: "Vận chuyển người bệnh", group: "12", fuel: "E5RON92", unit: "Lít",
          department: department, ordered: departure + -30),
        cost(12_500, 21_340_000))
    }
  }

  /// One row for every night of a stay, or every day of day treatment.
  private mutating func addBeds() {
    guard form.isAdmitted else { return }
    let isDay = form == .day
    for day in 0..<(isDay ? nights + 1 : nights) {
      add(
        ServiceLine(
          code: isDay ? "16.0000.1930" : "03.0000.1918",
          name: isDay ? "Giường điều trị ban ngày" : "Giường nội khoa loại 2", group: isDay ? "14" : "15", unit: "Ngày",
          department: department, bed: bed, ordered: moment(day, 480)),
        cost(1000, isDay ? 70_500_000 : 235_600_000))
    }
  }

  private mutating func addTests() {
    guard wish.hasLaboratory != false else { return }
    let panels: Int
    let images: Int
    switch form {
    case .examination: (panels, images) = (dice.pick([0, 0, 1, 1, 2]), dice.chance(330) ? 1 : 0)
    case .chronic: (panels, images) = (dice.within(0...2), dice.chance(250) ? 1 : 0)
    case .inpatient: (panels, images) = (dice.within(3...5), dice.within(0...2))
    case .day: (panels, images) = (dice.within(0...2), dice.chance(400) ? 1 : 0)
    }
    let start = dice.below(Test.laboratory.count)
    for i in 0..<max(panels, wish.hasLaboratory == true ? 1 : 0) {
      add(Test.laboratory[(start + i) % Test.laboratory.count], ordered: testMoment(i))
    }
    let image = dice.below(Test.imaging.count)
    for i in 0..<max(images, wish.hasImaging == true ? 1 : 0) {
      add(Test.imaging[(image + i) % Test.imaging.count], ordered: testMoment(i))
    }
  }

  private func testMoment(_ index: Int) -> CivilMinute {
    form.isAdmitted ? moment(index / 3 * 2, 500 + index) : arrival + (10 + index)
  }

  private mutating func add(_ test: Test, ordered: CivilMinute) {
    let result = ordered + dice.within(25...45)
    let serial = Digits.padded(dice.within(1...12), 4)
    add(
      ServiceLine(
        code: test.code, name: test.name, group: test.group, department: department, performer: licence(21),
        ordered: ordered, done: ordered + 8, result: result,
        machine: "\(test.device).\(dice.within(1...2)).\(generator.facility).\(serial)"),
      cost(1000, test.price, mayBeOutside: true, mayCostMore: true))
    let moment = Digits.minute(result)
    if test.indicators.isEmpty {
      addResult([test.code, "", test.name, "", "", test.finding, test.conclusion, moment])
    }
    for indicator in test.indicators {
      let tenths = dice.within(indicator.range)
      addResult([
        test.code, indicator.code, indicator.name, "\(tenths / 10).\(tenths % 10)", indicator.unit, "", "", moment,
      ])
    }
  }

  private mutating func addResult(_ values: [String]) {
    resultRows.append(SampleRow(QD3176.xml4, [key, String(resultRows.count + 1)] + values + [licence(33), ""]))
  }

  private mutating func addOperations() {
    if let number = diagnosis.operation, wish.hasOperation != false {
      let repeats = form == .day ? nights + 1 : 1
      for day in 0..<repeats {
        let operation = Operation.all[number]
        let ordered =
          form == .day ? moment(day, 540) : form.isAdmitted ? (admission ?? arrival) + 90 : arrival + 15
        add(operation, ordered: ordered)
        if form != .day || day == 0 { addSupplies(of: operation, ordered: ordered) }
      }
    } else if form == .inpatient && (wish.hasOperation == true || (wish.hasOperation == nil && dice.chance(500))) {
      let operation = Operation.all[dice.within(8...9)]
      let ordered = moment(0, 600)
      add(operation, ordered: ordered)
      addSupplies(of: operation, ordered: ordered)
    }
  }

  private mutating func add(_ operation: Operation, ordered: CivilMinute) {
    if !operations.contains(where: { $0.code == operation.code }) { operations.append(operation) }
    let isMajor = operation.group == "8"
    add(
      ServiceLine(
        code: operation.code, name: operation.name, international: operation.international, group: operation.group,
        package: isMajor ? "G1" : "", department: department, performer: licence(5) + ";" + licence(6),
        ordered: ordered,
        done: ordered + 5, result: ordered + (isMajor ? 60 : 25), anaesthesia: operation.anaesthesia),
      cost(1000, operation.price))
  }

  private mutating func addSupplies(of operation: Operation, ordered: CivilMinute) {
    if operation.group == "8" {
      for supply in Supply.surgical where supply.group == "10" || operation.code == "10.0775.0556" {
        add(supply, of: operation, 1, ordered)
      }
      add(Supply.small[0], of: operation, 2, ordered)
    } else if form != .day {
      add(Supply.small[operation.code == "03.3826.0216" ? 3 : 2], of: operation, 1, ordered)
    }
  }

  private mutating func add(_ supply: Supply, of operation: Operation?, _ count: Int, _ ordered: CivilMinute) {
    let isPackaged = operation?.group == "8"
    add(
      ServiceLine(
        code: operation?.code ?? "", supplyCode: supply.code, supplyName: supply.name, group: supply.group,
        package: isPackaged ? "G1" : "", ceiling: isPackaged ? "70200000" : "", unit: supply.unit,
        tender: tender("N0"), department: department, ordered: ordered,
        productMark: supply.group == "11" ? "MAU-2025-A" : ""),
      cost(Int64(count) * 1000, supply.price, rate: supply.rate))
  }

  private func tender(_ group: String) -> String {
    "\(240 + doctor).\(generator.facility);G1;\(group);\(departure.day.components.year)"
  }

  // MARK: - Drugs

  mutating func addDrugs() {
    let count: Int
    switch form {
    case .examination: count = dice.within(2...5)
    case .chronic: count = dice.within(4...6)
    case .inpatient: count = dice.within(2...3)
    case .day: count = dice.within(1...2)
    }
    let wanted = wish.drugs.map { min(max(count, $0.lowerBound), $0.upperBound) } ?? count
    if !form.isAdmitted {
      let start = dice.below(Drug.oral.count)
      let courseDays = form == .chronic ? nights + 1 : dice.within(3...7)
      let ordered = form == .chronic ? arrival + 60 : departure + -12
      for i in 0..<wanted {
        if i == 0 && special == .hiv {
          add(Drug.antiretroviral, daily: 1, days: courseDays, ordered)
        } else if i == 0 && special == .tuberculosis {
          add(Drug.antituberculous, daily: 3, days: courseDays, ordered)
        } else {
          add(Drug.oral[(start + i) % Drug.oral.count], daily: dice.within(1...3), days: courseDays, ordered)
        }
      }
      return
    }
    // one row for every drug and day
    let start = dice.below(Drug.injected.count)
    for day in 0...nights {
      for i in 0..<wanted {
        let drug =
          form == .day ? Drug.oral[(start + i) % Drug.oral.count] : Drug.injected[(start + i) % Drug.injected.count]
        add(drug, daily: dice.within(1...3), days: 1, moment(day, 500 + i * 5))
      }
    }
    if form == .inpatient && !wish.isPlain {
      if dice.chance(80) { add(Drug.oxygen, daily: 1440, days: 1, moment(0, 600)) }
      if dice.chance(30) { add(Drug.blood, daily: 1, days: 1, moment(1, 600)) }
    }
  }

  private mutating func add(_ drug: Drug, daily: Int, days: Int, _ ordered: CivilMinute) {
    let cost = cost(Int64(daily * days) * 1000, drug.price, rate: drug.rate, mayBeOutside: drug.group == "4")
    totals.add(cost, isFeeForService: isFeeForService)
    totals.drugs += cost.total
    let support = Digits.hundredths(cost.support)
    drugRows.append(
      SampleRow(
        QD3176.xml2,
        [
          key, String(drugRows.count + 1), drug.code, "", "", drug.group, drug.name, drug.unit, drug.strength,
          drug.route,
          drug.form, "1/lần * \(daily)/ngày * \(days) ngày [\(daily)/ngày]", drug.use, drug.registration,
          drug.group == "7" ? "" : tender("N2"), cost.isWithinScope ? "1" : "2", String(cost.insuredRate),
          Digits.thousandths(cost.quantity), Digits.thousandths(cost.price), Digits.hundredths(cost.total),
          Digits.hundredths(cost.insured), "0", "0", support, "0", support, String(cost.benefit),
          Digits.hundredths(cost.paidByPatient), Digits.hundredths(cost.shared),
          Digits.hundredths(cost.paidByInsurance), department, licence(0), "", Digits.minute(ordered),
          Digits.minute(ordered + 10), isFeeForService ? "1" : "2", isInsured ? "1" : "4", "", "",
        ]))
  }

  // MARK: - Notes

  mutating func addNotes() {
    switch form {
    case .examination: break
    case .chronic: addNote(arrival + 20)
    case .inpatient, .day:
      for day in 0...nights {
        addNote(moment(day, 470))
        if form == .inpatient && day < nights {
          addNote(moment(day, 710))
          addNote(moment(day, 930))
        }
      }
    }
  }

  private mutating func addNote(_ moment: CivilMinute) {
    let vital =
      "CSST<M:\(dice.within(68...96));T:36.\(dice.below(10));HA:\(dice.within(11...14))0/\(dice.within(6...8))0;NT:\(dice.within(16...20))>"
    let isFirst = noteRows.isEmpty
    let operated = isFirst ? operations.first { $0.group == "8" } : nil
    noteRows.append(
      SampleRow(
        QD3176.xml5,
        [
          key, String(noteRows.count + 1), "\(dice.pick(Lexicon.notes)) \(vital)", "",
          isFirst && dice.chance(60) ? "Hội chẩn khoa: thống nhất chẩn đoán và hướng điều trị." : "",
          operated.map { "\($0.name): tiến hành thuận lợi, không tai biến." } ?? "", Digits.minute(moment), licence(0),
          "",
        ]))
  }
}
