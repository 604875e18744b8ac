import Foundation
import Sandbox
import Testing

/// The keys that a configuration may have, as the program itself names them: where it meets a key that it does not know,
/// it says which ones it does.
struct ConfigurationKeys {
  /// For each section, `""` for the whole and `source.watch[]` for an element of a list, its keys.
  private(set) var sections: [String: [String]] = [:]

  /// Every key with those above it: `source.watch[].table`.
  var paths: Set<String> {
    Set(sections.flatMap { section, keys in keys.map { section.isEmpty ? $0 : "\(section).\($0)" } })
  }

  private static let stranger = "qqqqqqqqqqqqqqqq"

  static func find() async throws -> ConfigurationKeys {
    var found = ConfigurationKeys()
    try await TemporaryFolder.with { folder in
      // As long as a look finds sections that were not known: each key is given a mapping, and a list of one.
      var before = -1
      while found.sections.count != before {
        before = found.sections.count
        for inList in [false, true] {
          let file = try folder.write(found.probe("", inList), to: "probe.yaml")
          found.note(try await Rollcall.run(["plan", "--config", file]).errors)
        }
      }
    }
    try #require(found.sections.count > 5, "\(found)")
    return found
  }

  /// A mapping, as YAML in one line, of all keys known of a section, and one that is not known.
  private func probe(_ section: String, _ inList: Bool) -> String {
    let keys = (sections[section] ?? []).map { key in
      let path = section.isEmpty ? key : "\(section).\(key)"
      if sections["\(path)[]"] != nil { return "\(key): [\(probe("\(path)[]", inList))]" }
      if sections[path] != nil || !inList { return "\(key): \(probe(path, inList))" }
      return "\(key): [\(probe(path, inList))]"
    }
    return "{ \((keys + ["\(Self.stranger): x"]).joined(separator: ", ")) }"
  }

  /// Lines of the form `FILE:1:2: unknown key "…" under source.watch[0]; known here: table, key`.
  private mutating func note(_ errors: String) {
    for match in errors.matches(of: #/unknown key(?: "\w+")?(?: under ([^;]+))?; known here: (.+)/#) {
      let section = (match.output.1.map(String.init) ?? "").replacing("[0]", with: "[]")
      sections[section] = match.output.2.split(separator: ", ").map(String.init)
    }
  }
}
