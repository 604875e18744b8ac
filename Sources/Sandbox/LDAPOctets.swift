internal import LDAPModel

/// Encodes LDAP messages (RFC 4511, BER), well-formed or not, for a server that a test controls.
public enum LDAPOctets {
  /// An element: tag, length in its shortest form, contents.
  public static func element(_ tag: UInt8, _ contents: [UInt8]) -> [UInt8] {
    [tag] + length(contents.count) + contents
  }

  /// A length of BER.
  public static func length(_ count: Int) -> [UInt8] {
    if count < 0x80 { return [UInt8(count)] }
    var octets: [UInt8] = []
    var rest = count
    while rest > 0 {
      octets.insert(UInt8(rest & 0xFF), at: 0)
      rest >>= 8
    }
    return [0x80 | UInt8(octets.count)] + octets
  }

  public static func text(_ text: String, tag: UInt8 = 0x04) -> [UInt8] { element(tag, Array(text.utf8)) }

  /// INTEGER, or ENUMERATED with tag 0x0A.
  public static func integer(_ number: Int, tag: UInt8 = 0x02) -> [UInt8] {
    var octets: [UInt8] = []
    var rest = number
    repeat {
      octets.insert(UInt8(truncatingIfNeeded: rest), at: 0)
      rest >>= 8
    } while !(rest == 0 && octets[0] < 0x80 || rest == -1 && octets[0] >= 0x80)
    return element(tag, octets)
  }

  /// LDAPMessage.
  /// - Parameters:
  ///   - operation: an element with an application tag.
  ///   - controls: elements of type Control.
  public static func message(_ id: Int, _ operation: [UInt8], controls: [[UInt8]] = []) -> [UInt8] {
    let rest = controls.isEmpty ? [] : element(0xA0, controls.flatMap(\.self))
    return element(0x30, integer(id) + operation + rest)
  }

  /// SearchResultEntry.
  public static func entry(_ id: Int, _ dn: String, _ attributes: [(String, [String])] = []) -> [UInt8] {
    let list = attributes.flatMap { name, values in
      element(0x30, text(name) + element(0x31, values.flatMap { text($0) }))
    }
    return message(id, element(0x64, text(dn) + element(0x30, list)))
  }

  /// Any result of an operation.
  /// - Parameters:
  ///   - tag: the operation, such as 0x65 for SearchResultDone.
  ///   - more: the elements after the diagnostic message, such as a referral.
  public static func result(
    _ id: Int, tag: UInt8, code: Int = 0, matched: String = "", diagnostic: String = "", more: [UInt8] = [],
    controls: [[UInt8]] = []
  ) -> [UInt8] {
    message(
      id, element(tag, integer(code, tag: 0x0A) + text(matched) + text(diagnostic) + more), controls: controls)
  }

  /// SearchResultDone of a page (RFC 2696); an empty cookie ends the search.
  public static func page(_ id: Int, cookie: [UInt8]) -> [UInt8] {
    let value = element(0x30, integer(0) + element(0x04, cookie))
    let control = element(0x30, text("1.2.840.113556.1.4.319") + element(0x04, value))
    return result(id, tag: 0x65, controls: [control])
  }

  /// The tag of the operation in a message; nil if it cannot be read.
  public static func operation(of message: [UInt8]) -> UInt8? {
    var reader = BERElements(message[...])
    guard var body = reader.take(), body.contents.take() != nil else { return nil }
    return body.contents.take()?.tag
  }

  /// Notice of disconnection, or another unsolicited notification (RFC 4511 section 4.4).
  public static func notice(name: String = "1.3.6.1.4.1.1466.20036", code: Int = 52, diagnostic: String = "")
    -> [UInt8]
  {
    result(0, tag: 0x78, code: code, diagnostic: diagnostic, more: text(name, tag: 0x8A))
  }
}

/// A request that a ``LyingServer`` has received, as far as tests need it.
public struct LDAPRequest: Sendable {
  public enum Kind: UInt8, Sendable {
    case bind = 0x60
    case unbind = 0x42
    case search = 0x63
    case modify = 0x66
    case add = 0x68
    case delete = 0x4A
    case rename = 0x6C
    case compare = 0x6E
    case abandon = 0x50
    case extended = 0x77

    /// The tag of its answer; nil if it has none.
    public var answer: UInt8? {
      switch self {
      case .bind: 0x61
      case .search: 0x65
      case .modify: 0x67
      case .add: 0x69
      case .delete: 0x6B
      case .rename: 0x6D
      case .compare: 0x6F
      case .extended: 0x78
      case .unbind, .abandon: nil
      }
    }
  }

  public let id: Int
  public let kind: Kind
  /// The entry, or the base of a search; empty if there is none.
  public let dn: String
  /// For a search: 0 base, 1 one level, 2 subtree.
  public let scope: Int
  /// The whole message.
  public let octets: [UInt8]

  /// Whether it requests a page (RFC 2696).
  public var isPaged: Bool { mentions("1.2.840.113556.1.4.319") }

  /// Whether the text occurs anywhere in it, for instance as the value of a filter.
  public func mentions(_ text: String) -> Bool {
    let wanted = Array(text.utf8)
    guard let first = wanted.first, octets.count >= wanted.count else { return false }
    return octets.indices.dropLast(wanted.count - 1).contains {
      octets[$0] == first && octets[$0..<$0 + wanted.count].elementsEqual(wanted)
    }
  }

  /// Whether it writes.
  public var isWrite: Bool { [.modify, .add, .delete, .rename].contains(kind) }

  /// Nil if it is not a supported request.
  init?(_ message: [UInt8]) {
    var reader = BERElements(message[...])
    guard var body = reader.take(), let number = body.contents.take(),
      let operation = body.contents.take(), let kind = Kind(rawValue: operation.tag)
    else { return nil }
    id = number.contents.rest.reduce(0) { $0 << 8 | Int($1) }
    self.kind = kind
    octets = message
    if kind == .delete {
      dn = String(decoding: operation.contents.rest, as: UTF8.self)
      scope = 0
      return
    }
    var parts = operation.contents
    if kind == .bind { _ = parts.take() }
    let name = parts.take()
    dn = name.map { $0.tag == 0x04 ? String(decoding: $0.contents.rest, as: UTF8.self) : "" } ?? ""
    scope = kind == .search ? parts.take().flatMap { $0.contents.rest.first.map(Int.init) } ?? 0 : 0
  }
}
