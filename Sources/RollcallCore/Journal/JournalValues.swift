public import LDAPModel

/// Decides which values the journal keeps.
///
/// It keeps nothing of passwords, a digest and the size of hidden and binary values, and the text of all others.
public struct JournalValues: Sendable {
  private let keepsValues: Bool
  private let hidden: Set<String>
  private let secret: Set<String>
  private let schema: Schema
  /// The kinds of the attributes that are written most often.
  private var kinds: [String: Kind] = [:]

  /// How an attribute's values are kept.
  private enum Kind {
    case text, digest, nothing
  }

  /// The longest value that is kept, in octets; of a longer one the digest is kept.
  private static let longest = 8 << 10
  /// The limit for all values of one row, in octets.
  private static let most = 256 << 10

  /// Attributes beside ``LDIF/secretAttributes`` that hold passwords, or data from which they can be derived, in the
  /// servers' schemas.
  private static let further = [
    "clearTextPassword", "msDS-ManagedPassword", "initialAuthIncoming", "initialAuthOutgoing", "trustAuthIncoming",
    "trustAuthOutgoing", "ms-Mcs-AdmPwd", "msLAPS-Password", "msLAPS-EncryptedPassword", "passwordHistory",
    "sambaPasswordHistory", "krb5Key", "krbPwdHistory", "ipaNTHash", "userPKCS12", "nsds5ReplicaCredentials",
    "oathSecret",
  ]

  /// - Parameters:
  ///   - hide: attributes of which only a digest is kept.
  ///   - secrets: further attributes of which nothing is kept.
  ///   - known: attributes that are written often.
  public init(
    keepsValues: Bool, hide: [String], secrets: [String], known: [String] = [], _ schema: Schema
  ) {
    self.keepsValues = keepsValues
    self.schema = schema
    hidden = Set(hide.map { schema.canonicalName($0).lowercased() })
    secret = Set((JournalValues.further + secrets).map { schema.canonicalName($0).lowercased() })
    for name in known { kinds[name] = kind(of: name) }
  }

  /// The changes made by an operation, as JSON; nil for an add, which the row records, and for a mere rename.
  ///
  /// - Parameter entry: the entry before the operation.
  public func changes(by operation: Operation, of entry: Entry?) -> String? {
    switch operation {
    case .add, .rename: return nil
    case .delete: return entry.map(removal)
    case .modify(_, let modifications):
      var changes = Changes()
      for modification in modifications {
        let current = entry?[modification.attribute] ?? []
        switch modification.kind {
        case .add: changes.add(modification.attribute, modification.values)
        case .delete:
          changes.remove(modification.attribute, modification.values.isEmpty ? current : modification.values)
        case .replace:
          changes.remove(modification.attribute, current.filter { !modification.values.contains($0) })
          changes.add(modification.attribute, modification.values.filter { !current.contains($0) })
        }
      }
      return json(changes)
    }
  }

  /// All values of an entry that is deleted.
  public func removal(of entry: Entry) -> String {
    var changes = Changes()
    for attribute in entry.attributes { changes.remove(attribute.name, attribute.values) }
    return json(changes)
  }

  private func json(_ changes: Changes) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(128)
    var rest = JournalValues.most
    out.append(UInt8(ascii: "{"))
    for (index, change) in changes.list.enumerated() {
      if index > 0 { out.append(UInt8(ascii: ",")) }
      JSONText.append(change.attribute, to: &out)
      out += ":{".utf8
      append("removed", change.removed, of: change.attribute, &rest, to: &out)
      if !change.removed.isEmpty, !change.added.isEmpty { out.append(UInt8(ascii: ",")) }
      append("added", change.added, of: change.attribute, &rest, to: &out)
      out.append(UInt8(ascii: "}"))
    }
    out.append(UInt8(ascii: "}"))
    return String(decoding: out, as: UTF8.self)
  }

  private func append(
    _ name: String, _ values: [AttributeValue], of attribute: String, _ rest: inout Int, to out: inout [UInt8]
  ) {
    if values.isEmpty { return }
    JSONText.append(name, to: &out)
    out += ":[".utf8
    let kind = kinds[attribute] ?? kind(of: attribute)
    for (index, value) in values.enumerated() {
      if index > 0 { out.append(UInt8(ascii: ",")) }
      if kind == .nothing || !keepsValues {
        out += #"{"hidden":true}"#.utf8
      } else if kind == .text, value.bytes.count <= min(JournalValues.longest, rest), !value.bytes.contains(0),
        let text = value.text
      {
        rest -= value.bytes.count
        JSONText.append(text, to: &out)
      } else {
        out += "{\"sha256\":\"\(SHA256.hex(value.bytes))\",\"size\":\(value.bytes.count)}".utf8
      }
    }
    out.append(UInt8(ascii: "]"))
  }

  private func kind(of attribute: String) -> Kind {
    let names = [attribute, typeOf(attribute)].map { schema.canonicalName($0).lowercased() }
    if LDIF.isSecret(attribute) || secret.contains(names[1]) { return .nothing }
    return names.contains(where: hidden.contains) ? .digest : .text
  }

  /// An attribute description without its options.
  private func typeOf(_ attribute: String) -> String { String(attribute.prefix { $0 != ";" }) }

  /// Removed and added values by attribute, in the order in which the attributes were first named.
  private struct Changes {
    struct Change {
      var attribute: String
      var removed: [AttributeValue] = []
      var added: [AttributeValue] = []
    }

    var list: [Change] = []

    mutating func add(_ attribute: String, _ values: [AttributeValue]) { list[index(of: attribute)].added += values }

    mutating func remove(_ attribute: String, _ values: [AttributeValue]) {
      list[index(of: attribute)].removed += values
    }

    private mutating func index(of attribute: String) -> Int {
      if let index = list.firstIndex(where: { $0.attribute == attribute }) { return index }
      list.append(Change(attribute: attribute))
      return list.count - 1
    }
  }
}

/// Text as a JSON string (RFC 8259 section 7).
enum JSONText {
  static func append(_ text: String, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): out += #"\""#.utf8
      case UInt8(ascii: "\\"): out += #"\\"#.utf8
      case 0..<0x10: out += "\\u000\(String(byte, radix: 16))".utf8
      case 0x10..<0x20: out += "\\u00\(String(byte, radix: 16))".utf8
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }
}
