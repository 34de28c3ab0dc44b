/// The money of one row of XML2 or XML3, computed as the decisions word it, in integers; amounts in hundredths of a đồng.
struct Cost: Sendable {
  /// Thousandths.
  var quantity: Int64
  /// Thousandths of a đồng: what the facility charges, and what insurance recognises.
  var price: Int64
  var insuredPrice: Int64
  /// TYLE_TT_DV and TYLE_TT_BH, per cent.
  var serviceRate: Int64 = 100
  var insuredRate: Int64 = 100
  /// PHAM_VI 1 rather than 2.
  var isWithinScope = true
  /// MUC_HUONG, per cent.
  var benefit: Int64
  /// Paid by a donor inside Viet Nam, at most what the patient would pay outside the insurance scope.
  var support: Int64 = 0
  /// Amounts are rounded to this many hundredths (100 = whole đồng, as QĐ 4210 has them).
  var grain: Int64 = 1

  private func rounded(_ price: Int64, _ rate: Int64) -> Int64 {
    // quantity × price counts millionths of a đồng; the two rates are per cent
    let exact = Int128(quantity) * Int128(price) * Int128(serviceRate) * Int128(rate)
    let unit = Int128(10_000 * 10_000) * Int128(grain)
    return Int64((exact + unit / 2) / unit) * grain
  }

  /// THANH_TIEN_BV.
  var total: Int64 { rounded(price, 100) }
  /// THANH_TIEN_BH.
  var insured: Int64 { isWithinScope ? rounded(insuredPrice, insuredRate) : 0 }
  /// T_BHTT.
  var paidByInsurance: Int64 { (insured * benefit + 50 * grain) / (100 * grain) * grain }
  /// T_BNCCT.
  var shared: Int64 { insured - paidByInsurance }
  /// T_BNTT.
  var paidByPatient: Int64 { total - insured - support }
}

/// The sums of a visit.
struct Totals: Sendable {
  var drugs: Int64 = 0
  var supplies: Int64 = 0
  var total: Int64 = 0
  var insured: Int64 = 0
  var paidByPatient: Int64 = 0
  var shared: Int64 = 0
  var paidByInsurance: Int64 = 0
  var support: Int64 = 0
  var feeForService: Int64 = 0

  mutating func add(_ cost: Cost, isFeeForService: Bool) {
    total += cost.total
    insured += cost.insured
    paidByPatient += cost.paidByPatient
    shared += cost.shared
    paidByInsurance += cost.paidByInsurance
    support += cost.support
    if isFeeForService { feeForService += cost.paidByInsurance }
  }
}
