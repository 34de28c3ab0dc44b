import Foundation
import Runs
import Testing

@Suite struct ConfigurationTests {
  private func read(_ text: String) throws -> Configuration {
    let path = FileManager.default.temporaryDirectory.appending(path: "songhan-\(UUID().uuidString).yaml")
    defer { try? FileManager.default.removeItem(at: path) }
    try Data(text.utf8).write(to: path)
    return try Configuration.read(path.path(percentEncoded: false), environment: [:])
  }

  @Test(arguments: [
    "warehouse: \"host=x user=y password=z\"", "warehouse: \"host=x password = 'z'\"",
    "warehouse: \"postgresql://u:p@x/y\"",
  ])
  func refusesPasswords(text: String) {
    let fault = #expect(throws: ConfigurationFault.self) { try read(text) }
    #expect(fault?.description.contains("password") == true && fault?.description.contains("z") == false)
  }

  @Test(arguments: [
    "warehouse: \"host=x user=y passfile=/z\"", "warehouse: \"postgresql://u@x/y\"", "warehouse: embedded",
  ])
  func takesConnectionStringsWithoutOne(text: String) throws {
    #expect(try read(text).warehouse == text.dropFirst(11).replacing("\"", with: ""))
  }

  @Test(arguments: [
    ("run: { jobs: 0 }", "1"), ("intake:\n  settleSecond: 5", "2"), ("a: [", ""), ("log: { format: xml }", "1"),
  ])
  func namesTheLineThatIsWrong(text: String, line: String) {
    let fault = #expect(throws: ConfigurationFault.self) { try read(text) }
    #expect(fault?.description.contains(".yaml:\(line)") == true, "\(fault?.description ?? "")")
  }
}
