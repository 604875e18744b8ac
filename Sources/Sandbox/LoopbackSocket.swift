internal import Glibc

/// A TCP socket on 127.0.0.1, or another address of the loopback interface. Its creator closes it.
struct LoopbackSocket {
  let descriptor: Int32

  init(flags: Int32 = 0) throws(SandboxError) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | flags, 0)
    if descriptor < 0 { throw .system(call: "socket", code: errno) }
  }

  /// A socket that is already open.
  init(open descriptor: Int32) { self.descriptor = descriptor }

  func bind(to port: Int, of address: String = "127.0.0.1") throws(SandboxError) {
    var reuse: Int32 = 1
    _ = unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
    let result = unsafe withAddress(port, address) { unsafe Glibc.bind(descriptor, $0, $1) }
    if result != 0 { throw .system(call: "bind to port \(port)", code: errno) }
  }

  /// Connects. On a non-blocking socket, "in progress" is success.
  func connect(to port: Int) throws(SandboxError) {
    let result = unsafe withAddress(port) { unsafe Glibc.connect(descriptor, $0, $1) }
    if result != 0, errno != EINPROGRESS { throw .system(call: "connect to port \(port)", code: errno) }
  }

  /// Ends the connection with RST and closes the descriptor.
  ///
  /// Connecting to no address resets the connection at once. SO_LINGER would do so only when the last copy of the
  /// descriptor is closed, and a child process that is being started has one for a moment.
  func reset() {
    var nowhere = sockaddr()
    nowhere.sa_family = sa_family_t(AF_UNSPEC)
    _ = unsafe Glibc.connect(descriptor, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
    close()
  }

  /// Refuses connections at once, even if other copies of the descriptor exist, for the same reason.
  func stopListening() {
    shutdown(descriptor, Int32(SHUT_RDWR))
    close()
  }

  func close() { _ = Glibc.close(descriptor) }

  /// Whether something accepts connections on the port.
  static func answers(_ port: Int) -> Bool {
    guard let socket = try? LoopbackSocket() else { return false }
    defer { socket.close() }
    return (try? socket.connect(to: port)) != nil
  }

  private func withAddress(
    _ port: Int, _ name: String = "127.0.0.1", _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    _ = unsafe inet_pton(AF_INET, name, &address.sin_addr)
    return unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}

/// A connection or a listener that several threads use, closed when the last of them releases it.
///
/// No thread closes it explicitly: another socket could get its number at once, and a later `accept` or `shutdown` by
/// another thread would then use that socket.
final class SharedSocket: Sendable {
  let descriptor: Int32

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Ends all waits for it, and both directions.
  func end() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}
