import Bytes
import Testing

@Suite struct Base64Tests {
  static let layouts: [Base64.Layout] = [
    .oneLine, .lines(length: 64, carriageReturn: false, trailing: false),
    .lines(length: 64, carriageReturn: false, trailing: true),
    .lines(length: 76, carriageReturn: true, trailing: false),
    .lines(length: 76, carriageReturn: true, trailing: true), .lines(length: 4, carriageReturn: false, trailing: true),
  ]

  /// Whatever was encoded comes back, and the layout found writes the same text again.
  @Test(arguments: layouts, [0, 1, 2, 3, 47, 48, 49, 56, 57, 58, 96, 191, 192, 1000])
  func roundTrips(layout: Base64.Layout, count: Int) throws {
    let data = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
    var text = OutputBuffer()
    Base64.encode(data.span, layout, onto: &text)
    var decoded: [UInt8] = [9]
    let layoutFound = Base64.decode(text.bytes.span, onto: &decoded)
    let found = try #require(layoutFound)
    #expect(decoded == [9] + data)
    #expect(found != .irregular || count == 0)
    if found != .irregular {
      var again = OutputBuffer()
      Base64.encode(data.span, found, onto: &again)
      #expect(again.bytes == text.bytes)
    }
  }

  @Test(arguments: ["TWFu TWFu", "TW\nFu\nT\nWFu", "\nTWFu", "TWFu\n\nTWFu", "TWFu\nTWFuTWFu", "TWE=\n \n", "TWF="])
  func callsOddLayoutsIrregular(text: String) {
    var decoded: [UInt8] = []
    let found = Base64.decode(Array(text.utf8).span, onto: &decoded)
    #expect(found == .irregular)
  }

  @Test(arguments: ["TWF", "T", "TWFu=", "TW=F", "TWFu*", "====", "<TONG_HOP/>", "TWFuTQ"])
  func refusesWhatIsNotBase64(text: String) {
    var decoded: [UInt8] = [1, 2]
    let found = Base64.decode(Array(text.utf8).span, onto: &decoded)
    #expect(found == nil)
    #expect(decoded == [1, 2])
  }
}
