/// Form of care (MA_LOAI_KCB) of a generated visit.
package enum CareForm: String, Sendable, Hashable, CaseIterable {
  case examination = "01"
  case inpatient = "03"
  case day = "04"
  case chronic = "05"

  var isAdmitted: Bool { self == .inpatient || self == .day }
}

/// What brings a table of its own with it.
package enum SpecialCase: Sendable, Hashable, CaseIterable {
  case none
  /// XML6.
  case hiv
  /// XML15.
  case tuberculosis
  /// XML9.
  case birth
  /// XML10.
  case maternityRest
  /// XML11.
  case sickLeave
  /// Termination fields of XML7.
  case miscarriage
}

/// What a visit must have; whatever is nil is left to the dice.
package struct VisitWish: Sendable, Hashable {
  package var form: CareForm?
  package var special: SpecialCase?
  package var isInsured: Bool?
  /// MA_DOITUONG_KCB.
  package var category: String?
  /// XML13.
  package var isReferred: Bool?
  /// XML14.
  package var hasAppointment: Bool?
  /// At least one laboratory panel; false: no test at all.
  package var hasLaboratory: Bool?
  package var hasImaging: Bool?
  /// A procedure with supplies.
  package var hasOperation: Bool?
  /// XML8 (admitted visits only).
  package var hasMedicalSummary: Bool?
  package var drugs: ClosedRange<Int>?
  /// No costs, no rows but that of XML1 (examinations only).
  package var isBare = false
  /// Five hours rather than one to four (examinations only).
  package var isLong = false
  /// None of the rare twists: support, prices above the insured price, a second card, capitation, accidents.
  package var isPlain = false
  /// Whole đồng only, as QĐ 4210 has it.
  package var usesWholeAmounts = false

  package init() {}

  package init(_ form: CareForm?, _ change: (inout VisitWish) -> Void = { _ in }) {
    self.form = form
    change(&self)
  }
}
