import ArgumentParser
import Bytes
import Foundation
import Runs
import Synthesis

struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Writes made-up, internally consistent QĐ 3176 envelopes, with planted, listed faults.",
    discussion: """
      The same seed gives the same bytes on every machine. The list of what was
      written and of every planted fault goes to planted.json. Nothing in them is a
      real person.

      Example:
        songhan sample --facility 48001 --visits 2000 --seed 7 --output inbox/48001

      \(ExitCodes.help)
      """)

  @Option(help: "Facility code: five characters.") var facility: String
  @Option(help: "Visits in each file.") var visits: Int
  @Option(help: "Files.") var files = 1
  @Option(help: "Share of visits with one planted fault, 0 to 1.") var faults = 0.0
  @Option(help: "Seed of the generator.") var seed: UInt64 = 1
  @Option(help: ArgumentHelp("Folder for the files.", valueName: "dir")) var output = "."
  @Option(help: ArgumentHelp("File for the list of planted faults; planted.json when left out.", valueName: "file"))
  var manifest: String?
  @Option(help: "Last day of care, yyyy-mm-dd.") var until = "2025-12-31"
  @Option(help: "Months of care before it.") var months = 3
  @Option(help: "Shape of the envelope: \(EnvelopeShape.named.map(\.name).joined(separator: ", ")).") var shape =
    "standard"
  @Flag(name: .long, help: "Print the list as JSON instead of a summary.") var json = false

  func validate() throws {
    if facility.utf8.count != 5 { throw ValidationError("--facility has five characters") }
    if visits < 0 || files < 1 { throw ValidationError("--visits is 0 or more, --files 1 or more") }
    if !(0...1).contains(faults) { throw ValidationError("--faults is 0 to 1") }
    if !(1...120).contains(months) { throw ValidationError("--months is 1 to 120") }
    if !EnvelopeShape.named.contains(where: { $0.name == shape }) {
      throw ValidationError("there is no shape «\(shape)»")
    }
  }

  func run() throws {
    let digits = Array(until.utf8.filter { $0 != UInt8(ascii: "-") })
    guard let day = CivilDate(compact: digits.span) else { throw ValidationError("--until is a date yyyy-mm-dd") }
    let shape = EnvelopeShape.named.first { $0.name == self.shape }?.shape ?? .standard
    let generator = SampleGenerator(
      facility: facility, seed: seed, until: day, months: months, faults: faults, shape: shape)
    try? FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
    var tally = FileTally()
    for number in 1...files {
      let path = "\(output)/\(facility)-\(seed)-\(number).xml"
      let partial = path + ".part"
      guard FileManager.default.createFile(atPath: partial, contents: nil),
        let handle = FileHandle(forWritingAtPath: partial)
      else {
        throw Trouble("the folder \(output) cannot be written to", 74)
      }
      do {
        let written = try generator.write(file: number, visits: visits) { (bytes: Span<UInt8>) throws(SampleFailure) in
          do {
            try unsafe bytes.withUnsafeBytes { try unsafe handle.write(contentsOf: Data($0)) }
          } catch {
            throw SampleFailure()
          }
        }
        tally.add(written)
        try handle.close()
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: partial, toPath: path)
      } catch {
        throw Trouble("a file could not be written", 74)
      }
    }
    let list = tally.json(facility: facility, seed: seed, files: files)
    let place = manifest ?? "planted.json"
    if faults > 0 || manifest != nil {
      guard FileManager.default.createFile(atPath: place, contents: Data(list.utf8)) else {
        throw Trouble("the list of planted faults could not be written", 74)
      }
    }
    if json { return Output.print(list) }
    Output.print("written:  \(files) files × \(visits) visits of \(facility) in \(output)/")
    if faults > 0 || manifest != nil { Output.print("planted:  \(tally.planted.count) faults, listed in \(place)") }
    Output.print("next:     songhan run --assume-settled")
  }
}

private struct SampleFailure: Error {}
