/// Why a person is, or is not, in the directory as the table requires: eight steps with their evidence.
///
/// Its JSON form is sent from the leading daemon to the shell; it contains no password.
package struct Explanation: Codable, Sendable, Equatable {
  package enum Verdict: String, Codable, Sendable {
    /// The directory matches the table.
    case inStep = "in_step"
    /// It does not, but will without intervention.
    case pending
    /// It does not, and a person has to do something.
    case blocked
    /// One of the two sides does not answer.
    case unknown
  }

  package enum Outcome: String, Codable, Sendable {
    case ok, no, wait, error
  }

  /// The data of a step: all of it in JSON under its name, some of it in the text output.
  package struct Evidence: Codable, Sendable, Equatable {
    package enum Value: Codable, Sendable, Equatable {
      case text(String)
      case number(Int)
      case flag(Bool)
      case list([String])
      /// Names with values, in a given order; nil is NULL or no value.
      case table([Row])
    }

    package struct Row: Codable, Sendable, Equatable {
      package var name: String
      package var values: [String]?
      /// Whether several values are possible.
      package var isList: Bool
    }

    package var name: String
    package var value: Value
  }

  package struct Step: Codable, Sendable, Equatable {
    package enum Name: String, Codable, Sendable, CaseIterable {
      case row, scope, mapping, match, difference, gate
      case lastWrite = "last_write"
      case next
    }

    package var name: Name
    package var outcome: Outcome
    package var text: String
    package var evidence: [Evidence] = []
  }

  /// Nil if there is none: for an entry without a link.
  package var key: String?
  package var directory: String
  package var verdict: Verdict
  /// One sentence.
  package var summary: String
  package var steps: [Step]
  package var next: String
}

extension Explanation.Step {
  init(
    _ name: Name, _ outcome: Explanation.Outcome, _ text: String, _ evidence: [Explanation.Evidence?] = []
  ) {
    self.init(name: name, outcome: outcome, text: text, evidence: evidence.compactMap { $0 })
  }
}

extension Explanation.Evidence {
  static func text(_ name: String, _ text: String?) -> Self? { text.map { Self(name: name, value: .text($0)) } }
  static func flag(_ name: String, _ flag: Bool?) -> Self? { flag.map { Self(name: name, value: .flag($0)) } }
  static func number(_ name: String, _ number: Int?) -> Self? { number.map { Self(name: name, value: .number($0)) } }
  static func list(_ name: String, _ list: [String]) -> Self? {
    list.isEmpty ? nil : Self(name: name, value: .list(list))
  }
  static func table(_ name: String, _ rows: [Row]) -> Self? {
    rows.isEmpty ? nil : Self(name: name, value: .table(rows))
  }
}
