internal import Glibc
internal import Synchronization

/// A TCP relay in front of a local server, which simulates network failures.
///
/// Each method returns when the change has taken effect.
public actor TCPProxy {
  /// The port for clients, on 127.0.0.1.
  public nonisolated let port: Int
  private let requests: ProxyRequests

  /// Starts a proxy without failures: bytes are passed to `target` at once, and back.
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

  /// Closes all connections with RST, on both sides. New ones are served as before.
  public func cut() async { await requests.perform(.cut) }

  /// Closes all connections with RST and refuses new ones.
  public func refuse() async { await requests.perform(.refuse) }

  /// Silently drops every byte, and every end; new connections are accepted and never answered.
  public func swallow() async { await requests.perform(.swallow) }

  /// Serves new connections again. Swallowed ones stay mute: they have lost bytes.
  public func resume() async { await requests.perform(.resume) }

  /// Delays every byte by this time in each direction; zero ends it.
  public func delay(_ delay: Duration) async { await requests.perform(.delay(delay)) }

  /// Distributes new connections to these ports in turn, like a load balancer.
  public func lead(to targets: [Int]) async { await requests.perform(.lead(targets)) }

  /// Closes all connections and stops the proxy, which cannot be used afterwards.
  public func stop() async { await requests.perform(.stop) }

  /// The number of connections that are open and not mute.
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

/// The actor's requests to its thread, with a pipe that wakes the thread up.
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

  /// The requests since the last call. The thread calls it when `wakeUp` is readable.
  func take() -> [Pending] {
    var bytes = [UInt8](repeating: 0, count: 64)
    _ = unsafe read(wakeUp, &bytes, bytes.count)
    return queue.withLock { queue in
      defer { queue.pending = [] }
      return queue.pending
    }
  }

  /// Completes later requests at once: the thread has ended. Returns the unfinished ones.
  func closeQueue() -> [Pending] {
    queue.withLock { queue in
      defer { queue = ([], false) }
      return queue.pending
    }
  }
}
