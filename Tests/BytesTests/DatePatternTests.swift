import Bytes
import Testing

@Suite struct DatePatternTests {
  static func read(_ pattern: String, _ text: String) throws -> String? {
    let pattern = try #require(DatePattern(pattern))
    return pattern.read(Array(text.utf8).span).map {
      $0.hasTime ? CivilMinute(minutesSinceEpoch: $0.minutesSinceEpoch).description : $0.day.description
    }
  }

  @Test(arguments: [
    ("%d/%m/%Y", "01/03/2025", "2025-03-01"), ("%d/%m/%Y", "1/3/2025", "2025-03-01"),
    ("%d/%m/%Y", "29/02/2024", "2024-02-29"),
    ("%m/%d/%Y", "03/01/2025", "2025-03-01"), ("%Y-%m-%d", "2025-03-01", "2025-03-01"),
    ("%F", "2025-3-1", "2025-03-01"),
    ("%d.%m.%y", "01.03.68", "2068-03-01"), ("%d.%m.%y", "01.03.69", "1969-03-01"), ("%Y", "1980", "1980-01-01"),
    ("%m/%Y", "03/2025", "2025-03-01"),
    ("%Y%m%d", "20250301", "2025-03-01"), ("ngày %d tháng %m năm %Y", "ngày 1 tháng 3 năm 2025", "2025-03-01"),
    ("%d%%%m%%%Y", "01%03%2025", "2025-03-01"),
    ("%d/%m/%Y %H:%M", "01/03/2025 08:05", "2025-03-01T08:05+07:00"),
    ("%d/%m/%Y %H:%M", "01/03/2025   8:5", "2025-03-01T08:05+07:00"),
    ("%d/%m/%Y %I:%M %p", "01/03/2025 12:00 am", "2025-03-01T00:00+07:00"),
    ("%d/%m/%Y %I:%M %p", "01/03/2025 12:30 PM", "2025-03-01T12:30+07:00"),
    ("%Y-%m-%dT%H:%M:%S%z", "2025-03-01T23:30:00Z", "2025-03-02T06:30+07:00"),
    ("%Y-%m-%dT%H:%M:%S.%f%z", "2025-03-01T08:30:00.123-01:30", "2025-03-01T17:00+07:00"),
    ("iso", "2025-03-01", "2025-03-01"), ("iso", "2025-03-01 08:30", "2025-03-01T08:30+07:00"),
    ("iso", "2025-03-01T08:30+07", "2025-03-01T08:30+07:00"),
    ("excel", "45717", "2025-03-01"), ("excel", "45717.5", "2025-03-01T12:00+07:00"), ("excel", "61", "1900-03-01"),
    ("excel", "45717.999999", "2025-03-02T00:00+07:00"),
  ])
  func reads(_ pattern: String, _ text: String, _ expected: String) throws {
    #expect(try Self.read(pattern, text) == expected)
  }

  @Test(arguments: [
    (
      "%d/%m/%Y",
      ["31/02/2025", "01/13/2025", "0/1/2025", "01/03/25", "01/03/2025 ", "01-03-2025", "", "1/3/", "a/b/c"]
    ),
    ("%Y", ["80", "19800", "abcd"]), ("%Y%m%d", ["2025301", "202503011"]),
    ("%d/%m/%Y %H:%M", ["01/03/2025", "01/03/2025 24:00", "01/03/2025 08:60"]),
    ("%I:%M %p %d/%m/%Y", ["13:00 PM 01/03/2025", "00:00 AM 01/03/2025", "10:00 XM 01/03/2025"]),
    (
      "iso",
      ["2025-03", "2025-03-01T", "2025-03-01T08", "2025-03-01T08:30x", "2025-03-01T08:30+7", "2025-03-01T08:30:61"]
    ),
    ("excel", ["60", "-1", "x", "45717.", "45717.5x", "99999999"]),
    ("%Y-%m-%dT%H:%M%z", ["2025-03-01T08:30", "2025-03-01T08:30+25:00"]),
  ])
  func refuses(_ pattern: String, _ texts: [String]) throws {
    for text in texts { #expect(try Self.read(pattern, text) == nil, "\(pattern) \(text)") }
  }

  @Test(arguments: [
    "", "dd/MM/yyyy", "%d/%m", "%d/%Y", "%Y %Y", "%Y %y", "%Y-%m-%d %M", "%Y-%m-%d %I:%M", "%Y-%m-%d %H %p", "%Y-%j",
    "%", "%H:%M", "%Y %H",
  ])
  func isNoPattern(_ text: String) {
    #expect(DatePattern(text) == nil)
  }

  @Test(arguments: [
    ("%d/%m/%Y", "dd/MM/yyyy"), ("%Y-%m-%d", "yyyy-MM-dd"), ("%F %T", "yyyy-MM-dd HH:mm:ss"),
    ("%d.%m.%y  %I:%M %p", "dd.MM.yy hh:mm AM/PM"), ("%Y-%m-%dT%H:%M:%S.%f%z", "yyyy-MM-ddTHH:mm:ss.fff+07:00"),
    ("ngày %d%%%m%%%Y", "ngày dd%MM%yyyy"), ("excel", "45721.5 (Excel)"), ("iso", "yyyy-MM-ddTHH:mm:ss+07:00"),
  ])
  func isSpelledForPeople(_ pattern: String, _ spelled: String) throws {
    #expect(try #require(DatePattern(pattern)).spelled == spelled)
  }
}
