import Glibc

@testable import Sandbox

/// One end of a TCP connection on this machine, which never blocks.
struct Peer {
  enum Seen: Equatable {
    case nothing
    case text(String)
    case end
    case reset
  }

  let socket: LoopbackSocket

  static func connect(to port: Int) throws -> Peer {
    let socket = try LoopbackSocket(flags: Int32(SOCK_NONBLOCK.rawValue))
    do {
      try socket.connect(to: port)
    } catch {
      socket.close()
      throw error
    }
    return Peer(socket: socket)
  }

  /// Sends all of it, in as many pieces as it takes.
  func send(_ text: String) async throws {
    var rest = Array(text.utf8)[...]
    try await eventually("all bytes to be taken") {
      let count = unsafe rest.withUnsafeBytes { bytes in
        unsafe Glibc.send(socket.descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 { rest = rest.dropFirst(count) }
      return rest.isEmpty
    }
  }

  func look() -> Seen {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = unsafe read(socket.descriptor, &buffer, buffer.count)
    if count > 0 { return .text(String(decoding: buffer[..<count], as: UTF8.self)) }
    if count == 0 { return .end }
    return errno == EAGAIN || errno == ENOTCONN ? .nothing : .reset
  }

  @discardableResult
  func waitForSomething() async throws -> Seen {
    try await eventually("something to arrive") {
      look()
    } is: {
      $0 != .nothing
    }
  }
}

/// A server that only accepts.
struct Acceptor {
  let port: Int
  private let socket: LoopbackSocket

  init() throws {
    port = try FreePort.next()
    socket = try ProxyLoop.listen(on: port)
  }

  func accept() async throws -> Peer {
    let descriptor = try await eventually("a connection") {
      Glibc.accept(socket.descriptor, nil, nil)
    } is: {
      $0 >= 0
    }
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    return Peer(socket: LoopbackSocket(open: descriptor))
  }

  func close() { socket.stopListening() }
}
