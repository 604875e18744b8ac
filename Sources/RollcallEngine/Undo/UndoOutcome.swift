internal import LDAPModel
internal import RollcallCore

/// What an undo would do, or has done, part by part; it is sent to the caller.
package struct UndoOutcome: Codable, Sendable, Equatable {
  package enum State: String, Codable, Sendable {
    /// It may be applied.
    case possible
    case impossible
    case done
    /// The directory has refused it.
    case refused
  }

  package struct Part: Codable, Sendable, Equatable {
    /// The row of the journal.
    package var row: Int
    package var key: String
    package var state: State
    /// A change record; nil if there is nothing to write.
    package var ldif: String?
    /// Why it cannot be done, or which part cannot.
    package var refusals: [String]
    package var notes: [String]

    init(_ part: UndoPart) {
      row = part.row
      key = part.key.text
      ldif = part.step.map { LDIF.change($0.operation) }
      state = part.step == nil ? .impossible : .possible
      refusals = part.refusals
      notes = part.notes
    }
  }

  package var parts: [Part]

  init(_ parts: [UndoPart]) { self.parts = parts.map(Part.init) }

  /// Whether some of it can be done, or has been.
  package var isPartly: Bool { parts.contains { $0.state == .possible || $0.state == .done } }

  /// Whether all of it can be done, or has been.
  package var isWhole: Bool {
    !parts.isEmpty && parts.allSatisfy { ($0.state == .possible || $0.state == .done) && $0.refusals.isEmpty }
  }
}
