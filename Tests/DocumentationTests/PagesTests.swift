import Foundation
import PageBlocks
import Testing

/// The documentation holds together: its links lead somewhere, its blocks are run, and the names in it exist.
@Suite struct PagesTests {
  @Test("every block of YAML, SQL, shell and LDIF belongs to a test")
  func claims() throws {
    for block in try Page.all().flatMap(\.blocks) {
      switch block.language {
      case "yaml", "sql", "sh", "ldif":
        let sets = BlockSet.allCases.map(\.rawValue)
        #expect(block.set != nil, "\(block.place): no test runs this block; the sets are \(sets)")
      case "text", "rights", "slapd.conf":
        #expect(block.mark.isEmpty || block.set != nil, "\(block.place): unknown set \"\(block.mark)\"")
      default: Issue.record("\(block.place): unknown language \"\(block.language)\"")
      }
    }
  }

  @Test("every set of blocks is asked for by a test", arguments: BlockSet.allCases)
  func claimants(_ set: BlockSet) throws {
    let asks = "blocks(of: .\(set.rawValue))"
    #expect(try Self.sources(under: "Tests").contains { $0.text.contains(asks) }, "no test has \(asks)")
  }

  @Test("no block is indented only: it would belong to nobody")
  func indented() throws {
    for page in try Page.all() {
      var isFenced = false
      var before: Substring = "x"
      for (index, line) in page.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
        if line.hasPrefix("```") { isFenced.toggle() }
        if !isFenced, line.hasPrefix("    "), before.isEmpty { Issue.record("\(page.path):\(index + 1): not fenced") }
        before = line
      }
      #expect(!isFenced, "\(page.path): a block has no end")
    }
  }

  @Test("make's targets exist")
  func makeTargets() throws {
    let makefile = try Page("Makefile").text
    let blocks = try Page.blocks(of: .make)
    #expect(!blocks.isEmpty)
    for line in blocks.flatMap({ $0.text.split(separator: "\n") }) {
      let words = line.split(separator: " ")
      #expect(words.first == "make" && makefile.contains("\n\(words.dropFirst().first ?? "?"):"), "\(line)")
    }
  }

  @Test("links lead to files, and to headings in them")
  func links() throws {
    let further = try ["CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"].map { try Page($0) }
    for page in try Page.all() + further {
      for match in page.text.matches(of: #/\]\(([^)\s]+)\)/#) {
        let link = match.output.1
        if link.contains("://") { continue }
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let folder = page.path.split(separator: "/").dropLast().joined(separator: "/")
        let path = parts[0].isEmpty ? page.path : folder.isEmpty ? String(parts[0]) : "\(folder)/\(parts[0])"
        #expect(
          FileManager.default.fileExists(atPath: "\(Page.root)/\(path)"), "\(page.path): \(link) leads nowhere")
        if parts.count == 2, let target = try? Page(path) {
          #expect(target.anchors.contains(String(parts[1])), "\(page.path): \(link): no such heading")
        }
      }
      #expect(!page.text.contains("<doc:"), "\(page.path): a link that works in DocC only")
    }
  }

  @Test("the README is short, and every page can be reached from it")
  func readme() throws {
    let readme = try Page("README.md")
    #expect(readme.text.split(separator: "\n", omittingEmptySubsequences: false).count < 150)
    for page in try Page.all() where page.path != readme.path {
      #expect(readme.text.contains("(\(page.path))"), "the README does not lead to \(page.path)")
    }
  }

  @Test("types, files and tests that the architecture page names exist")
  func architecture() throws {
    let page = try Page.named("Architecture")
    let sources = try Self.sources(under: "Sources") + Self.sources(under: "Tests") + Self.sources(under: "sql")
    let declared = Set(
      sources.flatMap { source in
        source.text.matches(of: #/(?:struct|class|enum|actor|protocol|func|var|let|case|typealias) ([A-Za-z]+)/#)
          .map { String($0.output.1) }
      })
    // The folders of a target are its stages.
    let folders = Set(sources.flatMap { $0.path.split(separator: "/").map(String.init) })
    let targets = Set(try Page("Package.swift").text.matches(of: #/name: "([A-Za-z]+)"/#).map { String($0.output.1) })
    for match in page.text.matches(of: #/`([A-Za-z.+]+)`/#) {
      let name = match.output.1
      if name.hasSuffix(".swift") {
        #expect(sources.contains { $0.path.hasSuffix("/\(name)") }, "no file \(name)")
      } else if name.first?.isUppercase == true, !name.contains("+"), name != name.uppercased() {
        for part in name.split(separator: ".").map(String.init) {
          let exists = declared.contains(part) || targets.contains(part) || folders.contains(part)
          #expect(exists, "nothing is called \(part)")
        }
      }
    }
  }

  @Test("the fields of the dashboard's forms are in Operations, with their paths")
  func forms() throws {
    let desk = try Page("Sources/RollcallDashboard/Pages/ActionDesk.swift").text
    let page = try Page("Sources/RollcallEngine/Documentation.docc/Operations.md").text
    let fields = Set(desk.matches(of: #/form\["([a-z]+)"\]/#).map { String($0.output.1) } + ["form", "count"])
    #expect(fields.count > 8)
    for field in fields { #expect(page.contains("`\(field)`") || page.contains("`\(field)="), "\(field)") }
    for match in desk.matches(of: #/\["(waiting|people)", "([a-z]+)"\]/#) {
      #expect(page.contains("`/\(match.output.1)/\(match.output.2)`"), "\(match.output.0)")
    }
  }

  private static func sources(under folder: String) throws -> [Page] {
    let files = FileManager.default.enumerator(atPath: "\(Page.root)/\(folder)")
    return try (files?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".swift") || $0.hasSuffix(".sql") }
      .map { try Page("\(folder)/\($0)") }
  }
}

extension Page {
  /// Headings as a code host makes anchors of them.
  fileprivate var anchors: Set<String> {
    Set(
      text.split(separator: "\n").filter { $0.hasPrefix("#") }.map { line in
        line.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
          .filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }
          .replacing(" ", with: "-")
      })
  }
}
