internal import Bytes

/// An invented patient: the same for the same dice.
struct Person: Sendable {
  enum Age: Sendable { case child, adult, old, mother }

  let age: Age
  let isFemale: Bool
  let name: String
  let number: String
  /// NGAY_SINH.
  let birth: String
  let birthDay: CivilDate
  let address: String
  let commune: String
  let citizenNumber: String
  let phone: String
  let ethnicGroup: String
  let occupation: String
  /// Ten digits.
  let insuranceNumber: String
  let card: String
  /// Second card, should the first change during a stay.
  let laterCard: String
  /// Per cent that the card pays.
  let benefit: Int64
  let weightInHundredths: Int64
  let bloodGroup: String
  let employer: String
  let parents: (father: String, mother: String)

  /// `latest` is a day before any of the person's visits; `facility` and `number` tell persons apart.
  init(
    _ dice: inout Dice, age wanted: Age?, isFemale wantedSex: Bool?, number: Int, facility: Int,
    before latest: CivilDate
  ) {
    let draw = dice.below(100)
    let age = wanted ?? (draw < 14 ? .child : draw < 62 ? .adult : .old)
    let isFemale = wantedSex ?? (age == .mother ? true : dice.chance(520))
    self.age = age
    self.isFemale = isFemale
    name = Person.name(&dice, isFemale: isFemale)
    parents = (Person.name(&dice, isFemale: false), Person.name(&dice, isFemale: true))

    let years: Int
    switch age {
    case .child: years = dice.within(1...15)
    case .adult: years = dice.within(19...58)
    case .old: years = dice.within(60...92)
    case .mother: years = dice.within(20...40)
    }
    let day = latest + -(years * 365 + dice.below(360))
    if age == .old && dice.chance(150) {
      let year = day.components.year
      birthDay = CivilDate(year: year, month: 1, day: 1) ?? day
      birth = "\(year)00000000"
    } else {
      birthDay = day
      let minutes = age == .child && dice.chance(300) ? dice.below(1440) : 0
      birth = Digits.minute(CivilMinute(day, minute: minutes))
    }

    let commune = dice.pick(Lexicon.communes)
    self.commune = commune.code
    address =
      "Số \(dice.within(1...299)) \(dice.pick(Lexicon.streets)) \(dice.within(1...48)), \(commune.name), Thành phố Mẫu"
    // the first three digits name a province: there is none above 096
    let serial = Digits.padded(number % 1_000_000_000, 9)
    citizenNumber = age != .child && dice.chance(960) ? "9" + Digits.padded(facility % 100, 2) + serial : ""
    phone = dice.chance(600) ? "0000" + Digits.padded(number % 1_000_000, 6) : ""
    ethnicGroup = dice.pick(Lexicon.ethnicGroups)
    occupation = age == .adult || age == .mother ? dice.pick(Lexicon.occupations) : "00000"
    employer = dice.pick(Lexicon.employers)
    insuranceNumber = String(facility % 10) + serial
    let kind: (letters: String, later: String)
    switch age {
    case .child: kind = years < 6 ? ("TE1", "HS4") : ("HS4", "GD4")
    case .adult, .mother:
      kind = dice.pick([("DN4", "GD4"), ("GD4", "DN4"), ("CN3", "GD4"), ("HN2", "CN3"), ("HC4", "GD4")])
    case .old: kind = dice.pick([("HT3", "GD4"), ("HT2", "HT3"), ("GD4", "BT2"), ("BT2", "GD4")])
    }
    card = kind.letters + "48" + insuranceNumber
    laterCard = kind.later + "48" + insuranceNumber
    switch kind.letters.utf8.last {
    case UInt8(ascii: "3"): benefit = 95
    case UInt8(ascii: "4"): benefit = 80
    default: benefit = 100
    }
    weightInHundredths = Int64(age == .child ? 900 + years * 290 + dice.below(300) : 4200 + dice.below(3400)) / 50 * 50
    bloodGroup = dice.chance(250) ? dice.pick(Lexicon.bloodGroups) : ""
    self.number = "BN" + Digits.padded(number, 10)
  }

  static func name(_ dice: inout Dice, isFemale: Bool) -> String {
    let surname = dice.pick(Lexicon.surnames)
    let middle = dice.pick(isFemale ? Lexicon.middleNamesOfWomen : Lexicon.middleNamesOfMen)
    let given = dice.pick(isFemale ? Lexicon.givenNamesOfWomen : Lexicon.givenNamesOfMen)
    return "\(surname) \(middle) \(given) \(dice.pick(Lexicon.lastWords))"
  }
}
