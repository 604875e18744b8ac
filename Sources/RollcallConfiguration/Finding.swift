/// The result of one check: a line of `rollcall check`.
package struct Finding: Codable, Sendable, Equatable {
  package enum Level: String, Codable, Sendable, Comparable {
    case ok
    /// It works, but may not do what one expects.
    case warning
    /// It does not work.
    case error

    package static func < (one: Level, other: Level) -> Bool {
      let order: [Level] = [.ok, .warning, .error]
      return order.firstIndex(of: one) ?? 0 < order.firstIndex(of: other) ?? 0
    }
  }

  package var level: Level
  /// A place in the configuration, a table or an entry.
  package var place: String
  package var message: String
  /// How to fix it.
  package var remedy: String?

  package init(_ level: Level, _ place: String, _ message: String, remedy: String? = nil) {
    self.level = level
    self.place = place
    self.message = message
    self.remedy = remedy
  }

  /// `error: public.users: has no triggers; run: rollcall install`
  package var line: String { "\(level.rawValue): \(place): \(complaint)" }

  /// One line for each, as far as they fit in a message.
  package static func text(_ findings: [Finding]) -> String {
    findings.map { "\($0.place): \($0.complaint)" }.joined(separator: "\n")
  }

  /// The message and the remedy.
  package var complaint: String { remedy.map { "\(message); \($0)" } ?? message }
}

extension Configuration {
  /// The position of a key in the file, for a finding: `rollcall.yaml:31:13: users.attributes.mail`.
  package func place(of path: String) -> String {
    let text = problem(at: path, "").description
    return String(text.dropLast(2))
  }
}
