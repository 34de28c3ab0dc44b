import Bytes
import CommonSchema
import Definitions
import ExtractXML
import Findings
import Foundation
import Records
import Transform

/// The definitions of the repository: SONGHAN_DEFINITIONS, else the working folder.
let definitions: Definitions = {
  let folder = ProcessInfo.processInfo.environment["SONGHAN_DEFINITIONS"] ?? FileManager.default.currentDirectoryPath
  do {
    return try Definitions.load(folder)
  } catch {
    print("\(error)")
    exit(78)
  }
}()

private let feed: Feed = {
  guard let feed = definitions.feeds["qd3176"] else { exit(78) }
  return feed
}()
private let schemas = definitions.readerSchemas(of: feed)

/// What a reading of a file comes to.
private struct Seen: Equatable {
  var dossiers: [[Int]] = []
  var cells: [[UInt8]] = []
  var refusal: String?
  var refusedAt: Int64?
  var notes: [String] = []
}

private func read(_ file: [UInt8], piece: Int) throws -> Seen {
  let reader = EnvelopeReader(schemas: schemas, source: source(file, piece: piece))
  let dossier = Dossier()
  var seen = Seen()
  let isPlain = { reader.facts.encoding == "UTF-8" }
  while try reader.next(into: dossier) {
    seen.dossiers.append([
      dossier.number, dossier.byteOffset, dossier.sizeInBytes, dossier.schema, dossier.parts.count,
      dossier.findings.count,
    ])
    for table in dossier.tables {
      must(table.cells.count == table.rowCount * table.columnCount, "a row has as many cells as its table has columns")
      for cell in table.cells where !cell.isMissing {
        must(cell.range.upperBound <= dossier.text.count, "a cell stands in the text")
        seen.cells.append(Array(dossier.text[cell.range]))
      }
    }
    if isPlain(), reader.facts.form != .bare {
      let end = dossier.byteOffset + dossier.sizeInBytes
      must(dossier.byteOffset >= 0 && end <= file.count, "a dossier stands in the file")
      var archive = OutputBuffer()
      SourceArchive.begin(&archive)
      SourceArchive.append(dossier, to: &archive)
      let restored = try SourceArchive.entries(archive.bytes).first?.bytes
      must(restored == Array(file[dossier.byteOffset..<end]), "the delivered bytes can be restored")
    }
    if seen.dossiers.count > 2_000 { break }
  }
  seen.refusal = reader.facts.refusal?.code.description
  seen.refusedAt = reader.facts.refusal?.byteOffset
  seen.notes = reader.facts.findings.map(\.code.description)
  return seen
}

/// A file: whatever pieces it comes in, the same is read.
@Sendable func fuzzEnvelope(_ input: [UInt8]) throws {
  var choices = Choices(input)
  let piece = [1, 2, 3, 7, 64, 511, 4096, 65_536][choices.number(below: 8)]
  let file = choices.bytes
  let whole = try read(file, piece: .max)
  if piece == 1, file.count > 4096 { return }
  let pieces = try read(file, piece: piece)
  must(whole.dossiers == pieces.dossiers, "dossiers do not depend on the pieces")
  must(whole.cells == pieces.cells, "cells do not depend on the pieces")
  must(whole.refusal == pieces.refusal, "a refusal does not depend on the pieces")
  must(whole.notes == pieces.notes, "notes do not depend on the pieces")
}

private let shapes: [TableShape] = schemas[0].tables.enumerated().map { number, table in
  TableShape(table, number: number, rootIsRow: false)
}

private struct Outcome: Equatable {
  var fault: DocumentFault?
  var hadControls = false
  var strays = 0
  var rowCount = 0
  var cells: [[UInt8]?] = []
  var extras: [[UInt8]] = []
  var repeated: [Int] = []
}

private func read(_ document: [UInt8], as shape: TableShape, with reader: DocumentReader) throws -> Outcome {
  let dossier = Dossier()
  dossier.use(schemas[0], number: 0)
  dossier.text = Array("before".utf8) + document + Array("</behind>".utf8)
  guard let range = try reader.plain(6..<6 + document.count, of: dossier) else { return Outcome(fault: .wrongRoot) }
  let outcome = try reader.read(range, of: dossier, as: shape)
  let table = dossier.tables[shape.number]
  func bytes(_ cell: TableRecords.Cell) -> [UInt8] { Array(dossier.text[cell.range]) }
  return Outcome(
    fault: outcome.fault, hadControls: outcome.hadControls, strays: outcome.strays, rowCount: table.rowCount,
    cells: table.cells.map { $0.isMissing ? nil : bytes($0) },
    extras: table.extras.map { Array("\($0.row) \($0.name) ".utf8) + bytes($0.cell) },
    repeated: table.repeated.flatMap { [$0.row, $0.column] })
}

/// An inner document: our own reader says what libxml2 says.
@Sendable func fuzzDocument(_ input: [UInt8]) throws {
  var choices = Choices(input)
  let shape = shapes[choices.number(below: shapes.count)]
  let document = choices.bytes
  let ours = try read(document, as: shape, with: DocumentReader())
  let library = try read(document, as: shape, with: DocumentReader(usesLibraryOnly: true))
  must(ours == library, "our reader says what libxml2 says")
}

private let rulings = Rulings(
  schemas: schemas, codes: definitions.codes,
  policy: definitions.policy(of: feed, on: CivilDate(daysSinceEpoch: 20_000)))
private let mappers: [Mapper] = (try? definitions.mappers(of: feed)) ?? []

/// Inner documents of one visit, checked, judged and mapped: rows come out whole, and can be read back.
@Sendable func fuzzTransform(_ input: [UInt8]) throws {
  // the input is documents one behind the other, each begun by the number of its table
  var file = Array(
    "<GIAMDINHHS><THONGTINDONVI><MACSKCB>48001</MACSKCB></THONGTINDONVI><THONGTINHOSO><SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO>"
      .utf8)
  for part in input.split(separator: 0, maxSplits: 15, omittingEmptySubsequences: true) {
    guard let first = part.first else { continue }
    var text = OutputBuffer()
    Base64.encode(Array(part.dropFirst()).span, onto: &text)
    file += Array("<FILEHOSO><LOAIHOSO>XML\(first % 16)</LOAIHOSO><NOIDUNGFILE>".utf8) + text.bytes
    file += Array("</NOIDUNGFILE></FILEHOSO>".utf8)
  }
  file += Array("</HOSO></DANHSACHHOSO></THONGTINHOSO></GIAMDINHHS>".utf8)
  let reader = EnvelopeReader(schemas: schemas, source: source(file, piece: .max))
  var judge = Judge(rulings: rulings, receivedAt: CivilMinute(minutesSinceEpoch: 29_000_000)) {
    reader.facts.facility.map { Array($0.utf8) }
  }
  let dossier = Dossier()
  while try reader.next(into: dossier) {
    let verdict = judge.judge(dossier)
    must(
      verdict.outcome != .accepted || (!verdict.key.isEmpty && verdict.careMonth != nil), "what is accepted has a place"
    )
    var batch = RowBatch(schema: definitions.common)
    var counts = [Int](repeating: 0, count: definitions.common.entities.count)
    // also what is rejected: a rule may be switched off
    mappers[dossier.schema].map(
      dossier,
      Mapper.Identity(
        encounterKey: verdict.key, careMonth: verdict.careMonth ?? CivilDate(daysSinceEpoch: 0),
        facilityCode: Array("48001".utf8), fileID: 1, dossierNumber: 1), into: &batch, counts: &counts)
    batch.endDossier(0)
    for (entity, rows) in zip(definitions.common.entities, batch.entities) {
      var lines = OutputBuffer()
      RowDecoder(entity).appendLines(of: rows.buffer.bytes.span, to: &lines)
      must(
        lines.bytes.lazy.filter { $0 == UInt8(ascii: "\n") }.count == rows.segments.reduce(0) { $0 + $1.rows },
        "every row can be read back")
    }
  }
}

private let rowSchema = SourceSchema(
  name: "rows",
  tables: [
    SourceTable(
      name: "VISIT", root: nil, list: nil, row: "Visit", hasManyRows: false,
      columns: ["KEY", "NAME", "SITE", "NOTE"].map { SourceColumn(name: $0, logical: .string) }),
    SourceTable(
      name: "ITEM", root: nil, list: nil, row: "Item", hasManyRows: true,
      columns: ["CODE", "PRICE", "KEY"].map { SourceColumn(name: $0, logical: .string) }),
  ])

private let rowLayouts: [XMLRowLayout] = {
  typealias Column = XMLRowLayout.Column
  var qualified = XMLRowLayout(
    dossier: "/e:Export/e:Visit",
    tables: [
      XMLRowLayout.Table(
        table: "VISIT", path: ".",
        columns: [
          Column(name: "KEY", path: "@id"), Column(name: "NAME", path: "e:Name"), Column(name: "NOTE", path: "."),
        ])
    ])
  qualified.namespaces = ["e": "urn:e"]
  return [
    XMLRowLayout(
      dossier: "/Export/Visits/Visit",
      tables: [
        XMLRowLayout.Table(
          table: "VISIT", path: ".",
          columns: [
            Column(name: "KEY", path: "Key"), Column(name: "NAME", path: "Person/Name"),
            Column(name: "SITE", path: "../../@site"), Column(name: "NOTE", path: "Note", join: ";"),
          ]),
        XMLRowLayout.Table(
          table: "ITEM", path: "Items/Item",
          columns: [
            Column(name: "CODE", path: "@code"), Column(name: "PRICE", path: "Price", absent: "0"),
            Column(name: "KEY", path: "../../Key"),
          ]),
      ]), qualified,
  ]
}()

private func readRows(_ file: [UInt8], _ layout: XMLRowLayout, piece: Int) throws -> Seen {
  let reader = XMLRowsReader(layout: layout, schema: rowSchema, source: source(file, piece: piece))
  let dossier = Dossier()
  var seen = Seen()
  while try reader.next(into: dossier) {
    seen.dossiers.append([dossier.number, dossier.byteOffset, dossier.sizeInBytes, dossier.findings.count])
    for table in dossier.tables {
      must(table.cells.count == table.rowCount * table.columnCount, "a row has as many cells as its table has columns")
      for cell in table.cells where !cell.isMissing {
        must(cell.range.upperBound <= dossier.text.count, "a cell stands in the text")
        seen.cells.append(Array(dossier.text[cell.range]))
      }
    }
    if seen.dossiers.count > 2_000 { break }
  }
  seen.refusal = reader.facts.refusal?.code.description
  seen.notes = reader.facts.findings.map(\.code.description)
  return seen
}

/// Rows cut out of any XML: whatever pieces it comes in, the same is read.
@Sendable func fuzzXMLRows(_ input: [UInt8]) throws {
  var choices = Choices(input)
  let piece = [1, 2, 3, 7, 64, 511, 4096, 65_536][choices.number(below: 8)]
  let layout = rowLayouts[choices.number(below: rowLayouts.count)]
  let file = choices.bytes
  let whole = try readRows(file, layout, piece: .max)
  if piece == 1, file.count > 4096 { return }
  let pieces = try readRows(file, layout, piece: piece)
  must(whole.dossiers == pieces.dossiers, "dossiers do not depend on the pieces")
  must(whole.cells == pieces.cells, "cells do not depend on the pieces")
  must(whole.refusal == pieces.refusal && whole.notes == pieces.notes, "a verdict does not depend on the pieces")
}
