import Bytes
import Testing

@Suite struct SensitiveTests {
  struct Holder {
    var key: Sensitive<String>
    var list: [Sensitive<[UInt8]>]
  }

  @Test func valueIsUsedAndNeverPrinted() {
    let key = Sensitive("CANARY")
    #expect(key.exposed == "CANARY" && key == Sensitive("CANARY") && key != Sensitive("other"))
    let holder = Holder(key: key, list: [Sensitive(Array("CANARY".utf8))])
    var dumped = ""
    dump(holder, to: &dumped)
    let number = Array("CANARY".utf8).map(String.init).joined(separator: ", ")
    for text in ["\(key)", String(reflecting: key), "\(holder)", String(reflecting: holder), dumped, "\([key])"] {
      #expect(!text.contains("CANARY") && !text.contains(number), "\(text)")
      #expect(text.contains("‹redacted›") || text == dumped)
    }
    #expect(Mirror(reflecting: key).children.isEmpty)
  }
}
