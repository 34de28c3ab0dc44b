package import Bytes

/// Makes synthetic hospital exports: the same facility, seed and settings yield the same bytes on every machine.
///
/// Visits and files are counted from 1. Visit `k` of file `m` does not depend on how many visits the file has.
package struct SampleGenerator: Sendable {
  /// 2025-12-31: the last day of care unless told otherwise, so that nothing depends on the clock.
  package static let lastDay = CivilDate(daysSinceEpoch: 20_453)

  package let facility: String
  package let seed: UInt64
  /// The last day on which a visit ends; also NGAYLAP.
  package let until: CivilDate
  /// The first day on which a visit ends.
  package let firstDay: CivilDate
  package let shape: EnvelopeShape
  /// Faulty visits in a million.
  let faultsPerMillion: Int
  let faultKinds: [FaultKind]
  let facilityNumber: Int

  /// - Parameters:
  ///   - facility: MACSKCB, five characters.
  ///   - months: calendar months, that of `until` included, over which the ends of visits are spread.
  ///   - faults: share of visits with a planted fault, 0…1.
  ///   - faultKinds: the kinds that take turns.
  package init(
    facility: String, seed: UInt64, until: CivilDate = lastDay, months: Int = 3, faults: Double = 0,
    faultKinds: [FaultKind] = FaultKind.all, shape: EnvelopeShape = .standard
  ) {
    precondition(facility.utf8.count == 5, "A facility code has five characters.")
    precondition(months >= 1, "Visits spread over one month at least.")
    precondition((0...1).contains(faults), "The share of faulty visits lies between 0 and 1.")
    self.facility = facility
    self.seed = seed
    self.until = until
    self.shape = shape
    var first = until.firstOfMonth
    for _ in 1..<months { first = (first + -1).firstOfMonth }
    firstDay = first
    let usable = faultKinds.filter { shape.isBase64 || !$0.needsBase64 }
    faultsPerMillion = usable.isEmpty ? 0 : Int((faults * 1_000_000).rounded())
    self.faultKinds = usable
    facilityNumber = facility.utf8.reduce(0) { ($0 * 10 + Int($1 & 15)) % 1_000_000 }
  }

  /// MA_LK: unique for facility, seed, file and visit; at most 30 characters.
  package func key(file: Int, visit: Int) -> String {
    "\(facility)S\(String(seed, radix: 36))F\(file)V\(Digits.padded(visit, 5))"
  }

  func dice(file: Int, visit: Int, salt: UInt64) -> Dice {
    Dice(seed, UInt64(facilityNumber), UInt64(file), UInt64(visit), salt)
  }

  func dice(_ key: String, salt: UInt64) -> Dice {
    Dice(key.utf8.reduce(salt) { $0 &* 31 &+ UInt64($1) })
  }

  /// One of the other made-up facilities.
  func neighbour(_ number: Int) -> String {
    let others = ["48001", "48002", "48003"].filter { $0 != facility }
    return others[number % others.count]
  }

  /// A visit without any fault, made to wish; its key does not depend on the wish.
  package func visit(_ number: Int, file: Int = 1, wish: VisitWish = VisitWish()) -> Visit {
    var builder = VisitBuilder(self, file: file, number: number, wish: wish)
    return builder.build()
  }

  // MARK: - Faults

  /// How many faulty visits stand before visit `number`.
  private func faultsBefore(_ number: Int) -> Int { (number - 1) * faultsPerMillion / 1_000_000 }

  func isFaulty(visit number: Int) -> Bool {
    number >= 1 && faultsBefore(number + 1) > faultsBefore(number)
  }

  private func faultKind(file: Int, visit number: Int) -> FaultKind? {
    guard isFaulty(visit: number) else { return nil }
    return faultKinds[(faultsBefore(number) + (file - 1) * 17) % faultKinds.count]
  }

  /// The visit that a repeated visit repeats: one of the faultless ones since the fault before; nil when there is none.
  private func original(file: Int, visit number: Int) -> Int? {
    var run = 0
    while run < 300, number - run > 1, !isFaulty(visit: number - run - 1) { run += 1 }
    guard run > 0 else { return nil }
    var dice = dice(file: file, visit: number, salt: 3)
    return number - 1 - dice.below(run)
  }

  /// What stands at place `number` of file `file`: with its fault, if it has one.
  package func planted(_ number: Int, file: Int = 1) -> (visit: Visit, fault: PlantedFault?) {
    guard let kind = faultKind(file: file, visit: number) else { return (visit(number, file: file), nil) }
    var dice = dice(file: file, visit: number, salt: 4)
    switch kind.recipe {
    case .edit(let wish, let plant):
      var visit = visit(number, file: file, wish: wish)
      let row = plant(&visit, &dice)
      return (visit, PlantedFault(kind, file: file, visit: number, key: visit.key, row: row))
    case .copy:
      guard let original = original(file: file, visit: number) else { break }
      let visit = visit(original, file: file)
      return (visit, PlantedFault(kind, file: file, visit: number, key: visit.key, row: 0, repeats: original))
    case .revision:
      guard let original = original(file: file, visit: number) else { break }
      var builder = VisitBuilder(self, file: file, number: original, wish: VisitWish(), surcharge: 1_000_000)
      let visit = builder.build()
      return (visit, PlantedFault(kind, file: file, visit: number, key: visit.key, row: 1, repeats: original))
    }
    return (visit(number, file: file), nil)
  }

  // MARK: - Files

  /// Writes file `number` with so many visits, piece by piece, and tells what was written.
  @discardableResult
  package func write<E: Error>(
    file number: Int, visits count: Int, into sink: (Span<UInt8>) throws(E) -> Void
  ) throws(E) -> FileTally {
    var tally = FileTally()
    var writer = EnvelopeWriter(shape: shape)
    var output = OutputBuffer(capacity: SampleGenerator.pieceSize * 2)
    writer.start(facility: facility, day: until, dossiers: count, onto: &output)
    for place in stride(from: 1, through: count, by: 1) {
      let (visit, fault) = planted(place, file: number)
      writer.append(visit, onto: &output)
      tally.add(visit, fault)
      if let fault, fault.kind.recipe.isRevision { tally.supersede(self.visit(fault.repeats, file: number)) }
      if output.count >= SampleGenerator.pieceSize {
        try sink(output.bytes.span)
        output.removeAll()
      }
    }
    writer.end(onto: &output)
    try sink(output.bytes.span)
    return tally
  }

  static let pieceSize = 256 * 1024
}
