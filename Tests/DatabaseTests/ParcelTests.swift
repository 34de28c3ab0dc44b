import CommonSchema
import Files
import Foundation
import Runs
import SampleKit
import Testing

extension DatabaseTests {
  /// What leaves the house: sealed, reproducible, and nothing that nobody asked for.
  @Suite struct ParcelTests {
    static let destinations = "destinations: { lake: { format: common-ndjson }, ministry: { format: source } }"
    static let names = [
      "several-dossiers", "broken-inner-document", "resent-with-changed-price", "base64-lines-76", "utf8-bom",
    ]

    struct Manifest: Decodable {
      struct File: Decodable {
        var id: Int64
        var sha256: String
      }
      struct Period: Decodable {
        var from: String
        var to: String
      }
      var batch: Int
      var destination: String
      var dossiers: Int
      var facility: String
      var file: File
      var format: String
      var period: Period
      var sha256: String
      var sizeInBytes: Int
    }

    func load(_ house: House) throws {
      for name in Self.names { try house.drop(try SampleFolder.named(name).renamed(name)) }
      try house.run()
    }

    @Test func parcelsHoldTheAcceptedDossiersAndTheirBytesAreReproducible() throws {
      var first: [String: [UInt8]] = [:]
      try House.open(Self.destinations) { house in
        try load(house)
        for name in house.files("outbox") { first[name] = try house.content("outbox/\(name)") }
        let accepted = try house.number("SELECT sum(dossiers_accepted) FROM intake.file")
        let check = Check(definitions: try ownDefinitions(), registry: sampleRegistry)
        var dossiersSent = 0
        for name in first.keys.sorted() where name.hasSuffix(".json") {
          let manifest = try JSONDecoder().decode(Manifest.self, from: Data(try house.content("outbox/\(name)")))
          let isSource = manifest.format == "source"
          let parcel = String(name.dropLast(5)) + (isSource ? ".xml.gz" : ".ndjson.gz")
          let content = try #require(first[parcel])
          #expect(ContentHash(of: content).hex == manifest.sha256 && parcel.contains(manifest.sha256))
          #expect(content.count == manifest.sizeInBytes && manifest.facility == "48001")
          #expect(name.hasPrefix(manifest.destination + "/"))
          let line = try #require(
            try house.rows(
              "SELECT encode(content_sha256, 'hex'), dossiers_accepted FROM intake.file WHERE file_id = \(manifest.file.id)"
            ).first)
          #expect(line == [manifest.file.sha256, "\(manifest.dossiers)"])
          let plain = try expandGzip(content)
          if isSource {
            dossiersSent += manifest.dossiers
            // the receiver's check accepts it, with the same dossiers, byte for byte
            try Data(plain).write(to: URL(filePath: house.path("parcel.xml")))
            let report = try check.judge(path: house.path("parcel.xml"), feed: "qd3176", facility: "48001")
            #expect(report.state == .valid && report.dossiers.accepted == manifest.dossiers)
            #expect(report.findings.isEmpty, "\(report.findings)")
            for dossier in dossiers(of: plain) {
              let isDelivered = try Self.names.contains { folder in
                try SampleFolder.named(folder).deliveries.contains { delivery in
                  dossiers(of: [UInt8](try Data(contentsOf: URL(filePath: delivery.paths[0])))).contains(dossier)
                }
              }
              #expect(isDelivered)
            }
          } else {
            let lines = plain.split(separator: UInt8(ascii: "\n"))
            var rows: [String: Int] = [:]
            for line in lines {
              let object = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
              rows[try #require(object["entity"] as? String), default: 0] += 1
            }
            let report = try house.rows("SELECT rows::text FROM intake.file WHERE file_id = \(manifest.file.id)")[0][0]
            #expect(try JSONDecoder().decode([String: Int].self, from: Data((report ?? "").utf8)) == rows)
          }
        }
        #expect(dossiersSent == accepted)
        #expect(try house.number("SELECT count(*) FROM outbox.parcel WHERE state <> 'materialised'") == 0)
      }
      // the same deliveries in another house make the same parcels
      try House.open(Self.destinations) { house in
        try load(house)
        for name in house.files("outbox") where name.hasSuffix(".gz") {
          #expect(try house.content("outbox/\(name)") == first[name], "\(name)")
        }
        #expect(
          house.files("outbox").filter { $0.hasSuffix(".gz") } == first.keys.filter { $0.hasSuffix(".gz") }.sorted())
      }
    }

    @Test func nothingLeavesWhileNoDestinationIsConfigured() throws {
      try House.open { house in
        try load(house)
        #expect(house.files("outbox").isEmpty)
        #expect(try house.number("SELECT count(*) FROM outbox.parcel") == 0)
      }
    }
  }
}
