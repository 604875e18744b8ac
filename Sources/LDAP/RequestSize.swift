internal import LDAPModel

/// The size of a request, calculated before it is made: an upper bound for the octets of its BER encoding, and for
/// the memory that ``RequestMemory`` needs.
struct RequestSize {
  /// Tag and length take at most this (a length below 4 GiB).
  private static let header = 6
  /// Pointers, structures and alignment for one string, change or value; a generous bound.
  private static let overhead = 64

  /// Message, message id, operation and a few flags.
  private(set) var encoded = 6 * header
  private(set) var memory = 4 * overhead
  /// Whether a text contains a NUL, which would end it in libldap.
  private(set) var hasNUL = false

  private mutating func add(text: String) {
    add(text.utf8.count)
    if !hasNUL { hasNUL = text.utf8.contains(0) }
  }

  private mutating func add(_ count: Int) {
    encoded += count + RequestSize.header
    memory += count + RequestSize.overhead
  }

  private mutating func add(_ name: String, _ values: [AttributeValue]) {
    encoded += 3 * RequestSize.header
    memory += 2 * RequestSize.overhead
    add(text: name)
    for value in values { add(value.bytes.count) }
  }

  init(_ operation: Operation) {
    switch operation {
    case .add(let dn, let attributes):
      add(text: dn.text)
      for attribute in attributes { add(attribute.name, attribute.values) }
    case .modify(let dn, let modifications):
      add(text: dn.text)
      for modification in modifications { add(modification.attribute, modification.values) }
    case .rename(let dn, let name, _, let parent):
      add(text: dn.text)
      add(text: name.text)
      if let parent { add(text: parent.text) }
    case .delete(let dn):
      add(text: dn.text)
    }
  }

  /// The filter's encoding is never longer than its text plus a header for each of its parentheses.
  init(base: String, filter: String, attributes: [String]) {
    add(text: base)
    add(text: filter)
    encoded += filter.utf8.count { $0 == UInt8(ascii: "(") } * 3 * RequestSize.header
    for attribute in attributes { add(text: attribute) }
  }
}
