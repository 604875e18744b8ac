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
    /// The same, and it goes on in order with all that is behind it.
    case held(Int)
    /// The server carries out so many writes whose answers are kept; all else goes on, on the same connection too.
    case unanswered(Int)
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
    /// Stays so after that message was delivered.
    var stuckLink: Int?
    var links: [Int: TapLink] = [:]
    /// Writes that have no answer yet, and the most there were of them, and of connections.
    var open: Set<[Int]> = []
    var most = 0
    var mostLinks = 0
    var last = 0
    var isOver = false
    /// How long the server takes for a write, and when it is through with those that have come.
    var pace: Duration?
    var heldLink: Int?
    /// The writes whose answers are kept, and those answers.
    var keptRequests: Set<[Int]> = []
    var kept: [(link: TapLink, message: [UInt8])] = []
    var busyUntil = ContinuousClock.now
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

  /// Write requests that the server has not answered.
  var unanswered: Int { state.withLock { $0.open.count } }

  /// The most writes that were without an answer at a time, and the most connections.
  var peak: (writes: Int, connections: Int) { state.withLock { ($0.most, $0.mostLinks) } }

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
      state.stuckLink = nil
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

  /// Makes the server slow: it begins with a write when it is through with those before it, of whatever connection.
  ///
  /// - Parameter pace: how long each takes; nil ends it.
  func slowDown(to pace: Duration?) { state.withLock { $0.pace = pace } }

  /// Lets the write that was held go on, and what is behind it; sends the answers that were kept.
  func release() {
    let kept = state.withLock { state in
      state.heldLink = nil
      state.point = nil
      state.keptRequests = []
      defer { state.kept = [] }
      return state.kept
    }
    for (link, message) in kept { link.answer(message) }
  }

  /// How many answers are kept.
  var kept: Int { state.withLock { $0.kept.count } }

  /// Waits while a write is held, and for the server's turn for another one.
  fileprivate func waitForTurn(_ link: Int) {
    while state.withLock({ $0.heldLink == link && !$0.isOver }) { usleep(1000) }
    let turn = state.withLock { state -> Duration in
      guard let pace = state.pace else { return .zero }
      state.busyUntil = max(state.busyUntil, .now) + pace
      return state.busyUntil - .now
    }
    if turn > .zero { usleep(UInt32(turn / .microseconds(1))) }
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
        state.mostLinks = max(state.mostLinks, state.links.count)
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
      let request = TapMessage(message)
      if request.isWrite { state.total += 1 }
      if state.isStopped || state.stuckLink == link.id { return false }
      guard request.isWrite else { return true }
      state.open.insert([link.id, request.id])
      state.most = max(state.most, state.open.count)
      state.writes += 1
      switch state.point {
      case .request(state.writes)?:
        state.isReached = true
        state.isStopped = true
        return false
      case .stuck(state.writes)?:
        state.isReached = true
        state.stuck = (link, message)
        state.stuckLink = link.id
        return false
      case .held(state.writes)?:
        state.isReached = true
        state.heldLink = link.id
      case .unanswered(let most)? where state.writes <= most: state.keptRequests.insert([link.id, request.id])
      case .answer(state.writes)?: link.awaited = TapMessage(message).id
      default: break
      }
      return true
    }
  }

  fileprivate func passes(answer message: [UInt8], on link: TapLink) -> Bool {
    state.withLock { state in
      if state.isStopped { return false }
      let answered = TapMessage(message).id
      if state.keptRequests.contains([link.id, answered]) {
        state.kept.append((link, message))
        return false
      }
      state.open.remove([link.id, answered])
      if let awaited = link.awaited, awaited == answered {
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
      pump(from: client, to: server, waitForTurn: { tap.waitForTurn(id) }) { tap.passes(request: $0, on: self) }
      if !tap.isStuck(self) { shutdown(server, Int32(SHUT_WR)) }
    }
    TapSocket.thread { [self] in
      pump(from: server, to: client) { tap.passes(answer: $0, on: self) }
      close()
      tap.forget(self)
    }
  }

  private func pump(
    from source: Int32, to sink: Int32, waitForTurn: () -> Void = {}, _ passes: ([UInt8]) -> Bool
  ) {
    var buffer: [UInt8] = []
    while let bytes = TapSocket.read(source) {
      buffer += bytes
      while let length = TapMessage.length(of: buffer), length <= buffer.count {
        let message = Array(buffer.prefix(length))
        buffer.removeFirst(length)
        guard passes(message) else { continue }
        if TapMessage(message).isWrite { waitForTurn() }
        guard TapSocket.write(message, to: sink) else { return }
      }
    }
  }

  func deliver(_ message: [UInt8]) { _ = TapSocket.write(message, to: server) }

  func answer(_ message: [UInt8]) { _ = TapSocket.write(message, to: client) }

  func close() {
    shutdown(client, Int32(SHUT_RDWR))
    shutdown(server, Int32(SHUT_RDWR))
  }
}
