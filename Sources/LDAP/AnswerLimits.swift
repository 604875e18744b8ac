internal import LDAPModel

/// What an answer may take, whatever a server sends: one that is broken, or lies, must not fill the memory, keep the
/// processor busy or be asked for ever.
struct AnswerLimits: Sendable {
  /// Octets of one message, and what the entries of one search or page may take in memory.
  var octets: Int
  /// Entries that a search may bring in all its pages together: twice the largest directory that is planned for.
  var entries = 20_000_000
  /// Octets of a page's cookie, which goes back to the server with each request.
  var cookie = 64 << 10
  /// Pages in a row that bring nothing. Active Directory sends some while it looks for entries that match.
  var barrenPages = 12
  /// Unsolicited notifications that mean nothing here; RFC 4511 section 4.4 has them ignored.
  var unsolicited = 1000
  /// A search ends after this many times the time that one operation may take, even if entries keep coming.
  static let longestSearch = 30

  /// How long to wait after this many empty pages in a row, before the next is asked for.
  static func pause(afterBarren pages: Int) -> Duration {
    min(.milliseconds(10) * (1 << min(pages, 10)), .seconds(1))
  }
}

/// The names that a search can bring: its base, what lies directly below, or everything below.
///
/// An entry of another name was not asked for. It must not be taken for one that was: it would be written to.
struct SearchReach: Sendable {
  let base: DistinguishedName
  let scope: SearchScope
  /// The base in ASCII lower case, for a comparison that costs next to nothing.
  private let lowered: [UInt8]

  init(_ base: DistinguishedName, _ scope: SearchScope) {
    self.base = base
    self.scope = scope
    lowered = base.text.utf8.map(SearchReach.lower)
  }

  /// Whether the name is one of them.
  ///
  /// In a search of the base alone the server decides whether two spellings are one value; the place above must be the
  /// same, but for values that are not plain ASCII: servers fold those each in their own way. A name that cannot be
  /// parsed is none.
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

  /// Whether two names differ only in values that are not plain ASCII.
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

  /// Whether the text ends with a comma that separates and the base, in whatever case. A no says nothing.
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
