/// The name of an entry (RFC 4514), stored as text: most names are only passed through, so they are parsed on demand.
///
/// `==` compares the octets of the text; ``normalized(_:)`` is for identity.
public struct DistinguishedName: Sendable {
  public let text: String

  /// A name that is validated now.
  public init(parsing text: String) throws(InvalidName) {
    self.text = text
    _ = try relativeNames()
  }

  /// A name as a server sent it, not validated.
  public init(unchecked text: String) {
    self.text = text
  }

  /// The name of these parts, leaf first, escaped.
  public init(_ names: [RelativeDistinguishedName]) {
    var out: [UInt8] = []
    for (index, name) in names.enumerated() {
      if index > 0 { out.append(ASCII.comma) }
      name.append(to: &out)
    }
    text = String(decoding: out, as: UTF8.self)
  }

  /// Whether this is the empty name of the root DSE.
  public var isEmpty: Bool { text.isEmpty }

  /// The relative names, leaf first; none for the empty name.
  public func relativeNames() throws(InvalidName) -> [RelativeDistinguishedName] {
    var parser = DistinguishedNameParser(text)
    return try parser.names()
  }

  /// The leaf's relative name; nil for the empty name and for an invalid one.
  public var first: RelativeDistinguishedName? {
    let leaf = firstSeparator.map { String(text[..<$0]) } ?? text
    return (try? DistinguishedName(unchecked: leaf).relativeNames())?.first
  }

  /// The parent's name: empty for a name of one part, nil for the empty name.
  public var parent: DistinguishedName? {
    guard let separator = firstSeparator else { return isEmpty ? nil : DistinguishedName(unchecked: "") }
    let rest = text.utf8[separator...].dropFirst().drop { $0 == ASCII.space }
    return DistinguishedName(unchecked: String(Substring(rest)))
  }

  /// The end of the leaf's relative name: the first comma that is neither escaped nor quoted.
  private var firstSeparator: String.Index? {
    var isEscaped = false
    var isQuoted = false
    for (index, octet) in zip(text.utf8.indices, text.utf8) {
      if isEscaped {
        isEscaped = false
      } else if octet == ASCII.backslash {
        isEscaped = true
      } else if octet == ASCII.quote {
        isQuoted.toggle()
      } else if !isQuoted && (octet == ASCII.comma || octet == ASCII.semicolon) {
        return index
      }
    }
    return nil
  }

  /// The name of the entry `name` directly below this one.
  public func child(_ name: RelativeDistinguishedName) -> DistinguishedName {
    DistinguishedName(unchecked: isEmpty ? name.text : name.text + "," + text)
  }

  /// This name after ModifyDN (RFC 4511 section 4.9).
  public func renamed(
    to name: RelativeDistinguishedName, newParent: DistinguishedName? = nil
  ) -> DistinguishedName {
    (newParent ?? parent ?? DistinguishedName(unchecked: "")).child(name)
  }
}

extension DistinguishedName: Hashable {
  // String's own == treats é and e + accent as equal; here "exact" means octets.
  public static func == (one: Self, other: Self) -> Bool {
    one.text.utf8.count == other.text.utf8.count && one.text.utf8.elementsEqual(other.text.utf8)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(text)
  }
}

extension DistinguishedName: CustomStringConvertible {
  /// The text on one line, since servers do not escape line breaks in names. It is still the same name.
  public var description: String { readable(text) }
}

extension DistinguishedName: ExpressibleByStringLiteral {
  /// A name in the source code, not validated.
  public init(stringLiteral text: String) {
    self.init(unchecked: text)
  }
}

/// Why a text is not a distinguished name.
public struct InvalidName: Error, Hashable, Sendable, CustomStringConvertible {
  public let text: String
  /// Octets of UTF-8 from the start of the text.
  public let offset: Int
  public let reason: String

  public var description: String {
    "\"\(readable(text))\" is not a distinguished name: \(reason) at offset \(offset)"
  }
}
