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
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
  name: "songhan",
  products: [
    .executable(name: "songhan", targets: ["songhan"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // C: module maps, nothing else
    .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

    // ground
    .target(name: "Bytes", swiftSettings: strict),
    .target(name: "Findings", swiftSettings: strict),
    .target(name: "Records", dependencies: ["Bytes", "Findings"], swiftSettings: strict),

    // doors
    .target(name: "ExtractXML", dependencies: ["CLibXML2", "Bytes", "Findings", "Records"], swiftSettings: strict),
    .target(name: "ExtractCSV", dependencies: ["Bytes", "Findings", "Records"], swiftSettings: strict),
    .target(name: "Compression", dependencies: ["CZlib", "CZstd", "Bytes"], swiftSettings: strict),
    .target(name: "Postgres", dependencies: ["CLibPQ", "Bytes"], swiftSettings: strict),
    .target(name: "Files", dependencies: ["CLinux", crypto], swiftSettings: strict),
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
        "Bytes", "Findings", "Records", "Compression", "Files", "Postgres", "Sealing", "CommonSchema", "Transform",
        crypto,
      ],
      swiftSettings: strict),

    .target(
      name: "Outbox",
      dependencies: ["Bytes", "Records", "Compression", "Files", "Postgres", "CommonSchema", "Transform", "Load"],
      swiftSettings: strict),

    // whole
    .target(
      name: "Definitions", dependencies: ["Bytes", "Findings", "Records", "CommonSchema", "Transform", yams],
      swiftSettings: strict),
    .target(
      name: "Runs",
      dependencies: [
        "Bytes", "Findings", "Records", "ExtractXML", "ExtractCSV", "Compression", "Files", "Postgres", "Sealing",
        "CommonSchema", "Transform", "Load", "Outbox", "Definitions", logging, crypto, yams,
      ],
      swiftSettings: strict),

    // tool
    .executableTarget(
      name: "songhan",
      dependencies: ["Bytes", "Findings", "Files", "Synthesis", "Definitions", "Runs", argumentParser, logging],
      swiftSettings: strict),

    // what tests of whole cases share: the folders of Samples/
    .target(
      name: "SampleKit", dependencies: ["Definitions", "Runs"], path: "Tests/SampleKit", swiftSettings: strict),
    .testTarget(
      name: "SampleTests",
      dependencies: ["CommonSchema", "Definitions", "Findings", "Records", "Runs", "SampleKit", "Transform"],
      swiftSettings: strict),
    // whole cases with a private PostgreSQL; runs, and kills, the program itself
    .testTarget(
      name: "DatabaseTests",
      dependencies: [
        "Bytes", "Findings", "Records", "ExtractXML", "Compression", "Files", "Postgres", "CommonSchema", "Transform",
        "Load", "Synthesis",
        "Definitions", "Runs", "SampleKit", "songhan", crypto, logging,
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
      name: "files-probe", dependencies: ["Files"], path: "Tests/FilesProbe", swiftSettings: strict),
    .testTarget(
      name: "RuleTests",
      dependencies: [
        "Bytes", "Findings", "Records", "ExtractXML", "CommonSchema", "Transform", "Definitions", yams,
      ],
      swiftSettings: strict),
    .testTarget(name: "PostgresTests", dependencies: ["Postgres", "Bytes"], swiftSettings: strict),
    .testTarget(
      name: "RunsTests",
      dependencies: ["Bytes", "Findings", "Transform", "Definitions", "Runs", "Synthesis"], swiftSettings: strict),
    // against a private PostgreSQL
    .testTarget(
      name: "ToolsDatabaseTests",
      dependencies: ["Bytes", "Findings", "Postgres", "Definitions", "Runs", "Synthesis", logging],
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
