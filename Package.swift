// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target is built with the same strictness; a warning is an error.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "rollcall",
  products: [
    .executable(name: "rollcall", targets: ["RollcallCommand"]),
    .executable(name: "rollcall-bench", targets: ["RollcallBench"]),
    .executable(name: "rollcall-dashboard", targets: ["RollcallDashboard"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    // For the dashboard alone: `make build` and `make demo` compile none of these.
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
  ],
  targets: [
    .systemLibrary(
      name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(
      name: "CLDAP", pkgConfig: "ldap", providers: [.apt(["libldap2-dev"])]),
    // Without `pkgConfig`: its flags for the linker are not allowed here, and nothing of them is needed.
    .systemLibrary(name: "CKerberos", providers: [.apt(["libkrb5-dev"])]),
    .systemLibrary(
      name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .target(name: "YAML", dependencies: ["CYAML"], swiftSettings: strict),
    .target(
      name: "Reactor",
      dependencies: [.product(name: "HeapModule", package: "swift-collections")],
      swiftSettings: strict),
    .target(
      name: "Postgres",
      dependencies: ["CPostgres", "Reactor", "PlainText", .product(name: "DequeModule", package: "swift-collections")],
      swiftSettings: strict),
    .target(name: "PlainText", swiftSettings: strict),
    .target(name: "LDAPModel", dependencies: ["PlainText"], swiftSettings: strict),
    .target(
      name: "LDAP", dependencies: ["CLDAP", "CKerberos", "LDAPModel", "Reactor", "PlainText"], swiftSettings: strict),
    .target(
      name: "RollcallCore",
      dependencies: [
        "LDAPModel", "PlainText",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "OrderedCollections", package: "swift-collections"),
      ],
      swiftSettings: strict),
    .target(
      name: "RollcallConfiguration",
      dependencies: ["RollcallCore", "LDAPModel", "LDAP", "Postgres", "PlainText", "YAML"],
      swiftSettings: strict),
    .target(
      name: "RollcallLedger",
      dependencies: [
        "RollcallCore", "LDAPModel", "LDAP", "Postgres", "Reactor", "PlainText",
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      resources: ["install", "grants", "uninstall", "example"].map { .embedInCode("SQL/\($0).sql") },
      swiftSettings: strict),
    .target(
      name: "RollcallEngine",
      dependencies: [
        "RollcallConfiguration", "RollcallLedger", "RollcallCore", "LDAPModel", "LDAP", "Postgres", "Reactor",
        "PlainText",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      swiftSettings: strict),
    .target(
      name: "RollcallAdministration",
      dependencies: [
        "RollcallEngine", "RollcallConfiguration", "RollcallLedger", "RollcallCore", "LDAPModel", "LDAP", "Postgres",
        "Reactor", "PlainText",
      ],
      swiftSettings: strict),
    .target(
      name: "Sandbox",
      dependencies: [
        "LDAPModel",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .target(
      name: "ThrowawaySite",
      dependencies: ["RollcallAdministration", "RollcallConfiguration", "RollcallLedger", "Reactor", "Sandbox"],
      swiftSettings: strict),
    // The pages of the dashboard, from what they show to HTML: no I/O, and no other library.
    .target(
      name: "RollcallPages",
      dependencies: ["PlainText"],
      resources: [.embedInCode("Assets/style.css"), .embedInCode("Assets/script.js")],
      swiftSettings: strict),
    .executableTarget(
      name: "RollcallCommand",
      dependencies: [
        "RollcallAdministration", "RollcallEngine", "RollcallConfiguration", "RollcallLedger", "RollcallCore",
        "LDAPModel", "LDAP", "Postgres", "Reactor", "Sandbox", "ThrowawaySite", "PlainText",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    // The web server's threads are NIO's; libpq stays on the reactor's.
    .executableTarget(
      name: "RollcallDashboard",
      dependencies: [
        "RollcallPages", "RollcallAdministration", "RollcallConfiguration", "RollcallLedger", "RollcallCore",
        "LDAPModel", "Postgres", "Reactor",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "RollcallBench",
      dependencies: [
        "RollcallAdministration", "RollcallEngine", "RollcallConfiguration", "RollcallLedger", "RollcallCore",
        "LDAPModel", "LDAP", "Postgres", "Reactor", "Sandbox", "ThrowawaySite", "CPostgres", "CLDAP",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      swiftSettings: strict),
    .testTarget(name: "ReactorTests", dependencies: ["Reactor", "Sandbox"], swiftSettings: strict),
    .testTarget(
      name: "PostgresTests", dependencies: ["Postgres", "Reactor", "Sandbox"], swiftSettings: strict),
    .testTarget(
      name: "SQLTests", dependencies: ["Postgres", "Reactor", "Sandbox", "PageBlocks"], swiftSettings: strict),
    .testTarget(name: "YAMLTests", dependencies: ["YAML"], swiftSettings: strict),
    .testTarget(name: "PlainTextTests", dependencies: ["PlainText"], swiftSettings: strict),
    .testTarget(name: "LDAPModelTests", dependencies: ["LDAPModel"], swiftSettings: strict),
    .testTarget(
      name: "LDAPTests", dependencies: ["LDAP", "LDAPModel", "Reactor", "Sandbox"], swiftSettings: strict),
    .testTarget(
      name: "RollcallCoreTests", dependencies: ["RollcallCore", "LDAPModel"], swiftSettings: strict),
    .testTarget(
      name: "RollcallEngineTests",
      dependencies: [
        "RollcallAdministration", "RollcallEngine", "RollcallConfiguration", "RollcallLedger", "RollcallCore",
        "LDAPModel", "Postgres", "YAML", "PageBlocks", "Reactor", "Sandbox",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .testTarget(name: "RollcallPagesTests", dependencies: ["RollcallPages"], swiftSettings: strict),
    .testTarget(name: "SandboxTests", dependencies: ["Sandbox"], swiftSettings: strict),
    // What the pages of the documentation show, for the tests that run it.
    .target(name: "PageBlocks", path: "Tests/PageBlocks", swiftSettings: strict),
    .testTarget(name: "DocumentationTests", dependencies: ["PageBlocks"], swiftSettings: strict),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        // Not imported: the tests run what is built of it.
        "RollcallCommand", "RollcallDashboard", "LDAPModel", "Sandbox", "PageBlocks",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ConformanceTests",
      dependencies: [
        "PageBlocks", .product(name: "Logging", package: "swift-log"),
        "RollcallAdministration", "RollcallEngine", "RollcallConfiguration", "RollcallLedger", "RollcallCore",
        "Sandbox", "Postgres", "LDAP", "LDAPModel", "Reactor",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "SystemTests",
      dependencies: [
        .product(name: "Logging", package: "swift-log"),
        "RollcallAdministration", "RollcallEngine", "RollcallConfiguration", "RollcallLedger", "RollcallCore",
        "Sandbox", "Postgres", "LDAP", "LDAPModel", "Reactor",
      ],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
