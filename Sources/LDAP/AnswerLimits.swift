internal import LDAPModel

/// Limits for answers: a broken or malicious server must not exhaust memory, keep the processor busy, or be queried
/// forever.
struct AnswerLimits: Sendable {
  /// Octets of one message, and of the entries of one search or page in memory.
  var octets: Int
  /// Entries of a search in all its pages together: twice the size of the largest supported directory.
  var entries = 20_000_000
  /// Octets of a page's cookie, which is returned to the server with each request.
  var cookie = 64 << 10
  /// Consecutive pages without entries. Active Directory sends some while it searches for matching entries.
  var barrenPages = 12
  /// Unsolicited notifications without a meaning here; RFC 4511 section 4.4 requires that they be ignored.
  var unsolicited = 1000
  /// A search ends after this multiple of an operation's timeout, even if entries keep arriving.
  static let longestSearch = 30

  /// How long to wait after this number of consecutive empty pages before the next is requested.
  static func pause(afterBarren pages: Int) -> Duration {
    min(.milliseconds(10) * (1 << min(pages, 10)), .seconds(1))
  }
}

/// The names that a search can return: its base, those directly below, or all below.
///
/// An entry with another name was not requested and must not be treated as one: it would be written to.
struct SearchReach: Sendable {
  let base: DistinguishedName
  let scope: SearchScope
  /// The base in ASCII lower case, for a fast comparison.
  private let lowered: [UInt8]

  init(_ base: DistinguishedName, _ scope: SearchScope) {
    self.base = base
    self.scope = scope
    lowered = base.text.utf8.map(SearchReach.lower)
  }

  /// Whether the name is one of them.
  ///
  /// In a search of the base alone the server decides whether two spellings are equal; the parent must be the same,
  /// except for values that are not ASCII, which servers fold in different ways. A name that cannot be parsed is not
  /// one of them.
  func contains(_ name: DistinguishedName, _ schema: Schema) -> Bool {
    switch scope {
    case .base:
      guard let place = base.parent else { return name.isEmpty }
      guard let found = name.parent, isName(name) else { return false }
      return found.isEquivalent(to: place, schema) || mayBeOne(found, place, schema)
    case .oneLevel:
      return name.parent?.isEquivalent(to: base, schema) == true && isName(name)
    case .subtree:
      if endsWithBase(name) { return true }
      return isName(name) && (name.isEquivalent(to: base, schema) || name.isBelow(base, schema))
    }
  }

  /// Whether two names differ only in values that are not ASCII.
  private func mayBeOne(_ one: DistinguishedName, _ other: DistinguishedName, _ schema: Schema) -> Bool {
    guard let names = try? one.relativeNames(), let others = try? other.relativeNames(), names.count == others.count
    else { return false }
    return zip(names, others).allSatisfy { name, other in
      if name.normalized(schema) == other.normalized(schema) { return true }
      let isOpen = (name.text + other.text).utf8.contains { $0 >= 0x80 }
      let types = { (name: RelativeDistinguishedName) in name.parts.map { schema.canonicalName($0.type) }.sorted() }
      return isOpen && types(name) == types(other)
    }
  }

  private func isName(_ name: DistinguishedName) -> Bool {
    !name.isEmpty && (try? name.relativeNames()) != nil
  }

  /// Whether the text ends with a separating comma and the base, in any case. False proves nothing.
  private func endsWithBase(_ name: DistinguishedName) -> Bool {
    let text = name.text.utf8
    guard !lowered.isEmpty, text.count > lowered.count + 2 else { return false }
    let start = text.index(text.endIndex, offsetBy: -lowered.count)
    let comma = text.index(before: start)
    guard text[comma] == UInt8(ascii: ","), text[text.index(before: comma)] != UInt8(ascii: "\\") else { return false }
    return text[start...].elementsEqual(lowered) { SearchReach.lower($0) == $1 }
  }

  private static func lower(_ octet: UInt8) -> UInt8 { (0x41...0x5A).contains(octet) ? octet | 0x20 : octet }
}
