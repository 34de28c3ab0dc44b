// swift-tools-version: 6.2
// The rooms of the house, in import order: a target may name only what stands above it.
// `make build` passes `--explicit-target-dependency-import-check error`, so an import that is not declared here does not compile.
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let isFuzzing = Context.environment["SONGHAN_FUZZ"] != nil
let crypto: Target.Dependency =
  isFuzzing ? .target(name: "Crypto") : .product(name: "Crypto", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
  name: "songhan",
  products: [
    .executable(name: "songhan", targets: ["songhan"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // C: module maps, nothing else
    .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CScan"),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

    // ground
    .target(name: "Bytes", swiftSettings: strict),
    .target(name: "Failpoints", swiftSettings: strict),
    .target(name: "Findings", swiftSettings: strict),
    .target(name: "Records", dependencies: ["Bytes", "Findings"], swiftSettings: strict),

    // doors
    .target(name: "ExtractXML", dependencies: ["CLibXML2", "Bytes", "Findings", "Records"], swiftSettings: strict),
    .target(name: "ExtractCSV", dependencies: ["CScan", "Bytes", "Findings", "Records"], swiftSettings: strict),
    .target(name: "Compression", dependencies: ["CZlib", "CZstd", "Bytes"], swiftSettings: strict),
    .target(name: "Postgres", dependencies: ["CLibPQ", "Bytes", "Failpoints"], swiftSettings: strict),
    .target(name: "Files", dependencies: ["CLinux", "Failpoints", crypto], swiftSettings: strict),
    .target(name: "Sealing", dependencies: ["CCrypto", "Files"], swiftSettings: strict),
    .target(name: "Synthesis", dependencies: ["Bytes"], swiftSettings: strict),

    // middle
    .target(name: "CommonSchema", dependencies: ["Bytes"], swiftSettings: strict),
    .target(
      name: "Transform", dependencies: ["Bytes", "Findings", "Records", "CommonSchema", crypto], swiftSettings: strict),

    // ends
    .target(
      name: "Load",
      dependencies: [
        "Bytes", "Failpoints", "Findings", "Records", "Compression", "Files", "Postgres", "Sealing", "CommonSchema",
        "Transform", crypto,
      ],
      swiftSettings: strict),

    .target(
      name: "Outbox",
      dependencies: [
        "Bytes", "Failpoints", "Records", "Compression", "Files", "Postgres", "CommonSchema", "Transform", "Load",
      ],
      swiftSettings: strict),

    // whole
    .target(
      name: "Definitions",
      dependencies: ["Bytes", "Findings", "Records", "ExtractXML", "CommonSchema", "Transform", yams],
      swiftSettings: strict),
    .target(
      name: "Runs",
      dependencies: [
        "Bytes", "Failpoints", "Findings", "Records", "ExtractXML", "ExtractCSV", "Compression", "Files", "Postgres",
        "Sealing", "CommonSchema", "Transform", "Load", "Outbox", "Definitions", logging, crypto, yams,
      ],
      swiftSettings: strict),

    .target(
      name: "Inspection",
      dependencies: [
        "Bytes", "Findings", "Records", "ExtractXML", "ExtractCSV", "Compression", "CommonSchema", "Transform",
        "Definitions",
      ],
      swiftSettings: strict),
    .target(
      name: "SchemaTools",
      dependencies: ["Findings", "Records", "ExtractCSV", "Postgres", "CommonSchema", "Definitions"],
      swiftSettings: strict),

    // tool
    .executableTarget(
      name: "songhan",
      dependencies: [
        "Bytes", "Findings", "Records", "Files", "Postgres", "Synthesis", "Transform", "Definitions", "Inspection",
        "Runs",
        "SchemaTools", argumentParser, logging,
      ],
      swiftSettings: strict),

    // what tests of whole cases share: the folders of Samples/
    .target(
      name: "SampleKit", dependencies: ["Definitions", "Records", "Runs"], path: "Tests/SampleKit",
      swiftSettings: strict),
    .testTarget(
      name: "SampleTests",
      dependencies: [
        "Bytes", "CommonSchema", "Definitions", "ExtractCSV", "Files", "Findings", "Records", "Runs", "SampleKit",
        "Synthesis", "Transform",
      ],
      swiftSettings: strict),
    // whole cases with a private PostgreSQL; runs, and kills, the program itself
    .testTarget(
      name: "DatabaseTests",
      dependencies: [
        "Bytes", "Findings", "Records", "ExtractCSV", "ExtractXML", "Compression", "Files", "Postgres", "CommonSchema",
        "Transform", "Load", "Synthesis",
        "Definitions", "Runs", "SampleKit", "songhan", crypto, logging,
      ],
      swiftSettings: strict),
    // breaking the program on purpose: kills, stopped servers, cut connections, planted faults; `make chaos`
    .target(
      name: "ChaosKit",
      dependencies: [
        "Bytes", "Compression", "CommonSchema", "Files", "Findings", "Load", "Postgres", "Synthesis", "Definitions",
        "Runs",
        "SampleKit", crypto, logging,
      ],
      path: "Tests/ChaosKit", swiftSettings: strict),
    .executableTarget(
      name: "chaos", dependencies: ["ChaosKit", "SampleKit"], path: "Tests/Chaos", swiftSettings: strict),
    .testTarget(
      name: "ChaosTests",
      dependencies: [
        "Files", "Compression", "CommonSchema", "Definitions", "Load", "Postgres", "Runs", "SampleKit", "ChaosKit",
        "songhan", logging,
      ],
      swiftSettings: strict),
    .testTarget(name: "BytesTests", dependencies: ["Bytes"], swiftSettings: strict),
    .testTarget(
      name: "DefinitionsTests", dependencies: ["CommonSchema", "Definitions", "Findings", "Records", "Transform"],
      exclude: ["Fixtures"],
      swiftSettings: strict),
    .testTarget(name: "FilesTests", dependencies: ["Files", "files-probe"], swiftSettings: strict),
    // run, and killed, by FilesTests; no product
    .executableTarget(
      name: "files-probe", dependencies: ["Failpoints", "Files"], path: "Tests/FilesProbe", swiftSettings: strict),
    .testTarget(
      name: "RuleTests",
      dependencies: [
        "Bytes", "Findings", "Records", "ExtractXML", "CommonSchema", "Transform", "Definitions", yams,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "InspectionTests", dependencies: ["Definitions", "Inspection", "Records", "Transform"],
      swiftSettings: strict),
    // what outside programs make of our exports: xmllint, frictionless, PostgreSQL
    .testTarget(
      name: "SchemaToolsTests",
      dependencies: [
        "Bytes", "Findings", "Records", "ExtractXML", "Postgres", "Synthesis", "CommonSchema", "Transform",
        "Definitions", "SchemaTools", "Runs",
      ],
      swiftSettings: strict),
    .testTarget(name: "PostgresTests", dependencies: ["Postgres", "Bytes"], swiftSettings: strict),
    .testTarget(
      name: "RunsTests",
      dependencies: ["Bytes", "Findings", "Transform", "Definitions", "Runs", "Synthesis"], swiftSettings: strict),
    // against a private PostgreSQL
    .testTarget(
      name: "ToolsDatabaseTests",
      dependencies: [
        "Bytes", "Findings", "Postgres", "Definitions", "Inspection", "Runs", "Synthesis", "SampleKit", logging,
      ],
      swiftSettings: strict),
    .testTarget(name: "SealingTests", dependencies: ["Files", "Sealing"], swiftSettings: strict),
    .testTarget(name: "SynthesisTests", dependencies: ["Bytes", "Synthesis"], swiftSettings: strict),
    .testTarget(
      name: "ExtractCSVTests", dependencies: ["Bytes", "Findings", "Records", "ExtractCSV"], swiftSettings: strict),
    .testTarget(
      name: "ExtractXMLTests", dependencies: ["CLibXML2", "Bytes", "Findings", "Records", "ExtractXML"],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)

let fuzzed: [Target.Dependency] = [
  "Bytes", "Findings", "Records", "ExtractXML", "ExtractCSV", "Compression", "CommonSchema", "Transform", "Definitions",
]
if isFuzzing {
  // the fuzz targets (`make fuzz`): built with the sanitizers, and with one small target in the place of swift-crypto
  package.targets += [
    .target(name: "Crypto", path: "Fuzz/Crypto", swiftSettings: strict),
    .executableTarget(
      name: "fuzz", dependencies: fuzzed, path: "Fuzz/Targets",
      swiftSettings: [.unsafeFlags(["-parse-as-library"])]),
  ]
} else {
  package.dependencies.append(.package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"))
  package.targets.append(
    .testTarget(
      name: "FuzzTests", dependencies: fuzzed, path: "Fuzz",
      exclude: ["Crypto", "Corpus", "Dictionaries", "run", "seeds.py"],
      sources: ["Targets", "Replay"]))
}
