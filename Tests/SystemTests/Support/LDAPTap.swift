import Glibc
import Synchronization

/// A relay before an LDAP server that knows one message from the next, and stops at a chosen write.
///
/// For a process that is to die at that moment nothing moves on any connection: the test kills it there, and then lets
/// go. Or one write alone is stuck, and is delivered late, as by a network or a server that had it in a queue.
final class LDAPTap: Sendable {
  enum Point: Sendable, Hashable {
    /// Before the server sees the write with this number, counted from 1 since it was armed.
    case request(Int)
    /// After the server has carried it out, before anybody hears of it.
    case answer(Int)
    /// Before the server sees it, with its connection; all others go on.
    case stuck(Int)
  }

  fileprivate struct State: ~Copyable {
    var point: Point?
    var writes = 0
    var total = 0
    var isReached = false
    /// Nothing moves.
    var isStopped = false
    /// The connection that is stuck, with the message.
    var stuck: (link: TapLink, message: [UInt8])?
    var links: [Int: TapLink] = [:]
    var last = 0
    var isOver = false
  }

  let port: Int
  fileprivate let target: Int
  private let listener: Int32
  fileprivate let state = Mutex(State())

  /// - Parameter target: the server's port on 127.0.0.1.
  init(to target: Int) throws {
    self.target = target
    (listener, port) = try TapSocket.listen()
    TapSocket.thread { [self] in accept() }
  }

  /// Write requests that have come from clients.
  var writes: Int { state.withLock { $0.total } }

  var isReached: Bool { state.withLock { $0.isReached } }

  func arm(_ point: Point) {
    state.withLock { state in
      state.point = point
      state.writes = 0
      state.isReached = false
    }
  }

  /// Lets the world go on for new connections; the old ones are closed, with what was on its way.
  func letGo() {
    state.withLock { state in
      for link in state.links.values { link.close() }
      state.links = [:]
      state.point = nil
      state.isReached = false
      state.isStopped = false
      state.stuck = nil
    }
  }

  /// Brings the server the write that was stuck, whoever waits for its answer.
  func deliverLate() {
    let stuck = state.withLock { state in
      let stuck = state.stuck
      state.stuck = nil
      return stuck
    }
    stuck?.link.deliver(stuck?.message ?? [])
  }

  /// Ends it and all connections.
  func stop() {
    state.withLock { state in
      state.isOver = true
      for link in state.links.values { link.close() }
      state.links = [:]
    }
    shutdown(listener, Int32(SHUT_RDWR))
  }

  private func accept() {
    while true {
      let client = Glibc.accept(listener, nil, nil)
      if client < 0 { break }
      guard let server = TapSocket.connect(to: target) else {
        Glibc.close(client)
        continue
      }
      let link: TapLink? = state.withLock { state in
        if state.isOver { return nil }
        state.last += 1
        let link = TapLink(id: state.last, client: client, server: server)
        state.links[link.id] = link
        return link
      }
      guard let link else { break }
      link.run(self)
    }
    Glibc.close(listener)
  }

  /// What becomes of a client's message.
  fileprivate func passes(request message: [UInt8], on link: TapLink) -> Bool {
    state.withLock { state in
      if state.isStopped || state.stuck?.link === link { return false }
      guard TapMessage(message).isWrite else { return true }
      state.total += 1
      state.writes += 1
      switch state.point {
      case .request(state.writes)?:
        state.isReached = true
        state.isStopped = true
        return false
      case .stuck(state.writes)?:
        state.isReached = true
        state.stuck = (link, message)
        return false
      case .answer(state.writes)?: link.awaited = TapMessage(message).id
      default: break
      }
      return true
    }
  }

  fileprivate func passes(answer message: [UInt8], on link: TapLink) -> Bool {
    state.withLock { state in
      if state.isStopped { return false }
      if let awaited = link.awaited, awaited == TapMessage(message).id {
        state.isReached = true
        state.isStopped = true
        return false
      }
      return true
    }
  }

  /// Whether the server's side of a connection is wanted although its client has gone.
  fileprivate func isStuck(_ link: TapLink) -> Bool { state.withLock { $0.stuck?.link === link } }

  fileprivate func forget(_ link: TapLink) { state.withLock { $0.links[link.id] = nil } }
}

/// One client and the server's connection that belongs to it.
private final class TapLink: Sendable {
  let id: Int
  private let client: Int32
  private let server: Int32
  private let awaitedMessage = Mutex<Int?>(nil)

  init(id: Int, client: Int32, server: Int32) {
    self.id = id
    self.client = client
    self.server = server
  }

  var awaited: Int? {
    get { awaitedMessage.withLock { $0 } }
    set { awaitedMessage.withLock { $0 = newValue } }
  }

  deinit {
    Glibc.close(client)
    Glibc.close(server)
  }

  func run(_ tap: LDAPTap) {
    TapSocket.thread { [self] in
      pump(from: client, to: server) { tap.passes(request: $0, on: self) }
      if !tap.isStuck(self) { shutdown(server, Int32(SHUT_WR)) }
    }
    TapSocket.thread { [self] in
      pump(from: server, to: client) { tap.passes(answer: $0, on: self) }
      close()
      tap.forget(self)
    }
  }

  private func pump(from source: Int32, to sink: Int32, _ passes: ([UInt8]) -> Bool) {
    var buffer: [UInt8] = []
    while let bytes = TapSocket.read(source) {
      buffer += bytes
      while let length = TapMessage.length(of: buffer), length <= buffer.count {
        let message = Array(buffer.prefix(length))
        buffer.removeFirst(length)
        guard passes(message) else { continue }
        guard TapSocket.write(message, to: sink) else { return }
      }
    }
  }

  func deliver(_ message: [UInt8]) { _ = TapSocket.write(message, to: server) }

  func close() {
    shutdown(client, Int32(SHUT_RDWR))
    shutdown(server, Int32(SHUT_RDWR))
  }
}

/// An LDAPMessage (RFC 4511, 4.1.1), as far as a relay needs it.
private struct TapMessage {
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
private enum TapSocket {
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

  static func thread(_ body: @escaping @Sendable () -> Void) { Thread(body).start() }
}

/// A thread for calls that block.
private struct Thread {
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
