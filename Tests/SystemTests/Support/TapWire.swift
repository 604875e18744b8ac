import Glibc
import Synchronization

/// An LDAPMessage (RFC 4511, 4.1.1), as far as a relay needs it.
struct TapMessage {
  /// -1 if it cannot be read.
  let id: Int
  let operation: UInt8

  init(_ bytes: [UInt8]) {
    guard let (_, start) = TapMessage.header(bytes), start + 2 < bytes.count, bytes[start] == 2 else {
      (id, operation) = (-1, 0)
      return
    }
    let length = Int(bytes[start + 1])
    let end = start + 2 + length
    id = bytes[(start + 2)..<min(end, bytes.count)].reduce(0) { $0 << 8 | Int($1) }
    operation = end < bytes.count ? bytes[end] : 0
  }

  /// Modify, add, delete, modify DN.
  var isWrite: Bool { [0x66, 0x68, 0x4a, 0x6c].contains(operation) }

  /// The whole length of the message that begins here; nil if that is not known yet.
  static func length(of bytes: [UInt8]) -> Int? { header(bytes).map { $0.start + $0.length } }

  private static func header(_ bytes: [UInt8]) -> (length: Int, start: Int)? {
    guard bytes.count >= 2 else { return nil }
    if bytes[1] < 0x80 { return (Int(bytes[1]), 2) }
    let count = Int(bytes[1] & 0x7f)
    guard bytes.count >= 2 + count else { return nil }
    return (bytes[2..<(2 + count)].reduce(0) { $0 << 8 | Int($1) }, 2 + count)
  }
}

/// Blocking sockets of 127.0.0.1.
enum TapSocket {
  struct Failure: Error {
    var call: String
    var code: Int32
  }

  static func listen() throws -> (Int32, port: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(descriptor, $0, length) == 0 && Glibc.listen(descriptor, 64) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isBound else { throw Failure(call: "bind", code: errno) }
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
  }

  static func connect(to port: Int) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = loopback(port)
    let isConnected = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    if isConnected { return descriptor }
    Glibc.close(descriptor)
    return nil
  }

  private static func loopback(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }

  /// Nil at the end.
  static func read(_ descriptor: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
    return count > 0 ? Array(bytes.prefix(count)) : nil
  }

  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let rest = Array(bytes[sent...])
      let count = unsafe send(descriptor, rest, rest.count, Int32(MSG_NOSIGNAL))
      if count <= 0 { return false }
      sent += count
    }
    return true
  }

  static func thread(_ body: @escaping @Sendable () -> Void) { TapThread(body).start() }
}

/// A thread for calls that block.
struct TapThread {
  private final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  private let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  func start() {
    var thread = pthread_t()
    let box = unsafe Unmanaged.passRetained(Box(body)).toOpaque()
    let failure = unsafe pthread_create(
      &thread, nil,
      { argument in
        if let argument = unsafe argument { unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, box)
    precondition(failure == 0, "no thread to be had")
    pthread_detach(thread)
  }
}
