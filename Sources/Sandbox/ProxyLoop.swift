internal import Glibc
internal import Synchronization

/// The proxy's thread: one poll(2) over the listener and all links.
final class ProxyLoop {
  private let port: Int
  /// The targets of connections; each connection goes to the first, which then moves to the end.
  private var targets: [Int]
  private let requests: ProxyRequests
  private var listener: LoopbackSocket?
  private var links: [ProxyLink] = []
  private var swallows = false
  private var delay = Duration.zero
  private var isRunning = true

  init(port: Int, target: Int, listener: LoopbackSocket, requests: ProxyRequests) {
    self.port = port
    targets = [target]
    self.listener = listener
    self.requests = requests
  }

  static func listen(on port: Int) throws(SandboxError) -> LoopbackSocket {
    let socket = try LoopbackSocket(flags: Int32(SOCK_NONBLOCK.rawValue))
    do {
      try socket.bind(to: port)
    } catch {
      socket.close()
      throw error
    }
    Glibc.listen(socket.descriptor, 128)
    return socket
  }

  func run() {
    while isRunning {
      waitAndServe()
      for (request, done) in pendingRequests {
        perform(request)
        count()
        done?.resume()
      }
      pendingRequests = []
      count()
    }
    for (_, done) in requests.closeQueue() { done?.resume() }
  }

  private var pendingRequests: [ProxyRequests.Pending] = []

  private func waitAndServe() {
    let now = ContinuousClock.now
    var polled = [pollfd(fd: requests.wakeUp, events: Int16(POLLIN), revents: 0)]
    polled.append(pollfd(fd: listener?.descriptor ?? -1, events: Int16(POLLIN), revents: 0))
    for link in links { polled += link.polled(now: now) }
    let due = links.compactMap(\.nextDue).min()
    let timeout = due.map { Int32(max(0, (now.duration(to: $0) / .milliseconds(1)).rounded(.up))) } ?? -1
    guard unsafe poll(&polled, nfds_t(polled.count), timeout) >= 0 else { return }

    let served = ContinuousClock.now
    for (index, link) in links.enumerated() {
      let (client, server) = (polled[2 + 2 * index].revents, polled[3 + 2 * index].revents)
      link.serve(client: client, server: server, now: served, delay: delay)
    }
    links.removeAll(where: \.isOver)
    if polled[1].revents != 0 { accept() }
    if polled[0].revents != 0 { pendingRequests = requests.take() }
  }

  private func accept() {
    guard let listener else { return }
    let client = Glibc.accept(listener.descriptor, nil, nil)
    if client < 0 { return }
    _ = fcntl(client, F_SETFD, FD_CLOEXEC)
    _ = fcntl(client, F_SETFL, O_NONBLOCK)
    if swallows {
      links.append(ProxyLink(client: client, server: nil))
    } else if let server = try? LoopbackSocket(flags: Int32(SOCK_NONBLOCK.rawValue)) {
      let link = ProxyLink(client: client, server: server.descriptor)
      links.append(link)
      let target = targets.removeFirst()
      targets.append(target)
      if (try? server.connect(to: target)) == nil { link.reset() }
    }
  }

  private func perform(_ request: ProxyRequest) {
    switch request {
    case .cut:
      cut()
    case .refuse:
      listener?.stopListening()
      listener = nil
      cut()
    case .swallow:
      swallows = true
      for link in links { link.mute() }
    case .resume:
      swallows = false
      if listener == nil { listener = try? Self.listen(on: port) }
    case .delay(let delay):
      self.delay = delay
    case .lead(let targets):
      self.targets = targets
    case .stop:
      listener?.stopListening()
      listener = nil
      cut()
      isRunning = false
    case .nothing:
      break
    }
  }

  private func cut() {
    for link in links { link.reset() }
    links = []
  }

  private func count() {
    let open = links.count { !$0.isMute }
    requests.connections.withLock { $0 = open }
  }
}
