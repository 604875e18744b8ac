/// One thing that was looked at, and what is to be said of it: a line of `rollcall check`.
package struct Finding: Sendable, Equatable {
  package enum Level: String, Sendable, Comparable {
    case ok
    /// Works, but not as one might think.
    case warning
    /// Does not work.
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
  /// What to do about it.
  package var remedy: String?

  package init(_ level: Level, _ place: String, _ message: String, remedy: String? = nil) {
    self.level = level
    self.place = place
    self.message = message
    self.remedy = remedy
  }

  /// `error: public.users: has no triggers; run: rollcall install`
  package var line: String { "\(level.rawValue): \(place): \(complaint)" }

  /// A line for each, as far as they go into a message.
  package static func text(_ findings: [Finding]) -> String {
    findings.map { "\($0.place): \($0.complaint)" }.joined(separator: "\n")
  }

  /// Message and remedy.
  package var complaint: String { remedy.map { "\(message); \($0)" } ?? message }
}

extension Configuration {
  /// Where a key stands in the file, for a finding: `rollcall.yaml:31:13: users.attributes.mail`.
  package func place(of path: String) -> String {
    let text = problem(at: path, "").description
    return String(text.dropLast(2))
  }
}
