import Foundation

/// A page of the documentation: the README, or one of the catalogue.
public struct Page: Sendable {
  /// Relative to the package's folder.
  public let path: String
  public let text: String

  /// The package's folder.
  public static let root = String(#filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 })

  public static let catalogue = "Sources/RollcallEngine/Documentation.docc"

  /// - Parameter path: relative to the package's folder.
  public init(_ path: String) throws {
    self.path = path
    text = try String(contentsOfFile: Page.root + "/" + path, encoding: .utf8)
  }

  /// A page of the catalogue by its name, without its ending.
  public static func named(_ name: String) throws -> Page { try Page("\(catalogue)/\(name).md") }

  /// The README and the catalogue, in the order of their paths.
  public static func all() throws -> [Page] {
    let names = try FileManager.default.contentsOfDirectory(atPath: root + "/" + catalogue)
    return try (["README.md"] + names.filter { $0.hasSuffix(".md") }.sorted().map { "\(catalogue)/\($0)" })
      .map { try Page($0) }
  }

  /// The page's fenced blocks, in their order.
  public var blocks: [Block] {
    var blocks: [Block] = []
    var section = ""
    var open: Block?
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if var block = open {
        if line == "```" {
          blocks.append(block)
          open = nil
        } else {
          block.text += line + "\n"
          open = block
        }
      } else if line.hasPrefix("```") {
        let words = line.dropFirst(3).split(separator: " ").map(String.init)
        open = Block(
          page: path, line: index + 1, section: section, language: words.first ?? "",
          set: words.dropFirst().first.flatMap { BlockSet(rawValue: $0) },
          mark: words.dropFirst().joined(separator: " "))
      } else if line.hasPrefix("## ") {
        section = String(line.dropFirst(3))
      }
    }
    return blocks
  }

  /// The rows of the tables whose first column holds one word in backquotes: that word, and the other columns.
  public var rows: [(name: String, columns: [String])] {
    text.split(separator: "\n").compactMap { line in
      guard line.hasPrefix("| `") else { return nil }
      let columns = line.replacing("\\|", with: "\u{1}").split(separator: "|", omittingEmptySubsequences: false)
        .dropFirst().dropLast().map {
          $0.replacing("\u{1}", with: "|").trimmingCharacters(in: .whitespaces)
        }
      let name = columns[0].dropFirst().prefix { $0 != "`" }
      guard columns[0] == "`\(name)`" else { return nil }
      return (String(name), Array(columns.dropFirst()))
    }
  }

  /// The blocks of a set on all pages.
  public static func blocks(of set: BlockSet) throws -> [Block] {
    try all().flatMap(\.blocks).filter { $0.set == set }
  }
}

/// A fenced block: "```yaml run" and what follows it.
public struct Block: Sendable {
  public let page: String
  /// Of the fence that begins it.
  public let line: Int
  /// The heading of the second level that it stands under.
  public let section: String
  /// `yaml`, `sql`, `sh`, `ldif`, `text` …
  public let language: String
  /// Who runs it; nil where nobody does.
  public let set: BlockSet?
  /// What stands behind the language.
  public let mark: String
  public internal(set) var text = ""

  public var place: String { "\(page):\(line)" }
}

/// Who runs a block. Each set belongs to a test, which asks for it with `Page.blocks(of:)`.
public enum BlockSet: String, CaseIterable, Sendable {
  /// Section by section on a database and a directory of their own: `RunnablePagesTests`.
  case run
  /// The README's section "Setting it up", pasted into bash: `ReadmeSetupTests`.
  case setup
  /// The README's first hour on Debian, run on a bare system by `Packaging/test-hour`: `InstallationTests`.
  case hour
  /// Targets of the Makefile: `PagesTests`.
  case make
  /// The configuration of a directory server, on that server: `ServersPageTests`.
  case server
  /// What a slapd that is configured below `cn=config` needs, in order: `SlapdPageTests`.
  case slapd
  /// What a bind with Kerberos needs: `GSSAPIBindTests`.
  case kerberos
  /// What 389 Directory Server needs: `ServersPageTests`.
  case ds389
  /// A schema that slapd loads: `RunnablePagesTests`.
  case schema
  /// A recipe for Active Directory: `ServersPageTests`.
  case ad
}
