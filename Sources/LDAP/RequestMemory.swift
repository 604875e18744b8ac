internal import CLDAP
internal import LDAPModel

/// A block of memory that holds a request in libldap's structures; reused for the next request.
///
/// libldap encodes the request before its call returns, so nothing in here outlives the call.
@safe
final class RequestMemory {
  private static let kept = 1 << 20

  private var block: UnsafeMutableRawPointer
  private var capacity = 4096
  private var used = 0

  init() {
    unsafe block = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit {
    unsafe block.deallocate()
  }

  /// Starts a new request with room for `count` octets.
  func begin(_ count: Int) {
    used = 0
    guard count > capacity || (capacity > RequestMemory.kept && count <= RequestMemory.kept) else { return }
    unsafe block.deallocate()
    capacity = max(count, 4096)
    unsafe block = .allocate(byteCount: capacity, alignment: 16)
  }

  /// Uninitialized room for `count` values of a type.
  func room<T>(for type: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
    let start = (used + 15) & ~15
    used = start + count * MemoryLayout<T>.stride
    precondition(used <= capacity, "a request outgrows its memory")
    return unsafe (block + start).bindMemory(to: type, capacity: count)
  }

  /// The text, null-terminated.
  func text(_ text: String) -> UnsafeMutablePointer<CChar> {
    var text = text
    return text.withUTF8 { bytes in unsafe copy(UnsafeRawBufferPointer(bytes)) }
  }

  private func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutablePointer<CChar> {
    let start = used
    used = start + bytes.count + 1
    precondition(used <= capacity, "a request outgrows its memory")
    if let source = bytes.baseAddress {
      unsafe (block + start).copyMemory(from: source, byteCount: bytes.count)
    }
    unsafe block.storeBytes(of: 0, toByteOffset: start + bytes.count, as: UInt8.self)
    return unsafe (block + start).assumingMemoryBound(to: CChar.self)
  }

  /// A null-terminated list of texts.
  func texts(_ texts: [String]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
    let list = unsafe room(for: UnsafeMutablePointer<CChar>?.self, texts.count + 1)
    for (index, text) in texts.enumerated() { unsafe (list + index).initialize(to: self.text(text)) }
    unsafe (list + texts.count).initialize(to: nil)
    return unsafe list
  }

  typealias Changes = UnsafeMutablePointer<UnsafeMutablePointer<LDAPMod>?>

  func changes(_ attributes: [Attribute]) -> Changes {
    return unsafe changes(attributes.count) { index in
      let attribute = attributes[index]
      return (LDAP_MOD_ADD, attribute.name, attribute.values)
    }
  }

  func changes(_ modifications: [Modification]) -> Changes {
    return unsafe changes(modifications.count) { index in
      let modification = modifications[index]
      let kind =
        switch modification.kind {
        case .add: LDAP_MOD_ADD
        case .delete: LDAP_MOD_DELETE
        case .replace: LDAP_MOD_REPLACE
        }
      return (kind, modification.attribute, modification.values)
    }
  }

  private func changes(_ count: Int, _ change: (Int) -> (Int32, String, [AttributeValue])) -> Changes {
    let list = unsafe room(for: UnsafeMutablePointer<LDAPMod>?.self, count + 1)
    let changes = unsafe room(for: LDAPMod.self, count)
    for index in 0..<count {
      let (kind, attribute, values) = change(index)
      var one = unsafe LDAPMod()
      unsafe one.mod_op = kind | LDAP_MOD_BVALUES
      unsafe one.mod_type = text(attribute)
      unsafe one.mod_vals.modv_bvals = values.isEmpty ? nil : self.values(values)
      unsafe (changes + index).initialize(to: one)
      unsafe (list + index).initialize(to: changes + index)
    }
    unsafe (list + count).initialize(to: nil)
    return unsafe list
  }

  private func values(_ values: [AttributeValue]) -> UnsafeMutablePointer<UnsafeMutablePointer<berval>?> {
    let list = unsafe room(for: UnsafeMutablePointer<berval>?.self, values.count + 1)
    let items = unsafe room(for: berval.self, values.count)
    for (index, value) in values.enumerated() {
      let octets = unsafe value.bytes.withUnsafeBytes { unsafe copy($0) }
      unsafe (items + index).initialize(to: berval(bv_len: ber_len_t(value.bytes.count), bv_val: octets))
      unsafe (list + index).initialize(to: items + index)
    }
    unsafe (list + values.count).initialize(to: nil)
    return unsafe list
  }
}
