internal import Glibc
internal import Synchronization

/// A TCP relay before a server of this machine, which behaves as badly as networks do.
///
/// Each method returns when the change is in force.
public actor TCPProxy {
  /// Where clients connect to, on 127.0.0.1.
  public nonisolated let port: Int
  private let requests: ProxyRequests

  /// Starts a proxy in order: what comes in goes to `target` at once, and back.
  public static func start(to target: Int) async throws -> TCPProxy {
    let (port, listener) = try await FreePort.untilFree { port in
      (port, try ProxyLoop.listen(on: port))
    }
    let requests = try ProxyRequests()
    try OwnThread.start {
      ProxyLoop(port: port, target: target, listener: listener, requests: requests).run()
    }
    return TCPProxy(port: port, requests: requests)
  }

  private init(port: Int, requests: ProxyRequests) {
    self.port = port
    self.requests = requests
  }

  deinit { requests.send(.stop, done: nil) }

  /// Ends all connections with RST, on both sides. New ones are served as before.
  public func cut() async { await requests.perform(.cut) }

  /// Ends all connections with RST and refuses new ones.
  public func refuse() async { await requests.perform(.refuse) }

  /// Drops every byte, and every end, without a word; new connections are accepted and never answered.
  public func swallow() async { await requests.perform(.swallow) }

  /// Serves new connections again. Those that were swallowed stay mute: they lost bytes.
  public func resume() async { await requests.perform(.resume) }

  /// Holds every byte back for this long, each way; zero ends it.
  public func delay(_ delay: Duration) async { await requests.perform(.delay(delay)) }

  /// Leads new connections to these ports, each to the next one in turn, as a balancer does.
  public func lead(to targets: [Int]) async { await requests.perform(.lead(targets)) }

  /// Ends all connections and the proxy. Nothing may be asked of it afterwards.
  public func stop() async { await requests.perform(.stop) }

  /// The connections that are open and not mute.
  public var connections: Int {
    get async {
      await requests.perform(.nothing)
      return requests.connections.withLock { $0 }
    }
  }
}

enum ProxyRequest: Sendable {
  case cut
  case refuse
  case swallow
  case resume
  case delay(Duration)
  case lead([Int])
  case stop
  case nothing
}

/// What the actor asks of its thread, with a pipe that wakes the thread up.
final class ProxyRequests: Sendable {
  typealias Pending = (request: ProxyRequest, done: CheckedContinuation<Void, Never>?)

  let connections = Mutex(0)
  let wakeUp: Int32
  private let waker: Int32
  private let queue = Mutex<(pending: [Pending], isOpen: Bool)>(([], true))

  init() throws(SandboxError) {
    var ends: [Int32] = [0, 0]
    guard unsafe pipe(&ends) == 0 else { throw .system(call: "pipe", code: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    (wakeUp, waker) = (ends[0], ends[1])
  }

  deinit {
    close(wakeUp)
    close(waker)
  }

  func perform(_ request: ProxyRequest) async {
    await withCheckedContinuation { send(request, done: $0) }
  }

  func send(_ request: ProxyRequest, done: CheckedContinuation<Void, Never>?) {
    let isOpen = queue.withLock { queue in
      if queue.isOpen { queue.pending.append((request, done)) }
      return queue.isOpen
    }
    guard isOpen else {
      done?.resume()
      return
    }
    var byte: UInt8 = 0
    _ = unsafe write(waker, &byte, 1)
  }

  /// What was asked since the last time. The thread calls it when `wakeUp` is readable.
  func take() -> [Pending] {
    var bytes = [UInt8](repeating: 0, count: 64)
    _ = unsafe read(wakeUp, &bytes, bytes.count)
    return queue.withLock { queue in
      defer { queue.pending = [] }
      return queue.pending
    }
  }

  /// What is asked from now on is done at once: the thread has ended. Gives what it did not get to.
  func closeQueue() -> [Pending] {
    queue.withLock { queue in
      defer { queue = ([], false) }
      return queue.pending
    }
  }
}
