internal import Glibc
internal import LDAPModel
internal import Synchronization

/// An LDAP server on 127.0.0.1 that misbehaves as a test specifies.
///
/// It speaks BER over real connections. In front of another server it forwards the requests that the test does not
/// alter; alone, it answers these with success and empty search results.
public final class LyingServer: Sendable {
  /// The answer to a request.
  public enum Answer: Sendable {
    case truth
    /// The answers of the server behind, each altered by this function.
    case altered(@Sendable ([UInt8]) -> [UInt8])
    case silence
    case send([UInt8])
    /// Sends the octets, then closes the connection.
    case sendAndClose([UInt8])
    /// Sends piece after piece, counted from 0, until nil or until the client has closed the connection.
    case stream(@Sendable (Int) -> [UInt8]?)
  }

  public typealias Lie = @Sendable (LDAPRequest) -> Answer

  struct State {
    var lie: Lie
    var requests: [LDAPRequest.Kind: Int] = [:]
    var connections = 0
    var open: [ObjectIdentifier: SharedSocket] = [:]
    var isOver = false
  }

  public let port: Int
  public var url: String { "ldap://127.0.0.1:\(port)" }
  let target: Int?
  private let listener: SharedSocket
  private let state: Mutex<State>

  /// - Parameter target: the port of the server behind, on 127.0.0.1.
  public static func start(before target: Int? = nil, _ lie: @escaping Lie = { _ in .truth }) async throws
    -> LyingServer
  {
    let (port, listener) = try await FreePort.untilFree { port in
      let socket = try LoopbackSocket()
      do {
        try socket.bind(to: port)
      } catch {
        socket.close()
        throw error
      }
      Glibc.listen(socket.descriptor, 128)
      return (port, socket)
    }
    let server = LyingServer(port, SharedSocket(listener.descriptor), target, lie)
    try OwnThread.start { server.accept() }
    return server
  }

  private init(_ port: Int, _ listener: SharedSocket, _ target: Int?, _ lie: @escaping Lie) {
    self.port = port
    self.listener = listener
    self.target = target
    state = Mutex(State(lie: lie))
  }

  /// Replaces the lie.
  public func lie(_ lie: @escaping Lie) { state.withLock { $0.lie = lie } }

  /// The number of received requests of a kind.
  public func count(_ kind: LDAPRequest.Kind) -> Int { state.withLock { $0.requests[kind] ?? 0 } }

  /// The number of connections that were made.
  public var connections: Int { state.withLock { $0.connections } }

  /// Stops the server and closes all connections.
  public func stop() {
    state.withLock { state in
      state.isOver = true
      for client in state.open.values { client.end() }
    }
    listener.end()
  }

  private func accept() {
    while true {
      let descriptor = Glibc.accept(listener.descriptor, nil, nil)
      if descriptor < 0 { return }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      let client = SharedSocket(descriptor)
      let isOver = state.withLock { state in
        state.connections += 1
        if !state.isOver { state.open[ObjectIdentifier(client)] = client }
        return state.isOver
      }
      let link = isOver ? nil : try? LyingLink(client: client, self)
      if (try? link?.run()) == nil { end(client) }
    }
  }

  func answer(to request: LDAPRequest) -> Answer {
    let lie = state.withLock { state in
      state.requests[request.kind, default: 0] += 1
      return state.lie
    }
    return lie(request)
  }

  /// Called when a client's connection is closed.
  func end(_ client: SharedSocket) {
    client.end()
    state.withLock { $0.open[ObjectIdentifier(client)] = nil }
  }
}

/// One client, and its connection to the server behind.
private final class LyingLink: Sendable {
  private let client: SharedSocket
  private let upstream: SharedSocket?
  private let server: LyingServer
  /// Alters the answers to these requests.
  private let altering = Mutex<[Int: @Sendable ([UInt8]) -> [UInt8]]>([:])
  private let writing = Mutex(())

  init(client: SharedSocket, _ server: LyingServer) throws {
    self.client = client
    self.server = server
    upstream = try server.target.map { port in
      let socket = try LoopbackSocket()
      let upstream = SharedSocket(socket.descriptor)
      try socket.connect(to: port)
      return upstream
    }
  }

  func run() throws {
    if let upstream {
      try OwnThread.start { [self] in
        read(upstream.descriptor) { message in
          guard let id = BERElements.id(of: message) else { return false }
          let alter = altering.withLock { $0[id] }
          return send(alter?(message) ?? message)
        }
        client.end()
      }
    }
    try OwnThread.start { [self] in
      read(client.descriptor) { message in
        guard let request = LDAPRequest(message) else { return false }
        return answer(request, server.answer(to: request))
      }
      upstream?.end()
      server.end(client)
    }
  }

  /// Returns whether the connection continues.
  private func answer(_ request: LDAPRequest, _ answer: LyingServer.Answer) -> Bool {
    switch answer {
    case .truth:
      if let upstream { return LyingLink.send(request.octets, to: upstream.descriptor) }
      guard let tag = request.kind.answer else { return request.kind != .unbind }
      return send(request.isPaged ? LDAPOctets.page(request.id, cookie: []) : LDAPOctets.result(request.id, tag: tag))
    case .altered(let alter):
      altering.withLock { $0[request.id] = alter }
      return upstream.map { LyingLink.send(request.octets, to: $0.descriptor) } ?? true
    case .silence: return true
    case .send(let octets): return send(octets)
    case .sendAndClose(let octets):
      _ = send(octets)
      return false
    case .stream(let piece):
      var number = 0
      while let octets = piece(number) {
        guard send(octets) else { return false }
        number += 1
      }
      return true
    }
  }

  private func send(_ octets: [UInt8]) -> Bool {
    writing.withLock { _ in LyingLink.send(octets, to: client.descriptor) }
  }

  private static func send(_ octets: [UInt8], to descriptor: Int32) -> Bool {
    var done = 0
    while done < octets.count {
      let count = unsafe octets.withUnsafeBytes { bytes in
        unsafe Glibc.send(
          descriptor, bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return false }
      done += count
    }
    return true
  }

  /// Passes on messages until one ends the connection, or the peer does.
  private func read(_ descriptor: Int32, _ take: ([UInt8]) -> Bool) {
    var gathered: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
      if count <= 0 { return }
      gathered += buffer[..<count]
      while true {
        var reader = BERElements(gathered[...])
        guard reader.take() != nil else { break }
        let message = Array(gathered.dropLast(reader.rest.count))
        gathered = Array(reader.rest)
        guard take(message) else { return }
      }
    }
  }
}

extension BERElements {
  /// The message id of an LDAPMessage.
  static func id(of message: [UInt8]) -> Int? {
    var reader = BERElements(message[...])
    guard var body = reader.take(), let id = body.contents.take() else { return nil }
    return id.contents.rest.reduce(0) { $0 << 8 | Int($1) }
  }
}
