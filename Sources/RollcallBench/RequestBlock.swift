internal import CLDAP

/// Memory for one request at a time, in libldap's structures.
@safe
final class RequestBlock {
  private let block: UnsafeMutableRawPointer
  private var used = 0

  init() { unsafe block = .allocate(byteCount: 64 << 10, alignment: 16) }
  deinit { unsafe block.deallocate() }

  func clear() { used = 0 }

  private func room<T>(_ type: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
    let start = (used + 15) & ~15
    used = start + count * MemoryLayout<T>.stride
    return unsafe (block + start).bindMemory(to: type, capacity: count)
  }

  private func string(_ text: String) -> UnsafeMutablePointer<CChar> {
    let bytes = text.utf8
    let place = unsafe room(CChar.self, bytes.count + 1)
    var index = 0
    for byte in bytes {
      unsafe place[index] = CChar(bitPattern: byte)
      index += 1
    }
    unsafe place[index] = 0
    return unsafe place
  }

  func strings(_ texts: [String]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
    let list = unsafe room(UnsafeMutablePointer<CChar>?.self, texts.count + 1)
    for index in texts.indices { unsafe (list + index).initialize(to: string(texts[index])) }
    unsafe (list + texts.count).initialize(to: nil)
    return unsafe list
  }

  func changes(
    _ changes: [(kind: Int32, attribute: String, values: [String])]
  ) -> UnsafeMutablePointer<UnsafeMutablePointer<LDAPMod>?> {
    let list = unsafe room(UnsafeMutablePointer<LDAPMod>?.self, changes.count + 1)
    for index in changes.indices {
      let one = unsafe room(LDAPMod.self, 1)
      var change = unsafe LDAPMod()
      unsafe change.mod_op = changes[index].kind
      unsafe change.mod_type = string(changes[index].attribute)
      unsafe change.mod_vals.modv_strvals = strings(changes[index].values)
      unsafe one.initialize(to: change)
      unsafe (list + index).initialize(to: one)
    }
    unsafe (list + changes.count).initialize(to: nil)
    return unsafe list
  }
}
