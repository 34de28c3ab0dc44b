import Bytes
import Compression
import Definitions
import ExtractCSV
import Findings
import Foundation
import Glibc
import Records
import Runs
import SampleKit
import Testing

/// Small forms of the ceilings (`make ceilings` has them all): the verdict, within 256 MiB of memory and the time it may take.
@Suite struct CeilingTests {
  struct Hostile: CustomTestStringConvertible, Sendable {
    var name: String
    var verdict: String
    var bytes: @Sendable () -> [UInt8]
    var testDescription: String { name }
  }

  private static let head = Array(
    ("<GIAMDINHHS><THONGTINDONVI><MACSKCB>48001</MACSKCB></THONGTINDONVI><THONGTINHOSO><SOLUONGHOSO>1</SOLUONGHOSO>"
      + "<DANHSACHHOSO>").utf8)
  private static let tail = Array("</DANHSACHHOSO></THONGTINHOSO></GIAMDINHHS>".utf8)

  private static func envelope(_ inside: [UInt8]) -> [UInt8] { head + inside + tail }
  private static func times(_ count: Int, _ text: String) -> [UInt8] {
    Array(repeatElement(Array(text.utf8), count: count).joined())
  }

  static let all = [
    Hostile(name: "gzip at 1000:1", verdict: "S05") {
      Gzip.compress(envelope([UInt8](repeating: 0x20, count: 64 << 20)))
    },
    Hostile(name: "gzip in a gzip", verdict: "S30") { Gzip.compress(Gzip.compress(envelope([]))) },
    Hostile(name: "zip", verdict: "S30") { [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 1000) },
    Hostile(name: "zip in a gzip", verdict: "S30") {
      Gzip.compress([0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 1000))
    },
    Hostile(name: "tar in a gzip", verdict: "S30") {
      Gzip.compress([UInt8](repeating: 0x61, count: 257) + Array("ustar".utf8) + [UInt8](repeating: 0, count: 500))
    },
    Hostile(name: "a dossier without an end", verdict: "S10") { head + Array("<HOSO>".utf8) + times(7 << 20, "<a/>") },
    Hostile(name: "depth without an end", verdict: "A01") { head + times(2 << 20, "<a>") },
    Hostile(name: "a comment of 16 MiB", verdict: "A01") {
      envelope(Array("<!-- ".utf8) + times(16 << 20, "a") + Array(" -->".utf8))
    },
    Hostile(name: "nine thousand names", verdict: "A01") {
      envelope((0..<9000).flatMap { Array("<N\($0)/>".utf8) })
    },
  ]

  @Test(arguments: all) func ceilingHolds(_ hostile: Hostile) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/songhan-ceiling-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data(hostile.bytes()).write(to: URL(filePath: folder + "/hostile"))
    let ending = try judged("hostile", in: folder)
    let report = try JSONDecoder().decode(RunReport.self, from: Data(ending.output))
    #expect(ending.code == 65)
    #expect(report.files.first?.reason == hostile.verdict)
    // a debug build: thirty times five seconds is its own limit
    #expect(ending.processorSeconds < 150)
  }

  /// The processor time of a file has its end: one that takes more is refused with its code, and read no further.
  @Test func processorTimeHasItsEnd() throws {
    let definitions = try ownDefinitions()
    let feed = try #require(definitions.feeds["qd3176"])
    let bytes = Self.envelope(Self.times(20_000, "<HOSO/>"))
    func seen(_ allowance: CPUAllowance) throws -> (dossiers: Int, refusal: String?) {
      var at = 0
      var tally = FindingTally()
      var dossiers = 0
      let rulings = FeedRulings(feed, definitions, on: CivilDate(daysSinceEpoch: 20_000))
      let pass = FilePass(
        rulings: rulings, receivedAt: CivilMinute(minutesSinceEpoch: 29_000_000), allowance: allowance)
      let facts = try pass.run(
        tally: &tally,
        source: .stream { most, target in
          let count = min(most, 4096, bytes.count - at)
          target.append(contentsOf: bytes[at..<at + count])
          at += count
          return count
        },
        take: { _, _, _, _ in
          dossiers += 1
          return true
        })
      return (dossiers, facts.refusal?.code.description)
    }
    #expect(try seen(CPUAllowance(seconds: 3_600)).dossiers == 20_000)
    let cut = try seen(CPUAllowance(seconds: 0, secondsPerTenMegabytes: 1))
    #expect(cut.refusal == "S29" && cut.dossiers < 20_000)
  }

  /// A file of a delivery; its reading number `slow` takes a while.
  private final class SlowStore: ByteStore {
    final class Count {
      var reads = 0
      var slow = 0
      /// Processor time that the slow one takes.
      var seconds = 0.0
    }
    private let bytes: [UInt8]
    private let count: Count
    init(_ text: String, _ count: Count) { (bytes, self.count) = (Array(text.utf8), count) }

    var sizeInBytes: Int { bytes.count }

    func read(at offset: Int, _ most: Int, into target: inout [UInt8]) -> Int {
      count.reads += 1
      if count.reads == count.slow {
        let start = threadSeconds()
        while threadSeconds() - start < count.seconds {}
      }
      guard offset < bytes.count else { return 0 }
      let end = min(offset + most, bytes.count)
      target.append(contentsOf: bytes[offset..<end])
      return end - offset
    }
  }

  private static func threadSeconds() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Wherever the time of a delivery of several files is used up, also while a row is read again, the delivery has its code: nothing looks like a
  /// failing disk. Who is asked to stop stops there too.
  @Test func processorTimeOfADeliveryHasItsEnd() throws {
    let definitions = try ownDefinitions()
    let feed = try #require(definitions.feeds["hoa-lan"])
    let rulings = FeedRulings(feed, definitions, on: CivilDate(daysSinceEpoch: 20_000))
    // too many patients to be kept: each is read again for its visit
    let long = String(repeating: "x", count: 200_000)
    let patients =
      "ma_bn,ho_ten,ngay_sinh,gioi_tinh,so_cccd\n" + (0..<6).map { "B\($0),\(long),1980-01-02,Nam,\n" }.joined()
    let visits =
      "ma_luot,ma_bn,ngay_vao,ngay_ra,ma_benh,chan_doan,tong_chi\n"
      + (0..<6).map { "L\($0),B\($0 * 5 % 6),2025-03-02T07:45:00+07:00,,,,\n" }.joined()
    let medicines =
      "ma_luot,stt,ma_thuoc,ten_thuoc,don_vi,so_luong,don_gia,ngay_yl\n"
      + (0..<6).map { "L\($0),1,,Mẫu,,1,1,\n" }.joined()
    func seen(_ count: SlowStore.Count, _ allowance: CPUAllowance, endsAfter: Int = .max) throws -> (
      dossiers: Int, refusal: String?
    ) {
      let files = [("benh_nhan", patients), ("luot_kham", visits), ("thuoc", medicines)]
      var tally = FindingTally()
      var dossiers = 0
      let pass = FilePass(
        rulings: rulings, receivedAt: CivilMinute(minutesSinceEpoch: 29_000_000), allowance: allowance,
        mayGoOn: { count.reads < endsAfter })
      let facts = try pass.run(
        tally: &tally, source: .parts(files.map { ($0.0, SlowStore($0.1, count)) })
      ) { _, _, _, _ in
        dossiers += 1
        return true
      }
      return (dossiers, facts.refusal?.code.description)
    }
    let count = SlowStore.Count()
    let start = Self.threadSeconds()
    let whole = try seen(count, CPUAllowance(seconds: 3_600))
    let usual = Self.threadSeconds() - start
    #expect(whole.dossiers == 6 && whole.refusal == nil)
    var allowance = CPUAllowance(seconds: 1, secondsPerTenMegabytes: 0)
    allowance.seconds = usual / 10  // of a release build; a debug build has thirty times as much
    for read in 1..<count.reads {
      let slow = SlowStore.Count()
      (slow.slow, slow.seconds) = (read, usual * 4)
      #expect(try seen(slow, allowance).refusal == "S29", "\(read)")
      #expect(throws: Never.self) { try seen(SlowStore.Count(), CPUAllowance(seconds: 3_600), endsAfter: read) }
    }
  }

  private struct Ending {
    var code: Int32
    var output: [UInt8]
    var processorSeconds: Double
  }

  /// `songhan check` on a file, and what the kernel counted for it.
  private func judged(_ name: String, in folder: String) throws -> Ending {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    let output = folder + "/output"
    unsafe posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT, 0o600)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    // the kernel holds the memory: counting it would count what this process had when it started the other one
    let program = "/bin/sh"
    let arguments = [
      program, "-c", "ulimit -d 262144 && exec \"$@\"", "sh", House.program.path(percentEncoded: false), "check",
      "--json",
      "--definitions", repository, "\(folder)/\(name)",
    ]
    var list = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { unsafe list.forEach { unsafe free($0) } }
    var child: pid_t = 0
    try #require(unsafe posix_spawn(&child, program, &actions, nil, &list, environ) == 0)
    var status: CInt = 0
    var usage = rusage()
    try #require(unsafe wait4(child, &status, 0, &usage) == child)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return Ending(
      code: status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F),
      output: [UInt8](try Data(contentsOf: URL(filePath: output))),
      processorSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime))
  }
}
