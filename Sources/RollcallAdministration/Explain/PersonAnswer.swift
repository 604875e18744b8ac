internal import LDAPModel
internal import PlainText
internal import RollcallConfiguration
internal import RollcallCore

/// What a web page shows of one person: the explanation, and what is wanted beside what is there.
///
/// It has a form as JSON, in which the leading daemon hands it over; no value of a password is in it, nor any that
/// `journal.hide` names.
package struct PersonAnswer: Codable, Sendable, Equatable {
  /// One mapped attribute.
  package struct Side: Codable, Sendable, Equatable {
    package var attribute: String
    /// What the mapping makes of the row; empty for no value.
    package var wanted: [String]
    /// What the entry has.
    package var current: [String]
    /// The values stand for what may not be shown.
    package var isHidden: Bool
  }

  package var explanation: Explanation
  /// In the entry's order, then what it lacks; empty where neither side could be read.
  package var sides: [Side]
  /// The entry's name; nil where there is none, or the directory was not asked.
  package var dn: String?
}

extension Observation {
  /// How many values of one attribute are shown.
  private static let mostValues = 50

  private static let identities = ["entryUUID", "nsUniqueId", "objectGUID"]

  /// Both sides of the mapped attributes.
  func sides(_ configuration: Configuration) -> [PersonAnswer.Side] {
    let wanted = self.wanted?.entry.attributes ?? []
    let current = subject?.current?.attributes ?? []
    var names: [String] = []
    for name in (current + wanted).map(\.name) where !names.contains(where: { Self.isSame($0, name) }) {
      // By these an entry is recognized; no mapping has them.
      if !Self.identities.contains(where: { Self.isSame($0, name) }) { names.append(name) }
    }
    // What is only set at creation may be a first password.
    let hidden = self.hidden + configuration.users.createOnly.map(\.attribute)
    return names.map { name in
      let isHidden = LDIF.isSecret(name) || hidden.contains { Self.isSame($0, name) || Self.isSame($0, type(of: name)) }
      func shown(_ attributes: [Attribute]) -> [String] {
        let values = attributes.filter { Self.isSame($0.name, name) }.flatMap(\.values)
        if isHidden { return values.isEmpty ? [] : ["***"] }
        let more = values.count - Self.mostValues
        return values.prefix(Self.mostValues).map { $0.text?.excerpt() ?? "\($0)".excerpt() }
          + (more > 0 ? ["… and \(more) more"] : [])
      }
      return PersonAnswer.Side(attribute: name, wanted: shown(wanted), current: shown(current), isHidden: isHidden)
    }
  }

  private static func isSame(_ one: String, _ other: String) -> Bool { one.lowercased() == other.lowercased() }

  /// An attribute's name without its options.
  private func type(of name: String) -> String { String(name.prefix { $0 != ";" }) }
}
