internal import Glibc

/// A client's connection and its connection to the server.
final class ProxyLink {
  private(set) var isMute = false
  private var client: Int32?
  private var server: Int32?
  private var up = Flow()
  private var down = Flow()

  /// Buffered bytes in one direction.
  private struct Flow {
    var pending: [(due: ContinuousClock.Instant, bytes: [UInt8])] = []
    var size = 0
    /// The sender has closed; passed on once everything before it was sent.
    var hasEnded = false
    var isShut = false

    var wantsInput: Bool { !hasEnded && size < 1 << 20 }
  }

  /// Without a server, the link is mute from the start.
  init(client: Int32, server: Int32?) {
    self.client = client
    self.server = server
    isMute = server == nil
  }

  var isOver: Bool { client == nil && server == nil }

  /// When the next delayed byte is due; nil if none is delayed.
  var nextDue: ContinuousClock.Instant? {
    [up.pending.first?.due, down.pending.first?.due].compactMap(\.self).filter { $0 > .now }.min()
  }

  /// The events to poll for: the client's side, then the server's.
  func polled(now: ContinuousClock.Instant) -> [pollfd] {
    [
      pollfd(fd: client ?? -1, events: events(input: up, output: down, now: now), revents: 0),
      pollfd(fd: server ?? -1, events: events(input: down, output: up, now: now), revents: 0),
    ]
  }

  private func events(input: Flow, output: Flow, now: ContinuousClock.Instant) -> Int16 {
    if isMute { return Int16(POLLIN) }
    let canSend = output.pending.first.map { $0.due <= now } ?? false
    return (input.wantsInput ? Int16(POLLIN) : 0) | (canSend ? Int16(POLLOUT) : 0)
  }

  /// Transfers what poll(2) reported as ready; input is passed on after `delay`.
  func serve(
    client clientEvents: Int16, server serverEvents: Int16, now: ContinuousClock.Instant, delay: Duration
  ) {
    if isMute {
      if clientEvents != 0 { client = drain(client) }
      if serverEvents != 0 { server = drain(server) }
      return
    }
    guard let client, let server else { return }
    let broken = Int16(POLLERR)
    guard
      (clientEvents | serverEvents) & broken == 0,
      receive(from: client, clientEvents, into: &up, due: now + delay),
      receive(from: server, serverEvents, into: &down, due: now + delay),
      send(&up, to: server, now: now),
      send(&down, to: client, now: now)
    else { return reset() }
    if up.isShut, down.isShut {
      close(client)
      close(server)
      self.client = nil
      self.server = nil
    }
  }

  /// Drops all buffered and further bytes.
  func mute() {
    isMute = true
    up = Flow()
    down = Flow()
  }

  /// Closes both sides with RST: unread data are lost, as when a firewall drops its state.
  func reset() {
    for descriptor in [client, server].compactMap(\.self) { LoopbackSocket(open: descriptor).reset() }
    client = nil
    server = nil
  }

  /// Reads and discards; returns nil, with the descriptor closed, if the peer has closed.
  private func drain(_ descriptor: Int32?) -> Int32? {
    guard let descriptor else { return nil }
    switch read(descriptor) {
    case .bytes(let bytes) where !bytes.isEmpty: return descriptor
    case .nothingYet: return descriptor
    case .bytes, .broken:
      close(descriptor)
      return nil
    }
  }

  /// False if the connection broke.
  private func receive(
    from descriptor: Int32, _ events: Int16, into flow: inout Flow, due: ContinuousClock.Instant
  ) -> Bool {
    guard flow.wantsInput, events & Int16(POLLIN | POLLHUP) != 0 else { return true }
    switch read(descriptor) {
    case .bytes(let bytes):
      if bytes.isEmpty { flow.hasEnded = true }
      flow.size += bytes.count
      flow.pending.append((due, bytes))
      return true
    case .nothingYet: return true
    case .broken: return false
    }
  }

  /// False if the connection broke.
  private func send(_ flow: inout Flow, to descriptor: Int32, now: ContinuousClock.Instant) -> Bool {
    while let (due, bytes) = flow.pending.first, due <= now {
      if bytes.isEmpty {
        shutdown(descriptor, Int32(SHUT_WR))
        flow.isShut = true
        flow.pending.removeFirst()
        continue
      }
      let count = unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
      if count < 0 { return errno == EAGAIN }
      flow.size -= count
      if count == bytes.count {
        flow.pending.removeFirst()
      } else {
        flow.pending[0].bytes.removeFirst(count)
      }
    }
    return true
  }

  private enum Input {
    /// Up to 64 KiB; empty at the end of the stream.
    case bytes([UInt8])
    case nothingYet
    case broken
  }

  private func read(_ descriptor: Int32) -> Input {
    var code: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 65536) { buffer, initialized in
      let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      code = count < 0 ? errno : 0
      initialized = max(0, count)
    }
    if code == 0 { return .bytes(bytes) }
    return code == EAGAIN ? .nothingYet : .broken
  }
}
