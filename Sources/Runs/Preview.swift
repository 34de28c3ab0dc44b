internal import Bytes
internal import CommonSchema
package import Definitions
package import Findings
internal import Records
internal import Transform

/// The first dossiers of a delivery as rows of the common schema: what a run would load, with the findings, and nothing written.
package struct Preview: Sendable {
  /// Rows of one entity, each as one line of JSON. Values of patients.
  package struct Rows: Sendable {
    package var entity: String
    package var lines: [String]
  }

  package var dossiers = FileReport.Dossiers()
  package var rows: [Rows] = []
  package var details: [FileReport.Detail] = []
  package var refusal: FindingCode?

  /// - Parameters:
  ///   - paths: the files of one delivery.
  ///   - most: so many dossiers.
  package init(
    _ paths: [String], feed: Feed, _ definitions: Definitions, most: Int, language: Language
  ) throws(CheckFailure) {
    let opened = try CheckedDelivery(paths, feed)
    if let flaw = opened.flaw {
      refusal = flaw
      return
    }
    let mappers: [Mapper]
    do throws(DefinitionFaults) { mappers = try definitions.mappers(of: feed) } catch {
      throw .notReady(error.description)
    }
    let now = Clock.now()
    let pass = FilePass(
      rulings: FeedRulings(feed, definitions, on: now.day, surrogateKey: Definitions.caseKey), receivedAt: now)
    var tally = FindingTally()
    var batch = RowBatch(schema: definitions.common)
    var counts = [Int](repeating: 0, count: definitions.common.entities.count)
    var dossiers = FileReport.Dossiers()
    do {
      let facts = try pass.run(tally: &tally, source: opened.source) { dossier, verdict, _, _ in
        dossiers.seen += 1
        switch verdict.outcome {
        case .rejected: dossiers.rejected += 1
        case .repeated: dossiers.duplicate += 1
        case .accepted:
          dossiers.accepted += 1
          let identity = Mapper.Identity(
            encounterKey: verdict.key, careMonth: verdict.careMonth ?? CivilDate(daysSinceEpoch: 0),
            facilityCode: verdict.facility, fileID: 0, dossierNumber: Int32(truncatingIfNeeded: dossier.number))
          mappers[dossier.schema].map(dossier, identity, into: &batch, counts: &counts)
          batch.endDossier(dossier.number)
        }
        return dossiers.seen < most
      }
      // a file that was not read to its end cannot be said to end too early
      refusal = dossiers.seen < most ? facts.refusal?.code : nil
    } catch ReaderFailure.input(let number) {
      throw .unreadable(number)
    } catch {
      throw .notReady("the file could not be read")
    }
    self.dossiers = dossiers
    details = tally.details(definitions.catalogue, language)
    for (number, entity) in definitions.common.entities.enumerated() where counts[number] > 0 {
      var output = OutputBuffer()
      let rows = batch.entities[number]
      for segment in rows.segments {
        RowDecoder(entity).appendLines(of: rows.buffer.bytes.span.extracting(segment.bytes), to: &output)
      }
      let lines = output.bytes.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
      self.rows.append(Rows(entity: entity.name, lines: lines))
    }
  }

  /// One JSON object.
  package var json: String {
    let entities = rows.map { "\"\($0.entity)\":[\($0.lines.joined(separator: ","))]" }
    let refusal = refusal.map { "\"\($0)\"" } ?? "null"
    return
      "{\"dossiers\":\(dossiers.json(pretty: false)),\"refusal\":\(refusal),\"rows\":{\(entities.joined(separator: ","))},\"details\":\(details.json(pretty: false))}"
  }
}
